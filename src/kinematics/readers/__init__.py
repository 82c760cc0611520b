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
    """One kind of motion file: its two functions, and what `docs/formats.md` says of it.

    `about` is what the file is and who writes it, `axes` and `units` are the file's own, before
    they become Y up, metres, seconds and radians; `keeps` and `loses` say what of the file is in
    the motion and what is not; `example` is one line of Python.
    """

    name: str
    recognise: Callable[[Path], bool]
    read: Callable[[Path], list[Motion]]
    about: str
    axes: str
    units: str
    keeps: str
    loses: str
    example: str


FORMATS: tuple[Format, ...] = (
    Format(
        name="native",
        recognise=native.recognise,
        read=native.read,
        about="the project's own `.npz`, written by `motion.save`",
        axes="Y up, right-handed; the body faces +Z",
        units="metres, seconds, unit quaternions (scalar first)",
        keeps="every bit: root, joints, skeleton, cameras, times, observed frames, source",
        loses="nothing",
        example='native.read("walk.npz")',
    ),
    Format(
        name="Motion-X",
        recognise=motionx.recognise,
        read=motionx.read,
        about="(frames, 322) SMPL-X parameters: `.npy`, or `motionx` inside an `.npz`",
        axes="Y up, right-handed",
        units="metres, axis-angle in radians; 30 frames a second unless `fps` says otherwise",
        keeps="the root's orientation and position",
        loses="body, hands, face and shape: joints need a licensed body model",
        example='motionx.read("walk.npy", fps=30.0)',
    ),
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
