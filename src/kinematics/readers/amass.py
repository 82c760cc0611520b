"""AMASS and other `.npz` files of SMPL, SMPL-H and SMPL-X parameters.

The reader takes `trans` (or `transl`) with either `poses` (root first: 72, 156 or 165 columns) or
`root_orient` (or `global_orient`) and `pose_body` (or `body_pose`); `betas`; the frame rate under
`mocap_framerate`, `mocap_frame_rate`, `fps` or `frame_rate`. AMASS is Z up; files of other tools in
this layout may be Y up, which is guessed from the direction of the body's own up and noted.

Checked against public loaders of AMASS: SMPL-H has `poses` (frames, 156) and `mocap_framerate`;
SMPL-X has `root_orient`, `pose_body` and `mocap_frame_rate`, and members of Python objects
(`markers_latent_vids`), which stay unread.
"""

from pathlib import Path
from typing import Any, Literal

import numpy as np

from kinematics.geometry.smpl_body import Family
from kinematics.motion import Motion, Source
from kinematics.readers.fields import Fields, motion
from kinematics.readers.native import Layout, layouts, load_arrays
from kinematics.readers.smpl import (
    WORLD_FROM_FILE,
    Parameters,
    Up,
    frame_rate,
    guessed_up,
    model_for,
    place,
    turned,
)

_FAMILIES: dict[int, Family] = {72: "smpl", 156: "smplh", 165: "smplx"}
_RATES = ("mocap_framerate", "mocap_frame_rate", "fps", "frame_rate")
_ROOTS = ("root_orient", "global_orient")
_BODIES = ("pose_body", "body_pose")
_TRANSLATIONS = ("trans", "transl")
_TEXTS = ("gender", "surface_model_type")
_NAMES = ("poses", "betas", *_RATES, *_ROOTS, *_BODIES, *_TRANSLATIONS, *_TEXTS)
_WHAT = "a file of SMPL parameters (AMASS)"


def recognise(path: Path | str) -> bool:
    """Whether an `.npz` holds SMPL's translation and root orientation (example: `read`)."""
    listed = layouts(path, objects=True)
    translation = any(_columns(listed.get(name)) == 3 for name in _TRANSLATIONS)
    whole = _columns(listed.get("poses")) in _FAMILIES
    root = any(_columns(listed.get(name)) == 3 for name in _ROOTS)
    return translation and (whole or root)


def _columns(layout: Layout | None) -> int:
    """Numbers per frame; 0 without such an array."""
    if layout is None or len(layout.shape) < 2 or layout.dtype.kind not in "fiu":
        return 0
    return int(np.prod(layout.shape[1:]))


def read(
    path: Path | str,
    *,
    up: Literal["guess"] | Up = "guess",
    fps: float | None = None,
    smplx_model: Path | str | None = None,
) -> list[Motion]:
    """The single person of a file, as a list of one motion.

    `up` is the file's axis that points up; by default it is guessed: Z, unless the body clearly
    stands along another. `fps` overrides the file's own rate. With a model file of the same body
    the motion has the pelvis and 22 joints.

    >>> import tempfile
    >>> upright = np.zeros((90, 156))
    >>> upright[:, 0] = np.pi / 2
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "walk.npz")
    ...     np.savez(path, poses=upright, trans=np.tile([0, 0, 1.0], (90, 1)), fps=60.0)
    ...     recognise(path)
    ...     [walk] = read(path)
    True
    >>> walk.positions_m[0].round(6) + 0.0, walk.orientations_wxyz[0].round(6) + 0.0
    (array([0., 1., 0.], dtype=float32), array([1., 0., 0., 0.], dtype=float32))
    """
    path = Path(path)
    if up not in ("guess", *WORLD_FROM_FILE):
        raise ValueError(f"up: {up!r}; expected guess, {', '.join(WORLD_FROM_FILE)}")
    arrays = load_arrays(path, names=_NAMES, skip_objects=True)
    parameters, notes = _parameters(path, arrays)
    if fps is None:
        fps, told = frame_rate(path, arrays, _RATES)
        notes += told
    gender = _text(arrays, "gender").lower()
    placed = place(parameters, model=model_for(path, parameters.family, smplx_model, gender=gender))
    if up == "guess":
        up, told_up = guessed_up(placed.orientations_wxyz, usual="z")
        notes += (told_up,)
    else:
        notes += (f"up axis {up}, as told",)
    source = Source(clip=path.stem, take=path.stem, path=str(path), notes=notes)
    return [motion(turned(placed, np.array(WORLD_FROM_FILE[up])), source=source, fps=fps)]


def _parameters(path: Path, arrays: dict[str, np.ndarray]) -> tuple[Parameters, tuple[str, ...]]:
    fields = Fields(path, arrays, what=_WHAT)
    translation = next((name for name in _TRANSLATIONS if name in arrays), _TRANSLATIONS[0])
    root_name = next((name for name in _ROOTS if name in arrays), None)
    body_name = next((name for name in _BODIES if name in arrays), None)
    trans = fields.array(translation, 3)
    family: Family | None = None
    body: np.ndarray | None = None
    if root_name is None:
        columns = _columns_of(arrays["poses"]) if "poses" in arrays else 0
        if columns not in _FAMILIES:
            fields.problems.append(
                f"poses: {columns} columns; expected one of {', '.join(map(str, _FAMILIES))}, or "
                f"{_ROOTS[0]} beside it"
            )
        poses = fields.array("poses", columns if columns in _FAMILIES else 72)
        family, root, body = _FAMILIES.get(columns), poses[:, :3], poses[:, 3:66]
    else:
        root = fields.array(root_name, 3)
        if body_name is not None:
            width = _columns_of(arrays[body_name])
            family = "smpl" if width == 69 else None
            body = fields.array(body_name, 69 if width == 69 else 63)[:, :63]
    betas = fields.vector("betas", optional=True)
    fields.check()
    named: dict[str, Family] = {"smpl": "smpl", "smplh": "smplh", "smplx": "smplx"}
    family = named.get(_text(arrays, "surface_model_type"), family)
    gender = _text(arrays, "gender")
    parameters = Parameters(
        root_rotvecs_rad=root,
        translations_m=trans,
        body_rotvecs_rad=body,
        betas=betas,
        family=family,
    )
    return parameters, (f"{family or 'SMPL-family'} parameters{f', {gender}' if gender else ''}",)


def _columns_of(array: np.ndarray) -> int:
    return array.size // len(array) if array.ndim > 1 and len(array) else 0


def _text(arrays: dict[str, np.ndarray], name: str) -> str:
    value = arrays.get(name)
    if value is None or value.size != 1 or value.dtype.kind not in "US":
        return ""
    held: Any = value.item()
    text = held.decode("latin-1") if isinstance(held, bytes) else str(held)
    return text[:20]
