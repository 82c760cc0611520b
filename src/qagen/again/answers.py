"""One rule for each rule of the questions: from what is asked to what is true of the clip."""

from collections.abc import Callable, Mapping
from itertools import pairwise
from types import MappingProxyType
from typing import NamedTuple

from qagen.again import sizes
from qagen.again.moves import Clip, Move
from qagen.again.sizes import Finding
from qagen.question import WINDOWS, Ask, Category
from qagen.vocabulary import (
    CLEAR_SHARE,
    DIRECTIONS,
    LEANS,
    MOVEMENTS,
    NO_PATH_M,
    ORDER_BAND_S,
    STRENGTHS,
    WALK_PATH_M,
)

CHOICES: dict[Category, int] = {
    "numerical": 4,
    "comparative": 3,
    "dominant": 3,
    "temporal": 4,
    "ordering": 4,
    "trajectory": 4,
    "existence": 2,
}
"""How many options the questions of a category have."""


class Rule(NamedTuple):
    """A rule of the questions, written a second time."""

    category: Category
    derive: Callable[[Clip, Ask], Finding]
    """What is true; a code that no option has when nothing clear is."""


NOTHING = ""
QUARTERS = WINDOWS[1:]
SEQUENCED = tuple(
    name for name, row in MOVEMENTS.items() if row.kind in ("travel", "turn", "lean", "episode")
)
"""Movements that follow each other; others accompany them."""


def _yes_or_no(found: Finding, ask: Ask) -> Finding:
    """The same, turned round if the question is."""
    other = {"yes": "no", "no": "yes"}
    return found._replace(code=other[found.code]) if ask.negated else found


# How often, how far ------------------------------------------------------------------------------


def _count(clip: Clip, ask: Ask) -> Finding:
    (movement,) = ask.movements
    row = MOVEMENTS[movement]
    return Finding(
        str(len(clip.moves[movement])),
        sizes.clearance(clip, movement),
        row.unit,
        (CLEAR_SHARE - 1) * row.least,
    )


def _count_strength(clip: Clip, ask: Ask) -> Finding:
    (movement,) = ask.movements
    row = MOVEMENTS[movement]
    classes = STRENGTHS[row.kind]
    found = [sizes.class_of(one.amount, classes, row.unit) for one in clip.moves[movement]]
    away = [abs(one.amount - at) for one in clip.moves[movement] for at in classes.bounds]
    return Finding(
        str(sum(one.code == ask.strength for one in found)),
        min([*away, sizes.clearance(clip, movement)]),
        row.unit,
        min(min(classes.bounds) * classes.band_share, (CLEAR_SHARE - 1) * row.least),
    )


def _total(clip: Clip, ask: Ask) -> Finding:
    (movement,) = ask.movements
    return sizes.rung(clip.total(movement, ask.window), MOVEMENTS[movement].unit)


def _path_length(clip: Clip, ask: Ask) -> Finding:
    return sizes.rung(clip.window(ask.window).path_m, "m")


# Which is more -----------------------------------------------------------------------------------


def _named(found: Finding, ask: Ask) -> Finding:
    """The movement that `one` or `other` stands for."""
    names = {"one": ask.movements[0], "other": ask.movements[1], "same": "same"}
    return found._replace(code=names[found.code])


def _compare_count(clip: Clip, ask: Ask) -> Finding:
    one, other = (len(clip.moves[name]) for name in ask.movements)
    row = MOVEMENTS[ask.movements[0]]
    found = Finding(
        "same" if one == other else "one" if one > other else "other",
        min(sizes.clearance(clip, name) for name in ask.movements),
        row.unit,
        (CLEAR_SHARE - 1) * row.least,
    )
    return _named(found, ask)


def _compare_total(clip: Clip, ask: Ask) -> Finding:
    one, other = (clip.total(name, ask.window) for name in ask.movements)
    return _named(sizes.larger(one, other, MOVEMENTS[ask.movements[0]].unit), ask)


def _dominant_direction(clip: Clip, ask: Ask) -> Finding:
    return sizes.largest(sizes.amounts(clip, DIRECTIONS, ask.window), "m")


def _dominant_lean(clip: Clip, ask: Ask) -> Finding:
    return sizes.largest(sizes.amounts(clip, LEANS, ask.window), "rad")


def _quarter_most(clip: Clip, ask: Ask) -> Finding:
    (movement,) = ask.movements
    amounts: dict[str, float] = {quarter: clip.total(movement, quarter) for quarter in QUARTERS}
    return sizes.largest(amounts, MOVEMENTS[movement].unit)


def _quarter_most_path(clip: Clip, ask: Ask) -> Finding:
    del ask
    paths_m: dict[str, float] = {quarter: clip.window(quarter).path_m for quarter in QUARTERS}
    return sizes.largest(paths_m, "m")


# Whether, and when -------------------------------------------------------------------------------


def _ever(clip: Clip, ask: Ask) -> Finding:
    (movement,) = ask.movements
    return _yes_or_no(sizes.happens(clip, movement, ask.window), ask)


def _ever_walks(clip: Clip, ask: Ask) -> Finding:
    path_m, middle_m = clip.window(ask.window).path_m, (NO_PATH_M + WALK_PATH_M) / 2
    found = Finding(
        "yes" if path_m >= middle_m else "no",
        abs(path_m - middle_m),
        "m",
        (WALK_PATH_M - NO_PATH_M) / 2,
    )
    return _yes_or_no(found, ask)


def _happens_in(clip: Clip, ask: Ask) -> Finding:
    one, other = (sizes.happens(clip, name, ask.window) for name in ask.movements)
    codes = {
        ("yes", "no"): ask.movements[0],
        ("no", "yes"): ask.movements[1],
        ("yes", "yes"): "both",
        ("no", "no"): "neither",
    }
    closer = min(one, other, key=lambda found: found.margin)
    return closer._replace(code=codes[one.code, other.code])


def _sequence(clip: Clip) -> list[Move]:
    return [one for one in clip.in_order() if one.name in SEQUENCED]


def _next_after(clip: Clip, ask: Ask) -> Finding:
    sequence = _sequence(clip)
    named = sizes.nth(clip, ask.movements[0], ask.nth)
    if named is None or named == sequence[-1]:
        return Finding(NOTHING, 0.0, "s", ORDER_BAND_S)
    place = sequence.index(named)
    around = sequence[max(place - 1, 0) : place + 3]
    gaps_s = [then.start_s - one.start_s for one, then in pairwise(around)]
    return Finding(sequence[place + 1].name, min(gaps_s), "s", ORDER_BAND_S)


_RULES: dict[Category, dict[str, Callable[[Clip, Ask], Finding]]] = {
    "numerical": {
        "count": _count,
        "count_strength": _count_strength,
        "total": _total,
        "path_length": _path_length,
    },
    "comparative": {"compare_count": _compare_count, "compare_total": _compare_total},
    "dominant": {"dominant_direction": _dominant_direction, "dominant_lean": _dominant_lean},
    "temporal": {"happens_in": _happens_in},
    "ordering": {"next_after": _next_after},
    "trajectory": {"quarter_most": _quarter_most, "quarter_most_path": _quarter_most_path},
    "existence": {"ever": _ever, "ever_walks": _ever_walks},
}

RULES: Mapping[str, Rule] = MappingProxyType(
    {
        name: Rule(category, derive)
        for category, rules in _RULES.items()
        for name, derive in rules.items()
    }
)
"""By the names of the questions' rules."""
