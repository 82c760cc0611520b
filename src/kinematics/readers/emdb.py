"""EMDB's ground truth (`*_data.pkl`): SMPL in a world with Y up, a moving camera, 30 fps.

Checked against the data set's own description and viewer: `name`, `gender`, `good_frames_mask`,
`smpl = {poses_root (n, 3), poses_body (n, 69), trans (n, 3), betas (10,)}` and
`camera.extrinsics (n, 4, 4)`, which maps world points to camera points. Frames that the mask
marks as bad are unobserved.
"""

from pathlib import Path
from typing import Any

import numpy as np

from kinematics.motion import Motion, Source
from kinematics.readers import pickled
from kinematics.readers.fields import Cameras, Fields, cameras_from_world, motion
from kinematics.readers.smpl import model_for, place

FPS: float = 30.0
"""Frame rate of the data set."""

_WHAT = "ground truth of EMDB"


def recognise(path: Path | str) -> bool:
    """Whether a file holds a sequence of EMDB (example: `read`)."""
    return pickled.holds(path, "smpl", "good_frames_mask")


def read(
    path: Path | str, *, fps: float = FPS, smplx_model: Path | str | None = None
) -> list[Motion]:
    """The single person of a sequence, as a list of one motion.

    >>> import pickle, tempfile
    >>> still = {"poses_root": np.zeros((9, 3)), "poses_body": np.zeros((9, 69)),
    ...          "trans": np.zeros((9, 3)), "betas": np.zeros(10)}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "P0_00_data.pkl")
    ...     whole = {"name": "P0_00", "smpl": still, "good_frames_mask": np.ones(9, bool)}
    ...     _ = path.write_bytes(pickle.dumps(whole))
    ...     recognise(path), [motion.source.clip for motion in read(path)]
    (True, ['P0_00'])
    """
    path = Path(path)
    outer = Fields(path, pickled.load(path), what=_WHAT)
    fields = Fields(path, outer.held.get("smpl"), what=_WHAT, prefix="smpl.")
    good = outer.held.get("good_frames_mask")
    if not (isinstance(good, np.ndarray) and good.dtype.kind in "bui" and good.size):
        fields.problems.append("good_frames_mask: not there; expected booleans, one a frame")
    else:
        fields.counts["good_frames_mask"] = good.size
    cameras = _cameras(path, outer.held.get("camera"), fields)
    body = fields.body("smpl", {"poses_root": 3, "poses_body": 69}, "trans", "betas")
    placed = place(body, model=model_for(path, "smpl", smplx_model))
    name, gender = outer.held.get("name"), outer.held.get("gender")
    clip = name if isinstance(name, str) and name else path.stem.removesuffix("_data")
    told = (f"gender {gender[:20]}",) if isinstance(gender, str) else ()
    source = Source(clip=clip, take=clip, path=str(path), notes=("EMDB ground truth", *told))
    observed = np.asarray(good).reshape(-1).astype(bool)
    return [motion(placed, source=source, fps=fps, observed=observed, cameras=cameras)]


def _cameras(path: Path, held: Any, fields: Fields) -> Cameras | None:
    """The camera's poses; problems and counts are added to the body's fields."""
    if not isinstance(held, dict) or "extrinsics" not in held:
        return None
    own = Fields(path, held, what=_WHAT, prefix="camera.")
    extrinsics = own.array("extrinsics", 4, 4)
    fields.problems += own.problems
    fields.counts |= {f"camera.{name}": count for name, count in own.counts.items()}
    return cameras_from_world(extrinsics[:, :3, :3], extrinsics[:, :3, 3])
