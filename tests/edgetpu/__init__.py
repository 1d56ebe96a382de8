"""A stand-in for Coral's libedgetpu.so.1, compiled when the tests run."""
