"""The Coral Edge TPU: its devices, its delegate, models compiled for it, and why one of them doesn't work."""
