"""Validation of a track before it becomes a `Motion`; one error names every problem."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Shaped

MIN_QUATERNION_NORM = 1e-6
"""Shorter quaternions define no rotation."""

MAX_UNIT_ERROR = 0.1
"""Quaternions further from length one are rejected as something else (axis-angle, Euler)."""

MAX_ABS_M = 1e6
"""Coordinates beyond a thousand kilometres are not in metres."""

MAX_BODY_M = 20.0
"""No body is wider in metres; in centimetres or pixels every body is."""

MAX_SPAN_S = 86_400.0
"""A day. Tracks are resampled on a grid, so invalid times would exhaust the memory."""

MAX_FPS = 1000
"""Higher frame rates are not plausible."""


def _numeric(name: str, value: object, problems: list[str]) -> np.ndarray | None:
    """The value as a float32 or float64 array; None, with a problem added, if it is not numeric."""
    try:
        array = np.asarray(value)
    except ValueError:
        problems.append(f"{name}: rows of different lengths; expected a rectangular array")
        return None
    if array.dtype.kind not in "fiu":
        problems.append(f"{name}: dtype {array.dtype}; expected numbers")
        return None
    return array if array.dtype == np.float64 else array.astype(np.float32)


def _times(
    times_s: object, fps: float | None, frames: int | None, problems: list[str]
) -> Float[np.ndarray, " frames"] | None:
    """Frame times from `times_s` or `fps`, exactly one of which must be given."""
    if (times_s is None) == (fps is None):
        problems.append("times: give either times_s or fps, not both and not neither")
        return None
    if times_s is None:
        if not (fps is not None and np.isfinite(fps) and 0 < fps <= MAX_FPS):
            problems.append(f"fps: {fps}; expected frames per second in (0, {MAX_FPS}]")
            return None
        if frames is not None and frames > fps * MAX_SPAN_S:
            problems.append(
                f"fps: {frames} frames at {fps:g} last {frames / fps:g} s; expected at most "
                f"{MAX_SPAN_S:g} (a day). Give the frame rate in frames per second"
            )
        return None if frames is None else np.arange(frames, dtype=np.float64) / fps
    array = _numeric("times_s", times_s, problems)
    if array is None:
        return None
    if array.ndim != 1:
        problems.append(f"times_s: shape {array.shape}; expected (frames,)")
        return None
    array = np.asarray(times_s, dtype=np.float64)
    finite = np.isfinite(array)
    if not finite.all():
        problems.append(f"times_s: {int((~finite).sum())} values are not finite")
        return array
    backwards = np.flatnonzero(np.diff(array) <= 0)
    if len(backwards):
        first = int(backwards[0]) + 1
        problems.append(
            f"times_s: {len(backwards)} of {len(array)} do not increase, first at frame {first} "
            f"({array[first - 1]:g} s, then {array[first]:g} s); sort the frames and drop repeats"
        )
    if len(array) and np.ptp(array) > MAX_SPAN_S:
        problems.append(
            f"times_s: {np.ptp(array):g} s from the first to the last; expected seconds, and at "
            f"most {MAX_SPAN_S:g} (a day). Convert the times, or split the recording"
        )
    return array


def _mask(
    observed: object, frames: int | None, problems: list[str]
) -> Bool[np.ndarray, " frames"] | None:
    """The observed mask as a new boolean array; all true by default."""
    if observed is None:
        return None if frames is None else np.ones(frames, dtype=bool)
    mask = np.asarray(observed)
    if mask.dtype != bool and not (mask.dtype.kind in "iu" and np.isin(mask, (0, 1)).all()):
        problems.append(f"observed: dtype {mask.dtype}; expected booleans")
        return None
    if mask.ndim != 1:
        problems.append(f"observed: shape {mask.shape}; expected (frames,)")
        return None
    return mask.astype(bool)


def _filled(
    array: Shaped[np.ndarray, "frames ..."], good: Bool[np.ndarray, " frames"], filler: np.ndarray
) -> np.ndarray:
    """The array with bad frames replaced by the last good one, else the first, else filler."""
    if good.all():
        return array
    if not good.any():
        return np.broadcast_to(filler.astype(array.dtype), array.shape).copy()
    latest = np.maximum.accumulate(np.where(good, np.arange(len(good)), -1))
    latest[latest < 0] = int(np.argmax(good))
    return array[latest]


@np.errstate(over="ignore", invalid="ignore")  # infinite values are reported below
def checked_track(
    *,
    where: str,
    orientations_wxyz: object,
    positions_m: object,
    times_s: object,
    fps: float | None,
    observed: object,
    joints_m: object,
    joint_names: Sequence[str] | None,
    camera_orientations_wxyz: object,
    camera_positions_m: object,
) -> dict[str, np.ndarray | None]:
    """Read-only arrays for a `Motion`; raises one `ValueError` that lists every problem."""
    problems: list[str] = []
    shapes = {
        "orientations_wxyz": (orientations_wxyz, (4,)),
        "positions_m": (positions_m, (3,)),
        "joints_m": (joints_m, (len(joint_names) if joint_names is not None else None, 3)),
        "camera_orientations_wxyz": (camera_orientations_wxyz, (4,)),
        "camera_positions_m": (camera_positions_m, (3,)),
    }
    arrays: dict[str, np.ndarray] = {}
    for name, (value, tail) in shapes.items():
        if value is None:
            continue
        array = _numeric(name, value, problems)
        if array is None:
            continue
        want = "(frames, " + ", ".join("joints" if n is None else str(n) for n in tail) + ")"
        fits = array.ndim == 1 + len(tail) and all(
            n is None or n == m for n, m in zip(tail, array.shape[1:], strict=True)
        )
        if not fits:
            problems.append(f"{name}: shape {array.shape}; expected {want}")
            continue
        arrays[name] = array
    if (joints_m is None) != (joint_names is None):
        problems.append("joints_m and skeleton: give both or neither")
    if (camera_orientations_wxyz is None) != (camera_positions_m is None):
        problems.append("camera_orientations_wxyz and camera_positions_m: give both or neither")

    frames = max((len(array) for array in arrays.values()), default=None)
    times = _times(times_s, fps, frames, problems)
    mask = _mask(observed, frames, problems)
    lengths = {name: len(array) for name, array in arrays.items()}
    lengths |= {} if times is None or times_s is None else {"times_s": len(times)}
    lengths |= {} if mask is None or observed is None else {"observed": len(mask)}
    if len(set(lengths.values())) > 1:
        counts = ", ".join(f"{name} {count}" for name, count in lengths.items())
        problems.append(f"frame counts differ: {counts}")
    elif frames == 0:
        problems.append("no frames: expected at least one")
    problems += _value_problems(arrays)
    if problems or times is None or mask is None:
        raise ValueError(f"{where}: not a motion.\n" + "\n".join(f"  - {p}" for p in problems))
    return _cleaned(arrays, times, mask)


def _value_problems(arrays: dict[str, np.ndarray]) -> list[str]:
    problems = []
    for name in ("orientations_wxyz", "camera_orientations_wxyz"):
        if name in arrays:
            norms = np.linalg.norm(arrays[name].astype(np.float64), axis=1)
            usable = np.isfinite(arrays[name]).all(axis=1) & (norms > MIN_QUATERNION_NORM)
            odd = np.flatnonzero(usable & (np.abs(norms - 1) > MAX_UNIT_ERROR))
            if len(odd):
                problems.append(
                    f"{name}: {len(odd)} quaternions are not of length one, first at frame "
                    f"{odd[0]} (length {norms[odd[0]]:.3g}); is this axis-angle or Euler angles?"
                )
    for name in ("positions_m", "joints_m", "camera_positions_m"):
        if name in arrays:
            finite = np.where(np.isfinite(arrays[name]), np.abs(arrays[name]), 0)
            if finite.max(initial=0) > MAX_ABS_M:
                problems.append(
                    f"{name}: coordinates up to {finite.max():.3g}; expected metres. "
                    "Convert millimetres or pixels first"
                )
    across = _body_size_m(arrays)
    if across > MAX_BODY_M and not any(problem.startswith("joints_m") for problem in problems):
        problems.append(
            f"joints_m: a body {across:.3g} across; expected metres. "
            "Convert millimetres or pixels first"
        )
    return problems


def _body_size_m(arrays: dict[str, np.ndarray]) -> float:
    """Median over the frames of the widest distance between two joints along an axis."""
    joints = arrays.get("joints_m")
    if joints is None or joints.size == 0:
        return 0.0
    seen = joints[np.isfinite(joints).all(axis=(1, 2))]
    return float(np.median(np.ptp(seen, axis=1).max(axis=1))) if len(seen) else 0.0


def _cleaned(
    arrays: dict[str, np.ndarray], times: np.ndarray, mask: np.ndarray
) -> dict[str, np.ndarray | None]:
    """Unit quaternions, finite fillers in unobserved frames, read-only copies."""
    observed = mask.copy()
    for name, array in arrays.items():
        observed &= np.isfinite(array).reshape(len(array), -1).all(axis=1)
        if name.endswith("orientations_wxyz"):
            observed &= np.linalg.norm(array, axis=1) > MIN_QUATERNION_NORM
    cleaned: dict[str, np.ndarray | None] = {
        "joints_m": None,
        "camera_orientations_wxyz": None,
        "camera_positions_m": None,
        "times_s": times.copy(),
        "observed": observed,
    }
    for name, array in arrays.items():
        filler = np.array([1.0, 0, 0, 0]) if name.endswith("wxyz") else np.zeros(1)
        good = _filled(array, observed, filler)
        if name.endswith("wxyz"):
            good = good / np.linalg.norm(good, axis=1, keepdims=True)
        cleaned[name] = np.array(good)
    for value in cleaned.values():
        if value is not None:
            value.setflags(write=False)
    return cleaned
