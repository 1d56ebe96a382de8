"""Python imports this by itself at start when its folder is on PYTHONPATH: picamera2 is patched for any program."""

import importlib

importlib.import_module("virtcam")
