"""GVHMR results (`hmr4d_results.pt`): one person, a gravity-aligned world with Y up, 30 fps.

Checked against the tool's public source: torch.save of `smpl_params_global = {body_pose (L, 63),
betas (L, 10), global_orient (L, 3), transl (L, 3)}` of SMPL-X, beside `smpl_params_incam` and
intermediate outputs. The demo first turns the video into one of 30 frames a second and fills its
one track, so every frame is there. The file holds no camera poses.
"""

from pathlib import Path
from typing import Any

from kinematics.motion import Motion, Source
from kinematics.readers import pickled
from kinematics.readers.fields import Fields, motion
from kinematics.readers.smpl import Parameters, model_for, place

FPS: float = 30.0
"""Frames a second that the tool works in."""

_PARAMETERS = "smpl_params_global"


def recognise(path: Path | str) -> bool:
    """Whether a file holds GVHMR's parameters in the world.

    >>> import pickle, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "hmr4d_results.pt")
    ...     _ = path.write_bytes(pickle.dumps({"smpl_params_global": {}}))
    ...     recognise(path)
    True
    """
    return pickled.recognise(path) and _is_ours(pickled.load(path))


def _is_ours(held: Any) -> bool:
    return isinstance(held, dict) and _PARAMETERS in held


def read(
    path: Path | str, *, fps: float = FPS, smplx_model: Path | str | None = None
) -> list[Motion]:
    """The one person of a file, in a list of one.

    >>> import pickle, tempfile
    >>> import numpy as np
    >>> still = {"global_orient": np.zeros((9, 3)), "transl": np.zeros((9, 3)),
    ...          "body_pose": np.zeros((9, 63)), "betas": np.zeros((9, 10))}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "hmr4d_results.pt")
    ...     _ = path.write_bytes(pickle.dumps({"smpl_params_global": still}))
    ...     [motion.frames for motion in read(path)]
    [9]
    """
    path = Path(path)
    held = pickled.load(path)
    inner = held.get(_PARAMETERS) if isinstance(held, dict) else held
    fields = Fields(path, inner, what="results of GVHMR", prefix=f"{_PARAMETERS}.")
    root, shift = fields.array("global_orient", 3), fields.array("transl", 3)
    body, betas = fields.array("body_pose", 63), fields.vector("betas")
    fields.check()
    parameters = Parameters(
        root_rotvecs_rad=root,
        translations_m=shift,
        body_rotvecs_rad=body,
        betas=betas,
        family="smplx",
    )
    placed = place(parameters, model=model_for(path, "smplx", smplx_model))
    take = path.absolute().parent.name
    source = Source(
        clip=take, take=take, path=str(path), notes=("GVHMR world track", *placed.notes)
    )
    return [motion(placed, source=source, fps=fps)]
