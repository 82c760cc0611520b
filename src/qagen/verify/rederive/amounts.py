"""How often, how far, how fast, and which of two or more is most."""

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

from qagen.language.vocabulary import CLEAR_SHARE, DIRECTIONS, LEANS, LIMBS, MOVEMENTS, STRENGTHS
from qagen.schema.question import WINDOWS, Ask, Unit
from qagen.verify import findings
from qagen.verify.findings import Finding
from qagen.verify.moves import Clip
from qagen.verify.rederive import route


def speed_unit(movement: str) -> Unit:
    """The unit of a movement's speed.

    >>> speed_unit("turn_left")
    'rad/s'
    """
    return "rad/s" if MOVEMENTS[movement].unit == "rad" else "m/s"


# Counts ------------------------------------------------------------------------------------------


def count(clip: Clip, ask: Ask) -> Finding:
    """How often a movement happens."""
    (movement,) = ask.movements
    row = MOVEMENTS[movement]
    clearance, band = findings.clearance(clip, movement), (CLEAR_SHARE - 1) * row.least
    return Finding(str(len(clip.moves[movement])), clearance, row.unit, band)


def count_strength(clip: Clip, ask: Ask) -> Finding:
    """How often a movement of one class of sizes happens."""
    (movement,) = ask.movements
    classes = STRENGTHS[MOVEMENTS[movement].kind]
    found = [findings.class_of(one.amount, classes, "m").code for one in clip.moves[movement]]
    edges = [abs(one.amount / at - 1) for one in clip.moves[movement] for at in classes.bounds]
    return Finding(str(found.count(ask.strength)), min(edges), "share", classes.band_share)


def count_returns(clip: Clip, ask: Ask) -> Finding:
    """How often the person comes back to the start."""
    del ask
    return route.returns(clip)


def count_repetitions(clip: Clip, ask: Ask) -> Finding:
    """How many cycles a to-and-fro movement has."""
    times = clip.part(ask.part).repetitions
    return Finding(str(times), max(2, round(0.3 * times)) / 2, "count", 1.0)


# Numbers -----------------------------------------------------------------------------------------


class Number(NamedTuple):
    """What was measured, where an answer is a number with a unit."""

    value: float
    unit: Unit


def measured(clip: Clip, ask: Ask) -> Number:
    """The number that an ask is about; `KeyError` when it is about none.

    >>> from kinematics import synthetic
    >>> from qagen.verify import moves
    >>> from qagen.verify.remeasure import derive
    >>> clip = moves.clip_of(derive.derived(synthetic.perform(synthetic.walk(3.0)).motion))
    >>> round(measured(clip, Ask(rule="end_distance")).value, 1)
    3.0
    """
    whole = clip.facts.whole
    match ask.rule:
        case "path_length":
            return Number(clip.window(ask.window).path_m, "m")
        case "furthest_distance":
            return Number(whole.furthest_m, "m")
        case "end_distance":
            return Number(whole.end_distance_m, "m")
    (movement,) = ask.movements
    unit = MOVEMENTS[movement].unit
    match ask.rule:
        case "total":
            return Number(clip.total(movement, ask.window), unit)
        case "amount":
            return Number(clip.nth(movement, ask.nth).amount, unit)
        case "duration":
            one = clip.nth(movement, ask.nth)
            return Number(one.end_s - one.start_s, "s")
    raise KeyError(ask.rule)


def total(clip: Clip, ask: Ask) -> Finding:
    """What a movement adds up to."""
    return findings.rung(*measured(clip, ask))


def amount(clip: Clip, ask: Ask) -> Finding:
    """How far one movement goes."""
    return findings.rung(*measured(clip, ask))


def duration(clip: Clip, ask: Ask) -> Finding:
    """How long one movement takes."""
    return findings.rung(*measured(clip, ask))


def path_length(clip: Clip, ask: Ask) -> Finding:
    """How long the way over the ground is."""
    return findings.rung(*measured(clip, ask))


def furthest_distance(clip: Clip, ask: Ask) -> Finding:
    """How far from the start the person gets."""
    return findings.rung(*measured(clip, ask))


def end_distance(clip: Clip, ask: Ask) -> Finding:
    """How far from the start the person is at last."""
    return findings.rung(*measured(clip, ask))


# Two ---------------------------------------------------------------------------------------------


def _named(found: Finding, one: str, other: str) -> Finding:
    """What `one` and `other` stand for."""
    return found._replace(code={"one": one, "other": other, "same": "same"}[found.code])


def compare_count(clip: Clip, ask: Ask) -> Finding:
    """Which of two movements happens more often."""
    one, other = (len(clip.moves[name]) for name in ask.movements)
    row = MOVEMENTS[ask.movements[0]]
    code = "same" if one == other else "one" if one > other else "other"
    clearance = min(findings.clearance(clip, name) for name in ask.movements)
    found = Finding(code, clearance, row.unit, (CLEAR_SHARE - 1) * row.least)
    return _named(found, *ask.movements)


def compare_total(clip: Clip, ask: Ask) -> Finding:
    """Which of two movements adds up to more."""
    one, other = (clip.total(name, ask.window) for name in ask.movements)
    found = findings.larger(one, other, MOVEMENTS[ask.movements[0]].unit)
    return _named(found, *ask.movements)


def fastest(clip: Clip, movement: str) -> float:
    """The greatest speed that a movement reaches; 0 when it does not happen."""
    return max((one.peak_speed for one in clip.moves[movement]), default=0.0)


def compare_speed(clip: Clip, ask: Ask) -> Finding:
    """Which of two movements reaches the greater speed."""
    one, other = (fastest(clip, name) for name in ask.movements)
    return _named(findings.larger(one, other, speed_unit(ask.movements[0])), *ask.movements)


def compare_halves(clip: Clip, ask: Ask) -> Finding:
    """In which half of the clip the way is longer."""
    del ask
    paths_m = [one.path_m for one in clip.facts.quarters]
    found = findings.larger(sum(paths_m[:2]), sum(paths_m[2:]), "m")
    return _named(found, "first_half", "second_half")


def own_ways(clip: Clip) -> dict[str, float]:
    """The ways along the person's own changing axes."""
    whole = clip.facts.whole
    return {
        "forward": whole.body_forward_m,
        "backward": whole.body_backward_m,
        "left": whole.body_left_m,
        "right": whole.body_right_m,
    }


def compare_own(clip: Clip, ask: Ask) -> Finding:
    """Which of two own directions the person goes further in."""
    one, other = (own_ways(clip)[name] for name in ask.movements)
    return _named(findings.larger(one, other, "m"), *ask.movements)


def compare_parts(clip: Clip, ask: Ask) -> Finding:
    """Which of two limbs moves further."""
    left, right = f"left_{ask.part}", f"right_{ask.part}"
    return _named(findings.larger(clip.part(left).path, clip.part(right).path, "m"), left, right)


# Several -----------------------------------------------------------------------------------------


def _lasting_s(clip: Clip, names: Iterable[str], start_s: float, end_s: float) -> float:
    """How long at least one of some movements is under way between two times."""
    moves = [one for name in names for one in clip.moves[name]]
    bounds_s = sorted({start_s, end_s, *(at for one in moves for at in (one.start_s, one.end_s))})
    seconds = 0.0
    for before_s, after_s in pairwise(bounds_s):
        inside = start_s <= before_s and after_s <= end_s
        if inside and any(one.start_s <= before_s and after_s <= one.end_s for one in moves):
            seconds += after_s - before_s
    return seconds


def activities_s(clip: Clip, start_s: float, end_s: float) -> dict[str, float]:
    """How long the person goes forwards, only another way, and neither between two times."""
    forward_s = _lasting_s(clip, ["forward"], start_s, end_s)
    either_s = _lasting_s(clip, DIRECTIONS, start_s, end_s)
    return {
        "forward": forward_s,
        "elsewhere": either_s - forward_s,
        "staying": end_s - start_s - either_s,
    }


class Rivals(NamedTuple):
    """What is held against each other, by its code."""

    amounts: dict[str, float]
    unit: Unit


def rivals(clip: Clip, ask: Ask) -> Rivals:
    """What an ask for the largest compares; `KeyError` when it asks for no such thing.

    >>> from kinematics import synthetic
    >>> from qagen.verify import moves
    >>> from qagen.verify.remeasure import derive
    >>> clip = moves.clip_of(derive.derived(synthetic.perform(synthetic.walk(3.0)).motion))
    >>> amounts = rivals(clip, Ask(rule="dominant_direction")).amounts
    >>> max(amounts, key=amounts.__getitem__)
    'forward'
    """
    window = clip.window(ask.window)
    match ask.rule:
        case "dominant_direction":
            return Rivals({name: clip.total(name, ask.window) for name in DIRECTIONS}, "m")
        case "dominant_lean":
            return Rivals({name: clip.total(name, ask.window) for name in LEANS}, "rad")
        case "dominant_speed":
            return Rivals({name: fastest(clip, name) for name in DIRECTIONS}, "m/s")
        case "dominant_limb":
            return Rivals({name: clip.part(name).path for name in LIMBS}, "m")
        case "own_travel":
            return Rivals(own_ways(clip), "m")
        case "dominant_activity":
            return Rivals(activities_s(clip, window.start_s, window.end_s), "s")
        case "quarter_most":
            (movement,) = ask.movements
            parts: dict[str, float] = {name: clip.total(movement, name) for name in WINDOWS[1:]}
            return Rivals(parts, MOVEMENTS[movement].unit)
        case "quarter_most_path":
            return Rivals(route.paths_m(clip), "m")
    raise KeyError(ask.rule)


def dominant_direction(clip: Clip, ask: Ask) -> Finding:
    """The direction in which movements add up to most."""
    return findings.largest(*rivals(clip, ask))


def dominant_lean(clip: Clip, ask: Ask) -> Finding:
    """The direction in which leans add up to most."""
    return findings.largest(*rivals(clip, ask))


def dominant_speed(clip: Clip, ask: Ask) -> Finding:
    """The direction with the greatest speed."""
    return findings.largest(*rivals(clip, ask))


def dominant_limb(clip: Clip, ask: Ask) -> Finding:
    """The limb that moves furthest."""
    return findings.largest(*rivals(clip, ask))


def own_travel(clip: Clip, ask: Ask) -> Finding:
    """The own direction in which the person goes furthest."""
    return findings.largest(*rivals(clip, ask))


def dominant_activity(clip: Clip, ask: Ask) -> Finding:
    """What most of the time goes to."""
    return findings.largest(*rivals(clip, ask))


def quarter_most(clip: Clip, ask: Ask) -> Finding:
    """The quarter that has most of a movement."""
    return findings.largest(*rivals(clip, ask))


def quarter_most_path(clip: Clip, ask: Ask) -> Finding:
    """The quarter with the longest way."""
    return findings.largest(*rivals(clip, ask))
