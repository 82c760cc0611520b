"""The options of questions: numbers and movements beside the true one, and the order of them all.

Draws are seeded by a hash of the question's own name: another clip, another rule or another row
changes nothing, and the letter says nothing without the video.
"""

from bisect import bisect_left
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple, TypeVar

from qagen import draws
from qagen.language import phrases
from qagen.language.vocabulary import (
    EVEN_SIDES,
    LADDER_BAND_SHARE,
    LADDER_BELOW,
    LADDERS,
    MOST_ABSENT,
    MOST_COUNTED,
    MOVEMENTS,
    mirrored,
)
from qagen.reading.clip import Reading, remembered
from qagen.reading.unclear import Unclear, require
from qagen.schema.question import WINDOWS, Ask, Margin, Option, Question, Unit, Window

CHOICES = 4

_Item = TypeVar("_Item")

Options = tuple[Option, ...]
"""The true option first."""


def lay_out(question: Question, seed: int) -> tuple[int, ...]:
    """The order of `(key, *distractors)`: index 0 of the result is shown as option A.

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


def neutral_name(clip: Reading, ask: Ask) -> str:
    """A name that the mirrored question shares, for draws that a mirror may not change."""
    neutral = "+".join(sorted(min(name, mirrored(name)) for name in ask.movements))
    return f"{clip.name}/{ask.rule}({neutral};{ask.window};{ask.nth})"


# Numbers ------------------------------------------------------------------------------------------


def counts(true: int, *, seed: int, name: str, step: int = 1) -> tuple[int, ...]:
    """Four counts, `step` apart, the true one at a rank drawn by name; `Unclear` if too many.

    Counts below three steps leave fewer ranks to draw from, since nothing is below zero.

    >>> 7 in counts(7, seed=0, name="example")
    True
    """
    require(true <= MOST_COUNTED, "too many")
    ranks = min(true // step, CHOICES - 1) + 1
    first = true - step * draws.below(seed, f"{name}/rank", count=ranks)
    return tuple(range(first, first + step * CHOICES, step))


def count_options(clip: Reading, ask: Ask, count: int, *, step: int = 1) -> Options:
    """The true count first, then its neighbours."""
    name = f"{clip.name}/{ask.name}"
    offered = counts(count, seed=clip.seed, name=name, step=step)
    return tuple([_count_option(number) for number in true_first(count, offered)])


@lru_cache
def _count_option(number: int) -> Option:
    return Option(phrases.times(number), str(number))


class Rungs(NamedTuple):
    """Numbers from a ladder, the true one among them."""

    values: tuple[float, ...]
    """Ascending."""
    key: int
    margin: float
    band: float


def rungs(value: float, unit: Unit, *, seed: int, name: str) -> Rungs:
    """Four neighbouring numbers of the unit's ladder; `Unclear` where the value has none.

    A name divides the ladder into fours, beginning at an index of its own. So values that are near
    each other are offered the same four under one name, and how often a number is offered does not
    reveal that it is true. Over many names the true one is the lowest, second, third and highest
    equally often. Values in a four that is not whole, at the lower end, are turned down.

    >>> rungs(4.4, "m", seed=0, name="example").margin
    0.45
    """
    ladder = LADDERS[unit]
    above = bisect_left(ladder, value)
    require(above < len(ladder) - CHOICES, "not measured")
    nearest = (
        above if above == 0 or ladder[above] - value < value - ladder[above - 1] else above - 1
    )
    require(nearest >= LADDER_BELOW, "too small")
    low, here, high = ladder[nearest - 1 : nearest + 2]
    margin = min(value - (low + here) / 2, (here + high) / 2 - value)
    # one band for both sides: a value midway between them must not have two
    band = LADDER_BAND_SHARE * max(here - low, high - here)
    require(margin >= band, "between two answers")
    rank = (nearest + draws.below(seed, f"{name}/{unit}/fours", count=CHOICES)) % CHOICES
    first = nearest - rank
    require(first >= LADDER_BELOW, "too small")
    return Rungs(ladder[first : first + CHOICES], rank, round(margin, 5), round(band, 5))


def number_options(clip: Reading, value: float, unit: Unit) -> tuple[Options, Margin]:
    """Options for a measured amount, and how clear the true one is."""
    ladder = rungs(value, unit, seed=clip.seed, name=clip.name)
    true = ladder.values[ladder.key]
    offered = tuple([_number_option(rung, unit) for rung in true_first(true, ladder.values)])
    return offered, Margin(value=ladder.margin, unit=unit, band=ladder.band)


@lru_cache
def _number_option(rung: float, unit: Unit) -> Option:
    return Option(phrases.about(rung, unit), f"{round(rung, 4):g}")


def true_first(true: _Item, offered: Iterable[_Item]) -> tuple[_Item, ...]:
    """All that is offered, the true item first and the others in their order."""
    return (true, *[item for item in offered if item != true])


# Quarters and movements ---------------------------------------------------------------------------


@lru_cache
def quarter_options(key: Window) -> Options:
    """The four quarters as options, the true one first."""
    quarters = [
        Option(text, window) for text, window in zip(phrases.QUARTERS, WINDOWS[1:], strict=True)
    ]
    return tuple(sorted(quarters, key=lambda option: option.code != key))


def movement_option(clip: Reading, movement: str) -> Option:
    """A movement as an option."""
    return _movement_option(clip.speaker.phrases[movement].gerund, movement)


@lru_cache
def _movement_option(text: str, code: str) -> Option:
    return Option(phrases.capital(text), code)


def movement_options(clip: Reading, movements: Iterable[str]) -> Options:
    """Movements as options, in their order."""
    return tuple([movement_option(clip, movement) for movement in movements])


def leftward(clip: Reading) -> float:
    """Above zero when the person does more to the left; a mirror changes its sign.

    Zero when too little is done to either side for the sign to be more than noise.
    """
    return remembered(clip, "leftward", lambda: _leftward(clip))


def _leftward(clip: Reading) -> float:
    facts = clip.facts
    more = facts.whole.net_left_m + facts.whole.net_turn_rad
    more += sum([event.amount for event in facts.events if event.signal == "left_lean"])
    for part in facts.parts:
        more += part.path if part.part.startswith("left_") else 0.0
        more -= part.path if part.part.startswith("right_") else 0.0
    return more if abs(more) > EVEN_SIDES else 0.0


def offered_of(clip: Reading, topic: str, candidates: Iterable[str], *, wanted: int) -> list[str]:
    """The movements or parts that all of a clip's questions on a topic offer, whatever is true.

    Drawn by the clip's name, before any answer is known, so that neither an option nor the number
    of times it is offered reveals the true one; a true one that is not drawn is not asked for. A
    mirror shows the mirrored choice.
    """
    name = f"{clip.name}/{topic}/offered"
    return list(draws.shuffled(_ranked(clip, candidates), seed=clip.seed, name=name)[:wanted])


def on_busy_axes(clip: Reading) -> frozenset[str]:
    """The movements that happen in the clip, and their opposites.

    Other questions about the clip speak of both. An option of which none of them speaks would be
    known to be wrong.
    """
    happened = [name for name, occurrences in clip.occurrences.items() if occurrences]
    return frozenset([*happened, *(MOVEMENTS[name].opposite for name in happened)])


def plausible(clip: Reading, ask: Ask, candidates: Iterable[str], *, wanted: int) -> list[str]:
    """Wrong movements to choose from, those on busy axes first; `Unclear` if there are too few.

    Among equals they are drawn by the question's name, so that no habit of choosing gives the true
    one away; a mirror shows the mirrored choice.
    """
    busy = on_busy_axes(clip)
    name = f"{neutral_name(clip, ask)}/others"
    drawn = draws.shuffled(_ranked(clip, candidates), seed=clip.seed, name=name)
    ordered = sorted(drawn, key=lambda movement: movement not in busy)
    absent = [movement for movement in ordered if not clip.occurrences.get(movement)]
    others = [movement for movement in ordered if movement not in absent[MOST_ABSENT:]][:wanted]
    if len(others) < wanted:
        raise Unclear("too few others")
    return others


def _ranked(clip: Reading, names: Iterable[str]) -> tuple[str, ...]:
    """Names in an order that a mirror mirrors."""
    left_first = leftward(clip) > 0

    def rank(name: str) -> tuple[str, bool]:
        other = mirrored(name)
        return min(name, other), other != name and (name < other) != left_first

    return tuple(sorted(names, key=rank))
