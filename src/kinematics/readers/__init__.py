"""Motion files in, `Motion` out: formats are recognised by what is in them, not by their names.

`read` opens one file, `find` lists the files of folders; `read_keypoints` is for 2D keypoints,
which are no motions. `FORMATS` is the whole table of formats; a new one is one module with
`recognise` and `read`, and one row here.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from kinematics.motion import Motion
from kinematics.readers import bvh, c3d, motionx, native, trc, tum
from kinematics.readers.keypoints2d import read as read_keypoints

__all__ = ["FORMATS", "SUFFIXES", "Format", "UnknownFormatError", "find", "read", "read_keypoints"]


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
        name="BVH",
        recognise=bvh.recognise,
        read=bvh.read,
        about="rigs of mocap tools and studios (CMU, LAFAN1, Bandai-Namco, Mixamo, Xsens); "
        "also written, by `bvh.write`",
        axes="any: the up axis and the body's left and ahead are read off the body, or `up=`",
        units="any length, found by the body's size, or `unit_m=`; degrees; seconds a frame",
        keeps="all named joints, the pelvis's place and orientation, times",
        loses="end sites, turns of the joints; a first frame that is a T-pose",
        example='bvh.read("walk.bvh", up="z", unit_m=0.01)',
    ),
    Format(
        name="TUM",
        recognise=tum.recognise,
        read=tum.read,
        about="trajectories of SLAM tools, lines of `timestamp tx ty tz qx qy qz qw`; "
        "also written, by `tum.write`",
        axes="a camera's pose and Z up, unless a comment or `pose_of=` and `up=` say otherwise",
        units="metres, seconds, unit quaternions (scalar last)",
        keeps="the root's track; times as they are",
        loses="comments; nothing else is in it",
        example='tum.read("track.txt", pose_of="body", up="y")',
    ),
    Format(
        name="C3D",
        recognise=c3d.recognise,
        read=c3d.read,
        about="markers of mocap labs (Vicon, Qualisys, BTS), integers or floats of any processor",
        axes="the axis the pelvis points along, or Z up, or `up=`",
        units="what POINT:UNITS says, or what makes the pelvis as wide as people's, or `unit_m=`",
        keeps="root from the pelvis markers, joints that markers give, times, gaps, every subject",
        loses="other markers, analog channels, events; hips are estimates, single markers on skin",
        example='c3d.read("trial.c3d")',
    ),
    Format(
        name="TRC",
        recognise=trc.recognise,
        read=trc.read,
        about="markers as text, of Cortex and OpenSim",
        axes="the axis the pelvis points along, or Y up, or `up=`",
        units="what the header says, or what makes the pelvis as wide as people's, or `unit_m=`",
        keeps="as C3D; times as they are",
        loses="as C3D",
        example='trc.read("trial.trc")',
    ),
    Format(
        name="native",
        recognise=native.recognise,
        read=native.read,
        about="the project's own `.npz`, written by `native.write`",
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

SUFFIXES: frozenset[str] = frozenset({".bvh", ".c3d", ".npy", ".npz", ".trc", ".tum"})
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
