"""Dominant: which of three stands out, by distance, size, speed or time."""

from collections.abc import Iterable, Iterator, Sequence
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
from qagen.reading.clip import Reading
from qagen.reading.margins import fastest, largest, seen, span, total, unsure
from qagen.rules.asking import (
    Answer,
    Rule,
    Truth,
    movement_option,
    offered_of,
    on_busy_axes,
    question,
    rejection,
)
from qagen.schema.question import (
    WINDOWS,
    Ask,
    Candidate,
    Evidence,
    Margin,
    Option,
    Unit,
    Window,
    Words,
)

_CHOICES = 3
_TOTALS = frozenset({"dominant_direction", "dominant_lean"})
_TOPICS = {
    "dominant_direction": "direction",
    "dominant_speed": "direction",
    "dominant_lean": "lean",
}
"""Questions on one topic offer the same."""


def _dominant(
    rule: Rule,
    clip: Reading,
    seed: int,
    *,
    ask: Ask,
    evidence: dict[str, Evidence],
    unit: Unit,
    least: float,
) -> Answer:
    """Which of some movements has the largest amount; three of them are offered."""
    amounts = {movement: one.value for movement, one in evidence.items()}
    if max(amounts.values()) < least:
        return rejection(rule, clip, ask, "no such movement")
    found = largest(amounts, unit)
    if isinstance(found, str):
        return rejection(rule, clip, ask, found)
    key, margin = found
    if doubt := unsure(clip, evidence, margin=margin.value if ask.rule in _TOTALS else 0.0):
        return rejection(rule, clip, ask, doubt)
    offered = offered_of(clip, _TOPICS[ask.rule], evidence, wanted=_CHOICES, seed=seed)
    if key not in offered:
        return rejection(rule, clip, ask, "not offered")
    if not on_busy_axes(clip).issuperset(offered):
        return rejection(rule, clip, ask, "too few others")
    rest = [movement for movement in amounts if movement != key]
    others = tuple([movement for movement in offered if movement != key])
    shown = tuple([movement for movement in (key, *rest) if amounts[movement] > 0])
    truth = Truth(
        movement_option(clip, key),
        tuple([movement_option(clip, movement) for movement in others]),
        tuple([evidence[movement] for movement in shown]),
        margin,
        partial(_dominant_words, clip, ask, shown, evidence),
    )
    return question(rule, clip, ask, truth)


def _dominant_words(
    clip: Reading, ask: Ask, shown: Sequence[str], evidence: dict[str, Evidence]
) -> Words:
    """The first that is shown is the largest."""
    words = clip.speaker.phrases
    told = ", ".join(
        f"{words[movement].gerund} "
        f"{phrases.measured(evidence[movement].value, evidence[movement].unit)}"
        for movement in shown
    )
    start_s, end_s = span(clip, ask.window)
    stem = phrases.STEMS[ask.rule].format(
        subject=clip.speaker.subject,
        window=phrases.WINDOWS[ask.window],
        note=clip.speaker.notes[shown[0]],
    )
    return Words(
        stem,
        f"Measured from {start_s:.1f} s to {end_s:.1f} s: {told}.",
        f"The largest is {words[shown[0]].gerund}.",
    )


def _direction(rule: Rule, clip: Reading, seed: int) -> Iterator[Answer]:
    least_m = CLEAR_SHARE * MOVEMENTS["left"].least
    for window in WINDOWS:
        evidence = {movement: total(clip, movement, window) for movement in DIRECTIONS}
        ask = Ask(rule="dominant_direction", window=window)
        yield _dominant(rule, clip, seed, ask=ask, evidence=evidence, unit="m", least=least_m)


def _lean(rule: Rule, clip: Reading, seed: int) -> Iterator[Answer]:
    evidence = {movement: total(clip, movement, "whole") for movement in LEANS}
    least_rad = CLEAR_SHARE * MOVEMENTS["lean_left"].least
    ask = Ask(rule="dominant_lean")
    yield _dominant(rule, clip, seed, ask=ask, evidence=evidence, unit="rad", least=least_rad)


def _fastest(rule: Rule, clip: Reading, seed: int) -> Iterator[Answer]:
    ask = Ask(rule="dominant_speed")
    if sum(bool(clip.occurrences[movement]) for movement in DIRECTIONS) < 2:
        yield rejection(rule, clip, ask, "no such movement")
        return
    evidence = {movement: fastest(clip, movement) for movement in DIRECTIONS}
    yield _dominant(rule, clip, seed, ask=ask, evidence=evidence, unit="m/s", least=0.0)


# Time ---------------------------------------------------------------------------------------------


def _covered_s(spans: list[tuple[float, float]], start_s: float, end_s: float) -> float:
    """How long some stretches of time, which may overlap, last inside a window."""
    seconds, at_s = 0.0, start_s
    for begin_s, stop_s in sorted(spans):
        begin_s, stop_s = max(begin_s, at_s), min(stop_s, end_s)
        if stop_s > begin_s:
            seconds += stop_s - begin_s
            at_s = stop_s
    return seconds


def _activity(rule: Rule, clip: Reading, seed: int) -> Iterator[Answer]:
    """Going forwards, going another way, or neither: what most of the time goes to.

    Turning on the spot is no option: it hardly ever takes most of a quarter, and an option that
    is never true is known to be wrong.
    """
    del seed

    def spans(names: Iterable[str]) -> list[tuple[float, float]]:
        return [(one.start_s, one.end_s) for name in names for one in clip.occurrences[name]]

    slip_m = SLIP_SHARE * clip.facts.whole.path_m
    doubt = unsure(clip, DIRECTIONS, margin=slip_m)
    ahead, aside = spans(["forward"]), spans([name for name in DIRECTIONS if name != "forward"])
    for window in WINDOWS:
        ask = Ask(rule="dominant_activity", window=window)
        start_s, end_s = span(clip, window)
        ahead_s, aside_s, either_s = (
            _covered_s(ones, start_s, end_s) for ones in (ahead, aside, ahead + aside)
        )
        seconds = _activities_s(ahead_s, either_s - ahead_s, end_s - start_s)
        found = largest(seconds, "s")
        # what goes forwards and aside at once may be counted either way
        other = largest(_activities_s(either_s - aside_s, aside_s, end_s - start_s), "s")
        reason = doubt if seen(clip, window) else "not seen"
        if reason or isinstance(found, str):
            yield rejection(rule, clip, ask, reason or str(found))
            continue
        if isinstance(other, str) or other[0] != found[0]:
            yield rejection(rule, clip, ask, "another reading")
            continue
        yield _activity_question(rule, clip, ask, seconds, found)


def _activities_s(forward_s: float, elsewhere_s: float, all_s: float) -> dict[str, float]:
    return {
        "forward": forward_s,
        "elsewhere": elsewhere_s,
        "staying": all_s - forward_s - elsewhere_s,
    }


def _activity_question(
    rule: Rule, clip: Reading, ask: Ask, seconds: dict[str, float], found: tuple[str, Margin]
) -> Candidate:
    start_s, end_s = span(clip, ask.window)
    options = {"forward": movement_option(clip, "forward")}
    options |= {name: Option(text, name) for name, text in phrases.ACTIVITIES.items()}
    evidence = tuple(
        [
            Evidence(what=f"{name}_time", value=round(value, 5), unit="s", start_s=start_s,
                     end_s=end_s)
            for name, value in seconds.items()
        ]
    )  # fmt: skip
    told = ", ".join(
        f"{phrases.lower(options[name].text)} {value:.1f} s" for name, value in seconds.items()
    )
    key, margin = options.pop(found[0]), found[1]
    words = partial(_activity_words, clip, ask.window, key, told)
    return question(rule, clip, ask, Truth(key, tuple(options.values()), evidence, margin, words))


def _activity_words(clip: Reading, window: Window, key: Option, told: str) -> Words:
    start_s, end_s = span(clip, window)
    stem = phrases.STEMS["dominant_activity"].format(
        subject=clip.speaker.subject,
        window=phrases.WINDOWS[window],
        note=clip.speaker.notes["forward"],
    )
    return Words(
        stem,
        f"From {start_s:.1f} s to {end_s:.1f} s: {told}.",
        f"Most of the time goes to {phrases.lower(key.text)}.",
    )


def _limb(rule: Rule, clip: Reading, seed: int) -> Iterator[Answer]:
    """Which limb moves most."""
    found = {part.part: part for part in clip.facts.parts if part.part in LIMBS}
    if len(found) < len(LIMBS):
        return
    ask = Ask(rule="dominant_limb")
    if min(part.coverage for part in found.values()) < SEEN_SHARE:
        yield rejection(rule, clip, ask, "not seen")
        return
    paths_m = {name: part.path for name, part in found.items()}
    if max(paths_m.values()) < PART_PATH_M:
        yield rejection(rule, clip, ask, "too small")
        return
    chosen = largest(paths_m, "m")
    if isinstance(chosen, str):
        yield rejection(rule, clip, ask, chosen)
        return
    key, margin = chosen
    offered = offered_of(clip, "limb", LIMBS, wanted=_CHOICES, seed=seed)
    if key not in offered:
        yield rejection(rule, clip, ask, "not offered")
        return
    others = tuple([name for name in offered if name != key])
    start_s, end_s = span(clip, "whole")
    evidence = tuple(
        [
            Evidence(
                what=f"{name}_path", value=paths_m[name], unit="m", start_s=start_s, end_s=end_s
            )
            for name in (key, *others)
        ]
    )
    options = [Option(phrases.capital(phrases.PARTS[name]), name) for name in (key, *others)]
    words = partial(_limb_words, clip, (key, *others), paths_m)
    yield question(rule, clip, ask, Truth(options[0], tuple(options[1:]), evidence, margin, words))


def _limb_words(clip: Reading, shown: Sequence[str], paths_m: dict[str, float]) -> Words:
    """The first that is shown moves most."""
    start_s, end_s = span(clip, "whole")
    told = ", ".join(f"{phrases.PARTS[name]} {paths_m[name]:.2f} m" for name in shown)
    return Words(
        phrases.STEMS["dominant_limb"].format(subject=clip.speaker.subject),
        f"From {start_s:.1f} s to {end_s:.1f} s, relative to the body: {told}.",
        f"The longest way is that of {phrases.PARTS[shown[0]]}.",
    )


RULES: tuple[Rule, ...] = (
    Rule("dominant", "direction", _direction),
    Rule("dominant", "lean", _lean),
    Rule("dominant", "fastest", _fastest),
    Rule("dominant", "time", _activity),
    Rule("dominant", "limb", _limb),
)
