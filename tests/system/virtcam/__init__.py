"""What stands between the real picamera2 and libcamera's virtual camera; used inside the virtcam root only."""
