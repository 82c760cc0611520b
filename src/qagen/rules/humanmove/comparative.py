"""Comparative: which of two is more frequent, larger or faster, or are both the same."""

from collections.abc import Callable, Iterable
from functools import partial

from qagen.language import phrases
from qagen.language.vocabulary import (
    CLEAR_SHARE,
    LIMBS,
    MOVEMENTS,
    PAIRS,
    PART_PATH_M,
    SEEN_SHARE,
    SIDESTEP_M,
    WALK_PATH_M,
)
from qagen.reading.clip import Reading, any_happens, movements
from qagen.reading.margins import (
    INDEX,
    Comparison,
    clearance,
    compare,
    evidence_of,
    fastest,
    own_paths,
    require_amounts,
    seen,
    total,
)
from qagen.reading.unclear import refuse, require
from qagen.rules import claims, kinds
from qagen.rules.claims import Meaning
from qagen.rules.kinds import events_said, span_said
from qagen.rules.options import movement_option
from qagen.rules.rule import Finding, Rule
from qagen.schema.question import WINDOWS, Ask, Evidence, Option, Window

_OFTEN = Option("Both equally often", "same")


def _pairs(
    rule: str, windows: tuple[Window, ...] = WINDOWS[:1]
) -> Callable[[Reading], Iterable[Ask]]:
    def asks(clip: Reading) -> Iterable[Ask]:
        known = movements(clip)
        return kinds.asks(rule, tuple([pair for pair in PAIRS if pair[0] in known]), windows)

    return asks


def _happen(clip: Reading, ask: Ask) -> bool:
    return any_happens(clip, ask.movements)


def _add_up(clip: Reading, ask: Ask) -> bool:
    return any(clip.totals[name][INDEX[ask.window]] for name in ask.movements)


def _two(clip: Reading, ask: Ask) -> tuple[Option, Option]:
    first, second = ask.movements
    return movement_option(clip, first), movement_option(clip, second)


def _more_often(clip: Reading, ask: Ask) -> Finding:
    for name in ask.movements:
        refuse(clip.doubts.get(name))
    require(_happen(clip, ask), "no such movement")
    margin = min([clearance(clip, name) for name in ask.movements], key=lambda each: each.value)
    each = [clip.occurrences[name] for name in ask.movements]
    counts = [len(occurrences) for occurrences in each]
    code = "same" if counts[0] == counts[1] else "one" if counts[0] > counts[1] else "other"
    every = [occurrence for occurrences in each for occurrence in occurrences]

    def said() -> tuple[str, str]:
        first, second = (clip.speaker.gerund(name) for name in ask.movements)
        return (
            f"Observed: {events_said(clip, every)}.",
            f"The count of {first} is {counts[0]}, that of {second} is {counts[1]}.",
        )

    evidence = tuple([occurrence.evidence for occurrence in every])
    return kinds.which_of_two(
        _two(clip, ask), Comparison(code, margin), evidence, said, same=_OFTEN
    )


def _more(clip: Reading, ask: Ask) -> Finding:
    row = MOVEMENTS[ask.movements[0]]
    first, second = (clip.totals[name][INDEX[ask.window]] for name in ask.movements)
    require(first or second, "no such movement")
    require(max(first, second) >= CLEAR_SHARE * row.least, "too small")
    comparison = compare(first, second, row.unit)
    require_amounts(clip, ask.movements, margin=comparison.margin.value)
    shown = (total(clip, ask.movements[0], ask.window), total(clip, ask.movements[1], ask.window))

    def said(first_name: str, second_name: str) -> str:
        amounts = [phrases.measured(each.value, each.unit) for each in shown]
        span = phrases.capital(span_said(shown[0]))
        return f"{span}, {first_name} adds up to {amounts[0]} and {second_name} to {amounts[1]}."

    return kinds.larger(_two(clip, ask), comparison, shown, said)


def _faster(clip: Reading, ask: Ask) -> Finding:
    require(all(clip.occurrences[name] for name in ask.movements), "no such movement")
    require_amounts(clip, ask.movements)
    shown = (fastest(clip, ask.movements[0]), fastest(clip, ask.movements[1]))
    comparison = compare(shown[0].value, shown[1].value, shown[0].unit)

    def said(first_name: str, second_name: str) -> str:
        speeds = [
            f"{phrases.measured(each.value, each.unit)} ({span_said(each)})" for each in shown
        ]
        return (
            f"The fastest {first_name} reaches {speeds[0]}, the fastest {second_name} {speeds[1]}."
        )

    return kinds.larger(_two(clip, ask), comparison, shown, said)


def _longer(two: tuple[Option, Option], shown: tuple[Evidence, Evidence], least: float) -> Finding:
    """Which of two measured paths is longer."""
    first, second = shown
    require(max(first.value, second.value) >= least, "too small")
    comparison = compare(first.value, second.value, "m")

    def said(first_name: str, second_name: str) -> str:
        lengths = [f"{each.value:.2f} m" for each in shown]
        spans = [span_said(each) for each in shown]
        return (
            f"Measured are {lengths[0]} for {first_name} ({spans[0]}) and {lengths[1]} for "
            f"{second_name} ({spans[1]})."
        )

    return kinds.larger(two, comparison, shown, said)


def _halves(clip: Reading, _ask: Ask) -> Finding:
    require(all(seen(clip, window) for window in WINDOWS[1:]), "not seen")
    quarters = clip.facts.quarters

    def half(first: int) -> Evidence:
        one, other = quarters[first : first + 2]
        path_m = round(one.path_m + other.path_m, 5)
        return Evidence(what="path", value=path_m, unit="m", start_s=one.start_s, end_s=other.end_s)

    two = (Option("The first half", "first_half"), Option("The second half", "second_half"))
    return _longer(two, (half(0), half(2)), WALK_PATH_M)


def _own_asks(_clip: Reading) -> Iterable[Ask]:
    pairs = (("left", "right"), ("forward", "backward"))
    return (Ask(rule="compare_own", movements=pair) for pair in pairs)


def _own(clip: Reading, ask: Ask) -> Finding:
    paths, (first, second) = own_paths(clip), ask.movements
    one, other = kinds.named(phrases.OWN_WAYS, ask.movements)
    return _longer((one, other), (paths[first], paths[second]), SIDESTEP_M)


def _limb_asks(clip: Reading) -> Iterable[Ask]:
    known = {part.part for part in clip.facts.parts}
    return (
        Ask(rule="compare_parts", part=pair[0].removeprefix("left_"))
        for pair in (LIMBS[:2], LIMBS[2:])
        if known.issuperset(pair)
    )


def _limbs(clip: Reading, ask: Ask) -> Finding:
    parts = {part.part: part for part in clip.facts.parts}
    pair = [parts[f"left_{ask.part}"], parts[f"right_{ask.part}"]]
    require(min(part.coverage for part in pair) >= SEEN_SHARE, "not seen")
    left, right = (evidence_of(clip, f"{part.part}_path", part.path, "m") for part in pair)
    one, other = kinds.named(phrases.PARTS, [part.part for part in pair])
    return _longer((one, other), (left, right), PART_PATH_M)


_rule = partial(Rule, category="comparative")

RULES: tuple[Rule, ...] = (
    _rule(
        "compare_count",
        family="more often",
        asks=_pairs("compare_count"),
        decide=_more_often,
        likely=_happen,
        meaning=Meaning(claims.more_often, claims.says_larger("number")),
    ),
    _rule(
        "compare_total",
        family="more",
        asks=_pairs("compare_total", WINDOWS),
        decide=_more,
        likely=_add_up,
        meaning=Meaning(
            claims.larger(claims.amounts(suffix="_total")), claims.says_larger("total")
        ),
    ),
    _rule(
        "compare_speed",
        family="faster",
        asks=_pairs("compare_speed"),
        decide=_faster,
        likely=_happen,
        meaning=Meaning(claims.larger(claims.amounts(suffix="_peak")), claims.says_larger("speed")),
    ),
    _rule(
        "compare_halves",
        family="halves",
        asks=lambda _clip: (Ask(rule="compare_halves"),),
        decide=_halves,
        meaning=Meaning(
            claims.larger(claims.in_time_order(("first_half", "second_half"))),
            claims.takes_for_granted,
            alone="no other question compares halves; its evidence must add up with that of others",
        ),
    ),
    _rule(
        "compare_own",
        family="own ways",
        asks=_own_asks,
        decide=_own,
        meaning=Meaning(claims.larger(claims.amounts("own_")), claims.says_larger("own way")),
    ),
    _rule(
        "compare_parts",
        family="limbs",
        asks=_limb_asks,
        decide=_limbs,
        meaning=Meaning(claims.larger(claims.amounts(suffix="_path")), claims.says_larger("limb")),
    ),
)
