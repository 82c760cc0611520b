"""Answers with their margins: one function for each way in which facts decide.

Every function returns a `Finding`, whose margin is in the units of the facts.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from kinematics import thresholds
from qagen.language.vocabulary import (
    CLEAR_SHARE,
    FLOOR,
    LADDER_BAND_SHARE,
    LADDERS,
    MOVEMENTS,
    ORDER_BAND_S,
    RATIO_BAND_SHARE,
    RETURN_BANDS_M,
    SAME_RATIO,
    Classes,
)
from qagen.schema.question import Unit, Window
from qagen.verify import quantities
from qagen.verify.moves import Clip


class Finding(NamedTuple):
    """An answer as a code, and the distance of the facts from another answer."""

    code: str
    margin: float
    unit: Unit
    band: float
    """The least margin with which a question may be asked."""


NOTHING = Finding("", 0.0, "s", ORDER_BAND_S)
"""Nothing happens that could be the answer."""


def enough(clip: Clip, movement: str, window: Window) -> bool:
    """Whether one occurrence has the least amount that counts inside a window."""
    return max(clip.amounts(movement, window), default=0.0) >= MOVEMENTS[movement].least


def happens(clip: Clip, movement: str, window: Window) -> Finding:
    """`yes` or `no`: whether one occurrence has the least amount that counts inside a window.

    >>> from kinematics import synthetic
    >>> from qagen.verify import moves
    >>> from qagen.verify.remeasure import derive
    >>> walk = synthetic.perform(synthetic.walk(3.0)).motion
    >>> happens(moves.clip_of(derive.derived(walk)), "backward", "whole").code
    'no'
    """
    row, amounts = MOVEMENTS[movement], clip.amounts(movement, window)
    most, band = max(amounts, default=0.0), (CLEAR_SHARE - 1) * row.least
    if most >= row.least:
        return Finding("yes", most - row.least, row.unit, band)
    nearest = max(most if window == "whole" else sum(amounts, 0.0), clip.unexplained[movement])
    return Finding("no", row.least - nearest, row.unit, band)


def counted(clip: Clip, code: str, movements: Sequence[str]) -> Finding:
    """A code that depends on how often each of some movements of one kind happens.

    The margin is the least change of an amount that would change one of the counts.
    """
    row = MOVEMENTS[movements[0]]
    margins = []
    for name in movements:
        least = MOVEMENTS[name].least
        margins += [move.amount - least for move in clip.moves[name]]
        margins.append(least - clip.unexplained[name])
    return Finding(code, min(margins), row.unit, (CLEAR_SHARE - 1) * row.least)


def returns(clip: Clip) -> Finding:
    """How often the person returns to the start; the margin is how far both bounds may shift."""
    count, bounds = clip.facts.shape.returns, thresholds.RETURN
    leave_m, back_m = bounds.enter, bounds.leave
    margin_m = 0.0
    for shift_m in RETURN_BANDS_M:
        apart_m = min(shift_m, (leave_m - back_m) / 2 - 0.01)
        stricter = quantities.returns_s(clip, leave_m=leave_m + shift_m, back_m=back_m - shift_m)
        laxer = quantities.returns_s(clip, leave_m=leave_m - apart_m, back_m=back_m + apart_m)
        if len(stricter) != count or len(laxer) != count:
            break
        margin_m = shift_m
    return Finding(str(count), margin_m, "m", RETURN_BANDS_M[0])


def larger(amounts: Mapping[str, float], unit: Unit) -> Finding:
    """The name of the larger of two amounts, or `same` within a ratio or a floor.

    >>> larger({"left": 1.0, "right": 3.0}, "m").code, larger({"left": 2.0, "right": 2.1}, "m").code
    ('right', 'same')
    """
    (name, most), (_, least) = sorted(amounts.items(), key=lambda item: -item[1])
    beyond = most - max(SAME_RATIO * least, least + FLOOR[unit])
    band = max(RATIO_BAND_SHARE * most, FLOOR[unit] / 2)
    return Finding("same" if beyond < 0 else name, abs(beyond), unit, band)


def largest(amounts: Mapping[str, float], unit: Unit, *, least: bool = False) -> Finding:
    """The name of the largest (or `least`) amount; empty when the next is about the same.

    >>> largest({"left": 3.0, "right": 1.0}, "m").code
    'left'
    """
    first, second, *_ = sorted(amounts, key=lambda name: amounts[name], reverse=not least)
    finding = larger({name: amounts[name] for name in (first, second)}, unit)
    return finding._replace(code="" if finding.code == "same" else first)


def stands_out(amounts: Mapping[str, float], band: float, *, lowest: bool = False) -> Finding:
    """The name whose amount in metres is above (or, if `lowest`, below) all others.

    >>> stands_out({"quarter_1": 3.0, "quarter_2": 1.0}, 0.5).code
    'quarter_1'
    """
    first, second, *_ = sorted(amounts, key=lambda name: amounts[name], reverse=not lowest)
    return Finding(first, abs(amounts[first] - amounts[second]) - band, "m", band)


def class_of(value: float, classes: Classes, unit: Unit) -> Finding:
    """The class of a value; the margin is the distance to the nearest bound.

    >>> class_of(2.5, Classes((1.0, 2.0), ("low", "middle", "high"), 0.1), "m").code
    'high'
    """
    name = classes.names[sum(value >= bound for bound in classes.bounds)]
    # the nearest bound is that whose band is nearest
    bound = min(classes.bounds, key=lambda at: abs(value - at) - classes.band_share * at)
    return Finding(name, abs(value - bound), unit, classes.band_share * bound)


def rung(value: float, unit: Unit) -> Finding:
    """The number on the unit's ladder that is nearest to a value; the margin is to half-way.

    >>> rung(4.4, "m").code
    '4.5'
    >>> round(rung(2.4, "s").margin, 6)  # its neighbours are equally far
    0.4
    """
    ladder = LADDERS[unit]
    index = min(range(len(ladder)), key=lambda at: abs(ladder[at] - value))
    nearest = ladder[index]
    neighbours = [ladder[index - 1] if index else 0.0, *ladder[index + 1 : index + 2]]
    margin = min(abs(value - (nearest + number) / 2) for number in neighbours)
    step = max(abs(number - nearest) for number in neighbours)
    return Finding(f"{round(nearest, 4):g}", margin, unit, LADDER_BAND_SHARE * step)


def threshold(value: float, unit: Unit, *, no: float, yes: float) -> Finding:
    """`yes` or `no`: the side of the middle between two bounds on which a value lies.

    >>> threshold(2.0, "m", no=0.3, yes=1.0).code
    'yes'
    """
    middle = (no + yes) / 2
    return Finding("yes" if value >= middle else "no", abs(value - middle), unit, yes - middle)
