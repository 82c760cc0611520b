"""Where the person is: back at the start, far from it, in which direction, by what way."""

import math
from collections.abc import Callable

from kinematics import thresholds
from qagen.language.vocabulary import (
    BACK_SHARE,
    BEND_LAPS,
    DRIFT_PER_PATH,
    LOOP_LAPS,
    NO_PATH_M,
    PLACE_BAND_M,
    RETURN_BANDS_M,
    SECTOR_BAND_RAD,
    SECTORS,
    SHAPE_BAND,
    STAY_M,
    STRAIGHT_BAND,
    STRAIGHT_SHARE,
    WALK_PATH_M,
)
from qagen.schema.question import WINDOWS, Ask
from qagen.verify import findings
from qagen.verify.findings import Finding
from qagen.verify.moves import DECIMALS, Clip

QUARTERS = WINDOWS[1:]
_LEAVE_M, _BACK_M = thresholds.RETURN.enter, thresholds.RETURN.leave


def comings(clip: Clip, *, leave_m: float, back_m: float) -> list[tuple[float, float]]:
    """When the person had left the start, and when they were back, on samples of the path."""
    found: list[tuple[float, float]] = []
    away_s: float | None = None
    for one in clip.facts.samples:
        distance_m = math.hypot(round(one.left_m, DECIMALS), round(one.forward_m, DECIMALS))
        if away_s is None and distance_m >= leave_m:
            away_s = one.time_s
        elif away_s is not None and distance_m <= back_m:
            found.append((away_s, one.time_s))
            away_s = None
    return found


def returns(clip: Clip) -> Finding:
    """How often the person came back; the margin is how far both bounds may be moved."""
    times = clip.facts.shape.returns
    margin = 0.0
    for shift_m in RETURN_BANDS_M:
        apart_m = min(shift_m, (_LEAVE_M - _BACK_M) / 2 - 0.01)
        stricter = comings(clip, leave_m=_LEAVE_M + shift_m, back_m=_BACK_M - shift_m)
        laxer = comings(clip, leave_m=_LEAVE_M - apart_m, back_m=_BACK_M + apart_m)
        if len(stricter) != times or len(laxer) != times:
            break
        margin = shift_m
    return Finding(str(times), margin, "m", RETURN_BANDS_M[0])


def _by_quarter(clip: Clip, value: Callable[[Clip, int], float]) -> dict[str, float]:
    return {name: value(clip, place) for place, name in enumerate(QUARTERS)}


def paths_m(clip: Clip) -> dict[str, float]:
    """The way over the ground in each quarter."""
    return _by_quarter(clip, lambda one, place: one.facts.quarters[place].path_m)


def quarter_least_path(clip: Clip, ask: Ask) -> Finding:
    """The quarter with the shortest way."""
    del ask
    ways_m = paths_m(clip)
    least, next_to_it, *_ = sorted(ways_m, key=lambda name: ways_m[name])
    found = findings.larger(ways_m[next_to_it], ways_m[least], "m")
    return found._replace(code=least if found.code == "one" else "")


def _place_band_m(clip: Clip) -> float:
    return max(PLACE_BAND_M, DRIFT_PER_PATH * clip.facts.whole.path_m)


def furthest_quarter(clip: Clip, ask: Ask) -> Finding:
    """The quarter in which the person is furthest from the start."""
    del ask
    distances_m = _by_quarter(clip, lambda one, place: one.facts.quarters[place].furthest_m)
    return findings.stands_out(distances_m, _place_band_m(clip))


def closest_quarter_end(clip: Clip, ask: Ask) -> Finding:
    """The quarter at whose end the person is closest to the start."""
    del ask
    distances_m = _by_quarter(clip, lambda one, place: one.facts.quarters[place].end_distance_m)
    return findings.stands_out(distances_m, _place_band_m(clip), lowest=True)


def end_eighths(clip: Clip) -> float:
    """The direction of the end point in eighths of a turn, from ahead to the left."""
    whole = clip.facts.whole
    return math.atan2(whole.net_left_m, whole.net_forward_m) * len(SECTORS) / (2 * math.pi)


def end_sector(clip: Clip, ask: Ask) -> Finding:
    """The direction of the end point, as one of eight."""
    del ask
    eighths = end_eighths(clip)
    nearest = math.floor(eighths + 0.5)
    off_rad = abs(eighths - nearest) * 2 * math.pi / len(SECTORS)
    margin_rad = math.pi / len(SECTORS) - off_rad
    return Finding(SECTORS[nearest % len(SECTORS)], margin_rad, "rad", SECTOR_BAND_RAD)


def path_shape(clip: Clip, ask: Ask) -> Finding:
    """The shape of the way; the margin is the least of those of its properties."""
    del ask
    shape, whole = clip.facts.shape, clip.facts.whole
    laps, back = abs(shape.laps), BACK_SHARE - shape.straightness
    if whole.path_m < WALK_PATH_M:
        name = "stays" if shape.extent_m <= STAY_M else ""
        return Finding(name, NO_PATH_M - shape.extent_m, "m", NO_PATH_M - STAY_M)
    if shape.shape == "straight":
        return Finding("straight", shape.straightness - STRAIGHT_SHARE, "share", STRAIGHT_BAND)
    if shape.shape == "loop":
        return Finding("loop", min(laps - LOOP_LAPS, back), "share", SHAPE_BAND)
    if shape.shape == "back_and_forth" and shape.returns:
        return Finding("back_and_forth", min(BEND_LAPS - laps, back), "share", SHAPE_BAND)
    return Finding("", 0.0, "share", SHAPE_BAND)
