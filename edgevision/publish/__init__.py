"""Topics, payloads and the MQTT client. Knows nothing of models and cameras."""
