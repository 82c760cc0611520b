"""EMDB's ground truth (`*_data.pkl`): SMPL in a world with Y up, a moving camera, 30 fps.

Checked against the data set's own description and viewer: `name`, `gender`, `good_frames_mask`,
`smpl = {poses_root (n, 3), poses_body (n, 69), trans (n, 3), betas (10,)}` and
`camera.extrinsics (n, 4, 4)`, which takes world points to camera points. Frames that the mask
calls bad are unobserved.
"""

from pathlib import Path
from typing import Any

import numpy as np

from kinematics.motion import Motion, Source
from kinematics.readers import pickled
from kinematics.readers.fields import Cameras, Fields, cameras_from_world, motion
from kinematics.readers.smpl import Parameters, model_for, place

FPS: float = 30.0
"""Frames a second of the data set."""

_WHAT = "ground truth of EMDB"


def recognise(path: Path | str) -> bool:
    """Whether a file holds a sequence of EMDB.

    >>> import pickle, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "P0_09_outdoor_walk_data.pkl")
    ...     _ = path.write_bytes(pickle.dumps({"smpl": {}, "good_frames_mask": 0}))
    ...     recognise(path)
    True
    """
    return pickled.recognise(path) and _is_ours(pickled.load(path))


def _is_ours(held: Any) -> bool:
    return isinstance(held, dict) and "smpl" in held and "good_frames_mask" in held


def read(
    path: Path | str, *, fps: float = FPS, smplx_model: Path | str | None = None
) -> list[Motion]:
    """The one person of a sequence, in a list of one.

    >>> import pickle, tempfile
    >>> still = {"poses_root": np.zeros((9, 3)), "poses_body": np.zeros((9, 69)),
    ...          "trans": np.zeros((9, 3)), "betas": np.zeros(10)}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "P0_00_data.pkl")
    ...     whole = {"name": "P0_00", "smpl": still, "good_frames_mask": np.ones(9, bool)}
    ...     _ = path.write_bytes(pickle.dumps(whole))
    ...     [motion.source.clip for motion in read(path)]
    ['P0_00']
    """
    path = Path(path)
    held = pickled.load(path)
    outer = Fields(path, held, what=_WHAT)
    fields = Fields(path, outer.held.get("smpl"), what=_WHAT, prefix="smpl.")
    root, shift = fields.array("poses_root", 3), fields.array("trans", 3)
    body, betas = fields.array("poses_body", 69), fields.vector("betas")
    good = outer.held.get("good_frames_mask")
    if not (isinstance(good, np.ndarray) and good.dtype.kind in "bui" and good.size):
        fields.problems.append("good_frames_mask: not there; expected booleans, one a frame")
    else:
        fields.counts["good_frames_mask"] = good.size
    cameras = _cameras(path, outer.held.get("camera"), fields)
    fields.check()
    parameters = Parameters(
        root_rotvecs_rad=root,
        translations_m=shift,
        body_rotvecs_rad=body[:, :63],
        betas=betas,
        family="smpl",
    )
    placed = place(parameters, model=model_for(path, "smpl", smplx_model))
    name = outer.held.get("name")
    clip = name if isinstance(name, str) and name else path.stem.removesuffix("_data")
    gender = outer.held.get("gender")
    told = (f"gender {gender[:20]}",) if isinstance(gender, str) else ()
    source = Source(
        clip=clip, take=clip, path=str(path), notes=("EMDB ground truth", *told, *placed.notes)
    )
    return [
        motion(
            placed,
            source=source,
            fps=fps,
            observed=np.asarray(good).reshape(-1).astype(bool),
            cameras=cameras,
        )
    ]


def _cameras(path: Path, held: Any, fields: Fields) -> Cameras | None:
    """The camera's poses; problems and counts go to the fields of the body."""
    if not isinstance(held, dict) or "extrinsics" not in held:
        return None
    own = Fields(path, held, what=_WHAT, prefix="camera.")
    extrinsics = own.array("extrinsics", 4, 4)
    fields.problems += own.problems
    fields.counts |= {f"camera.{name}": count for name, count in own.counts.items()}
    return cameras_from_world(extrinsics[:, :3, :3], extrinsics[:, :3, 3])
