"""The command `score`."""

import os
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import typer
from rich.console import Console

from mllm.commands.evaluate import plainly

PIPED_WIDTH = 160
"""Columns of a table when it is not printed to a terminal."""

_PICTURES = "Pictures (.png, .pdf or .svg)"


def _drawn(what: str) -> Any:
    """An option that names the file of a picture."""
    return typer.Option(help=what, show_default=False, rich_help_panel=_PICTURES)


def score(
    runs: Annotated[
        list[Path], typer.Argument(help="Folders that `evaluate` wrote.", show_default=False)
    ],
    families: Annotated[
        bool, typer.Option("--families", help="Print the tables by family too.")
    ] = False,
    json: Annotated[
        Path | None, typer.Option(help="Write everything as JSON.", show_default=False)
    ] = None,
    latex: Annotated[
        Path | None, typer.Option(help="Write the table of a paper.", show_default=False)
    ] = None,
    bars: Annotated[Path | None, _drawn("Points by task, as bars.")] = None,
    heat: Annotated[Path | None, _drawn("Trained on one data set, asked about another.")] = None,
    by_frames: Annotated[Path | None, _drawn("Points by the frames that were seen.")] = None,
    by_pixels: Annotated[Path | None, _drawn("Points by the pixels of a frame.")] = None,
    seed: Annotated[int, typer.Option(help="For the resampling of clips.")] = 0,
) -> None:
    """Score runs: points above chance by task, their mean, and what they hang on.

    A task's points are 100 (accuracy - chance) / (1 - chance); replies without an answer are
    wrong. Intervals of points resample clips; those of single accuracies are Wilson's. With several
    runs each is compared, question by question, with the first that sees no video, or with the
    first. --heat draws what runs learned from (--trained-on) against what they were asked.

    [b]Examples[/b]

    [cyan]mllm score runs/qwen[/cyan]

    [cyan]mllm score runs/qwen_blind runs/qwen runs/tuned --latex table.tex --bars bars.pdf[/cyan]

    [cyan]mllm score runs/qwen_8 runs/qwen_16 runs/qwen_32 --by-frames frames.png[/cyan]
    """
    with plainly():
        import msgspec

        from kinematics import output
        from mllm.evaluation import runs as of_runs
        from mllm.scores import tables
        from mllm.scores.score import report

        found = report([of_runs.read(folder) for folder in runs], seed=seed)
        if json is not None:
            output.write_bytes(
                json, msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n"
            )
        if latex is not None:
            output.write_bytes(latex, tables.latex(found).encode())
        if bars or heat or by_frames or by_pixels:
            figures = _figures()
            if bars:
                figures.save(figures.bars(found), bars)
            if heat:
                figures.save(figures.across(found), heat)
            if by_frames:
                figures.save(figures.curve(found, by="frames"), by_frames)
            if by_pixels:
                figures.save(figures.curve(found, by="pixels"), by_pixels)
        for table in tables.of(found):
            if families or not table.title.endswith("by family"):
                show(table.title, table.headings, table.rows)


def _figures() -> ModuleType:
    try:
        from mllm.scores import figures
    except ImportError as error:
        raise ValueError(
            "pictures need matplotlib, which is not installed; run `pip install "
            "'kinematics-qa[viz]'` and try again"
        ) from error
    return figures


def show(title: str, headings: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    """Prints a table: as wide as the terminal, or wide enough for a file."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    console = Console()
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console = Console(width=PIPED_WIDTH)
    table = Table(
        title=title, title_justify="left", box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False
    )
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="right" if number else "left")
    for row in rows:
        table.add_row(*map(escape, row))
    console.print(table)
