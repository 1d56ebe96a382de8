"""The commands of `edgevision`. Each one's own module is imported only when it runs: starting stays fast."""

from pathlib import Path
from typing import Annotated

import typer

from edgevision import __version__
from edgevision.cli import models
from edgevision.cli.exit_status import DONE, errors_to_exit_status
from edgevision.cli.options import ConfigOption, JsonOption
from edgevision.cli.plain_run import start
from edgevision.config.defaults import DEFAULT_CONFIG

app = typer.Typer(
    name="edgevision",
    help="Camera frames, a quantized MobileNet, labelled detections on MQTT.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(models.app)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"edgevision {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


@app.command()
def run(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Run the daemon in the foreground, logging to stderr. SIGHUP lets it read its configuration again."""
    start(config)


@app.command()
def check(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Validate the configuration, open the models and print what would run. Touches neither camera nor broker."""
    from edgevision.cli.check import check_config

    with errors_to_exit_status():
        check_config(config)


@app.command()
def demo(
    host: Annotated[str | None, typer.Option(help="An MQTT broker to use; without it, demo starts its own.")] = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="That broker's port.")] = 1883,
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to save the picture with the boxes.")] = Path(
        "edgevision-demo.jpg"
    ),
) -> None:
    """Run the main job with nothing to set up: bundled model, bundled pictures, a broker of its own."""
    from edgevision.cli.demo import run_demo

    with errors_to_exit_status(interrupted=DONE):
        run_demo(host, port, output)


@app.command()
def watch(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Subscribe to the broker and show detections and events live."""
    from edgevision.cli.watch import watch_detections

    with errors_to_exit_status(interrupted=DONE):
        watch_detections(config)


@app.command()
def snapshot(
    camera: Annotated[str, typer.Argument(metavar="CAMERA", help="The camera's name in the configuration.")],
    output: Annotated[Path, typer.Argument(metavar="OUT.jpg", help="The file to write.")],
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Take one picture, draw what the model finds and the camera's zones and masks. Touches no broker."""
    from edgevision.cli.snapshot import take_snapshot

    with errors_to_exit_status():
        take_snapshot(config, camera, output)


@app.command()
def doctor(config: ConfigOption = DEFAULT_CONFIG, json: JsonOption = False) -> None:
    """Look at cameras, permissions, model, accelerator, broker, clock and disk, and say how to mend what is wrong."""
    from edgevision.cli.doctor import see_doctor

    with errors_to_exit_status():
        see_doctor(config, as_json=json)


@app.command()
def schema() -> None:
    """Print the JSON Schema of the configuration, for editors."""
    from edgevision.cli.schema import print_schema

    print_schema()
