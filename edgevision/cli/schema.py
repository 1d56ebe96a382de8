"""`edgevision schema`."""

import json
import sys

from edgevision.config.jsonschema import json_schema


def print_schema() -> None:
    """Print the JSON Schema of the configuration to stdout."""
    json.dump(json_schema(), sys.stdout, indent=2, ensure_ascii=False)
    print()
