"""GVHMR results (`hmr4d_results.pt`): one person, a gravity-aligned world with Y up, 30 fps.

Checked against the tool's public source: torch.save of `smpl_params_global = {body_pose (L, 63),
betas (L, 10), global_orient (L, 3), transl (L, 3)}` of SMPL-X, beside `smpl_params_incam` and
intermediate outputs. The demo first converts the video to 30 fps and interpolates its one track,
so no frame is missing. The file holds no camera poses.
"""

from pathlib import Path

from kinematics.motion import Motion, Source
from kinematics.readers import pickled
from kinematics.readers.fields import Fields, motion
from kinematics.readers.smpl import model_for, place

FPS: float = 30.0
"""Frame rate to which the tool converts every video."""

_PARAMETERS = "smpl_params_global"


def recognise(path: Path | str) -> bool:
    """Whether a file holds GVHMR's parameters in the world (example: `read`)."""
    return pickled.holds(path, _PARAMETERS)


def read(
    path: Path | str, *, fps: float = FPS, smplx_model: Path | str | None = None
) -> list[Motion]:
    """The single person of a file, as a list of one motion.

    >>> import pickle, tempfile
    >>> import numpy as np
    >>> still = {"global_orient": np.zeros((9, 3)), "transl": np.zeros((9, 3)),
    ...          "body_pose": np.zeros((9, 63)), "betas": np.zeros((9, 10))}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "hmr4d_results.pt")
    ...     _ = path.write_bytes(pickle.dumps({"smpl_params_global": still}))
    ...     recognise(path), [motion.frames for motion in read(path)]
    (True, [9])
    """
    path = Path(path)
    held = pickled.load(path)
    inner = held.get(_PARAMETERS) if isinstance(held, dict) else held
    fields = Fields(path, inner, what="results of GVHMR", prefix=f"{_PARAMETERS}.")
    body = fields.body("smplx", {"global_orient": 3, "body_pose": 63}, "transl", "betas")
    placed = place(body, model=model_for(path, "smplx", smplx_model))
    take = path.absolute().parent.name
    source = Source(clip=take, take=take, path=str(path), notes=("GVHMR world track",))
    return [motion(placed, source=source, fps=fps)]
