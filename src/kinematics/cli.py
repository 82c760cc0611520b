"""The command line: make motions, measure them, read the facts, draw them.

Everything heavy is imported inside the commands, so that `--help` answers at once.
"""

from typing import Annotated

import typer

from kinematics import (
    __version__,
    commands_compare,
    commands_curate,
    commands_measure,
    commands_pack,
    commands_synth,
    commands_view,
)
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
    draws them in under a minute. Every command explains itself with [cyan]--help[/cyan].
    """


for _name, _command in (
    ("measure", commands_measure.measure_files),
    ("show", commands_measure.show_clip),
    ("pack", commands_pack.pack_files),
    ("inspect", commands_pack.inspect_file),
    ("compare", commands_compare.compare_files),
    ("fit-error", commands_compare.fit_error),
    ("curate", commands_curate.curate),
    ("view", commands_view.view),
    ("synth", commands_synth.synthesise),
    ("facts", commands_measure.print_facts),
    ("demo", commands_synth.demonstrate),
):
    app.command(_name)(_command)
