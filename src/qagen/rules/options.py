"""The numbers that stand beside the true one, and the order in which options are laid out.

Both are drawn by a hash of the question's own name: another clip, another rule or another row
changes nothing, and the letter is useless to whoever has not seen the video.
"""

from bisect import bisect_left
from typing import NamedTuple

from qagen import draws
from qagen.language.vocabulary import LADDER_BAND_SHARE, LADDER_BELOW, LADDERS, MOST_COUNTED
from qagen.schema.question import Question, Unit

CHOICES = 4


class Rungs(NamedTuple):
    """Numbers from a ladder, the true one among them."""

    values: tuple[float, ...]
    """Ascending."""
    key: int
    margin: float
    band: float


def lay_out(question: Question, seed: int) -> tuple[int, ...]:
    """The order of `(key, *distractors)`: place 0 of the result is shown as option A.

    >>> from qagen.schema.question import Ask, Margin, Option
    >>> question = Question(
    ...     clip="walk", person=0, frame="first_heading", category="existence", family="ever",
    ...     ask=Ask(rule="ever", movements=("left",)), stem="...", key=Option("No", "no"),
    ...     distractors=(Option("Yes", "yes"),), evidence=(), reasoning=(),
    ...     margin=Margin(value=0.1, unit="m", band=0.03))
    >>> sorted(lay_out(question, 0))
    [0, 1]
    """
    return draws.shuffled(
        tuple(range(1 + len(question.distractors))), seed=seed, name=f"{question.name}/order"
    )


def counts(true: int, *, seed: int, name: str, step: int = 1) -> tuple[int, ...] | str:
    """Four counts, `step` apart, the true one at a rank drawn by name; the reason if too many.

    Counts below three steps leave fewer ranks to draw from, since nothing is below zero.

    >>> 7 in counts(7, seed=0, name="example"), counts(99, seed=0, name="example")
    (True, 'too many')
    """
    if true > MOST_COUNTED:
        return "too many"
    ranks = min(true // step, CHOICES - 1) + 1
    first = true - step * draws.below(seed, f"{name}/rank", count=ranks)
    return tuple(range(first, first + step * CHOICES, step))


def rungs(value: float, unit: Unit, *, seed: int, name: str) -> Rungs | str:
    """Four neighbouring numbers of the unit's ladder, or the reason why the value has none.

    A name divides the ladder into fours, beginning at a place of its own. So values that are near
    each other are offered the same four under one name, and how often a number is offered does not
    tell that it is true. Over many names the true one is the lowest, second, third and highest
    equally often. Values in a four that is not whole, at the lower end, are turned down.

    >>> rungs(4.4, "m", seed=0, name="example").margin
    0.45
    >>> rungs(0.6, "m", seed=0, name="example"), rungs(4.0, "m", seed=0, name="example")
    ('too small', 'between two answers')
    """
    ladder = LADDERS[unit]
    above = bisect_left(ladder, value)
    if above >= len(ladder) - CHOICES:
        return "not measured"
    nearest = (
        above if above == 0 or ladder[above] - value < value - ladder[above - 1] else above - 1
    )
    if nearest < LADDER_BELOW:
        return "too small"
    low, here, high = ladder[nearest - 1 : nearest + 2]
    margin = min(value - (low + here) / 2, (here + high) / 2 - value)
    # one band for both sides: a value midway between them must not have two
    band = LADDER_BAND_SHARE * max(here - low, high - here)
    if margin < band:
        return "between two answers"
    rank = (nearest + draws.below(seed, f"{name}/{unit}/fours", count=CHOICES)) % CHOICES
    first = nearest - rank
    if first < LADDER_BELOW:
        return "too small"
    return Rungs(ladder[first : first + CHOICES], rank, round(margin, 5), round(band, 5))
