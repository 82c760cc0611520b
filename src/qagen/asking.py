"""What the rules of all categories share: making questions, turning them down, choosing others."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from qagen import options, wording
from qagen.question import (
    WINDOWS,
    Ask,
    Category,
    Evidence,
    Margin,
    Option,
    Question,
    Rejection,
    Unit,
    Window,
)
from qagen.reading import Occurrence, Reading
from qagen.vocabulary import MOVEMENTS

Answer = Question | Rejection


class Rule(NamedTuple):
    """A family of questions, and what asks them."""

    category: Category
    family: str
    ask: Callable[["Rule", Reading, int], Iterator[Answer]]
    """Given the rule itself, a clip and a seed."""


class Truth(NamedTuple):
    """What a rule found: the answer and everything that it follows from."""

    key: Option
    others: tuple[Option, ...]
    evidence: tuple[Evidence, ...]
    margin: Margin
    because: tuple[str, str]
    """What was observed, and what follows; the answer is the third sentence."""


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
    return wording.ORDINALS[nth]


def quarter_options(key: Window) -> tuple[Option, tuple[Option, ...]]:
    """The four quarters as options, the true one apart."""
    options = [Option(wording.QUARTERS[place], window) for place, window in enumerate(_QUARTERS)]
    return options.pop(_QUARTERS.index(key)), tuple(options)


_QUARTERS = WINDOWS[1:]


def question(rule: Rule, clip: Reading, ask: Ask, stem: str, truth: Truth) -> Question:
    """The question with its answer."""
    facts = clip.facts
    return Question(
        clip=facts.clip,
        person=facts.person,
        frame=facts.frame,
        category=rule.category,
        family=rule.family,
        ask=ask,
        stem=stem,
        key=truth.key,
        distractors=truth.others,
        evidence=truth.evidence,
        margin=truth.margin,
        reasoning=(*truth.because, f"The answer is: {truth.key.text}."),
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
    facts = clip.facts
    return f"{facts.clip}#{facts.person}/{facts.frame}/{ask.name}"


def neutral_name(clip: Reading, ask: Ask) -> str:
    """A name that the mirrored question shares, for draws that a mirror may not change."""
    neutral = "+".join(sorted(name.replace("right", "left") for name in ask.movements))
    facts = clip.facts
    return f"{facts.clip}#{facts.person}/{facts.frame}/{ask.rule}({neutral})"


def recounted(ones: Sequence[Occurrence]) -> str:
    """Movements in words, the first few with times and sizes."""
    told = "; ".join([one.said for one in ones[:_TOLD]])
    return told if len(ones) <= _TOLD else f"{told}; and {len(ones) - _TOLD} more"


_TOLD = 4


# Options -----------------------------------------------------------------------------------------


def movement_option(clip: Reading, movement: str) -> Option:
    """A movement as an option."""
    return Option(wording.capital(clip.speaker.phrases[movement].gerund), movement)


def numbers(
    clip: Reading, ask: Ask, value: float, unit: Unit, *, seed: int
) -> tuple[Option, tuple[Option, ...], Margin] | str:
    """Options for a measured amount: the true one, the others, how clear the true one is."""
    found = options.rungs(value, unit, seed=seed, name=name_of(clip, ask))
    if isinstance(found, str):
        return found
    all_options = [
        Option(wording.about(rung, unit), f"{round(rung, 4):g}") for rung in found.values
    ]
    key = all_options.pop(found.key)
    return key, tuple(all_options), Margin(value=found.margin, unit=unit, band=found.band)


def plausible(
    clip: Reading, candidates: Iterable[str], *, wanted: int, beside: str
) -> tuple[str, ...] | None:
    """The most tempting wrong movements: those that happen elsewhere in the clip come first.

    The choice hangs on the facts alone, so that a mirror shows the mirrored choice; where left and
    right are equally tempting, the side of `beside` or of the clip's net movement comes first.
    """
    side = _side(clip, beside)
    order = {name: place for place, name in enumerate(MOVEMENTS)}

    def rank(name: str) -> tuple[bool, bool, int, bool, int]:
        mirror = MOVEMENTS[name].mirror
        return (
            not clip.occurrences[name],
            MOVEMENTS[name].opposite != beside,
            min(order[name], order[mirror]),
            mirror != name and (order[name] < order[mirror]) != side,
            order[name],
        )

    found = sorted(candidates, key=rank)[:wanted]
    return tuple(found) if len(found) == wanted else None


def _side(clip: Reading, beside: str) -> bool:
    """Whether left comes before right."""
    row = MOVEMENTS.get(beside)
    if row is not None and row.mirror != beside:
        return row.sign > 0
    whole = clip.facts.whole
    return whole.net_left_m + whole.net_turn_rad > 0
