"""The command line: make motions, measure them, read the facts, draw them.

Commands import heavy modules when they run, so that `--help` is fast.
"""

from typing import Annotated

import typer

from kinematics import __version__
from kinematics.commands import compare, curate, measure, pack, synth, view
from kinematics.terminal import printed_version

app = typer.Typer(
    name="kinematics",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    rich_markup_mode="rich",
)


@app.callback()
def main(
    _version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=printed_version("kinematics", __version__),
            is_eager=True,
            help="Print the version.",
        ),
    ] = False,
) -> None:
    """Measurements of human motion that can be trusted.

    [b]Start here:[/b] [cyan]kinematics demo out/demo[/cyan] makes a dozen motions, measures and
    draws them in under a minute. Every command has [cyan]--help[/cyan].
    """


for _name, _command in (
    ("measure", measure.measure_files),
    ("show", measure.show_clip),
    ("pack", pack.pack_files),
    ("inspect", pack.inspect_file),
    ("compare", compare.compare_files),
    ("fit-error", compare.fit_error),
    ("curate", curate.curate),
    ("view", view.view),
    ("synth", synth.synthesise),
    ("facts", measure.print_facts),
    ("demo", synth.demonstrate),
):
    app.command(_name)(_command)
