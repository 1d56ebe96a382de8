"""`edgevision models …`. Each command's own module is imported only when it runs."""

from pathlib import Path
from typing import Annotated

import typer

from edgevision.cli.exit_status import errors_to_exit_status
from edgevision.cli.options import JsonOption, StateConfigOption

app = typer.Typer(name="models", help="Quantized models: get them, look into them, time them.", no_args_is_help=True)

ModelFile = Annotated[Path, typer.Argument(metavar="FILE", help="A .tflite file.", show_default=False)]


@app.command()
def inspect(file: ModelFile, json: JsonOption = False) -> None:
    """Show what is inside a .tflite file: task, tensors, labels, operators, parameters, multiply-accumulates."""
    from edgevision.cli.models_inspect import inspect_model

    with errors_to_exit_status():
        inspect_model(file, as_json=json)


@app.command()
def bench(
    file: ModelFile,
    threads: Annotated[
        str | None,
        typer.Option(metavar="1,2,4", help="Numbers of threads to try.", show_default="1, 2, 4 … up to the cores"),
    ] = None,
    seconds: Annotated[float, typer.Option(min=0.1, max=600, help="How long to measure each of them.")] = 3.0,
    accelerator: Annotated[
        str, typer.Option(help="As in the configuration: auto, cpu, edgetpu, edgetpu:usb, edgetpu:usb:0 …")
    ] = "auto",
    json: JsonOption = False,
) -> None:
    """Measure how fast a model runs here: milliseconds a picture, frames a second, memory."""
    from edgevision.cli.models_bench import bench_model, parse_accelerator, parse_threads

    counts, device = parse_threads(threads), parse_accelerator(accelerator)
    with errors_to_exit_status():
        bench_model(file, counts, seconds, device, as_json=json)


@app.command("list")
def list_(config: StateConfigOption = None, json: JsonOption = False) -> None:
    """List the models that have a name: what they are, how good, and whether they are here."""
    from edgevision.cli.models_list import list_models

    with errors_to_exit_status():
        list_models(config, as_json=json)


@app.command()
def pull(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name of `models list`.", show_default=False)],
    config: StateConfigOption = None,
    source: Annotated[
        str | None,
        typer.Option("--from", metavar="URL-OR-FILE", help="A mirror (a URL that ends with /), a folder, or the file."),
    ] = None,
) -> None:
    """Fetch a model, verify it and put it where `model.name` finds it. Goes on with what an earlier try has left."""
    from edgevision.cli.models_pull import pull_named

    with errors_to_exit_status():
        pull_named(name, config, source)
