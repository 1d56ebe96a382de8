"""Home Assistant itself, in a root, as far as it is needed to see what MQTT discovery makes of our messages."""
