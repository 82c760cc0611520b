"""Shared parts of commands: options, errors in one line, a progress bar."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console

if TYPE_CHECKING:
    import rich.progress

MeasuredFrame = Literal["first_heading", "body", "camera"]
"""The frames of reference in which motions are measured."""

PIPED_WIDTH: int = 150
"""Width in characters of a table that is not printed to a terminal."""

errors = Console(stderr=True)

FrameOption = Annotated[
    MeasuredFrame,
    typer.Option(
        help="Whose left and forward: the subject's at the start, the subject's own at each "
        "instant, or the first camera's (needs camera poses in the file)."
    ),
]
CacheOption = Annotated[
    Path | None,
    typer.Option(
        envvar="KINEMATICS_CACHE",
        help="Folder that caches compiled code, so that the next run starts in seconds.",
        show_default=False,
    ),
]
ModelOption = Annotated[
    Path | None,
    typer.Option(
        help="Model file of the SMPL family (.npz, licensed by its authors): with it, files of "
        "body parameters are measured by pelvis and joints, not by the root alone.",
        show_default=False,
    ),
]


def printed_version(program: str, version: str) -> Callable[[bool], bool]:
    """The callback of `--version`, which prints the version and ends the program."""

    def show(wanted: bool) -> bool:
        if wanted:
            typer.echo(f"{program} {version}")
            raise typer.Exit
        return wanted

    return show


@contextmanager
def plainly() -> Iterator[None]:
    """Reports errors that the user can fix on one stderr line, with exit code 2, no traceback."""
    try:
        yield
    except (ValueError, OSError, OutOfMemoryError) as error:
        complain(f"error: {worded(error)}")
        raise typer.Exit(2) from error


def worded(error: Exception) -> str:
    """The text of an error, with the name of its file."""
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return str(error)


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turns every exception of a reader into a `ValueError` or `OSError` that names the file.

    Exhausted memory is no fault of the file, so it must end the run rather than skip the file: it
    becomes an `OutOfMemoryError`, which is neither of the two.
    """
    try:
        yield
    except MemoryError as error:
        raise OutOfMemoryError(
            f"{path}: memory ran out while reading; use fewer processes or a larger machine"
        ) from error
    except Exception as error:
        known, text = isinstance(error, ValueError | OSError), worded(error)
        if known and (str(path) in text or f"{path.parent}/" in text):
            raise
        reason = " ".join(text.split())
        if not known or not reason:
            reason = f"damaged ({type(error).__name__}: {reason}); write or copy it again"
        raise ValueError(f"{path}: {reason}") from error


class OutOfMemoryError(MemoryError):
    """Exhausted memory while reading a file."""


def complain(text: str) -> None:
    """Prints a text on stderr without markup."""
    errors.print(text, markup=False, highlight=False, soft_wrap=True)


def keep_compiled(folder: Path | None) -> None:
    """Lets JAX cache compiled code in the folder, unless the environment names another."""
    if folder is None or "JAX_COMPILATION_CACHE_DIR" in os.environ:
        return
    from jax import config

    for name, value in (
        ("jax_compilation_cache_dir", str(folder.expanduser())),
        ("jax_persistent_cache_min_compile_time_secs", 0.0),  # by default little is kept
    ):
        config.update(name, value)  # type: ignore[no-untyped-call]


def progress() -> "rich.progress.Progress":
    """A progress bar on stderr; disabled if that is no terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    words = TextColumn("{task.description}")
    columns = (words, BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=errors, disable=not errors.is_terminal)
