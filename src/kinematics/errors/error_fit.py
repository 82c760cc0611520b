"""The error model of a tracker, fitted to pairs of its estimates and the ground truth.

Every size in the model has its own statistic, its trace; a `Signature` holds these traces. The
sizes are fitted by a few rounds of simulation with common random numbers, until perturbed copies of
the truths have the same traces as the estimates. Lost frames and exchanged sides are counted. The
lengths and times over which drift and jitter change are given, not fitted.
"""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec
import numpy as np
from jaxtyping import Bool, Float, Int

from kinematics.errors import discrepancies, perturb
from kinematics.errors.discrepancies import heading_difference_rad
from kinematics.errors.error_models import ErrorModel, checked
from kinematics.errors.pairing import Pair, pair
from kinematics.motion import Motion
from kinematics.skeleton import mirror_pairs

WINDOW_S: float = 4.0
"""Drift is read from movements over this time, or over half of a clip shorter than twice that."""

SMOOTHED_S: float = 2.0
"""Headings are averaged over this time before their random walk is measured."""

LEAST_WALKED_M: float = 0.8
"""Windows and clips with a shorter path are no evidence of drift and scale."""

ROUNDS = 6
COPIES = 4
"""Rounds of simulation, and copies of each truth in each of them."""

SWAPPED_SHARE: float = 0.25
"""Sides count as exchanged if exchanging them leaves less than this share of the squared error."""

NOTHING: float = 1e-6
"""Traces below this (metres, radians, shares) are rounding."""


class Signature(NamedTuple):
    """The trace of each size, under the size's name; NaN without evidence."""

    drift_share: float
    drift_up_share: float
    scale_share: float
    body_scale_share: float
    heading_offset_rad: float
    heading_walk_rad_per_sqrt_s: float
    jitter_m: float
    jitter_rad: float
    joint_jitter_m: float
    shake_m: float


class _Traces(NamedTuple):
    """Contribution of a pair: sums of squares and their counts, in the order of `Signature`."""

    squares: Float[np.ndarray, " sizes"]
    counts: Float[np.ndarray, " sizes"]


def fit(
    pairs: Iterable[tuple[Motion, Motion]],
    *,
    name: str = "fitted",
    drift_length_m: float = 5.0,
    jitter_time_s: float = 0.3,
    seed: int = 0,
) -> ErrorModel:
    """The model whose errors are like those of the estimates; pairs are (estimate, truth).

    A size without evidence in the pairs (joints' without joints, drift without a walk) is zero.
    Sizes that are drawn once per clip (scales, the heading's offset) need dozens of clips.

    >>> from kinematics import synthetic
    >>> walk = synthetic.perform(synthetic.walk(6.0)).motion
    >>> known = ErrorModel(joint_jitter_m=0.03)
    >>> fitted = fit([(perturb.copies(walk, known, count=1)[0], walk)])
    >>> abs(fitted.joint_jitter_m - 0.03) < 0.006, fitted.gaps_per_min
    (True, 0.0)
    """
    given = list(pairs)
    if not given:
        raise ValueError("no pairs: expected at least one estimate with its ground truth")
    both = [pair(estimate, truth) for estimate, truth in given]
    wanted = _signature(both, jitter_time_s)
    first_guess = {
        size: value if math.isfinite(value) and value > NOTHING else 0.0
        for size, value in wanted._asdict().items()
    }
    given_sizes = ErrorModel(name=name, drift_length_m=drift_length_m, jitter_time_s=jitter_time_s)
    model = checked(msgspec.structs.replace(given_sizes, **first_guess))
    for _ in range(ROUNDS):
        simulated = _signature(_copied(given, model, seed), jitter_time_s)
        sizes = {
            size: _stepped(getattr(model, size), getattr(wanted, size), value)
            for size, value in simulated._asdict().items()
        }
        sizes["shake_m"] = _added(model.shake_m, wanted.shake_m, simulated.shake_m)
        model = msgspec.structs.replace(model, **sizes)
    return checked(msgspec.structs.replace(model, **_losses(both), **_swaps(both)))


def _copied(given: Sequence[tuple[Motion, Motion]], model: ErrorModel, seed: int) -> Iterable[Pair]:
    for number, (_, truth) in enumerate(given):
        unlike = truth.renamed(clip=f"{number}/{truth.source.clip}")  # independent draws
        for copy in perturb.copies(unlike, model, count=COPIES, seed=seed):
            yield pair(copy, truth)


def _stepped(size: float, wanted: float, simulated: float) -> float:
    """The size for the wanted trace, if traces are proportional to sizes."""
    if not (size > 0 and math.isfinite(wanted) and simulated > NOTHING):
        return size
    return size * min(max(wanted / simulated, 0.2), 5.0)


def _added(size: float, wanted: float, simulated: float) -> float:
    """The size for the wanted trace, if the squares of sizes add up in traces."""
    if not (size > 0 and math.isfinite(wanted)):
        return size
    return math.sqrt(max(size**2 + wanted**2 - simulated**2, 0.0))


def _signature(pairs: Iterable[Pair], jitter_time_s: float) -> Signature:
    traces = [_traces(both, jitter_time_s) for both in pairs]
    squares = sum(trace.squares for trace in traces)
    counts = sum(trace.counts for trace in traces)
    with np.errstate(invalid="ignore"):
        return Signature(*np.sqrt(squares / counts).tolist())


def _traces(both: Pair, jitter_time_s: float) -> _Traces:
    """Each trace as errors, whose squares are summed over windows, frames or clips."""
    difference = heading_difference_rad(both)
    errors = {
        **_path_errors(both, difference),
        "heading_walk_rad_per_sqrt_s": _walk_errors(both, difference),
        "jitter_m": _jitter_errors(both, jitter_time_s),
        "jitter_rad": _tilts(both),
        **_body_errors(both),
        "shake_m": _shakes(both),
    }
    sized = [np.atleast_1d(errors[name]) for name in Signature._fields]
    known = [values[np.isfinite(values)] for values in sized]
    return _Traces(
        np.array([(values**2).sum() for values in known]),
        np.array([float(len(values)) for values in known]),
    )


class _Windows(NamedTuple):
    first: Int[np.ndarray, " windows"]
    last: Int[np.ndarray, " windows"]


def _windows(both: Pair, length_s: float) -> _Windows:
    """Pairs of frames `length_s` apart."""
    last = np.searchsorted(both.times_s, both.times_s + length_s - both.step_s / 2)
    first = np.flatnonzero(last < len(both.times_s))
    return _Windows(first, last[first])


def _window_s(both: Pair) -> float:
    return min(WINDOW_S, 0.5 * float(both.times_s[-1] - both.times_s[0]))


def _path_errors(both: Pair, difference_rad: np.ndarray) -> dict[str, np.ndarray]:
    """Drift from windows; scale and the body's heading offset from the whole clip."""
    nothing = {"drift_share", "drift_up_share", "scale_share", "heading_offset_rad"}
    path_m = perturb.walked_m(both.times_s, both.truth.positions_m)
    first, last = _windows(both, _window_s(both))
    walked_m = path_m[last] - path_m[first]
    far = walked_m > LEAST_WALKED_M
    if not far.any():
        return dict.fromkeys(nothing, np.array([np.nan]))
    moved = [
        track.positions_m[last[far]] - track.positions_m[first[far]]
        for track in (both.estimate, both.truth)
    ]
    given, true = (steps_m[:, 2] + 1j * steps_m[:, 0] for steps_m in moved)
    longer = float(np.abs(given).sum() / max(np.abs(true).sum(), LEAST_WALKED_M))
    off_rad = np.angle(np.exp(1j * difference_rad[first[far]]) * true / np.where(given, given, 1))
    off_rad = off_rad[np.isfinite(off_rad)]
    facing = np.angle(np.exp(1j * off_rad).sum()) if len(off_rad) else np.nan
    return {
        "drift_share": (np.abs(given) - longer * np.abs(true)) / walked_m[far],
        "drift_up_share": (moved[0] - moved[1])[:, 1] / walked_m[far],
        "scale_share": np.array([math.log(max(longer, NOTHING))]),
        "heading_offset_rad": np.array([facing]),
    }


def _walk_errors(both: Pair, difference_rad: np.ndarray) -> np.ndarray:
    """Change of the heading's error over half of the clip, per square root of that time.

    The errors are averaged first, because jitter would hide the change.
    """
    upright = np.isfinite(difference_rad)
    if not upright.any():
        return np.array([np.nan])
    filled = np.interp(both.times_s, both.times_s[upright], difference_rad[upright])
    width = 2 * round(min(SMOOTHED_S, _window_s(both)) / both.step_s / 2) + 1
    ends = np.pad(filled, width // 2, mode="edge")
    smooth = np.convolve(ends, np.full(width, 1 / width), mode="valid")
    first, last = _windows(both, 0.5 * float(both.times_s[-1] - both.times_s[0]))
    apart_s = both.times_s[last] - both.times_s[first]
    return (smooth[last] - smooth[first]) / np.sqrt(apart_s)


def _jitter_errors(both: Pair, jitter_time_s: float) -> np.ndarray:
    """Height error of a frame minus the mean of those `jitter_time_s` before and after it."""
    first, middle = _windows(both, jitter_time_s)
    later = np.searchsorted(both.times_s, both.times_s[middle] + jitter_time_s - both.step_s / 2)
    near = later < len(both.times_s)
    first, middle, later = first[near], middle[near], later[near]
    error_m = (both.estimate.positions_m - both.truth.positions_m)[:, 1]
    return error_m[middle] - 0.5 * (error_m[first] + error_m[later])


def _shakes(both: Pair) -> np.ndarray:
    """Third differences of the height's error, scaled to noise that is new in each frame."""
    even = discrepancies.even_runs(both)
    if not even.any():
        return np.array([np.nan])
    error_m = (both.estimate.positions_m - both.truth.positions_m)[:, 1]
    return np.diff(error_m, n=3)[even] / math.sqrt(1 + 9 + 9 + 1)


def _tilts(both: Pair) -> np.ndarray:
    """The tilt between the two orientations, divided between its two axes."""
    given, true = both.estimate.orientations_wxyz, both.truth.orientations_wxyz
    error = perturb.rotations_product(given, true * np.array([1.0, -1.0, -1.0, -1.0]))
    sine = np.sqrt(error[:, 1] ** 2 + error[:, 3] ** 2)
    return 2 * np.arcsin(np.clip(sine, 0.0, 1.0)) / math.sqrt(2)


def _offsets(both: Pair) -> list[Float[np.ndarray, "frames joints 3"]]:
    """Joints of both sides relative to the root, in the body's own axes."""
    sides = []
    for track in (both.estimate, both.truth):
        if track.joints_m is not None:
            offsets_m = track.joints_m - track.positions_m[:, None]
            back = track.orientations_wxyz * np.array([1.0, -1.0, -1.0, -1.0])
            sides.append(perturb.rotated(back[:, None], offsets_m))
    return sides


def _body_errors(both: Pair) -> dict[str, np.ndarray]:
    """The body's scale, and its joints' errors after scaling."""
    if not both.joints:
        return dict.fromkeys(("body_scale_share", "joint_jitter_m"), np.array([np.nan]))
    given, true = _offsets(both)
    usual = ~_exchanged(both).any(axis=1)
    given, true = given[usual], true[usual]
    larger = float((given * true).sum() / max(float((true * true).sum()), NOTHING))
    apart_m = given - larger * true
    shaken = np.sqrt((true**2).sum(axis=-1)).max(axis=0, initial=0.0) > 1e-3  # all but the root
    return {
        "body_scale_share": np.array([math.log(max(larger, NOTHING))]),
        "joint_jitter_m": apart_m[:, shaken].ravel(),
    }


# Counted errors


def _runs(mask: Bool[np.ndarray, " frames"]) -> Int[np.ndarray, " runs"]:
    """Lengths of the stretches in which the mask holds."""
    edges = np.diff(np.concatenate([[0], mask.astype(np.int8), [0]]))
    return np.flatnonzero(edges < 0) - np.flatnonzero(edges > 0)


def _losses(pairs: Sequence[Pair]) -> dict[str, float]:
    """Single frames and longer stretches in which the estimate lost the person.

    Durations are exponential, which gives the share of stretches too short for the frame rate.
    """
    frames = sum(len(both.lost) for both in pairs)
    minutes = sum(len(both.lost) * both.step_s for both in pairs) / 60
    runs = [(length, both.step_s) for both in pairs for length in _runs(both.lost).tolist()]
    single = sum(1 for length, _ in runs if length == 1)
    long_s = [(length - 1.5) * step_s for length, step_s in runs if length > 1]
    sizes = {"dropout_share": single / frames}
    if long_s:
        mean_s = float(np.mean(long_s))
        hidden = math.exp(1.5 * float(np.mean([both.step_s for both in pairs])) / mean_s)
        sizes |= {"gaps_per_min": len(long_s) / minutes * hidden, "gap_s": mean_s}
    return sizes


def _exchanged(both: Pair) -> Bool[np.ndarray, "frames 2"]:
    """Mask of frames with exchanged left and right joints: of the legs, and of the others."""
    exchanged = np.zeros((len(both.times_s), 2), dtype=bool)
    if not both.joints:
        return exchanged
    given, true = _offsets(both)
    for column, legs in enumerate((True, False)):
        sides = [
            (left, right)
            for left, right in mirror_pairs(both.joints)
            if perturb.of_the_legs(both.joints[left]) == legs
        ]
        if not sides:
            continue
        left, right = (list(side) for side in zip(*sides, strict=True))
        as_is = ((given - true)[:, left + right] ** 2).sum(axis=(1, 2))
        crossed = ((given[:, left + right] - true[:, right + left]) ** 2).sum(axis=(1, 2))
        exchanged[:, column] = crossed < SWAPPED_SHARE * as_is
    return exchanged


def _swaps(pairs: Sequence[Pair]) -> dict[str, float]:
    minutes = sum(len(both.times_s) * both.step_s for both in pairs) / 60
    long_s = [
        length * both.step_s
        for both in pairs
        for column in _exchanged(both).T
        for length in _runs(column).tolist()
    ]
    if not long_s:
        return {}
    return {"swaps_per_min": len(long_s) / minutes, "swap_s": float(np.mean(long_s))}
