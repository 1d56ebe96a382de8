"""Where things are unless the user says otherwise."""

from pathlib import Path

DEFAULT_CONFIG = Path("/etc/edgevision/edgevision.yaml")
DEFAULT_STATE_DIR = Path("/var/lib/edgevision")
