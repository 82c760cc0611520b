"""Motion files in, `Motion` out: formats are recognised by what is in them, not by their names.

`read` opens one file, `find` lists the files of folders. `FORMATS` is the whole table of formats;
a new one is one module with `recognise` and `read`, and one row here.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from kinematics.motion import Motion
from kinematics.readers import motionx, native

__all__ = ["FORMATS", "SUFFIXES", "Format", "UnknownFormatError", "find", "read"]


class Format(NamedTuple):
    """One kind of motion file."""

    name: str
    recognise: Callable[[Path], bool]
    read: Callable[[Path], list[Motion]]


FORMATS: tuple[Format, ...] = (
    Format("native", native.recognise, native.read),
    Format("Motion-X", motionx.recognise, motionx.read),
)
"""Asked in this order; the first that recognises a file reads it."""

SUFFIXES: frozenset[str] = frozenset({".npy", ".npz"})
"""The files that `find` looks at inside folders."""


class UnknownFormatError(ValueError):
    """A sound file that holds no motion of a known format."""


def read(path: Path | str) -> list[Motion]:
    """The motions in a file, one for each person.

    Raises `UnknownFormatError` when no format recognises the file, another `ValueError` when it
    is damaged or holds impossible values, `OSError` when it cannot be opened.

    >>> import tempfile
    >>> import numpy as np
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.save(Path(folder, "walk.npy"), np.zeros((90, 322), np.float32))
    ...     [motion.frames for motion in read(Path(folder, "walk.npy"))]
    [90]
    """
    path = Path(path)
    for form in FORMATS:
        if form.recognise(path):
            return form.read(path)
    held = ", ".join(f"{n or 'one array'} {x.shape}" for n, x in native.layouts(path).items())
    raise UnknownFormatError(
        f"{path}: holds {held or 'nothing'}; expected a motion of one of these formats: "
        + ", ".join(form.name for form in FORMATS)
    )


def find(paths: Iterable[Path | str]) -> list[Path]:
    """Every file that is named or lies in a named folder, at any depth, sorted and once.

    Named files are taken as they are; inside folders hidden files and other suffixes are left
    out. One `FileNotFoundError` names every path that does not exist.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("b.npz", "a.npy", "notes.txt"):
    ...         Path(folder, name).touch()
    ...     [path.name for path in find([folder])]
    ['a.npy', 'b.npz']
    """
    named = [Path(path) for path in paths]
    if missing := [str(path) for path in named if not path.exists()]:
        raise FileNotFoundError(f"no such file or folder: {', '.join(missing)}")
    found = {path for path in named if not path.is_dir()}
    for folder in (path for path in named if path.is_dir()):
        for path in folder.rglob("*"):
            hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
            if path.suffix.lower() in SUFFIXES and not hidden and path.is_file():
                found.add(path)
    return sorted(found)
