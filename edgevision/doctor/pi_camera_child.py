"""Asks libcamera for its cameras, in a process of its own: what hangs or crashes there is told.

Prints {"cameras": [model, …], "stand_in": false}, or {"error": sentence}. Listing takes no camera away from anybody.
"""

import json
import os

from edgevision.capture.picamera2_library import STAND_IN_VARIABLE, load_picamera2
from edgevision.errors import SourceError


def main() -> None:
    """Print the answer as the last line."""
    try:
        found = load_picamera2().Picamera2.global_camera_info()
        cameras = [str(camera.get("Model", "camera")) for camera in found]
        answer = {"cameras": cameras, "stand_in": bool(os.environ.get(STAND_IN_VARIABLE))}
    except SourceError as error:
        answer = {"error": str(error)}
    except (RuntimeError, OSError, LookupError, TypeError, AttributeError) as error:
        answer = {
            "error": f"libcamera can't list the cameras ({error}): start the Pi anew, and see that it is up to date"
        }
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
