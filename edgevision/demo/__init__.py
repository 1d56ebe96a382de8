"""What `edgevision demo` needs to run the main job with nothing set up: pictures and a broker."""
