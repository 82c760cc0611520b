"""Where the person is over time: returns to the start, ground covered, end point, shape."""

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
from qagen.reading.clip import Reading, remembered
from qagen.reading.margins import (
    Presence,
    evidence_of,
    seen,
    threshold,
    window_facts,
)
from qagen.reading.unclear import Unclear, require
from qagen.schema.question import Evidence, Margin, Unit, Window


class Returns(NamedTuple):
    """How often the person came back to the start, with the evidence."""

    times: int
    evidence: tuple[Evidence, ...]
    margin: Margin


def _trips(clip: Reading, *, leave_m: float, back_m: float) -> list[tuple[float, float]]:
    """When the person was first further than `leave_m`, and then back within `back_m`."""
    furthest_m = remembered(
        clip, "furthest sample", lambda: max([distance_m for _, distance_m in clip.distances])
    )
    if furthest_m < leave_m:
        return []
    trips = []
    left_s = -1.0
    for time_s, distance_m in clip.distances:
        if left_s < 0 and distance_m >= leave_m:
            left_s = time_s
        elif left_s >= 0 and distance_m <= back_m:
            trips.append((left_s, time_s))
            left_s = -1.0
    return trips


def returns(clip: Reading) -> Returns:
    """Returns to the start; the count must survive moving both bounds of being away.

    The margin is the largest shift of the bounds, out of `RETURN_BANDS_M`, that changes nothing.
    """
    return remembered(clip, "returns", lambda: _returns(clip))


def _returns(clip: Reading) -> Returns:
    facts = clip.facts
    require(facts.coverage >= SEEN_SHARE, "not seen")
    leave_m, back_m = thresholds.RETURN.enter, thresholds.RETURN.leave
    count = facts.shape.returns
    survived = 0.0
    for shift_m in RETURN_BANDS_M:
        strict = _trips(clip, leave_m=leave_m + shift_m, back_m=back_m - shift_m)
        # nearer bounds may meet, but leaving stays further out than being back
        lax_m = min(shift_m, (leave_m - back_m) / 2 - 0.01)
        lax = _trips(clip, leave_m=leave_m - lax_m, back_m=back_m + lax_m)
        if not len(strict) == len(lax) == count:
            break
        survived = shift_m
    require(survived >= RETURN_BANDS_M[0], "between two answers")
    evidence = tuple(
        [
            Evidence(what="return", value=back_m, unit="m", start_s=start_s, end_s=end_s)
            for start_s, end_s in _trips(clip, leave_m=leave_m, back_m=back_m)
        ]
    ) or (furthest(clip),)
    return Returns(count, evidence, Margin(value=survived, unit="m", band=RETURN_BANDS_M[0]))


def returns_said(clip: Reading) -> tuple[str, str]:
    """The returns that were observed, and the conclusion."""
    leave_m, back_m = thresholds.RETURN.enter, thresholds.RETURN.leave
    trips = _trips(clip, leave_m=leave_m, back_m=back_m)
    said = "; ".join(f"away at {start:.1f} s and back at {end:.1f} s" for start, end in trips)
    if not trips:
        said = f"after going away, {clip.speaker.subject} is never back within {back_m:.1f} m"
    return (
        f"Observed: {said}.",
        f"Away is beyond {leave_m:.2f} m from the starting point, back is within "
        f"{back_m:.2f} m; the count is {clip.facts.shape.returns}.",
    )


def furthest(clip: Reading) -> Evidence:
    """The greatest distance from the start, and when it is reached."""
    whole = clip.facts.whole
    when_s = whole.furthest_s
    return Evidence(what="furthest", value=whole.furthest_m, unit="m", start_s=when_s, end_s=when_s)


def walking(clip: Reading, window: Window) -> Presence:
    """Whether the person walks in a window: a path of a metre is, one of 0.3 m is not."""
    require(seen(clip, window), "not seen")
    path_m = window_facts(clip, window).path_m
    evidence = evidence_of(clip, "path", path_m, "m", window)
    return threshold(path_m, "m", no=NO_PATH_M, yes=WALK_PATH_M, evidence=(evidence,))


def require_standing(clip: Reading) -> None:
    """Raises `Unclear` where the person may walk: arms swing then, and have another reading."""
    try:
        walks = walking(clip, "whole").happens
    except Unclear:
        walks = True
    require(not walks, "another reading")


class Named(NamedTuple):
    """A direction or a shape by name, with the evidence."""

    name: str
    evidence: tuple[Evidence, ...]
    margin: Margin


def end_sector(clip: Reading) -> Named:
    """The direction of the end point, one of eight: far enough, and well inside its sector."""
    whole = clip.facts.whole
    require(clip.facts.coverage >= SEEN_SHARE, "not seen")
    left_m, forward_m = whole.net_left_m, whole.net_forward_m
    least_m = max(SECTOR_LEAST_M, 2 * DRIFT_PER_PATH * whole.path_m)
    require(math.hypot(left_m, forward_m) >= least_m, "too small")
    angle = math.atan2(left_m, forward_m)
    width = 2 * math.pi / len(SECTORS)
    index = round(angle / width)
    margin = Margin(
        value=round(width / 2 - abs(angle - index * width), 5), unit="rad", band=SECTOR_BAND_RAD
    )
    require(margin.value >= margin.band, "between two answers")
    evidence = (
        evidence_of(clip, "net_left", left_m, "m"),
        evidence_of(clip, "net_forward", forward_m, "m"),
    )
    return Named(SECTORS[index % len(SECTORS)], evidence, margin)


def end_said(clip: Reading) -> tuple[str, str]:
    """Where the end point was observed, and the conclusion."""
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


def shape(clip: Reading) -> Named:
    """The shape of the whole path, if it is plainly one of `vocabulary.SHAPES`."""
    shape, whole = clip.facts.shape, clip.facts.whole
    require(clip.facts.coverage >= SEEN_SHARE, "not seen")
    walks = whole.path_m >= WALK_PATH_M
    if not walks and shape.extent_m <= STAY_M:
        room_m = round(NO_PATH_M - shape.extent_m, 5)
        margin = Margin(value=room_m, unit="m", band=round(NO_PATH_M - STAY_M, 5))
        return Named("stays", _shape_evidence(clip), margin)
    laps, back = abs(shape.laps), BACK_SHARE - shape.straightness
    rows: dict[str, tuple[float, float]] = {
        "straight": (shape.straightness - STRAIGHT_SHARE, STRAIGHT_BAND),
        "loop": (min(laps - LOOP_LAPS, back), SHAPE_BAND),
        "back_and_forth": (min(BEND_LAPS - laps, back), SHAPE_BAND),
    }
    require(walks and shape.shape in rows, "between two answers")
    value, band = rows[shape.shape]
    leads_back = shape.shape == "straight" or shape.returns
    require(value >= band and leads_back, "between two answers")
    margin = Margin(value=round(value, 5), unit="share", band=band)
    return Named(shape.shape, _shape_evidence(clip), margin)


def _shape_evidence(clip: Reading) -> tuple[Evidence, ...]:
    shape = clip.facts.shape
    measured: tuple[tuple[str, float, Unit], ...] = (
        ("path", clip.facts.whole.path_m, "m"),
        ("furthest", shape.extent_m, "m"),
        ("straightness", shape.straightness, "share"),
        ("laps", shape.laps, "count"),
        ("returns", float(shape.returns), "count"),
    )
    return tuple([evidence_of(clip, *each) for each in measured])


def shape_said(clip: Reading) -> tuple[str, str]:
    """The observed path, and the properties that its shape follows from."""
    shape, whole = clip.facts.shape, clip.facts.whole
    return (
        f"From {whole.start_s:.1f} s to {whole.end_s:.1f} s the path is {whole.path_m:.2f} m long "
        f"and leads at most {shape.extent_m:.2f} m away.",
        f"Its ends are {shape.straightness:.0%} of that length apart, the course turns by "
        f"{abs(shape.laps):.1f} laps, and it comes back {shape.returns} times.",
    )
