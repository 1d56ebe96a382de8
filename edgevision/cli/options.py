"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from edgevision.config.defaults import DEFAULT_CONFIG

ConfigOption = Annotated[Path, typer.Option("--config", "-c", metavar="FILE", help="The configuration file.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
StateConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        metavar="FILE",
        help="The configuration file whose state_dir is used.",
        show_default=f"{DEFAULT_CONFIG} where that is, else /var/lib/edgevision",
    ),
]
