"""Motion-X arrays: (frames, 322) SMPL-X parameters as `.npy`, or `motionx` inside an `.npz`.

The root's axis-angle (columns 0 to 3) and the translation in metres (309 to 312) are read
unchanged; their world is Y up. With a licensed model file, the body's pose (3 to 66) and shape (312
to 322) give joints. `write` keeps the root of a motion.
"""

import os
from pathlib import Path

import numpy as np
from jaxtyping import Float

from kinematics.motion import Motion, Source
from kinematics.readers.native import Layout, layouts, load_arrays
from kinematics.readers.smpl import (
    BODY_SKELETON,
    DEFAULT_FPS,
    Parameters,
    Placed,
    frame_rate,
    model_for,
    place,
    quaternions_from_rotvecs,
)

COLUMNS: int = 322
"""Parameters per frame: root 3, body 63, hands 90, jaw 3, face 150, translation 3, shape 10."""

ROOT_ROTATION = slice(0, 3)
"""The columns of the root's axis-angle, in radians."""

BODY_ROTATIONS = slice(3, 66)
"""The columns of the axis-angles of the body's 21 other joints, in radians."""

ROOT_TRANSLATION = slice(309, 312)
"""The columns of the root's translation, in metres."""

SHAPE = slice(312, 322)
"""The columns of the ten shape parameters."""

_KEY = "motionx"


def _key(arrays: dict[str, Layout]) -> str | None:
    """The name of the Motion-X array among a file's arrays."""
    for name in ("", _KEY):
        layout = arrays.get(name)
        if layout and layout.shape[1:] == (COLUMNS,) and layout.dtype.kind in "fiu":
            return name
    return None


def recognise(path: Path | str) -> bool:
    """Whether a NumPy file holds a (frames, 322) array as Motion-X names it (example: `read`)."""
    return _key(layouts(path, objects=True)) is not None


def read(
    path: Path | str, *, fps: float | None = None, smplx_model: Path | str | None = None
) -> list[Motion]:
    """The track of a Motion-X file, as a list of one: the root, and with a model file the body.

    `fps` overrides the file's own `fps`; without either, 30 is assumed and noted in the source.
    Frames with NaN in a column that is read become unobserved.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.save(Path(folder, "walk.npy"), np.zeros((90, 322), np.float32))
    ...     recognise(Path(folder, "walk.npy"))
    ...     [walk] = read(Path(folder, "walk.npy"))
    True
    >>> walk.frames, walk.source.clip, walk.source.notes
    (90, 'walk', ('Motion-X root', 'fps not given, 30 assumed'))
    """
    path = Path(path)
    listed = layouts(path, objects=True)
    key = _key(listed)
    if key is None:
        shapes = ", ".join(f"{name or 'array'} {layout.shape}" for name, layout in listed.items())
        raise ValueError(
            f"{path}: holds {shapes}; expected Motion-X parameters of shape (frames, {COLUMNS}) "
            f"as an .npy file or as {_KEY!r} in an .npz"
        )
    arrays = load_arrays(path, names=(key, "fps"))
    notes: tuple[str, ...] = ("Motion-X root",)
    if fps is None:
        fps, told = frame_rate(path, arrays, ("fps",))
        notes += told
    values = arrays[key]
    dtype = np.float64 if values.dtype == np.float64 else np.float32
    positions_m, joints_m, body = values[:, ROOT_TRANSLATION], None, None
    if smplx_model is not None:
        placed = _placed(path, values, smplx_model)
        positions_m, joints_m, body = placed.positions_m, placed.joints_m, placed.body
        notes += placed.notes
    return [
        Motion.from_arrays(
            orientations_wxyz=quaternions_from_rotvecs(values[:, ROOT_ROTATION]).astype(dtype),
            positions_m=positions_m.astype(dtype),
            joints_m=None if joints_m is None else joints_m.astype(dtype),
            skeleton=None if joints_m is None else BODY_SKELETON,
            body=body,
            fps=fps,
            source=Source(clip=path.stem, take=path.stem, path=str(path), notes=notes),
        )
    ]


def _placed(path: Path, values: np.ndarray, smplx_model: Path | str) -> Placed:
    """Pelvis and joints from a model file, in the file's own world."""
    wide = np.where(np.isfinite(values), values, np.nan).astype(np.float64)
    shapes = wide[:, SHAPE]
    known = shapes[np.isfinite(shapes).all(axis=1)]
    parameters = Parameters(
        root_rotvecs_rad=wide[:, ROOT_ROTATION],
        translations_m=wide[:, ROOT_TRANSLATION],
        body_rotvecs_rad=wide[:, BODY_ROTATIONS],
        betas=known.mean(axis=0) if len(known) else np.zeros(shapes.shape[1]),
        family="smplx",
    )
    return place(parameters, model=model_for(path, "smplx", smplx_model))


def write(motion: Motion, path: Path | str) -> None:
    """Writes the root of a motion as `motionx` with its `fps` to an `.npz`, atomically.

    Body, hands, face and shape are zero. Unobserved frames are NaN. The format has one frame rate,
    so a motion with uneven times raises `ValueError`. Read again, orientations are the same
    rotations and positions are equal bit for bit.

    >>> import tempfile
    >>> from kinematics import synthetic
    >>> walk = synthetic.perform(synthetic.walk(2.0), fps=25.0).motion
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(walk, Path(folder, "walk.npz"))
    ...     [back] = read(Path(folder, "walk.npz"))
    >>> np.array_equal(back.positions_m, walk.positions_m), back.times_s[1].item()
    (True, 0.04)
    """
    path = Path(path)
    fps = _steady_fps(motion, path)
    positions = np.asarray(motion.positions_m)
    wide = np.asarray(motion.orientations_wxyz).dtype == np.float64
    dtype = np.float64 if wide or positions.dtype == np.float64 else np.float32
    values = np.zeros((motion.frames, COLUMNS), dtype)
    values[:, ROOT_ROTATION] = _rotvecs(np.asarray(motion.orientations_wxyz, dtype=np.float64))
    values[:, ROOT_TRANSLATION] = positions
    values[~np.asarray(motion.observed)] = np.nan
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            np.savez(file, motionx=values, fps=np.float64(fps))
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def _steady_fps(motion: Motion, path: Path) -> float:
    """The frame rate of a motion; `ValueError` on uneven times and on a start other than 0."""
    times_s = np.asarray(motion.times_s, dtype=np.float64)
    fps = (len(times_s) - 1) / float(times_s[-1] - times_s[0]) if len(times_s) > 1 else DEFAULT_FPS
    if abs(fps - round(fps)) < 1e-6 * fps:
        fps = float(round(fps))
    late_s = float(np.abs(times_s - np.arange(len(times_s)) / fps).max())
    if late_s > 1e-6:
        raise ValueError(
            f"{path}: frames up to {late_s:.3g} s from those of {fps:g} frames a second; Motion-X "
            "files have one rate and start at 0. Resample the motion first, or write it with "
            "kinematics.readers.native.write"
        )
    return fps


def _rotvecs(wxyz: Float[np.ndarray, "frames 4"]) -> Float[np.ndarray, "frames 3"]:
    """Axis-angles of at most half a turn, from unit quaternions."""
    near = np.where(wxyz[:, :1] < 0, -wxyz, wxyz)
    sine = np.linalg.norm(near[:, 1:], axis=1, keepdims=True)
    angle = 2 * np.arctan2(sine, near[:, :1])
    return near[:, 1:] * np.where(sine > 1e-12, angle / np.where(sine > 0, sine, 1.0), 2.0)
