"""PromptHMR results: `results.pkl` of a video, or `poses/world/person_<id>.npy` of one person.

Checked against the tool's public source: `results.pkl` is written by joblib with
`people[id] = {frames, smplx_world: {pose (N, 165), shape (N, 10), trans (N, 3)}}` and
`camera_world = {Rcw, Tcw, ...}` of the whole video; the `.npy` files hold a dictionary with
`frames, pose, shape, trans` and lie beside `../camera_params.npy`. The world is Y up. Camera
positions are computed from `Rcw` and `Tcw`, because the tool's own `Twc` is wrong after its last
optimisation. Files in camera space (`poses/camera`) are not read: their world moves.
"""

import re
from pathlib import Path
from typing import Any

from kinematics.geometry.smpl_body import BodyModel
from kinematics.motion import Motion, Source
from kinematics.readers import pickled
from kinematics.readers.fields import (
    Cameras,
    Fields,
    by_number,
    cameras_from_world,
    kind,
    motion,
    refuse,
)
from kinematics.readers.smpl import DEFAULT_FPS, model_for, place

COLUMNS = 165
"""Axis-angles of SMPL-X: root, 21 joints of the body, jaw, eyes, hands."""

_FILE = re.compile(r"person_(\d{1,9})")
_WHAT = "results of PromptHMR"


def recognise(path: Path | str) -> bool:
    """Whether a file holds PromptHMR's results of a video, or one person of them.

    >>> import pickle, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "results.pkl")
    ...     _ = path.write_bytes(pickle.dumps({"people": {}, "camera_world": {}}))
    ...     recognise(path)
    True
    """
    held = pickled.load(path) if pickled.recognise(path) else None
    return _is_video(held) or _is_person(held)


def _is_video(held: Any) -> bool:
    return isinstance(held, dict) and "people" in held and "camera_world" in held


def _is_person(held: Any) -> bool:
    wanted = {"frames", "pose", "shape", "trans"}
    return isinstance(held, dict) and wanted <= set(held) and "rotmat" not in held


def read(
    path: Path | str, *, fps: float = DEFAULT_FPS, smplx_model: Path | str | None = None
) -> list[Motion]:
    """The people of a file in the order of their numbers, each with its own number.

    Frame k of the video is at k / fps; frames in which a person was not tracked are unobserved.

    >>> import tempfile
    >>> import numpy as np
    >>> person = {"frames": np.arange(9), "pose": np.zeros((9, 165)), "shape": np.zeros((9, 10)),
    ...           "trans": np.zeros((9, 3))}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.save(Path(folder, "person_4.npy"), person)
    ...     [motion.source.person for motion in read(Path(folder, "person_4.npy"))]
    [4]
    """
    path = Path(path)
    held = pickled.load(path)
    model = model_for(path, "smplx", smplx_model)
    if _is_person(held):
        named = _FILE.fullmatch(path.stem)
        if not named:
            refuse(path, ["file name: expected person_<number>.npy"], _WHAT)
        cameras = _cameras_beside(path)
        track = Fields(path, held, what=_WHAT)
        return [_person(track, int(named[1]), _take(path, 2), cameras, fps, model)]
    if not (_is_video(held) and isinstance(held["people"], dict) and held["people"]):
        refuse(path, [f"{kind(held)}; expected people and camera_world"], _WHAT)
    cameras = _cameras(path, held["camera_world"], "camera_world.")
    motions = []
    for number, person in by_number(path, held["people"], _WHAT):
        prefix = f"people[{number}]."
        whole = Fields(path, person, what=_WHAT, prefix=prefix)
        world = whole.held.get("smplx_world")
        merged = {"frames": whole.held.get("frames"), **(world if isinstance(world, dict) else {})}
        track = Fields(path, merged, what=_WHAT, prefix=prefix)
        motions.append(_person(track, number, _take(path, 0), cameras, fps, model))
    return motions


def _take(path: Path, levels: int) -> str:
    """The video's name: that of the folder which holds its results."""
    parents = path.absolute().parents
    return parents[levels].name if len(parents) > levels else path.stem


def _person(
    fields: Fields,
    number: int,
    take: str,
    cameras: Cameras | None,
    fps: float,
    model: BodyModel | None,
) -> Motion:
    frames = fields.numbers("frames")
    placed = place(fields.body("smplx", {"pose": COLUMNS}, "trans", "shape"), model=model)
    source = Source(
        clip=take,
        take=take,
        person=number,
        path=str(fields.path),
        shared_world=True,  # one camera trajectory places everybody
        notes=("PromptHMR world track", f"{fps:g} fps taken for the video's"),
    )
    return motion(placed, source=source, fps=fps, frames=frames, cameras=cameras)


def _cameras_beside(path: Path) -> Cameras | None:
    beside = path.parent.parent / "camera_params.npy"
    return _cameras(beside, pickled.load(beside), "") if beside.is_file() else None


def _cameras(path: Path, held: Any, prefix: str) -> Cameras | None:
    """The cameras of the whole video; none where the file has none."""
    if not isinstance(held, dict) or "Rcw" not in held:
        return None
    fields = Fields(path, held, what="cameras of PromptHMR", prefix=prefix)
    rotations, translations = fields.array("Rcw", 3, 3), fields.array("Tcw", 3)
    fields.check()
    return cameras_from_world(rotations, translations)
