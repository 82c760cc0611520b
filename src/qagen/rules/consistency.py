"""Proves that each answer of a clip follows from its evidence and contradicts no other answer.

Every wrong option of every rule, given as the answer to one question of an otherwise right clip, is
caught: its evidence shows another answer. An answer and evidence that are wrong together are caught
only where another question has the same evidence or contradicts a claim of the answer; the rules
without claims are those of `unclaimed`. Judged from asks, answers and evidence: the code that
decides answers plays no part, and a rule says beside itself what its answers mean (`claims`).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import msgspec

from kinematics.facts import MotionFacts
from qagen.language.vocabulary import MOVEMENTS
from qagen.rules.claims import QUARTERS, Absence, Claim, Codes, Meaning, Name, Stated
from qagen.rules.humanmove import RULES
from qagen.schema.question import WINDOWS, Ask, Candidate, Option, Question

Asked = Question | Candidate
"""Candidates are judged before they are put into words: no word decides anything."""

_MEANINGS: dict[str, Meaning] = {
    rule.name: rule.meaning for rules in RULES.values() for rule in rules
}


class Contradiction(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Two questions of one clip that cannot both be right, or one beside its own evidence."""

    clip: str
    one: str
    """Name of a question."""
    other: str
    """Name of another, or of the same where its evidence shows another answer."""
    why: str


class _Claimed(msgspec.Struct, frozen=True, gc=False):
    """The value that a question claims for something."""

    value: object
    by: Asked

    @property
    def number(self) -> float:
        """The value of something that is counted or measured."""
        return float(str(self.value))


_Clash = tuple[Asked, Asked, str]
_Span = tuple[float, float]


class _Case(NamedTuple):
    """All that is judged."""

    asked: Sequence[Asked]
    facts: MotionFacts
    spans: dict[str, _Span]
    """Start and end of each window."""
    claims: dict[Name, _Claimed]
    """The first claim of each thing; others either say the same or are contradictions."""
    kinds: defaultdict[str, list[Name]]
    """The names of claims by their first word."""
    absences: defaultdict[str, list[tuple[Absence, Asked]]]
    """By movement."""
    values: dict[tuple[str, float, float], tuple[float, Asked]]
    """The measured values by name, start and end, with a question that shows each."""

    def claimed(self, *name: str) -> _Claimed | None:
        """The first claim of something."""
        return self.claims.get(name)

    def of(self, kind: str) -> list[tuple[Name, _Claimed]]:
        """The first claim of each thing of a kind."""
        return [(name, self.claims[name]) for name in self.kinds[kind]]


def check(questions: Iterable[Asked], facts: MotionFacts) -> list[Contradiction]:
    """Every contradiction among the questions of one clip; none is what is expected.

    >>> from kinematics import measure, synthetic
    >>> from qagen.rules import generate
    >>> facts = measure(synthetic.perform(synthetic.walk(3.0)).motion)
    >>> check(generate.ask_all(facts)[0], facts)
    []
    """
    clip, person, frame = facts.clip, facts.person, facts.frame
    asked = [
        each
        for each in questions
        if each.clip == clip and each.person == person and each.frame == frame
    ]
    windows = (facts.whole, *facts.quarters)
    spans: dict[str, _Span] = {
        name: (each.start_s, each.end_s) for name, each in zip(WINDOWS, windows, strict=True)
    }
    case = _Case(asked, facts, spans, {}, defaultdict(list), defaultdict(list), {})
    return [
        Contradiction(clip=clip, one=first.name, other=second.name, why=why)
        for look in _LOOKS
        for first, second, why in look(case)
    ]


def unclaimed() -> dict[str, str]:
    """The rules whose keys no other question can contradict, and why not.

    >>> "end_sector" in unclaimed()
    True
    """
    return {name: meaning.alone for name, meaning in _MEANINGS.items() if meaning.alone}


def claims_of(question: Asked) -> tuple[Claim, ...]:
    """Everything that a question says about its clip, which other questions may contradict.

    >>> from qagen.schema.question import Margin
    >>> claims_of(Question(
    ...     clip="walk", person=0, frame="body", category="existence", family="movement",
    ...     ask=Ask(rule="ever", movements=("left",)), stem="...", key=Option("No", "no"),
    ...     distractors=(Option("Yes", "yes"),), evidence=(), reasoning=(),
    ...     margin=Margin(value=0.1, unit="m", band=0.03)))
    ((('happens', 'left', 'whole'), False),)
    """
    return _answer(question.ask, question.key, question.distractors).claims


class _Answer(NamedTuple):
    """All of an answer that does not depend on the clip; clips share most answers."""

    meaning: Meaning
    stated: Stated
    offered: Codes
    claims: tuple[Claim, ...]


@lru_cache(maxsize=1 << 16)
def _answer(ask: Ask, key: Option, distractors: tuple[Option, ...]) -> _Answer:
    meaning = _MEANINGS[ask.rule]
    stated = Stated(ask, key.code, tuple([option.code for option in distractors]))
    return _Answer(meaning, stated, (stated.key, *stated.others), tuple(meaning.claims(stated)))


# Contradictions -----------------------------------------------------------------------------------


def _answers(case: _Case) -> Iterator[_Clash]:
    """Each answer is the one that its evidence shows; all claims of one thing are the same."""
    claims, facts = case.claims, case.facts
    for each in case.asked:
        ask, key = each.ask, each.key
        meaning, stated, offered, made = _answer(ask, key, each.distractors)
        shown = meaning.shows(ask, offered, each.evidence, facts)
        if shown != key.code:
            yield each, each, f"the evidence shows {shown}"
        for name, value in made:
            claimed = claims.get(name)
            if claimed is None:
                claims[name] = _Claimed(value, each)
                case.kinds[name[0]].append(name)
            elif claimed.value != value:
                yield claimed.by, each, f"disagree on {' '.join(name)}"
        if meaning.absences is not None:
            for absence in meaning.absences(stated, each.evidence, facts):
                for movement in absence.movements:
                    case.absences[movement].append((absence, each))


def _evidence(case: _Case) -> Iterator[_Clash]:
    """Evidence of one thing, measured over the same time, has one value everywhere."""
    # questions share evidence: most of it is the same object several times, alone and together
    together = {id(each.evidence): each for each in case.asked}.values()
    unique = {id(shown): (shown, each) for each in together for shown in each.evidence}
    for shown, each in unique.values():
        place = shown.what, shown.start_s, shown.end_s
        value, by = case.values.setdefault(place, (shown.value, each))
        if value != shown.value:
            yield by, each, f"different evidence of {shown.what}"


def _parts_and_whole(case: _Case) -> Iterator[_Clash]:
    """A movement that never happens has no quarter and no amount; one that does has a quarter."""
    for name, claim in (*case.of("happens"), *case.of("walks")):
        if claim.value and name[-1] == "whole":
            quarters = _all_of(case.claimed(*name[:-1], quarter) for quarter in QUARTERS)
            if quarters and not any(quarter.value for quarter in quarters):
                yield from _each(claim, quarters, "denied for every quarter")
        elif claim.value:
            whole = case.claimed(*name[:-1], "whole")
            if whole and not whole.value:
                yield claim.by, whole.by, "denied for the whole clip"
    for (_, movement, window), claim in case.of("not without"):
        for part in {window, "whole"}:
            other = case.claimed("happens", movement, part)
            if other and not other.value:
                yield claim.by, other.by, f"denied for {part}"


def _numbers(case: _Case) -> Iterator[_Clash]:
    """Counts agree with comparisons, with counts by size and with ordinals."""
    for (_, _, *pair), claim in case.of("number"):
        counts = _all_of(case.claimed("count", movement) for movement in pair)
        if counts:
            first, second = (count.number for count in counts)
            if claim.value != ("same" if first == second else pair[first < second]):
                yield from _each(claim, counts, "comparison and counts disagree")
    for (_, movement, nth), claim in case.of("nth"):
        count = case.claimed("count", movement)
        if count and count.number < int(nth):
            yield claim.by, count.by, "more of them than were counted"
    for (_, movement), claim in case.of("count"):
        sizes = _all_of(case.claimed("strength", movement, size) for size in _SIZES)
        if sizes and sum(size.number for size in sizes) != claim.number:
            yield from _each(claim, sizes, "counts by size do not add up")


def _all_of(claims: Iterable[_Claimed | None]) -> list[_Claimed]:
    """All of some claims, or none where one is missing."""
    every = []
    for claim in claims:
        if claim is None:
            return []
        every.append(claim)
    return every


def _each(claim: _Claimed, others: Iterable[_Claimed], why: str) -> Iterator[_Clash]:
    return ((claim.by, other.by, why) for other in others)


_SIZES = ("small", "medium", "large")


def _times(case: _Case) -> Iterator[_Clash]:
    """Later movements begin in later quarters, and none while an answer says that none begins."""
    for (_, movement, nth), claim in case.of("begins"):
        later = case.claimed("begins", movement, str(int(nth) + 1))
        if later and str(later.value) < str(claim.value):
            yield claim.by, later.by, "a later one begins in an earlier quarter"
    for (what, start_s, _), (_, by) in case.values.items():
        if what in case.absences:
            for absence, each in case.absences[what]:
                if absence.after_s < start_s < absence.before_s:
                    yield each, by, f"{what} begins in between"


def _amounts(case: _Case) -> Iterator[_Clash]:
    """Totals are as large as compared; parts add up to the whole, and none exceeds it."""
    for (_, window, *pair), claim in case.of("total"):
        named = [(f"{code}_total", *case.spans[window]) for code in pair]
        if named[0] not in case.values or named[1] not in case.values:
            continue
        (first, _), (second, by) = case.values[named[0]], case.values[named[1]]
        alike = max(first, second) < _ALIKE * min(first, second)
        if claim.value != pair[first < second] and not (claim.value == "same" and alike):
            yield claim.by, by, "the evidence says otherwise"
    whole, *quarters = case.spans.values()
    halves = [(quarters[0][0], quarters[1][1]), (quarters[2][0], quarters[3][1])]
    divided = [
        *[(what, whole, quarters) for what in _ADDED if (what, *whole) in case.values],
        ("path", whole, halves),
        ("path", halves[0], quarters[:2]),
        ("path", halves[1], quarters[2:]),
    ]
    for what, span, parts in divided:
        shown = [case.values.get((what, *each)) for each in (span, *parts)]
        if None not in shown:
            (total, by), *rest = filter(None, shown)
            if abs(sum([value for value, _ in rest]) - total) > _ROUNDING * max(1.0, total):
                yield by, rest[0][1], f"{what} does not add up"
    for (_, what, part), claim in case.of("size"):
        size = case.claimed("size", what, "whole")
        if size and size.number < claim.number:
            yield claim.by, size.by, f"{part} has more than the whole"


_ALIKE = 2.0
"""Whatever the rules call about the same, this many times as much is not."""

_ADDED = ("path", *[f"{movement}_total" for movement in MOVEMENTS])


_ROUNDING = 0.01
"""Rounded parts may differ by so much, or by this share, from the whole."""

_LOOKS: tuple[Callable[[_Case], Iterator[_Clash]], ...] = (
    _answers,
    _evidence,
    _parts_and_whole,
    _numbers,
    _times,
    _amounts,
)
