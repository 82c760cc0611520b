"""What the commands of qagen share: options, a bar of stages, tables, pictures."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console

from kinematics.output import whole
from kinematics.terminal import errors

if TYPE_CHECKING:
    from qagen.audit.show import Table as AuditTable
    from qagen.study.stats import Table

AskedFrame = Literal["first_heading", "body", "camera"]
"""The frames of reference that questions are asked in."""

PIPED_WIDTH: int = 120
"""Columns of a table when it is not printed to a terminal."""

PICTURES = (".png", ".pdf", ".svg")

OutDir = Annotated[Path, typer.Argument(help="The folder of a data set.", show_default=False)]
Picture = Annotated[
    Path | None, typer.Option(help="Draw it too: .png, .pdf or .svg.", show_default=False)
]


@contextmanager
def bar() -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar on stderr; silent where that is no terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
    )  # fmt: skip
    with Progress(*columns, console=errors, disable=not errors.is_terminal) as bar:
        task = bar.add_task("looking")

        def show(stage: str, done: int, total: int) -> None:
            bar.update(task, description=stage, completed=done, total=total)

        yield show


def check_picture(out: Path | None) -> None:
    """Refuses a picture that is of no known kind, before the work begins."""
    if out is not None and out.suffix.lower() not in PICTURES:
        raise ValueError(f"{out}: expected a picture ending in {', '.join(PICTURES)}")


def save(figure: Any, out: Path) -> None:
    """Writes a picture whole or not at all, and says where it is."""
    with whole(out) as partial:
        figure.savefig(partial)
    typer.echo(out)


def print_table(table: "Table | AuditTable") -> None:
    """A table with its title; as wide as the terminal, or as wide as it needs for a file."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table as RichTable

    shown = RichTable(
        title=table.title, title_justify="left", box=box.SIMPLE_HEAD, header_style="bold",
        pad_edge=False,
    )  # fmt: skip
    for place, heading in enumerate(table.headings):
        shown.add_column(heading, justify="right" if place else "left")
    for row in table.rows:
        shown.add_row(*map(escape, row))
    Console(width=None if sys.stdout.isatty() else PIPED_WIDTH).print(shown)
