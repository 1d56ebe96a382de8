"""Frames from cameras, streams, videos and pictures. Knows nothing of models and MQTT."""
