"""edgevision: frames from a camera, a quantized MobileNet, labelled detections on an MQTT broker."""

__version__ = "0.1.0"
