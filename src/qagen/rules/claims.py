"""The meaning of answers, for the proof that they agree (`consistency`).

A rule has one `Meaning`: the answer that its evidence shows, and the claims that an answer makes
about the clip. Both are derived from asks, codes and evidence, by none of the code that decides
answers. Over the usual length, so that one file has every form of answer.
"""

import math
from bisect import bisect
from collections.abc import Callable, Iterator
from itertools import combinations
from operator import attrgetter
from typing import NamedTuple

from kinematics.facts import MotionFacts
from qagen.language.vocabulary import (
    BACK_SHARE,
    FLOOR,
    LOOP_LAPS,
    MOVEMENTS,
    SAME_RATIO,
    SECTORS,
    SPEEDS,
    STAY_M,
    STRAIGHT_SHARE,
    STRENGTHS,
    WALK_PATH_M,
)
from qagen.schema.question import WINDOWS, Ask, Evidence

QUARTERS = WINDOWS[1:]
_SLACK_S = 1e-6
_start = attrgetter("start_s")

Codes = tuple[str, ...]
Shown = tuple[Evidence, ...]

Shows = Callable[[Ask, Codes, Shown, MotionFacts], str]
"""The code of the answer that follows from evidence; the codes are those of all options."""

Name = tuple[str, ...]
"""The name of something about a clip, such as `("happens", "left", "quarter_1")`."""

Claim = tuple[Name, object]
"""Something about a clip, and its value."""


class Stated(NamedTuple):
    """An ask and its answer: all that claims follow from."""

    ask: Ask
    key: str
    others: Codes


class Absence(NamedTuple):
    """Movements that do not begin between two times."""

    movements: Codes
    after_s: float
    before_s: float


class Meaning(NamedTuple):
    """What an answer to one rule says about the clip."""

    shows: Shows
    claims: Callable[[Stated], Iterator[Claim]]
    """Claims that other questions may contradict."""
    absences: Callable[[Stated, Shown, MotionFacts], list[Absence]] | None = None
    alone: str = ""
    """The reason why no claim depends on the key, so that only its evidence can contradict it."""


# Answers that evidence shows ----------------------------------------------------------------------


def yes_if(truth: Callable[[Ask, Shown], bool]) -> Shows:
    """Yes where something is true, turned round where the ask is negated."""
    return lambda ask, _, shown, __: "yes" if truth(ask, shown) != ask.negated else "no"


def whether_it_happens(ask: Ask, _: Codes, shown: Shown, __: MotionFacts) -> str:
    """Yes where the evidence begins with the movement itself, not with a smaller change.

    Half of all questions come here, so that this neither calls nor loops.
    """
    return "yes" if (shown[0].what == ask.movements[0]) != ask.negated else "no"


def value(shown: Shown, what: str) -> float:
    """The first value of something; not a number where it was not measured."""
    return next((each.value for each in shown if each.what == what), math.nan)


def how_many(ask: Ask, _: Codes, shown: Shown, __: MotionFacts) -> str:
    """How many pieces of evidence are of the movement of the ask."""
    return str([each.what for each in shown].count(ask.movements[0]))


def how_many_strong(ask: Ask, _: Codes, shown: Shown, __: MotionFacts) -> str:
    """How many movements are of the size of the ask."""
    classes = STRENGTHS[MOVEMENTS[ask.movements[0]].kind]
    sizes = [bisect(classes.bounds, each.value) for each in shown]
    return str(sizes.count(classes.names.index(ask.strength)))


def returns(_: Ask, __: Codes, shown: Shown, ___: MotionFacts) -> str:
    """How many returns to the start there are."""
    return str([each.what for each in shown].count("return"))


def nearest(measured: Callable[[Shown], float]) -> Shows:
    """The offered number that is nearest to a measured one."""

    def shows(_: Ask, offered: Codes, shown: Shown, __: MotionFacts) -> str:
        target = measured(shown)
        return min(offered, key=lambda code: abs(float(code) - target))

    return shows


FIRST_VALUE = nearest(lambda shown: shown[0].value)


def amounts(prefix: str = "", suffix: str = "") -> Callable[[Shown], dict[str, float]]:
    """Values by the code in the name of what was measured: `left` for `left_total`."""
    code = slice(len(prefix), -len(suffix) or None)
    return lambda shown: {each.what[code]: each.value for each in shown}


def in_time_order(codes: Codes) -> Callable[[Shown], dict[str, float]]:
    """Values by codes that stand for consecutive parts of the clip."""
    return lambda shown: dict(
        zip(codes, [each.value for each in sorted(shown, key=_start)], strict=True)
    )


def largest(measured: Callable[[Shown], dict[str, float]]) -> Shows:
    """The code with the largest value."""

    def shows(_: Ask, __: Codes, shown: Shown, ___: MotionFacts) -> str:
        values = measured(shown)
        return max(values, key=values.__getitem__)

    return shows


def smallest(measured: Callable[[Shown], dict[str, float]]) -> Shows:
    """The code with the smallest value."""
    return largest(lambda shown: {code: -each for code, each in measured(shown).items()})


def larger(measured: Callable[[Shown], dict[str, float]]) -> Shows:
    """The code with the larger of two values, or that they are about the same."""

    def shows(_: Ask, __: Codes, shown: Shown, ___: MotionFacts) -> str:
        (first, amount), (second, another) = measured(shown).items()
        code, more, less = (
            (first, amount, another) if amount > another else (second, another, amount)
        )
        alike = more < SAME_RATIO * less or more < less + FLOOR[shown[0].unit]
        return "same" if alike else code

    return shows


def more_often(ask: Ask, _: Codes, shown: Shown, __: MotionFacts) -> str:
    """The movement with more pieces of evidence, or that there are equally many."""
    seen = [each.what for each in shown]
    first, second = (seen.count(name) for name in ask.movements)
    return "same" if first == second else ask.movements[first < second]


def which_happen(ask: Ask, _: Codes, shown: Shown, __: MotionFacts) -> str:
    """The movement that happens, `both` or `neither`."""
    names = [each.what for each in shown]
    seen = [name for name in ask.movements if name in names]
    return seen[0] if len(seen) == 1 else "both" if seen else "neither"


def earliest(_: Ask, __: Codes, shown: Shown, ___: MotionFacts) -> str:
    """The movement that begins first."""
    return min(shown, key=_start).what


def latest(_: Ask, __: Codes, shown: Shown, ___: MotionFacts) -> str:
    """The movement that begins last."""
    return max(shown, key=_start).what


def in_order(_: Ask, __: Codes, shown: Shown, ___: MotionFacts) -> str:
    """All movements by their starts."""
    return ">".join([each.what for each in sorted(shown, key=_start)])


def starting_quarter(_: Ask, __: Codes, shown: Shown, facts: MotionFacts) -> str:
    """The quarter in which a movement begins."""
    return QUARTERS[sum(shown[0].start_s >= each.start_s for each in facts.quarters[1:])]


def speed(ask: Ask, _: Codes, shown: Shown, __: MotionFacts) -> str:
    """The class of a movement's mean speed."""
    classes = SPEEDS[MOVEMENTS[ask.movements[0]].kind]
    (movement,) = shown
    return classes.names[classes.place(movement.value / (movement.end_s - movement.start_s))]


def sector(_: Ask, __: Codes, shown: Shown, ___: MotionFacts) -> str:
    """The direction of the end point, one of eight."""
    angle = math.atan2(value(shown, "net_left"), value(shown, "net_forward"))
    return SECTORS[round(angle / math.tau * len(SECTORS)) % len(SECTORS)]


def shape(_: Ask, __: Codes, shown: Shown, ___: MotionFacts) -> str:
    """The shape of the whole path."""
    if value(shown, "path") < WALK_PATH_M:
        return "stays" if value(shown, "furthest") <= STAY_M else "none"
    straightness = value(shown, "straightness")
    if straightness >= STRAIGHT_SHARE:
        return "straight"
    bent = "loop" if abs(value(shown, "laps")) >= LOOP_LAPS else "back_and_forth"
    return bent if straightness <= BACK_SHARE and value(shown, "returns") else "none"


# Claims that answers make -------------------------------------------------------------------------


def says_whether(kind: str) -> Callable[[Stated], Iterator[Claim]]:
    """An existence question says whether something of a kind happens."""

    def claims(stated: Stated) -> Iterator[Claim]:
        ask = stated.ask
        subject = ask.movements or (ask.part,)
        yield (kind, *subject, ask.window), (stated.key == "yes") != ask.negated

    return claims


def says_count(stated: Stated) -> Iterator[Claim]:
    """A count says how many movements there are, and whether there are any."""
    (movement,) = stated.ask.movements
    yield ("happens", movement, "whole"), int(stated.key) > 0
    yield ("count", movement), int(stated.key)


def says_strength(stated: Stated) -> Iterator[Claim]:
    """A count by size says how many movements of that size there are."""
    (movement,) = stated.ask.movements
    yield ("strength", movement, stated.ask.strength), int(stated.key)
    yield ("happens", movement, "whole"), True


def says_at_least(kind: str, least: int) -> Callable[[Stated], Iterator[Claim]]:
    """A count says whether there are enough for something to happen."""
    return lambda stated: iter(
        [((kind, stated.ask.part, stated.ask.window), int(stated.key) >= least)]
    )


def says_length(stated: Stated) -> Iterator[Claim]:
    """A path that is nearer to another number than to a metre is walking."""
    yield ("size", "path", stated.ask.window), float(stated.key)
    if float(stated.key) > WALK_PATH_M:
        yield ("walks", "", stated.ask.window), True


def says_distance(part: str) -> Callable[[Stated], Iterator[Claim]]:
    """A number says how far from the start the person is; `whole` is as far as they get."""
    return lambda stated: iter([(("size", "distance", part), float(stated.key))])


def says_shape(stated: Stated) -> Iterator[Claim]:
    """Loops and going back and forth lead back to the start."""
    yield ("returns", "", "whole"), stated.key in ("loop", "back_and_forth")


def says_either(stated: Stated) -> Iterator[Claim]:
    """Which of two movements happen in a quarter."""
    for name in stated.ask.movements:
        yield ("happens", name, stated.ask.window), stated.key in (name, "both")


def takes_for_granted(stated: Stated) -> Iterator[Claim]:
    """The movements of an ask happen, the n-th of them too."""
    for name in stated.ask.movements:
        yield ("happens", name, "whole"), True
    if stated.ask.nth:
        yield ("nth", *stated.ask.movements, str(stated.ask.nth)), True


def names_movements(stated: Stated) -> Iterator[Claim]:
    """The movements of an ask and of its key happen."""
    yield from takes_for_granted(stated)
    for name in stated.key.split(">"):
        yield ("happens", name, "whole"), True


def says_first(stated: Stated) -> Iterator[Claim]:
    """The key begins before every other option."""
    yield from names_movements(stated)
    for name in stated.others:
        yield ("first", *sorted((stated.key, name))), stated.key


def says_order(stated: Stated) -> Iterator[Claim]:
    """Which of each two movements begins first."""
    yield from names_movements(stated)
    for earlier, later in combinations(stated.key.split(">"), 2):
        yield ("first", *sorted((earlier, later))), earlier


def says_quarter(stated: Stated) -> Iterator[Claim]:
    """The n-th movement of a kind begins in a quarter; before the first, there is none."""
    yield from takes_for_granted(stated)
    yield ("begins", *stated.ask.movements, str(stated.ask.nth)), stated.key
    if stated.ask.nth == 1:
        for quarter in QUARTERS[: QUARTERS.index(stated.key)]:
            yield ("happens", *stated.ask.movements, quarter), False


def says_amount(stated: Stated) -> Iterator[Claim]:
    """The n-th movement of a kind has a part of the total."""
    yield from takes_for_granted(stated)
    yield ("size", *stated.ask.movements, str(stated.ask.nth)), float(stated.key)


def says_total(stated: Stated) -> Iterator[Claim]:
    """A total that is asked for is not nothing."""
    yield from takes_for_granted(stated)
    yield ("size", *stated.ask.movements, stated.ask.window), float(stated.key)
    yield ("not without", *stated.ask.movements, stated.ask.window), True


def says_most(stated: Stated) -> Iterator[Claim]:
    """Most of a movement happens in a quarter."""
    yield from takes_for_granted(stated)
    yield ("not without", *stated.ask.movements, stated.key), True


def says_larger(kind: str, *, least: bool = False) -> Callable[[Stated], Iterator[Claim]]:
    """Which of each two amounts is larger: the key beside every other option.

    Where `least` is set, the key is the smallest.
    """

    def claims(stated: Stated) -> Iterator[Claim]:
        window, key = stated.ask.window, stated.key
        if key == "same":
            first, second = sorted(stated.others)
            yield (kind, window, first, second), "same"
            return
        for code in stated.others:
            if code != "same":
                yield (kind, window, *sorted((key, code))), code if least else key
        if kind == "own way" and key in ("left", "right"):
            yield ("sidesteps", key, "whole"), True
        if kind == "total":
            yield ("not without", key, window), True
        if kind in ("number", "speed"):
            yield ("happens", key, "whole"), True

    return claims


def says_activity(stated: Stated) -> Iterator[Claim]:
    """Who goes forwards most of the time does go forwards."""
    if stated.key == "forward":
        yield ("happens", "forward", "whole"), True


# Movements that do not begin ----------------------------------------------------------------------


def none_between(stated: Stated, shown: Shown, _: MotionFacts) -> list[Absence]:
    """No other option begins between a movement and its neighbour."""
    return _others(stated, min(shown, key=_start).start_s, max(shown, key=_start).start_s)


def none_before(stated: Stated, shown: Shown, facts: MotionFacts) -> list[Absence]:
    """No other option begins earlier than the key in the window of the ask."""
    window = stated.ask.window
    begin_s = 0.0 if window == "whole" else facts.quarters[QUARTERS.index(window)].start_s
    return _others(stated, begin_s, shown[0].start_s)


def none_after(stated: Stated, shown: Shown, _: MotionFacts) -> list[Absence]:
    """No other option begins later than the key."""
    return _others(stated, shown[0].start_s, math.inf)


def _others(stated: Stated, begin_s: float, end_s: float) -> list[Absence]:
    return [Absence(stated.others, begin_s - _SLACK_S, end_s + _SLACK_S)]


def firsts(_: Stated, shown: Shown, __: MotionFacts) -> list[Absence]:
    """None of the movements begins earlier than its evidence."""
    return [Absence((each.what,), -math.inf, each.start_s - _SLACK_S) for each in shown]
