"""`edgevision models …`. Each command's own module is imported only when it runs."""

from pathlib import Path
from typing import Annotated

import typer

from edgevision.cli.exit_status import errors_to_exit_status
from edgevision.cli.options import JsonOption

app = typer.Typer(name="models", help="Quantized models: get them, look into them, time them.", no_args_is_help=True)

ModelFile = Annotated[Path, typer.Argument(metavar="FILE", help="A .tflite file.", show_default=False)]


@app.command()
def inspect(file: ModelFile, json: JsonOption = False) -> None:
    """Show what is inside a .tflite file: task, tensors, labels, operators, parameters, multiply-accumulates."""
    from edgevision.cli.models_inspect import inspect_model

    with errors_to_exit_status():
        inspect_model(file, as_json=json)
