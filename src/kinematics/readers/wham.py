"""WHAM results (`wham_output.pkl`): several people, each in a world of its own with Y up.

Checked against the tool's public source: joblib of a defaultdict `{id: {pose_world (N, 72),
trans_world (N, 3), betas (N, 10), frame_ids (N,), ...}}` of SMPL. `trans_world` is not SMPL's
translation: the tool subtracts the midpoint of the hips from every body before it adds
`trans_world`. So it is the position of the hips, and with a model file the body is moved there.
People do not share a world, and the file holds neither cameras nor the frame rate.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from kinematics.geometry.smpl_body import BodyModel
from kinematics.motion import Motion, Source
from kinematics.readers import pickled
from kinematics.readers.fields import Fields, by_number, kind, motion, refuse
from kinematics.readers.smpl import DEFAULT_FPS, Placed, model_for, place
from kinematics.skeleton import SMPL_22

_WHAT = "results of WHAM"
_HIPS = tuple(SMPL_22.joints.index(name) for name in ("left_hip", "right_hip"))
_KEYS = frozenset({"pose_world", "trans_world", "frame_ids"})


def recognise(path: Path | str) -> bool:
    """Whether a file holds WHAM's results of a video (example: `read`)."""
    return pickled.recognise(path) and _is_ours(pickled.load(path))


def _is_ours(held: Any) -> bool:
    return (
        isinstance(held, dict)
        and len(held) > 0
        and all(isinstance(person, dict) and set(person) >= _KEYS for person in held.values())
    )


def read(
    path: Path | str, *, fps: float = DEFAULT_FPS, smplx_model: Path | str | None = None
) -> list[Motion]:
    """The people of a file in the order of their numbers, each with its own number.

    >>> import pickle, tempfile
    >>> person = {"pose_world": np.zeros((2, 72)), "trans_world": np.zeros((2, 3)),
    ...           "betas": np.zeros((2, 10)), "frame_ids": np.array([4, 6])}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "wham_output.pkl")
    ...     _ = path.write_bytes(pickle.dumps({2: person}))
    ...     recognise(path), [(m.source.person, m.observed.tolist()) for m in read(path)]
    (True, [(2, [True, False, True])])
    """
    path = Path(path)
    held = pickled.load(path)
    if not _is_ours(held):
        refuse(path, [f"{kind(held)}; expected people by number"], _WHAT)
    model = model_for(path, "smpl", smplx_model)
    people = by_number(path, held, _WHAT)
    return [_person(path, person, number, fps, model) for number, person in people]


def _person(path: Path, held: Any, number: int, fps: float, model: BodyModel | None) -> Motion:
    fields = Fields(path, held, what=_WHAT, prefix=f"{number}.")
    frames = fields.numbers("frame_ids")
    body = fields.body("smpl", {"pose_world": 72}, "trans_world", "betas")
    placed = _by_the_hips(place(body, model=model), body.translations_m)
    take = path.absolute().parent.name
    notes = ("WHAM world track", f"{fps:g} fps taken for the video's")
    source = Source(clip=take, take=take, person=number, path=str(path), notes=notes)
    return motion(placed, source=source, fps=fps, frames=frames)


def _by_the_hips(placed: Placed, hips_m: np.ndarray) -> Placed:
    """The body, moved so that the midpoint of its hips is at the file's position."""
    if placed.joints_m is None:
        note = "positions are the midpoint of the hips; name a model file (smplx_model) for joints"
        return replace(placed, positions_m=hips_m, notes=(note,))
    moved = hips_m - placed.joints_m[:, _HIPS].mean(axis=1)
    joints = placed.joints_m + moved[:, None]
    return replace(placed, positions_m=joints[:, 0], joints_m=joints)
