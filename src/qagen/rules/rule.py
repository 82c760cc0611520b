"""The question engine: what a rule is, and how it is asked about one clip.

A rule names its asks and decides one of them: it returns a `Finding` or raises `Unclear`. The
engine draws, counts rejections and writes the words; a rule knows neither seeds nor draws.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache, partial
from itertools import zip_longest
from typing import NamedTuple, cast

import msgspec

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
    """Every question of one rule about a clip, or the reason why it is not asked.

    A rule with a negated stem is asked both ways; it decides the plain ask alone.
    """
    facts = clip.facts
    name, person, frame = facts.clip, facts.person, facts.frame
    category, family = rule.category, rule.family
    for ask, decision in _decisions(rule, clip):
        if type(decision) is str:
            yield Rejection(
                clip=name, person=person, category=category, family=family, ask=ask, reason=decision
            )
            continue
        finding = cast(Finding, decision)
        options = finding.options[::-1] if ask.negated else finding.options
        yield Candidate(
            clip=name,
            person=person,
            frame=frame,
            category=category,
            family=family,
            ask=ask,
            key=options[0],
            distractors=options[1:],
            evidence=finding.evidence,
            margin=finding.margin,
            words=partial(_words, clip, ask, finding),
        )


def _decisions(rule: Rule, clip: Reading) -> Iterator[tuple[Ask, Finding | str]]:
    """Each ask with its finding, or with the reason why it is unclear."""
    both_ways = rule.name in stems.NEGATED
    if clip.drawn:
        asks = rule.asks(clip)
        if both_ways:
            asks = [each for ask in asks for each in (ask, negated(ask))]
        for ask in _drawn(rule, clip, asks):
            yield ask, _decide(rule, clip, negated(ask) if ask.negated else ask)
        return
    for ask in rule.asks(clip):
        decision = _decide(rule, clip, ask)
        yield ask, decision
        if both_ways:
            yield negated(ask), decision


def _decide(rule: Rule, clip: Reading, ask: Ask) -> Finding | str:
    try:
        return rule.decide(clip, ask)
    except Unclear as unclear:
        reason: str = unclear.args[0]
        return reason


@lru_cache(maxsize=1 << 12)
def negated(ask: Ask) -> Ask:
    """The ask with its question turned round."""
    return msgspec.structs.replace(ask, negated=not ask.negated)


# Draws --------------------------------------------------------------------------------------------


def draw_name(rule: Rule, clip: Reading) -> str:
    """The name by which the order of a rule's asks is drawn."""
    return f"{clip.name}/{rule.category}/{rule.name}"


def _drawn(rule: Rule, clip: Reading, asks: Iterable[Ask]) -> Iterable[Ask]:
    """The asks in an order drawn by name."""
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
