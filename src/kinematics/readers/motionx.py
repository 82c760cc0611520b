"""Motion-X arrays: (frames, 322) SMPL-X parameters as `.npy`, or `motionx` inside an `.npz`.

Only the root is read: its axis-angle (columns 0 to 3) and its translation in metres (309 to 312),
in a world that is Y up already. The pose needs a licensed body model to become joints.
"""

from pathlib import Path

import numpy as np
from jaxtyping import Float

from kinematics.motion import Motion, Source
from kinematics.readers.native import Layout, layouts, load_arrays

COLUMNS: int = 322
"""Parameters a frame: root 3, body 63, hands 90, jaw 3, face 150, translation 3, shape 10."""

ROOT_ROTATION = slice(0, 3)
"""The columns of the root's axis-angle, in radians."""

ROOT_TRANSLATION = slice(309, 312)
"""The columns of the root's translation, in metres."""

DEFAULT_FPS: float = 30.0
"""Frames a second of Motion-X, whose files do not say it."""

_KEY = "motionx"


def quaternions_from_rotvecs(
    rotvecs_rad: Float[np.ndarray, "frames 3"],
) -> Float[np.ndarray, "frames 4"]:
    """Unit quaternions (scalar first) from axis-angles of any length, computed in float64.

    Rows with a value that is not finite become NaN.

    >>> quaternions_from_rotvecs(np.array([[0.0, 0, 0], [0, np.pi, 0]])).round(3) + 0.0
    array([[1., 0., 0., 0.],
           [0., 0., 1., 0.]])
    """
    rotvecs = np.where(np.isfinite(rotvecs_rad), rotvecs_rad, np.nan).astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):  # angles past all numbers become NaN too
        half_rad = np.linalg.norm(rotvecs, axis=1, keepdims=True) / 2
        vector = rotvecs / 2 * np.sinc(half_rad / np.pi)  # sinc is finite where the angle is zero
        return np.concatenate([np.cos(half_rad), vector], axis=1)


def _key(found: dict[str, Layout]) -> str | None:
    """The name of the Motion-X array among a file's arrays."""
    for name in ("", _KEY):
        layout = found.get(name)
        if layout and layout.shape[1:] == (COLUMNS,) and layout.dtype.kind in "fiu":
            return name
    return None


def recognise(path: Path | str) -> bool:
    """Whether a NumPy file holds a (frames, 322) array where Motion-X puts it.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.savez(Path(folder, "a.npz"), motionx=np.zeros((9, 322)))
    ...     recognise(Path(folder, "a.npz"))
    True
    """
    return _key(layouts(path)) is not None


def read(path: Path | str, *, fps: float | None = None) -> list[Motion]:
    """The root track of a Motion-X file, in a list of one.

    `fps` wins over the file's own `fps`; where neither says it, 30 is assumed and noted in the
    source. Frames with NaN become unobserved.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.save(Path(folder, "walk.npy"), np.zeros((90, 322), np.float32))
    ...     walk = read(Path(folder, "walk.npy"))[0]
    >>> walk.frames, walk.source.clip, walk.source.notes
    (90, 'walk', ('Motion-X root', 'fps not given, 30 assumed'))
    """
    path = Path(path)
    found = layouts(path)
    key = _key(found)
    if key is None:
        shapes = ", ".join(f"{name or 'array'} {layout.shape}" for name, layout in found.items())
        raise ValueError(
            f"{path}: holds {shapes}; expected Motion-X parameters of shape (frames, {COLUMNS}) "
            f"as an .npy file or as {_KEY!r} in an .npz"
        )
    arrays = load_arrays(path, names=(key, "fps"))
    notes: tuple[str, ...] = ("Motion-X root",)
    if fps is None:
        if "fps" in arrays:
            fps = _number(path, arrays["fps"])
        else:
            fps = DEFAULT_FPS
            notes += (f"fps not given, {DEFAULT_FPS:g} assumed",)
    values = arrays[key]
    dtype = np.float64 if values.dtype == np.float64 else np.float32
    return [
        Motion.from_arrays(
            orientations_wxyz=quaternions_from_rotvecs(values[:, ROOT_ROTATION]).astype(dtype),
            positions_m=values[:, ROOT_TRANSLATION].astype(dtype),
            fps=fps,
            source=Source(clip=path.stem, take=path.stem, path=str(path), notes=notes),
        )
    ]


def _number(path: Path, value: np.ndarray) -> float:
    if value.size != 1 or value.dtype.kind not in "fiu":
        raise ValueError(
            f"{path}: fps has shape {value.shape} and dtype {value.dtype}; expected one number. "
            "Give it as an option instead"
        )
    return float(value.reshape(()))
