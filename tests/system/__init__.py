"""Tests that need root: the real Picamera2, 64-bit Arm, tflite-runtime and Home Assistant (`make test-system`)."""
