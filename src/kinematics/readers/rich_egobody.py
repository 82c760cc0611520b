"""RICH's and EgoBody's ground truth: one pickle per frame, so a take is a folder of frames.

Checked against the data sets' own tools and descriptions.
RICH: `bodies/SET/SCENE_SUBJECT_ACTION/<frame>/<subject>.pkl`, axes of the first calibrated camera;
`multicam2world/SCENE_multicam2world.json` (`{R, t, c}`: world = c * point @ R + t) levels it.
EgoBody: `RECORDING/body_idx_<x>/results/frame_<frame>/000.pkl`, axes of the master Kinect's colour
camera; `calibrations/RECORDING/cal_trans/kinect12_to_world/*.json` (`{trans}`) levels it.
Both hold `global_orient (1, 3), body_pose (1, 63 or 69), transl (1, 3), betas (1, 10)` of SMPL-X
(EgoBody also of SMPL) and were filmed at 30 fps. With a calibration file, the world is that of the
scanned scene, and its up axis is guessed from how people stand; without one, the camera's own axes
are taken for the world, and a note says so.
"""

import json
import re
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.spatial.transform import Rotation

from kinematics.motion import Motion, Source
from kinematics.readers import pickled
from kinematics.readers.fields import Cameras, Fields, motion, refuse
from kinematics.readers.smpl import (
    WORLD_FROM_FILE,
    Parameters,
    Placed,
    Up,
    guessed_up,
    model_for,
    place,
    turned,
)

FPS: float = 30.0
"""Frame rate of both data sets."""

MAX_TAKE_FRAMES: int = 200_000
"""Maximum files of a take."""

MAX_CALIBRATION_BYTES: int = 1024**2
"""Maximum bytes of a calibration file, which holds a dozen numbers."""

_WHAT = "a frame of RICH or EgoBody"
_KEYS = frozenset({"global_orient", "transl", "body_pose"})
_RICH = re.compile(r"(\d{5})/(\d{1,4})\.pkl")
_EGOBODY = re.compile(r"body_idx_(\d{1,2})/results/frame_(\d{5})/000\.pkl")


class Frame(NamedTuple):
    """One file of a take, with its person and frame."""

    path: Path
    person: int
    frame: int


class _World(NamedTuple):
    """The map from a take's axes to the scanned scene's: scale, rotation, translation."""

    scale: float
    rotation: Float[np.ndarray, "3 3"]
    translation_m: Float[np.ndarray, "3"]


def take_of(path: Path | str) -> Path | None:
    """The folder of the take that a frame's file belongs to, by its path; none for other files.

    >>> take_of("bodies/train/Gym_010_dips1/00021/010.pkl").name
    'Gym_010_dips1'
    >>> take_of("rec/body_idx_1/results/frame_00021/000.pkl").as_posix()
    'rec/body_idx_1/results'
    >>> take_of("results.pkl") is None
    True
    """
    path = Path(path)
    if _EGOBODY.fullmatch("/".join(path.parts[-4:])) or _RICH.fullmatch("/".join(path.parts[-2:])):
        return path.parent.parent
    return None


def _frames(folder: Path) -> list[Frame]:
    """The files of a take's folder, in order of person and frame."""
    frames = []
    for path in folder.glob("*/*.pkl"):
        if ego := _EGOBODY.fullmatch("/".join(path.absolute().parts[-4:])):
            frames.append(Frame(path, int(ego[1]), int(ego[2])))
        elif rich := _RICH.fullmatch("/".join(path.parts[-2:])):
            frames.append(Frame(path, int(rich[2]), int(rich[1])))
        if len(frames) > MAX_TAKE_FRAMES:
            refuse(folder, [f"more than {MAX_TAKE_FRAMES:,} frames"], "a take")
    return sorted(frames, key=lambda frame: (frame.person, frame.frame))


def recognise(path: Path | str) -> bool:
    """Whether a path is a take of RICH or EgoBody, or the file of one frame (example: `read`)."""
    path = Path(path)
    if path.is_dir():
        return any(take_of(file.absolute()) for file in path.glob("*/*.pkl"))
    return take_of(path.absolute()) is not None and pickled.holds(path, *_KEYS)


def read(
    path: Path | str,
    *,
    fps: float = FPS,
    calibration: Path | str | None = None,
    smplx_model: Path | str | None = None,
) -> list[Motion]:
    """The people of a take, each with its own number; the file of a frame selects its take.

    `calibration` is the file that levels the take; by default it is searched for in the folders of
    the data set.

    >>> import pickle, tempfile
    >>> body = {"global_orient": np.zeros((1, 3)), "transl": np.zeros((1, 3)),
    ...         "body_pose": np.zeros((1, 63)), "betas": np.zeros((1, 10))}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for frame in ("00021", "00023"):
    ...         path = Path(folder, "Gym_010_dips1", frame, "010.pkl")
    ...         path.parent.mkdir(parents=True)
    ...         _ = path.write_bytes(pickle.dumps(body))
    ...     recognise(path), recognise(path.parent.parent)
    ...     [dips] = read(Path(folder, "Gym_010_dips1"))
    (True, True)
    >>> dips.source.clip, dips.source.person, dips.observed.tolist()
    ('Gym_010_dips1', 10, [True, False, True])
    """
    path = Path(path)
    folder = path if path.is_dir() else take_of(path.absolute())
    frames = [] if folder is None else _frames(folder)
    if folder is None or not frames:
        refuse(path, ["no files of frames under it"], "a take of RICH or EgoBody")
    world, calibrated = _world(folder, calibration)
    motions = []
    for _, own in groupby(frames, key=lambda frame: frame.person):
        motions.append(_person(folder, list(own), world, calibrated, fps, smplx_model))
    return motions


def _person(
    folder: Path,
    frames: list[Frame],
    world: _World,
    calibrated: str | None,
    fps: float,
    smplx_model: Path | str | None,
) -> Motion:
    bodies = [_body(frame.path) for frame in frames]
    if len({body.family for body in bodies}) > 1:
        refuse(folder, ["body_pose: both 63 and 69 numbers in one take"], _WHAT)
    parameters = replace(
        bodies[0],
        root_rotvecs_rad=np.concatenate([body.root_rotvecs_rad for body in bodies]),
        translations_m=np.concatenate([body.translations_m for body in bodies]),
        body_rotvecs_rad=np.concatenate([body.body_rotvecs_rad for body in bodies]),
        betas=_shape([body.betas for body in bodies if body.betas is not None]),
    )
    placed = place(parameters, model=model_for(folder, parameters.family, smplx_model))
    placed, cameras, told = _levelled(placed, world, calibrated, frames[-1].frame + 1)
    egobody = folder.name == "results"
    clip = folder.absolute().parents[1].name if egobody else folder.absolute().name
    source = Source(
        clip=clip,
        take=clip,
        person=frames[0].person,
        path=str(folder),
        shared_world=True,  # calibrated cameras see everybody
        notes=("EgoBody" if egobody else "RICH", told),
    )
    indices = np.array([frame.frame for frame in frames])
    return motion(placed, source=source, fps=fps, frames=indices, cameras=cameras)


def _body(path: Path) -> Parameters:
    """The parameters of one frame."""
    fields = Fields(path, pickled.load(path), what=_WHAT)
    pose = fields.held.get("body_pose")
    smpl = isinstance(pose, np.ndarray) and pose.size == 69
    columns = {"global_orient": 3, "body_pose": 69 if smpl else 63}
    body = fields.body("smpl" if smpl else "smplx", columns, "transl", "betas", betas_optional=True)
    if fields.frames != 1:
        refuse(path, [f"{fields.frames} frames in one file; expected one"], _WHAT)
    return body


def _shape(each: list[np.ndarray]) -> np.ndarray | None:
    """The mean shape over the frames; none if they have none, or differ in length."""
    return np.mean(each, axis=0) if len({len(row) for row in each}) == 1 else None


def _levelled(
    placed: Placed, world: _World, calibrated: str | None, frames: int
) -> tuple[Placed, Cameras, str]:
    """The body and the reference camera in a world with Y up, and a note on how it was levelled."""
    scene_from_file = Rotation.from_matrix(world.rotation)
    up: Up = "-y"
    told = "no calibration: the reference camera's axes are taken for the world"
    if calibrated is not None:
        scene = turned(placed, scene_from_file.as_quat(scalar_first=True))
        up, guess = guessed_up(scene.orientations_wxyz, usual="z")
        told = f"levelled by {calibrated}; {guess}"
    world_from_scene = Rotation.from_quat(WORLD_FROM_FILE[up], scalar_first=True)
    shift = world_from_scene.apply(world.translation_m)
    scaled = replace(
        placed,
        positions_m=placed.positions_m * world.scale,
        joints_m=None if placed.joints_m is None else placed.joints_m * world.scale,
    )
    camera_wxyz = (world_from_scene * scene_from_file).as_quat(scalar_first=True)
    cameras = Cameras(
        orientations_wxyz=np.tile(camera_wxyz, (frames, 1)), positions_m=np.tile(shift, (frames, 1))
    )
    return turned(scaled, camera_wxyz, translation_m=shift), cameras, told


def _world(folder: Path, calibration: Path | str | None) -> tuple[_World, str | None]:
    """The map to the scene and the name of its file; the camera's own axes without a file."""
    path = _calibration_beside(folder.absolute()) if calibration is None else Path(calibration)
    if path is None:
        return _World(1.0, np.eye(3), np.zeros(3)), None
    if path.stat().st_size > MAX_CALIBRATION_BYTES:
        refuse(path, [f"more than {MAX_CALIBRATION_BYTES:,} bytes"], "a calibration")
    try:
        held: Any = json.loads(path.read_bytes())
        if "trans" in held:
            matrix = np.array(held["trans"], dtype=np.float64).reshape(4, 4)
            world = _World(1.0, matrix[:3, :3], matrix[:3, 3])
        else:
            rotation = np.array(held["R"], dtype=np.float64).reshape(3, 3).T
            shift = np.array(held["t"], dtype=np.float64).reshape(3)
            world = _World(float(held["c"]), rotation, shift)
    except (KeyError, TypeError, ValueError, RecursionError, OverflowError) as error:
        refuse(path, [f"damaged ({error}); expected trans, or R, t and c"], "a calibration")
    proper = np.abs(world.rotation @ world.rotation.T - np.eye(3)).max() < 1e-2
    if not (
        proper
        and np.linalg.det(world.rotation) > 0
        and np.abs(world.translation_m).max() < 1e4
        and 0.1 < world.scale < 10.0
    ):
        refuse(path, ["expected a rotation, a translation in metres and a scale"], "a calibration")
    return world, path.name


def _calibration_beside(folder: Path) -> Path | None:
    """The calibration file in the folders of the data set, beside its bodies."""
    if folder.name == "results":
        recording = folder.parents[1].name
        for root in folder.parents[2:5]:
            beside = root / "calibrations" / recording / "cal_trans" / "kinect12_to_world"
            if files := sorted(beside.glob("*.json")):
                return files[0]
        return None
    scene = folder.name.split("_")[0]
    for root in folder.parents[:5]:
        path = root / "multicam2world" / f"{scene}_multicam2world.json"
        if path.is_file():
            return path
    return None
