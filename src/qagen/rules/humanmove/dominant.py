"""Dominant: which of three stands out, by distance, size, speed or time."""

from collections.abc import Iterable
from functools import partial

from qagen.language import phrases
from qagen.language.vocabulary import (
    CLEAR_SHARE,
    DIRECTIONS,
    LEANS,
    LIMBS,
    MOVEMENTS,
    PART_PATH_M,
    SEEN_SHARE,
    SLIP_SHARE,
)
from qagen.reading.clip import Reading, remembered
from qagen.reading.margins import (
    evidence_of,
    fastest,
    largest,
    require_amounts,
    seen,
    span,
    total,
)
from qagen.reading.unclear import Unclear, refuse, require
from qagen.rules import claims, kinds
from qagen.rules.claims import Meaning
from qagen.rules.kinds import span_said
from qagen.rules.options import (
    movement_option,
    movement_options,
    offered_of,
    on_busy_axes,
    true_first,
)
from qagen.rules.rule import Finding, Rule
from qagen.schema.question import WINDOWS, Ask, Evidence, Unit, Window

_CHOICES = 3


def _largest(
    clip: Reading,
    window: Window,
    topic: str,
    evidence: dict[str, Evidence],
    *,
    least: float = 0.0,
    sums: bool = True,
) -> Finding:
    """The movement with the largest amount; all questions on a topic offer the same three.

    Sums are clear where no change that is almost a movement uses up the margin; single amounts,
    where there is no such change.
    """
    amounts = {movement: shown.value for movement, shown in evidence.items()}
    require(max(amounts.values()) >= least, "no such movement")
    unit: Unit = next(iter(evidence.values())).unit
    key, margin = largest(amounts, unit)
    require_amounts(clip, evidence, margin=margin.value if sums else 0.0)
    offered = offered_of(clip, topic, evidence, wanted=_CHOICES)
    require(key in offered, "not offered")
    require(on_busy_axes(clip).issuperset(offered), "too few others")
    shown = [movement for movement in true_first(key, amounts) if amounts[movement] > 0]

    def said() -> tuple[str, str]:
        measured = ", ".join(
            f"{clip.speaker.gerund(name)} {phrases.measured(amounts[name], unit)}" for name in shown
        )
        start_s, end_s = span(clip, window)
        return (
            f"Measured from {start_s:.1f} s to {end_s:.1f} s: {measured}.",
            f"The largest is {clip.speaker.gerund(key)}.",
        )

    options = movement_options(clip, true_first(key, offered))
    return Finding(options, tuple([evidence[name] for name in shown]), margin, said)


def _each_window(rule: str, _clip: Reading) -> Iterable[Ask]:
    return kinds.asks(rule, windows=WINDOWS)


def _direction(clip: Reading, ask: Ask) -> Finding:
    least_m = CLEAR_SHARE * MOVEMENTS["left"].least
    evidence = {movement: total(clip, movement, ask.window) for movement in DIRECTIONS}
    return _largest(clip, ask.window, "direction", evidence, least=least_m)


def _lean(clip: Reading, _ask: Ask) -> Finding:
    least_rad = CLEAR_SHARE * MOVEMENTS["lean_left"].least
    evidence = {movement: total(clip, movement, "whole") for movement in LEANS}
    return _largest(clip, "whole", "lean", evidence, least=least_rad)


def _fastest(clip: Reading, _ask: Ask) -> Finding:
    happened = sum(bool(clip.occurrences[movement]) for movement in DIRECTIONS)
    require(happened >= 2, "no such movement")
    evidence = {movement: fastest(clip, movement) for movement in DIRECTIONS}
    return _largest(clip, "whole", "direction", evidence, sums=False)


def _longest(clip: Reading, _ask: Ask) -> Finding:
    """The direction of the movement that lasts longest; a doubt about its end is one about it."""
    longest = {
        name: max(clip.occurrences[name], key=lambda each: each.seconds)
        for name in DIRECTIONS
        if clip.occurrences[name]
    }
    require(len(longest) >= 2, "no such movement")
    for name in DIRECTIONS:
        refuse(clip.doubts.get(name))
    key, margin = largest({name: each.seconds for name, each in longest.items()}, "s")
    offered = offered_of(clip, "direction", DIRECTIONS, wanted=_CHOICES)
    require(key in offered, "not offered")
    require(on_busy_axes(clip).issuperset(offered), "too few others")
    shown = [longest[name] for name in true_first(key, longest)]
    return Finding(
        movement_options(clip, true_first(key, offered)),
        tuple([each.evidence for each in shown]),
        margin,
        lambda: (
            f"Observed: {'; '.join([clip.speaker.event(each) for each in shown])}.",
            f"The longest of these lasts {shown[0].seconds:.1f} s.",
        ),
    )


# Time ---------------------------------------------------------------------------------------------

_Spans = list[tuple[float, float]]


def _covered_s(spans: _Spans, start_s: float, end_s: float) -> float:
    """How long some stretches of time, which may overlap, last inside a window."""
    seconds, at_s = 0.0, start_s
    for begin_s, stop_s in sorted(spans):
        begin_s, stop_s = max(begin_s, at_s), min(stop_s, end_s)
        if stop_s > begin_s:
            seconds += stop_s - begin_s
            at_s = stop_s
    return seconds


def _spans(clip: Reading) -> tuple[_Spans, _Spans]:
    """When the person moves forwards, and when in another direction."""

    def spans(names: Iterable[str]) -> _Spans:
        return [(each.start_s, each.end_s) for name in names for each in clip.occurrences[name]]

    return spans(["forward"]), spans([name for name in DIRECTIONS if name != "forward"])


def _activity(clip: Reading, ask: Ask) -> Finding:
    """Going forwards, going another way, or neither: the one that most of the time is spent on.

    Turning on the spot is no option: it hardly ever takes most of a quarter, and an option that
    is never true is known to be wrong.
    """
    require(seen(clip, ask.window), "not seen")
    require_amounts(clip, DIRECTIONS, margin=SLIP_SHARE * clip.facts.whole.path_m)
    ahead, aside = remembered(clip, "activity spans", partial(_spans, clip))
    start_s, end_s = span(clip, ask.window)
    ahead_s, aside_s, either_s = (
        _covered_s(spans, start_s, end_s) for spans in (ahead, aside, ahead + aside)
    )
    seconds = _activities_s(ahead_s, either_s - ahead_s, end_s - start_s)
    most = largest(seconds, "s")
    # a time of going forwards and aside at once may be counted either way
    other = _activities_s(either_s - aside_s, aside_s, end_s - start_s)
    require(_surely_largest(other, most.name), "another reading")
    options = (movement_option(clip, "forward"), *kinds.named(phrases.ACTIVITIES))
    evidence = tuple(
        [
            evidence_of(clip, f"{name}_time", round(value, 5), "s", ask.window)
            for name, value in seconds.items()
        ]
    )

    def said() -> tuple[str, str]:
        words = {option.code: phrases.lower(option.text) for option in options}
        times = ", ".join(f"{words[name]} {value:.1f} s" for name, value in seconds.items())
        return (
            f"{phrases.capital(span_said(evidence[0]))}: {times}.",
            f"Most of the time is spent on {words[most.name]}.",
        )

    return kinds.chosen(options, most, evidence, said)


def _activities_s(forward_s: float, elsewhere_s: float, all_s: float) -> dict[str, float]:
    return {
        "forward": forward_s,
        "elsewhere": elsewhere_s,
        "staying": all_s - forward_s - elsewhere_s,
    }


def _surely_largest(seconds: dict[str, float], name: str) -> bool:
    try:
        return largest(seconds, "s").name == name
    except Unclear:
        return False


# Limbs --------------------------------------------------------------------------------------------


def _limb_asks(clip: Reading) -> Iterable[Ask]:
    known = {part.part for part in clip.facts.parts}
    return (Ask(rule="dominant_limb"),) if known.issuperset(LIMBS) else ()


def _limb(clip: Reading, _ask: Ask) -> Finding:
    """The limb that moves most."""
    parts = {part.part: part for part in clip.facts.parts if part.part in LIMBS}
    require(min(part.coverage for part in parts.values()) >= SEEN_SHARE, "not seen")
    paths_m = {name: part.path for name, part in parts.items()}
    require(max(paths_m.values()) >= PART_PATH_M, "too small")
    key, margin = largest(paths_m, "m")
    offered = offered_of(clip, "limb", LIMBS, wanted=_CHOICES)
    require(key in offered, "not offered")
    names = true_first(key, offered)
    evidence = tuple([evidence_of(clip, f"{name}_path", paths_m[name], "m") for name in names])

    def said() -> tuple[str, str]:
        lengths = ", ".join(f"{phrases.PARTS[name]} {paths_m[name]:.2f} m" for name in names)
        return (
            f"{phrases.capital(span_said(evidence[0]))}, relative to the body: {lengths}.",
            f"The longest path is that of {phrases.PARTS[key]}.",
        )

    return Finding(kinds.named(phrases.PARTS, names), evidence, margin, said)


_rule = partial(Rule, category="dominant")

RULES: tuple[Rule, ...] = (
    _rule(
        "dominant_direction",
        family="direction",
        asks=partial(_each_window, "dominant_direction"),
        decide=_direction,
        meaning=Meaning(
            claims.largest(claims.amounts(suffix="_total")), claims.says_larger("total")
        ),
    ),
    _rule(
        "dominant_lean",
        family="lean",
        asks=lambda _clip: (Ask(rule="dominant_lean"),),
        decide=_lean,
        meaning=Meaning(
            claims.largest(claims.amounts(suffix="_total")), claims.says_larger("total")
        ),
    ),
    _rule(
        "dominant_speed",
        family="fastest",
        asks=lambda _clip: (Ask(rule="dominant_speed"),),
        decide=_fastest,
        meaning=Meaning(
            claims.largest(claims.amounts(suffix="_peak")), claims.says_larger("speed")
        ),
    ),
    _rule(
        "dominant_duration",
        family="longest",
        asks=lambda _clip: (Ask(rule="dominant_duration"),),
        decide=_longest,
        meaning=Meaning(
            claims.largest(lambda shown: {each.what: each.end_s - each.start_s for each in shown}),
            claims.says_larger("duration"),
        ),
    ),
    _rule(
        "dominant_activity",
        family="time",
        asks=partial(_each_window, "dominant_activity"),
        decide=_activity,
        meaning=Meaning(claims.largest(claims.amounts(suffix="_time")), claims.says_activity),
    ),
    _rule(
        "dominant_limb",
        family="limb",
        asks=_limb_asks,
        decide=_limb,
        meaning=Meaning(claims.largest(claims.amounts(suffix="_path")), claims.says_larger("limb")),
    ),
)
