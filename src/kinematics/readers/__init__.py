"""Reading motion files as `Motion`; formats are recognised by contents, not by file names.

`read` reads one file, `find` lists the files of folders; `read_keypoints` reads 2D keypoints, which
are not motions. `FORMATS` is the table of all formats; a new format needs a module with `recognise`
and `read`, and one row here.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal, NamedTuple

from kinematics.motion import Motion
from kinematics.readers import (
    amass,
    bvh,
    c3d,
    emdb,
    gvhmr,
    humanml3d,
    motionx,
    native,
    pickled,
    prompthmr,
    rich_egobody,
    tram,
    trc,
    tum,
    wham,
)
from kinematics.readers.archives import holds_arrays, layouts
from kinematics.readers.fields import kind
from kinematics.readers.keypoints2d import read as read_keypoints

__all__ = ["FORMATS", "SUFFIXES", "Format", "UnknownFormatError", "find", "read", "read_keypoints"]


Container = Literal["arrays", "pickle", "other"]
"""The kind of a file: NumPy's, pickled (or a folder of pickles), or other."""


class Format(NamedTuple):
    """One format of motion files: its functions, and its row in `docs/formats.md`.

    `about` describes the files and their origin; `axes` and `units` are those of the files, before
    conversion to Y up, metres, seconds and radians; `keeps` and `loses` list the contents that a
    motion has and lacks; `example` is one line of Python. Formats with `body_parameters` take the
    option `smplx_model`. Only files in its `containers` are tested for a format.
    """

    name: str
    recognise: Callable[[Path], bool]
    read: Callable[..., list[Motion]]
    about: str
    axes: str
    units: str
    keeps: str
    loses: str
    example: str
    containers: tuple[Container, ...]
    body_parameters: bool = False


FORMATS: tuple[Format, ...] = (
    Format(
        name="BVH",
        recognise=bvh.recognise,
        read=bvh.read,
        about="rigs of mocap tools and studios (CMU, LAFAN1, Bandai-Namco, Mixamo, Xsens); "
        "also written, by `bvh.write`",
        axes="any: the up axis and the body's left and ahead are derived from the body, or `up=`",
        units="any length, derived from the body's size, or `unit_m=`; degrees; seconds per frame",
        keeps="all named joints, the pelvis's position and orientation, times",
        loses="end sites, rotations of the joints; a first frame that is a T-pose",
        example='bvh.read("walk.bvh", up="z", unit_m=0.01)',
        containers=("other",),
    ),
    Format(
        name="TUM",
        recognise=tum.recognise,
        read=tum.read,
        about="trajectories of SLAM tools, lines of `timestamp tx ty tz qx qy qz qw`; "
        "also written, by `tum.write`",
        axes="a camera's pose and Z up, unless a comment or `pose_of=` and `up=` say otherwise",
        units="metres, seconds, unit quaternions (scalar last)",
        keeps="the root's track; times unchanged",
        loses="comments",
        example='tum.read("track.txt", pose_of="body", up="y")',
        containers=("other",),
    ),
    Format(
        name="C3D",
        recognise=c3d.recognise,
        read=c3d.read,
        about="markers of mocap labs (Vicon, Qualisys, BTS), integers or floats of any processor",
        axes="the axis the pelvis points along, or Z up, or `up=`",
        units="that of POINT:UNITS, or the one that gives a plausible pelvis width, or `unit_m=`",
        keeps="root from the pelvis markers, joints from other markers, times, gaps, all subjects",
        loses="other markers, analog channels, events; hips are estimates, single markers on skin",
        example='c3d.read("trial.c3d")',
        containers=("other",),
    ),
    Format(
        name="TRC",
        recognise=trc.recognise,
        read=trc.read,
        about="markers as text, of Cortex and OpenSim",
        axes="the axis the pelvis points along, or Y up, or `up=`",
        units="that of the header, or the one that gives a plausible pelvis width, or `unit_m=`",
        keeps="as C3D; times unchanged",
        loses="as C3D",
        example='trc.read("trial.trc")',
        containers=("other",),
    ),
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
        containers=("arrays",),
    ),
    Format(
        name="Motion-X",
        recognise=motionx.recognise,
        read=motionx.read,
        about="(frames, 322) SMPL-X parameters: `.npy`, or `motionx` inside an `.npz`",
        axes="Y up, right-handed",
        units="metres, axis-angle in radians; 30 frames a second unless `fps` says otherwise",
        keeps="the root's orientation and position",
        loses="hands and face; body and shape too, without a licensed model file",
        example='motionx.read("walk.npy", fps=30.0)',
        containers=("arrays",),
        body_parameters=True,
    ),
    Format(
        name="AMASS",
        recognise=amass.recognise,
        read=amass.read,
        about="`.npz` of SMPL, SMPL-H or SMPL-X parameters, of AMASS or in its layout",
        axes="Z up; Y up if the body clearly stands along Y; or `up=`",
        units="metres, axis-angle in radians; the file's own rate, else 30 frames a second",
        keeps="root, and with a model file of the same body pelvis and 22 joints",
        loses="hands, face, soft tissue, markers",
        example='amass.read("walk_poses.npz", up="z", smplx_model="SMPLH_MALE.npz")',
        containers=("arrays",),
        body_parameters=True,
    ),
    Format(
        name="HumanML3D",
        recognise=humanml3d.recognise,
        read=humanml3d.read,
        about="`.npy` of joints (frames, 22, 3) or of features (frames, 263)",
        axes="Y up; features begin at the origin and face +Z",
        units="metres; 20 frames a second",
        keeps="22 joints; the root's orientation is estimated from hips and lower spine",
        loses="of features: rotations, velocities and foot contacts, which repeat the joints",
        example='humanml3d.read("000001.npy")',
        containers=("arrays",),
    ),
    Format(
        name="PromptHMR",
        recognise=prompthmr.recognise,
        read=prompthmr.read,
        about="`results.pkl` of a video, or `poses/world/person_<id>.npy`",
        axes="Y up",
        units="metres, axis-angle in radians; 30 frames a second unless `fps` says otherwise",
        keeps="people by their numbers, gaps, cameras; joints with a SMPL-X model file",
        loses="hands, face, masks, keypoints, the tracks in camera space",
        example='prompthmr.read("video/results.pkl", fps=25.0)',
        containers=("pickle",),
        body_parameters=True,
    ),
    Format(
        name="GVHMR",
        recognise=gvhmr.recognise,
        read=gvhmr.read,
        about="`hmr4d_results.pt` of one person",
        axes="Y up",
        units="metres, axis-angle in radians; 30 frames a second",
        keeps="root; joints with a SMPL-X model file",
        loses="the track in camera space, intermediate outputs",
        example='gvhmr.read("video/hmr4d_results.pt")',
        containers=("pickle",),
        body_parameters=True,
    ),
    Format(
        name="WHAM",
        recognise=wham.recognise,
        read=wham.read,
        about="`wham_output.pkl` of a video",
        axes="Y up, a world of its own for each person",
        units="metres, axis-angle in radians; 30 frames a second unless `fps` says otherwise",
        keeps="people by their numbers, gaps; positions are the hips'; joints with a SMPL model",
        loses="the surface, the track in camera space",
        example='wham.read("video/wham_output.pkl", fps=25.0)',
        containers=("pickle",),
        body_parameters=True,
    ),
    Format(
        name="TRAM",
        recognise=tram.recognise,
        read=tram.read,
        about="`hps/hps_track_<k>.npy` of one person, with `camera.npy` above it",
        axes="each frame's camera, mapped to a world with Y up by `camera.npy`",
        units="metres, rotation matrices; 30 frames a second unless `fps` says otherwise",
        keeps="the person's number, gaps, cameras; joints with a SMPL model file",
        loses="the weak-perspective camera",
        example='tram.read("video/hps/hps_track_0.npy", fps=25.0)',
        containers=("pickle", "arrays"),
        body_parameters=True,
    ),
    Format(
        name="EMDB",
        recognise=emdb.recognise,
        read=emdb.read,
        about="`*_data.pkl`, the ground truth of one sequence",
        axes="Y up",
        units="metres, axis-angle in radians; 30 frames a second",
        keeps="root, bad frames as unobserved, cameras; joints with a SMPL model file",
        loses="keypoints, boxes, camera intrinsics",
        example='emdb.read("P0_09_outdoor_walk_data.pkl")',
        containers=("pickle",),
        body_parameters=True,
    ),
    Format(
        name="RICH and EgoBody",
        recognise=rich_egobody.recognise,
        read=rich_egobody.read,
        about="a folder with one `.pkl` for each frame, the ground truth of one take",
        axes="a calibrated camera's, levelled by the calibration file of the data set",
        units="metres, axis-angle in radians; 30 frames a second",
        keeps="people by their numbers, gaps, the reference camera; joints with a model file",
        loses="hands, face, contact",
        example='rich_egobody.read("bodies/train/Gym_010_dips1")',
        containers=("pickle",),
        body_parameters=True,
    ),
)
"""Tested in this order; the first format that recognises a file reads it."""

SUFFIXES: frozenset[str] = frozenset(
    {".bvh", ".c3d", ".npy", ".npz", ".trc", ".tum", *pickled.SUFFIXES}
)
"""The suffixes of files that `find` lists inside folders."""


class UnknownFormatError(ValueError):
    """An undamaged file that is not a motion of a known format."""


def read(path: Path | str, *, smplx_model: Path | str | None = None) -> list[Motion]:
    """The motions in a file, one per person.

    `smplx_model` is a model file of the SMPL family (`.npz`): with it, files of body parameters
    give the pelvis and 22 joints, without it the track of their translation (see `smpl`).

    Raises `UnknownFormatError` if no format recognises the file, another `ValueError` if it is
    damaged or holds impossible values, `OSError` if it cannot be opened.

    >>> import tempfile
    >>> import numpy as np
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.save(Path(folder, "walk.npy"), np.zeros((90, 322), np.float32))
    ...     [motion.frames for motion in read(Path(folder, "walk.npy"))]
    [90]
    """
    path = Path(path)
    container = _container(path)
    for form in FORMATS:
        if container in form.containers and form.recognise(path):
            if form.body_parameters:
                return form.read(path, smplx_model=smplx_model)
            return form.read(path)
    raise UnknownFormatError(f"{path}: holds {_held(path, container)}")


def _container(path: Path) -> Container:
    if path.is_dir() or pickled.recognise(path):
        return "pickle"
    return "arrays" if holds_arrays(path) else "other"


def _held(path: Path, container: Container) -> str:
    """A description of a file or folder that is not a motion, and of the formats it could be."""
    formats = ", ".join(form.name for form in FORMATS if container in form.containers)
    if container == "pickle":
        held = "a folder of other files" if path.is_dir() else kind(pickled.load(path))
        return (
            f"{held}; Python objects in a file can run code, so only the plain data of these "
            f"formats is read from pickles: {formats}"
        )
    if container == "arrays":
        listed = layouts(path).items()  # raises on arrays of objects
        shapes = [f"{name or 'one array'} {layout.shape}" for name, layout in listed]
        return f"{', '.join(shapes) or 'nothing'}; expected a motion of one of these: {formats}"
    with path.open("rb") as file:
        start = file.read(12)
    held = f"data that start with {start!r}" if start else "nothing"
    return f"{held}; expected a NumPy file (.npy or .npz), a pickle, or one of these: {formats}"


def find(paths: Iterable[Path | str]) -> list[Path]:
    """The named files and the files in the named folders, at any depth, sorted and distinct.

    Hidden files and files with other suffixes inside folders are left out, and a take with one file
    per frame (RICH, EgoBody) is listed as one folder. One `FileNotFoundError` names all missing
    paths.

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
    files = {path for path in named if not path.is_dir()}
    for folder in (path for path in named if path.is_dir()):
        for path in folder.rglob("*"):
            hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
            if path.suffix.lower() in SUFFIXES and not hidden and path.is_file():
                files.add(rich_egobody.take_of(path) or path)
    return sorted(files)
