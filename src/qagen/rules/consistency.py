"""Proves that the questions of one clip do not contradict each other.

Judged from asks, keys and evidence alone, by none of the rules' own code: what each question claims
is collected first, then claims about the same thing are compared. A little over the usual length,
since every rule needs a line that says what it claims.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import msgspec

from kinematics.facts import MotionFacts
from qagen.schema.question import Ask, Candidate, Evidence, Option, Question

Asked = Question | Candidate
"""Candidates are judged before they are put into words: no word decides anything."""


class Contradiction(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Two questions of one clip that cannot both be right."""

    clip: str
    one: str
    """Name of a question."""
    other: str
    why: str


class _Claim(msgspec.Struct, frozen=True, gc=False):
    """What a question says of one thing."""

    value: object
    by: Asked


_Clash = tuple[Asked, Asked, str]
_Claims = dict[tuple[str, ...], list[_Claim]]


class _Case(NamedTuple):
    """All that is judged."""

    by_rule: Mapping[str, Sequence[Asked]]
    claims: _Claims
    shown: Sequence[tuple[Evidence, Asked]]
    """Each piece of evidence once, with a question that shows it."""
    facts: MotionFacts

    def of(self, *rules: str) -> Iterator[Asked]:
        """The questions of some rules."""
        for rule in rules:
            yield from self.by_rule.get(rule, ())


_QUARTERS = ("quarter_1", "quarter_2", "quarter_3", "quarter_4")
_SLACK_S = 1e-6


def check(questions: Iterable[Asked], facts: MotionFacts) -> list[Contradiction]:
    """Every contradiction among the questions of one clip; none is what is expected.

    >>> from kinematics import measure, synthetic
    >>> from qagen.rules import generate
    >>> facts = measure(synthetic.perform(synthetic.walk(3.0)).motion)
    >>> check(generate.ask_all(facts)[0], facts)
    []
    """
    asked = [
        one
        for one in questions
        if (one.clip, one.person, one.frame) == (facts.clip, facts.person, facts.frame)
    ]
    by_rule: dict[str, list[Asked]] = defaultdict(list)
    for one in asked:
        by_rule[one.ask.rule].append(one)
    # questions share evidence: nearly all of it is the same object several times
    shown = {id(shown): (shown, one) for one in asked for shown in one.evidence}
    case = _Case(by_rule, _claims(asked), list(shown.values()), facts)
    return [
        Contradiction(clip=one.clip, one=one.name, other=other.name, why=why)
        for look in _LOOKS
        for one, other, why in look(case)
    ]


# What questions claim -----------------------------------------------------------------------------


class _Said(NamedTuple):
    """All of a question that its claims follow from; clips share most of them."""

    ask: Ask
    key: Option
    distractors: tuple[Option, ...]


def _claims(questions: Sequence[Asked]) -> _Claims:
    """For each thing what is said of it first, and whatever is said otherwise."""
    claims: _Claims = {}
    for one in questions:
        for name, value in _told(one.ask, one.key, one.distractors):
            said = claims.get(name)
            if said is None:
                claims[name] = [_Claim(value, one)]
            elif said[0].value != value:
                said.append(_Claim(value, one))
    return claims


@lru_cache(maxsize=1 << 16)
def _told(
    ask: Ask, key: Option, distractors: tuple[Option, ...]
) -> tuple[tuple[tuple[str, ...], object], ...]:
    tell = _TELLERS.get(ask.rule)
    return () if tell is None else tuple(tell(_Said(ask, key, distractors)))


_Told = Iterator[tuple[tuple[str, ...], object]]


def _truth(one: _Said) -> bool:
    """Whether an existence question says that the thing happens."""
    return (one.key.code == "yes") != one.ask.negated


def _tell_ever(one: _Said) -> _Told:
    yield ("happens", *one.ask.movements, one.ask.window), _truth(one)


def _tell_named(one: _Said) -> _Told:
    yield (
        (one.ask.rule.removeprefix("ever_"), *one.ask.movements, one.ask.part, one.ask.window),
        (_truth(one)),
    )


def _tell_count(one: _Said) -> _Told:
    (movement,) = one.ask.movements
    yield ("happens", movement, "whole"), int(one.key.code) > 0
    yield ("count", movement), int(one.key.code)


def _tell_strength(one: _Said) -> _Told:
    (movement,) = one.ask.movements
    yield ("strength", movement, one.ask.strength), int(one.key.code)
    if int(one.key.code) > 0:
        yield ("happens", movement, "whole"), True


def _tell_returns(one: _Said) -> _Told:
    yield ("returns", "", "whole"), int(one.key.code) > 0


def _tell_shape(one: _Said) -> _Told:
    yield ("returns", "", "whole"), one.key.code in ("loop", "back_and_forth")


def _tell_repetitions(one: _Said) -> _Told:
    yield ("repeats", one.ask.part, "whole"), int(one.key.code) > 1


def _tell_happens_in(one: _Said) -> _Told:
    first, second = one.ask.movements
    yield ("happens", first, one.ask.window), one.key.code in (first, "both")
    yield ("happens", second, one.ask.window), one.key.code in (second, "both")


def _tell_mentioned(one: _Said) -> _Told:
    """Movements that the ask or the key takes for granted."""
    named = one.key.code.split(">") if one.ask.rule in _KEYED else ()
    for movement in (*one.ask.movements, *named):
        yield ("happens", movement, "whole"), True


_KEYED = frozenset({"next_after", "last_before", "first_of", "last_of", "first_in", "order_of"})


def _tell_total(one: _Said) -> _Told:
    (movement,) = one.ask.movements
    yield ("not without", movement, one.ask.window), True


def _tell_larger(one: _Said) -> _Told:
    """Which of each two amounts is the larger: the key over everything else that was offered."""
    kind = _AMOUNTS[one.ask.rule]
    if one.key.code == "same":
        first, second = sorted(option.code for option in one.distractors)
        yield (kind, one.ask.window, first, second), "same"
        return
    for other in one.distractors:
        if other.code != "same":
            first, second = sorted((one.key.code, other.code))
            yield (kind, one.ask.window, first, second), one.key.code
    if one.ask.rule == "own_travel" and one.key.code in ("left", "right"):
        yield ("sidesteps", one.key.code, "", "whole"), True
    if kind == "total":
        yield ("not without", one.key.code, one.ask.window), True


_AMOUNTS = {
    "compare_total": "total",
    "dominant_direction": "total",
    "dominant_lean": "total",
    "compare_count": "number",
    "compare_speed": "speed",
    "dominant_speed": "speed",
    "compare_own": "own way",
    "own_travel": "own way",
    "compare_parts": "limb",
    "dominant_limb": "limb",
}


def _tell_quarter_most(one: _Said) -> _Told:
    yield ("not without", one.ask.movements[0], one.key.code), True
    yield ("happens", one.ask.movements[0], "whole"), True


_TELLERS: dict[str, Callable[[_Said], _Told]] = {
    "ever": _tell_ever,
    "ever_walks": _tell_named,
    "ever_returns": _tell_named,
    "ever_sidesteps": _tell_named,
    "ever_near": _tell_named,
    "ever_repeats": _tell_named,
    "count": _tell_count,
    "count_strength": _tell_strength,
    "count_returns": _tell_returns,
    "count_repetitions": _tell_repetitions,
    "happens_in": _tell_happens_in,
    "path_shape": _tell_shape,
    "total": _tell_total,
    "quarter_most": _tell_quarter_most,
    **dict.fromkeys(_AMOUNTS, _tell_larger),
    **dict.fromkeys((*_KEYED, "amount", "duration", "speed_class", "quarter_of"), _tell_mentioned),
}


# Where claims clash -------------------------------------------------------------------------------


def _same_thing(case: _Case) -> Iterator[_Clash]:
    """Everything that is said of one thing is the same."""
    for name, said in case.claims.items():
        for claim in said[1:]:
            yield said[0].by, claim.by, f"disagree on {' '.join(name)}"


def _parts_and_whole(case: _Case) -> Iterator[_Clash]:
    """What never happens has no quarter and no amount; what happens has some quarter."""
    for name, said in case.claims.items():
        if not said[0].value or name[0] not in ("happens", "walks", "not without"):
            continue
        kind, movement, *rest = name
        window = rest[-1] if rest else ""
        if kind != "happens" or window != "whole":
            whole = ("happens" if kind == "not without" else kind, *name[1:-1], "whole")
            yield from _denied(said[0], case.claims.get(whole, []), "denied for the whole clip")
        if kind == "not without":
            here = ("happens", movement, window)
            yield from _denied(said[0], case.claims.get(here, []), f"denied for {window}")
        if kind == "happens" and window == "whole":
            parts = [case.claims.get(("happens", movement, quarter), []) for quarter in _QUARTERS]
            if all(part and not part[0].value for part in parts):
                yield said[0].by, parts[0][0].by, "denied for every quarter"


def _denied(claim: _Claim, others: Iterable[_Claim], why: str) -> Iterator[_Clash]:
    for other in others:
        if not other.value:
            yield claim.by, other.by, why


def _numbers(case: _Case) -> Iterator[_Clash]:
    """Counts agree with comparisons, with counts by size and with ordinals."""
    for one in case.of("compare_count"):
        counts = [case.claims.get(("count", movement), []) for movement in one.ask.movements]
        if all(counts):
            first, second = (int(str(said[0].value)) for said in counts)
            names = one.ask.movements
            expected = "same" if first == second else names[0 if first > second else 1]
            if one.key.code != expected:
                yield one, counts[0][0].by, "comparison and counts disagree"
    for one in (one for ones in case.by_rule.values() for one in ones if one.ask.nth):
        for claim in case.claims.get(("count", *one.ask.movements), []):
            if one.ask.nth > int(str(claim.value)):
                yield one, claim.by, "more of them than were counted"
    for name, said in case.claims.items():
        if name[0] != "count":
            continue
        parts = [
            case.claims.get(("strength", name[1], size), [])
            for size in ("small", "medium", "large")
        ]
        if all(parts) and sum(int(str(part[0].value)) for part in parts) != said[0].value:
            for part in parts:
                yield said[0].by, part[0].by, "counts by size do not add up"


def _evidence(case: _Case) -> Iterator[_Clash]:
    """The same thing, measured over the same time, has one value everywhere."""
    values: dict[tuple[str, float, float], tuple[float, Asked]] = {}
    for shown, one in case.shown:
        place = (shown.what, shown.start_s, shown.end_s)
        value, by = values.setdefault(place, (shown.value, one))
        if value != shown.value:
            yield by, one, f"different evidence of {shown.what}"


def _quarters(case: _Case) -> Iterator[_Clash]:
    """Quarters of one kind stand in order; most and least are not the same one."""
    found = {(one.ask.rule, one.ask.movements, one.ask.nth): one for one in case.of(*_PLACED)}
    for (rule, movements, nth), one in found.items():
        later = found.get((rule, movements, nth + 1))
        if rule == "quarter_of" and later is not None and later.key.code < one.key.code:
            yield one, later, "a later one begins in an earlier quarter"
    most, least = (found.get((f"quarter_{rank}_path", (), 0)) for rank in ("most", "least"))
    if most is not None and least is not None and most.key.code == least.key.code:
        yield most, least, "most and least ground in one quarter"
    end, furthest = found.get(("end_distance", (), 0)), found.get(("furthest_distance", (), 0))
    if end is not None and furthest is not None and float(end.key.code) > float(furthest.key.code):
        yield end, furthest, "ends further away than it ever gets"


_PLACED = (
    "quarter_of",
    "quarter_most_path",
    "quarter_least_path",
    "end_distance",
    "furthest_distance",
)


def _starts(case: _Case) -> dict[str, dict[float, Asked]]:
    """When each movement begins, by the evidence of all questions, and who says so."""
    starts: dict[str, dict[float, Asked]] = defaultdict(dict)
    for shown, one in case.shown:
        starts[shown.what].setdefault(shown.start_s, one)
    return starts


def _orders(case: _Case) -> Iterator[_Clash]:
    """Nothing that was offered begins between a reference and its key, or before what is first."""
    starts = _starts(case)
    for one in case.of(*sorted(_KEYED - {"order_of"})):
        low_s, high_s = _forbidden(one, case.facts)
        for option in one.distractors:
            for start_s, by in starts[option.code].items():
                if low_s - _SLACK_S < start_s < high_s + _SLACK_S:
                    yield one, by, f"{option.code} begins in between"
    for one in case.of("order_of"):
        names = one.key.code.split(">")
        firsts = [min(starts[name]) for name in names]
        for earlier, later, name in zip(firsts, firsts[1:], names[1:], strict=False):
            if earlier >= later:
                yield one, starts[name][later], "begins before what comes first"


def _forbidden(one: Asked, facts: MotionFacts) -> tuple[float, float]:
    """The stretch of time in which no other option may begin."""
    times_s = sorted(shown.start_s for shown in one.evidence)
    if one.ask.rule in ("next_after", "last_before"):
        return times_s[0], times_s[1]
    key_s = one.evidence[0].start_s
    if one.ask.rule == "first_of":
        return 0.0, key_s
    if one.ask.rule == "last_of":
        return key_s, float("inf")
    return facts.quarters[_QUARTERS.index(one.ask.window)].start_s, key_s


def _amounts(case: _Case) -> Iterator[_Clash]:
    """The larger of two totals is the one whose evidence, in any question, is larger."""
    totals: dict[tuple[str, float, float], tuple[float, Asked]] = {}
    for shown, one in case.shown:
        if shown.what.endswith("_total"):
            totals[shown.what, shown.start_s, shown.end_s] = (shown.value, one)
    spans = {
        window: (found.start_s, found.end_s)
        for window, found in zip(
            ("whole", *_QUARTERS), (case.facts.whole, *case.facts.quarters), strict=True
        )
    }
    for name, said in case.claims.items():
        if name[0] != "total":
            continue
        _, window, first, second = name
        pair = [totals.get((f"{movement}_total", *spans[window])) for movement in (first, second)]
        if pair[0] is None or pair[1] is None:
            continue
        amounts = (pair[0][0], pair[1][0])
        larger = first if amounts[0] > amounts[1] else second
        alike = max(amounts) < _ALIKE * min(amounts)
        for claim in said:
            if claim.value not in (larger, "same") or (claim.value == "same" and not alike):
                yield claim.by, pair[1][1], "the evidence says otherwise"


_ALIKE = 2.0
"""Whatever the rules call about the same, this many times as much is not."""


def _times(case: _Case) -> Iterator[_Clash]:
    """A quarter that something begins in holds the time at which it begins."""
    for one in case.of("quarter_of"):
        quarter = case.facts.quarters[_QUARTERS.index(one.key.code)]
        if not quarter.start_s <= one.evidence[0].start_s <= quarter.end_s:
            yield one, one, "it begins in another quarter"


_LOOKS: tuple[Callable[[_Case], Iterator[_Clash]], ...] = (
    _same_thing,
    _parts_and_whole,
    _numbers,
    _evidence,
    _quarters,
    _orders,
    _amounts,
    _times,
)
