"""The question engine: what a rule is, and how it is asked about one clip.

A rule names its asks and decides one of them: it returns a `Finding` or raises `Unclear`. The
engine draws, counts rejections and writes the words; a rule knows neither seeds nor draws.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import zip_longest
from typing import NamedTuple

from qagen import draws
from qagen.language import phrases, stems
from qagen.reading.clip import Reading
from qagen.reading.unclear import Unclear
from qagen.rules.claims import Meaning
from qagen.schema.question import (
    Ask,
    Candidate,
    Category,
    Evidence,
    Margin,
    Option,
    Rejection,
    Words,
)


class Finding(NamedTuple):
    """The answer to one ask, and the measurements it follows from."""

    options: tuple[Option, ...]
    """The true option first."""
    evidence: tuple[Evidence, ...]
    margin: Margin
    said: Callable[[], tuple[str, str]]
    """The observation and the conclusion in words, made only when they are wanted."""
    named: tuple[str, ...] = ()
    """The things that the stem names, where they are not the movements of the ask."""


class Rule(NamedTuple):
    """One rule of questions; its stem is in `language.stems` under its name."""

    name: str
    category: Category
    family: str
    asks: Callable[[Reading], Iterable[Ask]]
    """Every ask that makes sense for a clip."""
    decide: Callable[[Reading, Ask], Finding]
    meaning: Meaning
    """The claims of its answers, by which they are proven to agree."""
    likely: Callable[[Reading, Ask], object] | None = None
    """Whether an ask is about something that happens: in a draw, such asks alternate with the
    others, which are more and mostly answered alike."""


def answers(rule: Rule, clip: Reading) -> Iterator[Candidate | Rejection]:
    """Every question of one rule about a clip, or the reason why it is not asked."""
    facts = clip.facts
    for ask in _in_order(rule, clip):
        try:
            finding = rule.decide(clip, ask)
        except Unclear as unclear:
            yield Rejection(
                clip=facts.clip,
                person=facts.person,
                category=rule.category,
                family=rule.family,
                ask=ask,
                reason=unclear.args[0],
            )
            continue
        key, *others = finding.options
        yield Candidate(
            clip=facts.clip,
            person=facts.person,
            frame=facts.frame,
            category=rule.category,
            family=rule.family,
            ask=ask,
            key=key,
            distractors=tuple(others),
            evidence=finding.evidence,
            margin=finding.margin,
            words=partial(_words, clip, ask, finding),
        )


# Draws --------------------------------------------------------------------------------------------


def draw_name(rule: Rule, clip: Reading) -> str:
    """The name by which the order of a rule's asks is drawn."""
    return f"{clip.name}/{rule.category}/{rule.name}"


def _in_order(rule: Rule, clip: Reading) -> Iterable[Ask]:
    """The asks of a rule: all in their own order, or drawn by name where few are wanted."""
    asks = rule.asks(clip)
    if not clip.drawn:
        return asks
    name = draw_name(rule, clip)
    if rule.likely is None:
        return draws.one_by_one(tuple(asks), seed=clip.seed, name=name)
    likely: list[Ask] = []
    others: list[Ask] = []
    for ask in asks:
        (likely if rule.likely(clip, ask) else others).append(ask)
    streams = (
        draws.one_by_one(likely, seed=clip.seed, name=f"{name}/happens"),
        draws.one_by_one(others, seed=clip.seed, name=name),
    )
    first = draws.below(clip.seed, f"{name}/first", count=2)
    return _alternating(streams[first], streams[1 - first])


def _alternating(first: Iterator[Ask], second: Iterator[Ask]) -> Iterator[Ask]:
    for pair in zip_longest(first, second):
        yield from (ask for ask in pair if ask is not None)


# Words --------------------------------------------------------------------------------------------


def _words(clip: Reading, ask: Ask, finding: Finding) -> Words:
    return Words(_stem(clip, ask, finding), *finding.said())


def _stem(clip: Reading, ask: Ask, finding: Finding) -> str:
    speaker = clip.speaker
    stem = (stems.NEGATED if ask.negated else stems.STEMS)[ask.rule]
    named = finding.named or [speaker.phrases[name].gerund for name in ask.movements]
    words = dict(zip(("one", "other", "third"), named, strict=False))
    if ask.movements:
        first = ask.movements[0]
        words |= {"move": speaker.phrases[first].base, "how_far": stems.how_far(ask), "side": first}
    return stem.format(
        subject=speaker.subject,
        window=stems.window(ask.window),
        nth=phrases.ORDINALS[ask.nth],
        strength=phrases.strength(ask),
        part=phrases.PARTS.get(ask.part, ""),
        **words,
    )
