"""Whether something happens, when, how fast, and in which order."""

from itertools import pairwise

from kinematics import parts
from qagen.language.vocabulary import (
    BOUND_BAND_S,
    LEAST_REPEATED,
    MOVEMENTS,
    NEAR_BAND_M,
    NO_PATH_M,
    NO_SIDESTEP_M,
    ORDER_BAND_S,
    SIDESTEP_M,
    SPEEDS,
    WALK_PATH_M,
)
from qagen.schema.question import WINDOWS, Ask
from qagen.verify import findings
from qagen.verify.findings import Finding
from qagen.verify.moves import Clip, Move
from qagen.verify.rederive import amounts, route

NOTHING = Finding("", 0.0, "s", ORDER_BAND_S)
"""No answer is clear."""

QUARTERS = WINDOWS[1:]


# Whether -----------------------------------------------------------------------------------------


def _asked(found: Finding, ask: Ask) -> Finding:
    """Turned round where the question is."""
    turned = {"yes": "no", "no": "yes"}
    return found._replace(code=turned.get(found.code, "")) if ask.negated else found


def ever(clip: Clip, ask: Ask) -> Finding:
    """Whether a movement happens in a window."""
    (movement,) = ask.movements
    return _asked(findings.happens(clip, movement, ask.window), ask)


def ever_walks(clip: Clip, ask: Ask) -> Finding:
    """Whether the person walks in a window."""
    path_m = clip.window(ask.window).path_m
    return _asked(findings.threshold(path_m, "m", no=NO_PATH_M, yes=WALK_PATH_M), ask)


def ever_returns(clip: Clip, ask: Ask) -> Finding:
    """Whether the person comes back to the start."""
    found = route.returns(clip)
    return _asked(found._replace(code="no" if found.code == "0" else "yes"), ask)


def ever_sidesteps(clip: Clip, ask: Ask) -> Finding:
    """Whether the person steps to one side of their own."""
    (side,) = ask.movements
    path_m = amounts.own_ways(clip)[side]
    return _asked(findings.threshold(path_m, "m", no=NO_SIDESTEP_M, yes=SIDESTEP_M), ask)


def ever_near(clip: Clip, ask: Ask) -> Finding:
    """Whether a hand gets near to another part."""
    (near_m,) = (part.near_m for part in parts.PARTS if part.name == ask.part)
    least_m, _ = clip.part(ask.part).distance_range or (0.0, 0.0)
    code = "yes" if least_m < near_m else "no"
    return _asked(Finding(code, abs(least_m - near_m), "m", NEAR_BAND_M), ask)


def ever_repeats(clip: Clip, ask: Ask) -> Finding:
    """Whether a part moves to and fro several times in a row."""
    times = clip.part(ask.part).repetitions
    code = "yes" if times >= LEAST_REPEATED else "" if times else "no"
    return _asked(Finding(code, float(abs(times - (LEAST_REPEATED - 1))), "count", 1.0), ask)


def happens_in(clip: Clip, ask: Ask) -> Finding:
    """Which of two movements happen in a window: one, the other, both or neither."""
    one, other = (findings.happens(clip, name, ask.window) for name in ask.movements)
    codes = {
        ("yes", "no"): ask.movements[0],
        ("no", "yes"): ask.movements[1],
        ("yes", "yes"): "both",
        ("no", "no"): "neither",
    }
    closer = min(one, other, key=lambda found: found.margin)
    return closer._replace(code=codes[one.code, other.code])


# When and how fast -------------------------------------------------------------------------------


def first_in(clip: Clip, ask: Ask) -> Finding:
    """What begins first in a window; the margin is the nearest other start, or a bound."""
    window = clip.window(ask.window)
    begun = [one for one in clip.sequence() if window.start_s <= one.start_s < window.end_s]
    if not begun:
        return NOTHING
    at_s = begun[0].start_s
    gaps_s = [window.end_s - at_s]
    if ask.window != "quarter_1":
        gaps_s.append(at_s - window.start_s)
    for one in clip.sequence():
        near = window.start_s - BOUND_BAND_S < one.start_s < window.end_s + BOUND_BAND_S
        if near and one != begun[0]:
            gaps_s.append(abs(one.start_s - at_s))
    return Finding(begun[0].name, min(gaps_s), "s", ORDER_BAND_S)


def speed_class(clip: Clip, ask: Ask) -> Finding:
    """How fast the first movement is that begins in a window."""
    (movement,) = ask.movements
    window = clip.window(ask.window)
    begun = [one for one in clip.moves[movement] if window.start_s <= one.start_s < window.end_s]
    classes = SPEEDS[MOVEMENTS[movement].kind]
    if not begun:
        return NOTHING
    return findings.class_of(begun[0].mean_speed, classes, amounts.speed_unit(movement))


def quarter_of(clip: Clip, ask: Ask) -> Finding:
    """The quarter in which one movement begins."""
    (movement,) = ask.movements
    at_s = clip.nth(movement, ask.nth).start_s
    bounds_s = [quarter.start_s for quarter in clip.facts.quarters[1:]]
    quarter = QUARTERS[sum(at_s >= bound_s for bound_s in bounds_s)]
    return Finding(quarter, min(abs(at_s - bound_s) for bound_s in bounds_s), "s", BOUND_BAND_S)


# In which order ----------------------------------------------------------------------------------


def _between(sequence: list[Move], place: int) -> float:
    """The least time between two starts in a row and those around them."""
    around = sequence[max(place - 1, 0) : place + 3]
    return min(then.start_s - one.start_s for one, then in pairwise(around))


def _neighbour(clip: Clip, ask: Ask, step: int) -> Finding:
    sequence = clip.sequence()
    place = sequence.index(clip.nth(ask.movements[0], ask.nth))
    if not 0 <= place + step < len(sequence):
        return NOTHING
    gap_s = _between(sequence, min(place, place + step))
    return Finding(sequence[place + step].name, gap_s, "s", ORDER_BAND_S)


def next_after(clip: Clip, ask: Ask) -> Finding:
    """What begins next after a movement."""
    return _neighbour(clip, ask, 1)


def last_before(clip: Clip, ask: Ask) -> Finding:
    """What began last before a movement."""
    return _neighbour(clip, ask, -1)


def _end(sequence: list[Move]) -> Finding:
    """The first movement, and how far the nearest other one is from it."""
    others = [one for one in sequence if one.name != sequence[0].name] if sequence else []
    if not others:
        return NOTHING
    gap_s = min(abs(one.start_s - sequence[0].start_s) for one in others)
    return Finding(sequence[0].name, gap_s, "s", ORDER_BAND_S)


def first_of(clip: Clip, ask: Ask) -> Finding:
    """What begins first of all."""
    del ask
    return _end(clip.sequence())


def last_of(clip: Clip, ask: Ask) -> Finding:
    """What begins last of all."""
    del ask
    return _end(clip.sequence()[::-1])


def order_of(clip: Clip, ask: Ask) -> Finding:
    """In which order some movements begin for the first time."""
    firsts = sorted((clip.nth(name, 1) for name in ask.movements), key=lambda one: one.start_s)
    gap_s = min(then.start_s - one.start_s for one, then in pairwise(firsts))
    return Finding(">".join(one.name for one in firsts), gap_s, "s", ORDER_BAND_S)
