"""Tests that need root and Debian roots: real Picamera2, 64-bit Arm, tflite-runtime, Home Assistant (`make test-system`)."""
