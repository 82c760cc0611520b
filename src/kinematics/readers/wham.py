"""WHAM results (`wham_output.pkl`): several people, each in a world of its own with Y up.

Checked against the tool's public source: joblib of a defaultdict `{id: {pose_world (N, 72),
trans_world (N, 3), betas (N, 10), frame_ids (N,), ...}}` of SMPL. `trans_world` is not SMPL's
translation: the tool takes the midpoint of the two hips out of every body before it adds it. So
it is where the hips are, and with a model file the body is put there. The worlds of two people
are not one, and the file holds neither cameras nor the frame rate.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from kinematics.geometry.smpl_body import BodyModel
from kinematics.motion import Motion, Source
from kinematics.readers import pickled
from kinematics.readers.fields import Fields, kind, motion, refuse
from kinematics.readers.prompthmr import person_number
from kinematics.readers.smpl import Parameters, Placed, model_for, place
from kinematics.skeleton import SMPL_22

DEFAULT_FPS: float = 30.0
"""Frames a second of the video, which the results do not say."""

_WHAT = "results of WHAM"
_HIPS = tuple(SMPL_22.joints.index(name) for name in ("left_hip", "right_hip"))
_KEYS = frozenset({"pose_world", "trans_world", "frame_ids"})


def recognise(path: Path | str) -> bool:
    """Whether a file holds what WHAM found in a video.

    >>> import pickle, tempfile
    >>> one = {"pose_world": 0, "trans_world": 0, "frame_ids": 0}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "wham_output.pkl")
    ...     _ = path.write_bytes(pickle.dumps({0: one}))
    ...     recognise(path)
    True
    """
    return pickled.recognise(path) and _is_ours(pickled.load(path))


def _is_ours(held: Any) -> bool:
    return (
        isinstance(held, dict)
        and len(held) > 0
        and all(isinstance(person, dict) and set(person) >= _KEYS for person in held.values())
    )


def read(
    path: Path | str,
    *,
    fps: float = DEFAULT_FPS,
    smplx_model: Path | str | None = None,
) -> list[Motion]:
    """The people of a file, in the order of their numbers, each with its own number.

    >>> import pickle, tempfile
    >>> one = {"pose_world": np.zeros((2, 72)), "trans_world": np.zeros((2, 3)),
    ...        "betas": np.zeros((2, 10)), "frame_ids": np.array([4, 6])}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "wham_output.pkl")
    ...     _ = path.write_bytes(pickle.dumps({2: one}))
    ...     [(motion.source.person, motion.observed.tolist()) for motion in read(path)]
    [(2, [True, False, True])]
    """
    path = Path(path)
    held = pickled.load(path)
    if not _is_ours(held):
        refuse(path, [f"{kind(held)}; expected people by number"], _WHAT)
    model = model_for(path, "smpl", smplx_model)
    people: dict[int, Motion] = {}
    for key, person in held.items():
        number = person_number(path, key, _WHAT)
        if number in people:
            refuse(path, [f"two people are number {number}"], _WHAT)
        people[number] = _person(path, person, number, fps, model)
    return [people[number] for number in sorted(people)]


def _person(path: Path, held: Any, number: int, fps: float, model: BodyModel | None) -> Motion:
    fields = Fields(path, held, what=_WHAT, prefix=f"{number}.")
    frames = fields.numbers("frame_ids")
    pose = fields.array("pose_world", 72)
    shift, betas = fields.array("trans_world", 3), fields.vector("betas")
    fields.check()
    parameters = Parameters(
        root_rotvecs_rad=pose[:, :3],
        translations_m=shift,
        body_rotvecs_rad=pose[:, 3:66],
        betas=betas,
        family="smpl",
    )
    placed = _by_the_hips(place(parameters, model=model), parameters.translations_m)
    take = path.absolute().parent.name
    source = Source(
        clip=take,
        take=take,
        person=number,
        path=str(path),
        notes=("WHAM world track", f"{fps:g} fps taken for the video's", *placed.notes),
    )
    return motion(placed, source=source, fps=fps, frames=frames)


def _by_the_hips(placed: Placed, hips_m: np.ndarray) -> Placed:
    """The body moved so that the midpoint of its hips is where the file says."""
    if placed.joints_m is None:
        note = "positions are the midpoint of the hips; name a model file (smplx_model) for joints"
        return replace(placed, positions_m=hips_m, notes=(note,))
    moved = hips_m - placed.joints_m[:, _HIPS].mean(axis=1)
    joints = placed.joints_m + moved[:, None]
    return replace(placed, positions_m=joints[:, 0], joints_m=joints)
