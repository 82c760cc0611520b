"""How far facts are from another answer: one function for each kind of answer.

Every function gives a `Finding`: what is true, and its margin in the units of the facts.
"""

from collections.abc import Mapping
from typing import NamedTuple

from qagen.language.vocabulary import (
    CLEAR_SHARE,
    FLOOR,
    LADDER_BAND_SHARE,
    LADDERS,
    MOVEMENTS,
    RATIO_BAND_SHARE,
    SAME_RATIO,
    Classes,
)
from qagen.schema.question import WINDOWS, Unit, Window
from qagen.verify.moves import Clip


class Finding(NamedTuple):
    """An answer for machines, and how far the facts are from another one."""

    code: str
    margin: float
    unit: Unit
    band: float
    """What the margin must not be below."""


def happens(clip: Clip, movement: str, window: Window) -> Finding:
    """`yes` or `no`: whether a movement, or enough of it, lies in a window.

    >>> from kinematics import synthetic
    >>> from qagen.verify import moves
    >>> from qagen.verify.remeasure import derive
    >>> walk = synthetic.perform(synthetic.walk(3.0)).motion
    >>> happens(moves.clip_of(derive.derived(walk)), "backward", "whole").code
    'no'
    """
    row, place = MOVEMENTS[movement], WINDOWS.index(window)
    sizes = [one.parts[place - 1] if place else one.amount for one in clip.moves[movement]]
    most = max(sizes, default=0.0)
    band = (CLEAR_SHARE - 1) * row.least
    if most >= row.least:
        return Finding("yes", most - row.least, row.unit, band)
    nearest = max(clip.total(movement, window) if place else most, clip.unexplained[movement])
    return Finding("no", row.least - nearest, row.unit, band)


def clearance(clip: Clip, movement: str) -> float:
    """How much some change would have to grow or shrink for the count to be another.

    >>> from kinematics import synthetic
    >>> from qagen.verify import moves
    >>> from qagen.verify.remeasure import derive
    >>> walk = synthetic.perform(synthetic.walk(3.0)).motion
    >>> clearance(moves.clip_of(derive.derived(walk)), "forward") > 0.1
    True
    """
    least = MOVEMENTS[movement].least
    rooms = [one.amount - least for one in clip.moves[movement]]
    return min([least - clip.unexplained[movement], *rooms])


def larger(one: float, other: float, unit: Unit) -> Finding:
    """`one`, `other` or `same`: which of two amounts is larger, beyond a ratio and a floor.

    >>> larger(3.0, 1.0, "m").code, larger(2.0, 2.1, "m").code
    ('one', 'same')
    """
    most, least = max(one, other), min(one, other)
    beyond = most - max(SAME_RATIO * least, least + FLOOR[unit])
    code = "same" if beyond < 0 else "one" if one > other else "other"
    return Finding(code, abs(beyond), unit, max(RATIO_BAND_SHARE * most, FLOOR[unit] / 2))


def largest(amounts: Mapping[str, float], unit: Unit) -> Finding:
    """The name with the largest amount; empty when it is about as large as another.

    >>> largest({"left": 3.0, "right": 1.0}, "m").code
    'left'
    """
    first, second, *_ = sorted(amounts, key=lambda name: -amounts[name])
    found = larger(amounts[first], amounts[second], unit)
    return found._replace(code=first if found.code == "one" else "")


def class_of(value: float, classes: Classes, unit: Unit) -> Finding:
    """The class that a value lies in, and how far from the next.

    >>> class_of(2.5, Classes((1.0, 2.0), ("low", "middle", "high"), 0.1), "m").code
    'high'
    """
    name = classes.names[sum(value >= bound for bound in classes.bounds)]
    # the bound that is nearest, counted from the edge of its band
    bound = min(classes.bounds, key=lambda at: abs(value - at) - classes.band_share * at)
    return Finding(name, abs(value - bound), unit, classes.band_share * bound)


def rung(value: float, unit: Unit) -> Finding:
    """The number on the unit's ladder that is nearest to a value; its margin is to half-way.

    >>> rung(4.4, "m").code
    '4.5'
    >>> round(rung(2.4, "s").margin, 6)  # its neighbours are equally far
    0.4
    """
    ladder = LADDERS[unit]
    place = min(range(len(ladder)), key=lambda at: abs(ladder[at] - value))
    here = ladder[place]
    others = [ladder[place - 1] if place else 0.0, *ladder[place + 1 : place + 2]]
    margin = min(abs(value - (here + other) / 2) for other in others)
    step = max(abs(other - here) for other in others)
    return Finding(f"{round(here, 4):g}", margin, unit, LADDER_BAND_SHARE * step)


def stands_out(amounts: Mapping[str, float], band: float, *, lowest: bool = False) -> Finding:
    """The name whose amount in metres is above (or, if `lowest`, below) all others.

    >>> stands_out({"quarter_1": 3.0, "quarter_2": 1.0}, 0.5).code
    'quarter_1'
    """
    first, second, *_ = sorted(amounts, key=lambda name: amounts[name], reverse=not lowest)
    return Finding(first, abs(amounts[first] - amounts[second]) - band, "m", band)


def threshold(value: float, unit: Unit, *, no: float, yes: float) -> Finding:
    """`yes` or `no`: on which side of the middle between two bounds a value lies.

    >>> threshold(2.0, "m", no=0.3, yes=1.0).code
    'yes'
    """
    middle = (no + yes) / 2
    return Finding("yes" if value >= middle else "no", abs(value - middle), unit, yes - middle)
