"""What the rules of all categories share: making questions, turning them down, choosing others."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import zip_longest
from typing import NamedTuple, TypeVar

import msgspec

from qagen import draws
from qagen.language import phrases
from qagen.language.vocabulary import EVEN_SIDES, MOST_ABSENT, MOVEMENTS, mirrored
from qagen.reading.clip import Occurrence, Reading
from qagen.rules import options
from qagen.schema.question import (
    WINDOWS,
    Ask,
    Candidate,
    Category,
    Evidence,
    Margin,
    Option,
    Rejection,
    Unit,
    Window,
    Words,
)

Answer = Candidate | Rejection

_Item = TypeVar("_Item")


class Rule(NamedTuple):
    """A family of questions, and what asks them."""

    category: Category
    family: str
    ask: Callable[["Rule", Reading, int], Iterator[Answer]]
    """Given the rule itself, a clip and a seed."""
    asks_many: bool = False
    """Whether it goes through its questions by `drawn`, so that few need to be decided."""


class Truth(msgspec.Struct, frozen=True, gc=False):
    """What a rule found: the answer and everything that it follows from."""

    key: Option
    others: tuple[Option, ...]
    evidence: tuple[Evidence, ...]
    margin: Margin
    words: Callable[[], Words]
    """Stem and reasoning, made only when they are wanted: call nothing that a loop changes."""


def movements(clip: Reading) -> tuple[str, ...]:
    """The movements that mean something in the clip's frame of reference."""
    return _ALL if clip.has_start else _STARTLESS


_ALL: tuple[str, ...] = tuple(MOVEMENTS)
_STARTLESS: tuple[str, ...] = tuple(
    name for name, row in MOVEMENTS.items() if row.kind != "distance"
)


SEQUENCED: tuple[str, ...] = tuple(
    name for name, row in MOVEMENTS.items() if row.kind in ("travel", "turn", "lean", "episode")
)
"""Movements that follow each other; going away from the start, say, accompanies the others."""


def sequence(clip: Reading) -> list[Occurrence]:
    """The movements that follow each other, by their starts."""
    return [one for one in clip.in_order if one.movement in _SEQUENCED]


_SEQUENCED = frozenset(SEQUENCED)


def ordinal(nth: int) -> str:
    """`first`, `second`, ..."""
    return phrases.ORDINALS[nth]


@lru_cache
def quarter_options(key: Window) -> tuple[Option, tuple[Option, ...]]:
    """The four quarters as options, the true one apart."""
    options = [Option(phrases.QUARTERS[place], window) for place, window in enumerate(_QUARTERS)]
    return options.pop(_QUARTERS.index(key)), tuple(options)


_QUARTERS = WINDOWS[1:]


def drawn(
    rule: Rule,
    clip: Reading,
    items: Iterable[_Item],
    *,
    happens: Callable[[_Item], object] | None = None,
) -> Iterable[_Item]:
    """What a rule asks about: in its own order, or drawn by the clip's name if few are wanted.

    What speaks of movements that happen takes turns with what speaks of others, since few happen
    and most answers would be alike.
    """
    if clip.drawn_by is None:
        return items
    name = drawing_name(rule, clip)
    if happens is None:
        return draws.one_by_one(tuple(items), seed=clip.drawn_by, name=name)
    likely: list[_Item] = []
    others: list[_Item] = []
    for one in items:
        (likely if happens(one) else others).append(one)
    streams = (
        draws.one_by_one(likely, seed=clip.drawn_by, name=f"{name}/happens"),
        draws.one_by_one(others, seed=clip.drawn_by, name=name),
    )
    first = draws.below(clip.drawn_by, f"{name}/first", count=2)
    return _in_turns(streams[first], streams[1 - first])


def drawing_name(rule: Rule, clip: Reading) -> str:
    """The name by which it is drawn which of a rule's questions are tried first."""
    return f"{_person_of(clip)}/{rule.category}/{rule.family}"


def _in_turns(one: Iterator[_Item], other: Iterator[_Item]) -> Iterator[_Item]:
    for pair in zip_longest(one, other, fillvalue=_NONE_LEFT):
        for item in pair:
            if item is not _NONE_LEFT:
                yield item  # type: ignore[misc]


_NONE_LEFT = object()


def happens_of(clip: Reading, movements: Iterable[str]) -> bool:
    """Whether any of some movements happens."""
    return any(clip.occurrences[movement] for movement in movements)


def question(rule: Rule, clip: Reading, ask: Ask, truth: Truth) -> Candidate:
    """The question with its answer, not yet in words."""
    facts = clip.facts
    return Candidate(
        clip=facts.clip,
        person=facts.person,
        frame=facts.frame,
        category=rule.category,
        family=rule.family,
        ask=ask,
        key=truth.key,
        distractors=truth.others,
        evidence=truth.evidence,
        margin=truth.margin,
        words=truth.words,
    )


def rejection(rule: Rule, clip: Reading, ask: Ask, reason: str) -> Rejection:
    """Why the rule does not ask."""
    facts = clip.facts
    return Rejection(
        clip=facts.clip,
        person=facts.person,
        category=rule.category,
        family=rule.family,
        ask=ask,
        reason=reason,
    )


def name_of(clip: Reading, ask: Ask) -> str:
    """The name that the question will have; draws are seeded by it."""
    return f"{_person_of(clip)}/{ask.name}"


def _person_of(clip: Reading) -> str:
    facts = clip.facts
    return f"{facts.clip}#{facts.person}/{facts.frame}"


def neutral_name(clip: Reading, ask: Ask) -> str:
    """A name that the mirrored question shares, for draws that a mirror may not change."""
    neutral = "+".join(sorted(min(name, mirrored(name)) for name in ask.movements))
    return f"{_person_of(clip)}/{ask.rule}({neutral};{ask.window};{ask.nth})"


def recounted(clip: Reading, ones: Sequence[Occurrence]) -> str:
    """Movements in words, the first few with times and sizes."""
    told = "; ".join([clip.speaker.event(one) for one in ones[:_TOLD]])
    return told if len(ones) <= _TOLD else f"{told}; and {len(ones) - _TOLD} more"


_TOLD = 4


# Options -----------------------------------------------------------------------------------------


def movement_option(clip: Reading, movement: str) -> Option:
    """A movement as an option."""
    return _option(clip.speaker.phrases[movement].gerund, movement)


@lru_cache
def _option(text: str, code: str) -> Option:
    return Option(phrases.capital(text), code)


def numbers(
    clip: Reading, value: float, unit: Unit, *, seed: int
) -> tuple[Option, tuple[Option, ...], Margin] | str:
    """Options for a measured amount: the true one, the others, how clear the true one is."""
    found = options.rungs(value, unit, seed=seed, name=_person_of(clip))
    if isinstance(found, str):
        return found
    all_options = [_number_option(rung, unit) for rung in found.values]
    key = all_options.pop(found.key)
    return key, tuple(all_options), Margin(value=found.margin, unit=unit, band=found.band)


@lru_cache
def _number_option(rung: float, unit: Unit) -> Option:
    return Option(phrases.about(rung, unit), f"{round(rung, 4):g}")


def leftward(clip: Reading) -> float:
    """Above zero when more went on to the left; a mirror changes its sign, whatever it means.

    Zero when too little went on to either side for the sign to be more than noise.
    """
    found = clip.known.get("leftward")
    if found is None:
        found = clip.known["leftward"] = _leftward(clip)
    return found  # type: ignore[return-value]


def _leftward(clip: Reading) -> float:
    facts = clip.facts
    found = facts.whole.net_left_m + facts.whole.net_turn_rad
    found += sum([event.amount for event in facts.events if event.signal == "left_lean"])
    for part in facts.parts:
        found += part.path if part.part.startswith("left_") else 0.0
        found -= part.path if part.part.startswith("right_") else 0.0
    return found if abs(found) > EVEN_SIDES else 0.0


def offered_of(
    clip: Reading, topic: str, candidates: Iterable[str], *, wanted: int, seed: int
) -> tuple[str, ...]:
    """The movements or parts that all of a clip's questions on a topic offer, whatever is true.

    Drawn by the clip's name, before any answer is known. So neither an option, nor how often it is
    offered, tells which one is true; what is true and not among them is not asked for. A mirror
    shows the mirrored choice.
    """
    name = f"{_person_of(clip)}/{topic}/offered"
    return draws.shuffled(_ranked(clip, candidates), seed=seed, name=name)[:wanted]


def on_busy_axes(clip: Reading) -> frozenset[str]:
    """The movements that happen in the clip, and their opposites.

    Other questions about the clip speak of both. An option of which none of them speaks would be
    known to be wrong.
    """
    happened = [name for name, ones in clip.occurrences.items() if ones]
    return frozenset([*happened, *(MOVEMENTS[name].opposite for name in happened)])


def plausible(
    clip: Reading, ask: Ask, candidates: Iterable[str], *, wanted: int, seed: int
) -> tuple[str, ...] | None:
    """Wrong movements to choose from: those on busy axes come first; none if too few happen.

    Among equals they are drawn by the question's name, so that no habit of choosing gives the true
    one away; a mirror shows the mirrored choice.
    """
    busy = on_busy_axes(clip)
    name = f"{neutral_name(clip, ask)}/others"
    drawn = draws.shuffled(_ranked(clip, candidates), seed=seed, name=name)
    ordered = sorted(drawn, key=lambda one: one not in busy)
    absent = [one for one in ordered if not clip.occurrences.get(one)]
    found = [one for one in ordered if one not in absent[MOST_ABSENT:]][:wanted]
    return tuple(found) if len(found) == wanted else None


def _ranked(clip: Reading, names: Iterable[str]) -> tuple[str, ...]:
    """Names in an order that a mirror mirrors."""
    left_first = leftward(clip) > 0

    def rank(name: str) -> tuple[str, bool]:
        other = mirrored(name)
        return min(name, other), other != name and (name < other) != left_first

    return tuple(sorted(names, key=rank))
