"""Where the person is over time: returns to the start, ground covered, direction of the end."""

import math
from typing import NamedTuple

from kinematics import thresholds
from qagen.language.vocabulary import (
    BACK_SHARE,
    BEND_LAPS,
    DRIFT_PER_PATH,
    LOOP_LAPS,
    NO_PATH_M,
    RETURN_BANDS_M,
    SECTOR_BAND_RAD,
    SECTOR_LEAST_M,
    SECTORS,
    SEEN_SHARE,
    SHAPE_BAND,
    STAY_M,
    STRAIGHT_BAND,
    STRAIGHT_SHARE,
    WALK_PATH_M,
)
from qagen.reading.clip import Reading
from qagen.reading.margins import Presence
from qagen.schema.question import WINDOWS, Evidence, Margin, Unit, Window


class Returns(NamedTuple):
    """How often the person came back to the start, and how surely."""

    times: int
    evidence: tuple[Evidence, ...]
    margin: Margin


def _comings(clip: Reading, *, leave_m: float, back_m: float) -> list[tuple[float, float]]:
    """When the person was first further than `leave_m`, and then back within `back_m`."""
    furthest_m = clip.known.get("furthest sample")
    if furthest_m is None:
        furthest_m = clip.known["furthest sample"] = max([one[1] for one in clip.distances])
    if furthest_m < leave_m:  # type: ignore[operator]
        return []
    found = []
    left_s = -1.0
    for time_s, distance_m in clip.distances:
        if left_s < 0 and distance_m >= leave_m:
            left_s = time_s
        elif left_s >= 0 and distance_m <= back_m:
            found.append((left_s, time_s))
            left_s = -1.0
    return found


def returns(clip: Reading) -> Returns | str:
    """Comings back to the start; the count must survive moving both bounds of being away.

    The margin is the largest shift of the bounds, out of `RETURN_BANDS_M`, that changes nothing.
    """
    found = clip.known.get("returns")
    if found is None:
        found = clip.known["returns"] = _returns(clip)
    return found  # type: ignore[return-value]


def _returns(clip: Reading) -> Returns | str:
    facts = clip.facts
    if facts.coverage < SEEN_SHARE:
        return "not seen"
    leave_m, back_m = thresholds.RETURN.enter, thresholds.RETURN.leave
    count = facts.shape.returns
    survived = 0.0
    for shift_m in RETURN_BANDS_M:
        strict = _comings(clip, leave_m=leave_m + shift_m, back_m=back_m - shift_m)
        # nearer bounds may meet, but leaving stays further out than being back
        lax_m = min(shift_m, (leave_m - back_m) / 2 - 0.01)
        lax = _comings(clip, leave_m=leave_m - lax_m, back_m=back_m + lax_m)
        if not len(strict) == len(lax) == count:
            break
        survived = shift_m
    if survived < RETURN_BANDS_M[0]:
        return "between two answers"
    comings = _comings(clip, leave_m=leave_m, back_m=back_m)
    evidence = tuple(
        [
            Evidence(what="return", value=back_m, unit="m", start_s=start_s, end_s=end_s)
            for start_s, end_s in comings
        ]
    ) or (_furthest(clip),)
    return Returns(count, evidence, Margin(value=survived, unit="m", band=RETURN_BANDS_M[0]))


def told_returns(clip: Reading) -> tuple[str, str]:
    """What was observed of returns, and what follows."""
    leave_m, back_m = thresholds.RETURN.enter, thresholds.RETURN.leave
    comings = _comings(clip, leave_m=leave_m, back_m=back_m)
    told = "; ".join(f"away at {start:.1f} s and back at {end:.1f} s" for start, end in comings)
    if not comings:
        told = f"after going away, {clip.speaker.subject} is never back within {back_m:.1f} m"
    return (
        f"Observed: {told}.",
        f"Away is beyond {leave_m:.2f} m from the starting point, back is within "
        f"{back_m:.2f} m; the count is {clip.facts.shape.returns}.",
    )


def _furthest(clip: Reading) -> Evidence:
    whole = clip.facts.whole
    return Evidence(
        what="furthest",
        value=whole.furthest_m,
        unit="m",
        start_s=whole.furthest_s,
        end_s=whole.furthest_s,
    )


def way(clip: Reading, window: Window) -> Presence | str:
    """Whether the person walks in a window: a path of a metre is, one of 0.3 m is not."""
    place = WINDOWS.index(window)
    found = clip.facts.quarters[place - 1] if place else clip.facts.whole
    if found.coverage < SEEN_SHARE:
        return "not seen"
    if NO_PATH_M < found.path_m < WALK_PATH_M:
        return "between two answers"
    middle = (NO_PATH_M + WALK_PATH_M) / 2
    evidence = Evidence(
        what="path", value=found.path_m, unit="m", start_s=found.start_s, end_s=found.end_s
    )
    margin = Margin(
        value=round(abs(found.path_m - middle), 5), unit="m", band=round(WALK_PATH_M - middle, 5)
    )
    return Presence(found.path_m >= WALK_PATH_M, margin, (evidence,), ())


class End(NamedTuple):
    """The direction in which the end point lies from the start."""

    sector: str
    evidence: tuple[Evidence, ...]
    margin: Margin


def end_sector(clip: Reading) -> End | str:
    """One of eight directions, if the end is far enough and well inside it."""
    whole = clip.facts.whole
    if clip.facts.coverage < SEEN_SHARE:
        return "not seen"
    left_m, forward_m = whole.net_left_m, whole.net_forward_m
    distance_m = math.hypot(left_m, forward_m)
    if distance_m < max(SECTOR_LEAST_M, 2 * DRIFT_PER_PATH * whole.path_m):
        return "too small"
    angle = math.atan2(left_m, forward_m)
    width = 2 * math.pi / len(SECTORS)
    place = round(angle / width)
    margin = Margin(
        value=round(width / 2 - abs(angle - place * width), 5), unit="rad", band=SECTOR_BAND_RAD
    )
    if margin.value < margin.band:
        return "between two answers"
    moved = (("net_left", left_m), ("net_forward", forward_m))
    evidence = tuple(
        [
            Evidence(what=what, value=value, unit="m", start_s=whole.start_s, end_s=whole.end_s)
            for what, value in moved
        ]
    )
    return End(SECTORS[place % len(SECTORS)], evidence, margin)


def told_end(clip: Reading) -> tuple[str, str]:
    """Where the end point was observed, and what follows."""
    whole = clip.facts.whole
    left_m, forward_m = whole.net_left_m, whole.net_forward_m
    angle = math.atan2(left_m, forward_m)
    sideways = "left" if left_m > 0 else "right"
    ahead = "ahead of" if forward_m > 0 else "behind"
    return (
        f"At {whole.end_s:.1f} s {clip.speaker.subject} is {abs(forward_m):.2f} m {ahead} the "
        f"starting point and {abs(left_m):.2f} m to the {sideways} of it.",
        f"That is {math.degrees(abs(angle)):.0f}° to the {sideways} of straight ahead.",
    )


class Shape(NamedTuple):
    """The shape of the whole way, one of `vocabulary.SHAPES`."""

    shape: str
    evidence: tuple[Evidence, ...]
    margin: Margin


def shape_of(clip: Reading) -> Shape | str:
    """The shape of the whole way, if it is plainly one of those that are offered."""
    facts = clip.facts
    shape, whole = facts.shape, facts.whole
    if facts.coverage < SEEN_SHARE:
        return "not seen"
    laps = abs(shape.laps)
    rows: dict[str, tuple[float, float]] = {
        "straight": (shape.straightness - STRAIGHT_SHARE, STRAIGHT_BAND),
        "loop": (min(laps - LOOP_LAPS, BACK_SHARE - shape.straightness), SHAPE_BAND),
        "back_and_forth": (
            min(BEND_LAPS - laps, BACK_SHARE - shape.straightness),
            SHAPE_BAND,
        ),
    }
    least_m = shape.extent_m if whole.path_m < WALK_PATH_M else math.inf
    if least_m <= STAY_M:
        margin = Margin(
            value=round(NO_PATH_M - least_m, 5), unit="m", band=round(NO_PATH_M - STAY_M, 5)
        )
        name = "stays"
    elif whole.path_m < WALK_PATH_M or shape.shape not in rows:
        return "between two answers"
    else:
        name = shape.shape
        value, band = rows[name]
        if value < band or (name != "straight" and not shape.returns):
            return "between two answers"
        margin = Margin(value=round(value, 5), unit="share", band=band)
    measured: tuple[tuple[str, float, Unit], ...] = (
        ("path", whole.path_m, "m"),
        ("furthest", shape.extent_m, "m"),
        ("straightness", shape.straightness, "share"),
        ("laps", shape.laps, "count"),
        ("returns", float(shape.returns), "count"),
    )
    evidence = tuple(
        [
            Evidence(what=what, value=value, unit=unit, start_s=whole.start_s, end_s=whole.end_s)
            for what, value, unit in measured
        ]
    )
    return Shape(name, evidence, margin)


def told_shape(clip: Reading) -> tuple[str, str]:
    """What was observed of the way, and what its shape follows from."""
    shape, whole = clip.facts.shape, clip.facts.whole
    return (
        f"From {whole.start_s:.1f} s to {whole.end_s:.1f} s the way is {whole.path_m:.2f} m "
        f"long and leads at most {shape.extent_m:.2f} m away.",
        f"Its ends are {shape.straightness:.0%} of that length apart, the course turns by "
        f"{abs(shape.laps):.1f} laps, and it comes back {shape.returns} times.",
    )
