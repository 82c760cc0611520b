"""The commands `verify`, `explain`, `examples` and `wording`: single questions and their words."""

from pathlib import Path
from typing import Annotated

import typer

from kinematics.terminal import plainly
from qagen.commands.terminal import OutDir, Picture, check_picture, save


def verify_dataset(
    out_dir: OutDir,
    motions: Annotated[
        Path, typer.Option(help="The motions that it was built from.", show_default=False)
    ],
    copies: Annotated[
        int,
        typer.Option(
            help="Make so many of the copies that certified, and ask them again; 0 looks only at "
            "what certificates say.",
            min=0,
        ),
    ] = 0,
    workers: Annotated[int, typer.Option(help="Processes.", min=1)] = 1,
) -> None:
    """Derive every answer again from the motions, by a second and independent implementation.

    Prints every row that does not agree; the exit code is then 1.

    [b]Examples[/b]

    [cyan]qagen verify questions --motions motions/[/cyan]

    [cyan]qagen verify questions --motions motions/ --copies 16[/cyan]
    """
    with plainly():
        from qagen.verify import rows

        report = rows.verify_folder(out_dir, motions, copies=copies, workers=workers)
    for mismatch in report.mismatches:
        typer.echo(str(mismatch))
    typer.echo(str(report))
    if report.mismatches:
        raise typer.Exit(1)


def explain_row(
    out_dir: OutDir,
    row_id: Annotated[str, typer.Argument(metavar="ID", help="The id of a row, or how it begins.")],
    out: Picture = None,
) -> None:
    """Show one question, why its answer is right, and what was measured.

    [b]Examples[/b]

    [cyan]qagen explain questions 3f2a[/cyan]

    [cyan]qagen explain questions 3f2a --out why.png[/cyan]
    """
    from qagen.study import explain

    with plainly():
        check_picture(out)
        row, clip = explain.find(out_dir, row_id)
    typer.echo(explain.text(row, clip))
    if out is not None:
        from qagen.study import figures

        save(figures.explained(row, clip), out)


def write_examples(
    readme: Annotated[
        Path | None,
        typer.Option(help="Write them into this file, between its markers.", show_default=False),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Only say whether the file is up to date.")
    ] = False,
) -> None:
    """Ask one question of each task about a motion that is made on the spot.

    [b]Example[/b]

    [cyan]qagen examples --readme docs/examples.md[/cyan]
    """
    from qagen.study import examples

    with plainly():
        there = examples.written(readme) if readme else ""
        text = examples.section()
        if readme is None:
            typer.echo(text)
        elif check:
            if there != text:
                raise ValueError(f"{readme}: out of date; run `qagen examples --readme {readme}`")
        else:
            examples.write(readme, text)


def print_wording() -> None:
    """Print every stem with an example, its options and its reasoning.

    The examples are about synthetic motions. Read them aloud: a question that two readers answer
    differently is a fault.

    [b]Example[/b]

    [cyan]qagen wording | less[/cyan]
    """
    with plainly():
        from qagen.study import wording

        for line in wording.lines(wording.examples(wording.corpus())):
            typer.echo(line)
