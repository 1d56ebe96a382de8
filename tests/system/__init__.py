"""Tests that need root and Debian roots: the real Picamera2, 64-bit Arm and tflite-runtime (`make test-system`)."""
