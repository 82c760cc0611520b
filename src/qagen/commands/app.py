"""The command line: build data sets, look at them, check them.

Everything heavy is imported inside the commands, so that `--help` answers at once.
"""

from typing import Annotated

import typer

from kinematics import __version__
from kinematics.terminal import printed_version
from qagen.commands import build, captions, check, report, study

app = typer.Typer(
    name="qagen",
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
            callback=printed_version("qagen", __version__),
            is_eager=True,
            help="Print the version.",
        ),
    ] = False,
) -> None:
    """Questions about human motion whose answers follow from measurements.

    [b]Start here:[/b] [cyan]kinematics synth motions[/cyan], then
    [cyan]qagen build motions questions[/cyan] and [cyan]qagen stats questions[/cyan]. Every
    command explains itself with [cyan]--help[/cyan].
    """


for _name, _command in (
    ("build", build.build_dataset),
    ("merge", build.merge_shards),
    ("stats", study.print_statistics),
    ("audit", study.audit_questions),
    ("survive", study.study_survival),
    ("verify", check.verify_dataset),
    ("captions", captions.write_captions),
    ("explain", check.explain_row),
    ("examples", check.write_examples),
    ("wording", check.print_wording),
    ("report", report.write_report),
):
    app.command(_name)(_command)
