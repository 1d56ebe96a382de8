"""From a picture to labelled detections with a .tflite model. Knows nothing of cameras and MQTT."""
