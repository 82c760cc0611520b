"""Comparative: which of two is more frequent, larger or faster? One, the other, or the same."""

from collections.abc import Callable, Iterator
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
from qagen.reading.clip import Reading
from qagen.reading.margins import (
    Comparison,
    clearance,
    compare,
    fastest,
    own_paths,
    seen,
    total,
    unsure,
)
from qagen.rules.asking import (
    Answer,
    Rule,
    Truth,
    drawn,
    happens_of,
    movement_option,
    movements,
    question,
    recounted,
    rejection,
)
from qagen.schema.question import WINDOWS, Ask, Evidence, Margin, Option, Words

SAME = Option("Both about the same", "same")
_OFTEN = Option("Both equally often", "same")


def _pairs(clip: Reading) -> list[tuple[str, str]]:
    known = movements(clip)
    return [pair for pair in PAIRS if pair[0] in known]


def _doubt(clip: Reading, pair: tuple[str, str]) -> str:
    """Why two movements cannot be compared; empty when they can."""
    for movement in pair:
        if movement in clip.doubts:
            return clip.doubts[movement]
    if not any(clip.occurrences[movement] for movement in pair):
        return "no such movement"
    return ""


def _choices(
    one: Option, other: Option, code: str, same: Option = SAME
) -> tuple[Option, tuple[Option, ...]]:
    """The true one of one, other and same; then the two others."""
    if code == "same":
        return same, (one, other)
    return (one, (other, same)) if code == "one" else (other, (one, same))


def _stem(clip: Reading, pair: tuple[str, str], ask: Ask) -> str:
    return phrases.STEMS[ask.rule].format(
        subject=clip.speaker.subject,
        one=clip.speaker.phrases[pair[0]].gerund,
        other=clip.speaker.phrases[pair[1]].gerund,
        window=phrases.WINDOWS[ask.window],
        note=clip.speaker.note(pair),
    )


def _larger(code: str, words: tuple[str, str]) -> str:
    if code == "same":
        return "The two are about the same."
    return f"The larger is {words[0] if code == 'one' else words[1]}."


def _more_often(rule: Rule, clip: Reading, seed: int) -> Iterator[Answer]:
    del seed
    for pair in drawn(rule, clip, _pairs(clip), happens=partial(happens_of, clip)):
        ask = Ask(rule="compare_count", movements=pair)
        if doubt := _doubt(clip, pair):
            yield rejection(rule, clip, ask, doubt)
            continue
        margins = [clearance(clip, movement) for movement in pair]
        clear = [margin for margin in margins if isinstance(margin, Margin)]
        if len(clear) < len(pair):
            yield rejection(rule, clip, ask, "unclear movement")
            continue
        counts = [len(clip.occurrences[movement]) for movement in pair]
        code = "same" if counts[0] == counts[1] else "one" if counts[0] > counts[1] else "other"
        ones = [one for movement in pair for one in clip.occurrences[movement]]
        key, others = _choices(
            movement_option(clip, pair[0]), movement_option(clip, pair[1]), code, _OFTEN
        )
        truth = Truth(
            key,
            others,
            tuple([one.evidence for one in ones]),
            min(clear, key=lambda margin: margin.value),
            partial(_more_often_words, clip, pair, ask),
        )
        yield question(rule, clip, ask, truth)


def _more_often_words(clip: Reading, pair: tuple[str, str], ask: Ask) -> Words:
    counts = [len(clip.occurrences[movement]) for movement in pair]
    words = [clip.speaker.phrases[movement].gerund for movement in pair]
    ones = [one for movement in pair for one in clip.occurrences[movement]]
    return Words(
        _stem(clip, pair, ask),
        f"Observed: {recounted(clip, ones)}.",
        f"The count of {words[0]} is {counts[0]}, that of {words[1]} is {counts[1]}.",
    )


def _more(rule: Rule, clip: Reading, seed: int) -> Iterator[Answer]:
    del seed
    known = [(pair, place) for pair in _pairs(clip) for place in range(len(WINDOWS))]

    def happens(one: tuple[tuple[str, str], int]) -> bool:
        (first, second), place = one
        return bool(clip.totals[first][place] or clip.totals[second][place])

    for pair, place in drawn(rule, clip, known, happens=happens):
        row, window = MOVEMENTS[pair[0]], WINDOWS[place]
        ask = Ask(rule="compare_total", movements=pair, window=window)
        amounts = [clip.totals[movement][place] for movement in pair]
        if max(amounts) < CLEAR_SHARE * row.least:
            reason = "too small" if any(amounts) else "no such movement"
            yield rejection(rule, clip, ask, reason)
            continue
        found = compare(amounts[0], amounts[1], row.unit)
        if isinstance(found, str):
            yield rejection(rule, clip, ask, found)
            continue
        if doubt := unsure(clip, pair, margin=found.margin.value):
            yield rejection(rule, clip, ask, doubt)
            continue
        one, other = total(clip, pair[0], window), total(clip, pair[1], window)
        words = partial(_more_words, clip, pair, ask, (one, other), found.code)
        yield _of_two(rule, clip, ask, (one, other), found, words)


def _of_two(
    rule: Rule,
    clip: Reading,
    ask: Ask,
    shown: tuple[Evidence, Evidence],
    found: Comparison,
    words: Callable[[], Words],
) -> Answer:
    """The question which of the two movements of the ask it is."""
    one, other = (movement_option(clip, movement) for movement in ask.movements)
    key, others = _choices(one, other, found.code)
    return question(rule, clip, ask, Truth(key, others, shown, found.margin, words))


def _more_words(
    clip: Reading, pair: tuple[str, str], ask: Ask, shown: tuple[Evidence, Evidence], code: str
) -> Words:
    one, other = shown
    words = (clip.speaker.phrases[pair[0]].gerund, clip.speaker.phrases[pair[1]].gerund)
    return Words(
        _stem(clip, pair, ask),
        f"From {one.start_s:.1f} s to {one.end_s:.1f} s, {words[0]} adds up to "
        f"{phrases.measured(one.value, one.unit)} and {words[1]} to "
        f"{phrases.measured(other.value, other.unit)}.",
        _larger(code, words),
    )


def _faster(rule: Rule, clip: Reading, seed: int) -> Iterator[Answer]:
    del seed
    for pair in drawn(rule, clip, _pairs(clip), happens=partial(happens_of, clip)):
        ask = Ask(rule="compare_speed", movements=pair)
        doubt = unsure(clip, pair)
        if not all(clip.occurrences[movement] for movement in pair):
            doubt = "no such movement"
        if doubt:
            yield rejection(rule, clip, ask, doubt)
            continue
        one, other = fastest(clip, pair[0]), fastest(clip, pair[1])
        found = compare(one.value, other.value, one.unit)
        if isinstance(found, str):
            yield rejection(rule, clip, ask, found)
            continue
        words = partial(_faster_words, clip, pair, ask, (one, other), found.code)
        yield _of_two(rule, clip, ask, (one, other), found, words)


def _faster_words(
    clip: Reading, pair: tuple[str, str], ask: Ask, shown: tuple[Evidence, Evidence], code: str
) -> Words:
    one, other = shown
    words = (clip.speaker.phrases[pair[0]].gerund, clip.speaker.phrases[pair[1]].gerund)
    return Words(
        _stem(clip, pair, ask),
        f"The fastest {words[0]} reaches {phrases.measured(one.value, one.unit)} (from "
        f"{one.start_s:.1f} s to {one.end_s:.1f} s), the fastest {words[1]} "
        f"{phrases.measured(other.value, other.unit)} (from {other.start_s:.1f} s to "
        f"{other.end_s:.1f} s).",
        _larger(code, words),
    )


def _paths(
    rule: Rule,
    clip: Reading,
    ask: Ask,
    options: tuple[Option, Option],
    evidence: tuple[Evidence, Evidence],
    *,
    least_m: float,
) -> Answer:
    """Which of two measured ways is longer."""
    one, other = evidence
    found = compare(one.value, other.value, "m")
    if max(one.value, other.value) < least_m:
        return rejection(rule, clip, ask, "too small")
    if isinstance(found, str):
        return rejection(rule, clip, ask, found)
    key, others = _choices(options[0], options[1], found.code)
    words = partial(_paths_words, clip, ask, options, evidence, found.code)
    return question(rule, clip, ask, Truth(key, others, evidence, found.margin, words))


def _paths_words(
    clip: Reading,
    ask: Ask,
    options: tuple[Option, Option],
    evidence: tuple[Evidence, Evidence],
    code: str,
) -> Words:
    one, other = evidence
    words = (phrases.lower(options[0].text), phrases.lower(options[1].text))
    stem = phrases.STEMS[ask.rule].format(
        subject=clip.speaker.subject, one=words[0], other=words[1]
    )
    return Words(
        stem,
        f"Measured are {one.value:.2f} m for {words[0]} (from {one.start_s:.1f} s to "
        f"{one.end_s:.1f} s) and {other.value:.2f} m for {words[1]} (from {other.start_s:.1f} s "
        f"to {other.end_s:.1f} s).",
        _larger(code, words),
    )


def _halves(rule: Rule, clip: Reading, seed: int) -> Iterator[Answer]:
    del seed
    ask = Ask(rule="compare_halves")
    if not all(seen(clip, window) for window in WINDOWS[1:]):
        yield rejection(rule, clip, ask, "not seen")
        return
    quarters = clip.facts.quarters
    halves = [
        Evidence(
            what="path",
            value=round(first.path_m + second.path_m, 5),
            unit="m",
            start_s=first.start_s,
            end_s=second.end_s,
        )
        for first, second in (quarters[:2], quarters[2:])
    ]
    options = (Option("The first half", "first_half"), Option("The second half", "second_half"))
    yield _paths(rule, clip, ask, options, (halves[0], halves[1]), least_m=WALK_PATH_M)


def _own_ways(rule: Rule, clip: Reading, seed: int) -> Iterator[Answer]:
    """Sidesteps to either side, and forwards against backwards, along the person's own axes."""
    del seed
    paths = own_paths(clip)
    for pair in (("left", "right"), ("forward", "backward")):
        ask = Ask(rule="compare_own", movements=pair)
        if isinstance(paths, str):
            yield rejection(rule, clip, ask, paths)
            continue
        one, other = (Option(phrases.OWN_WAYS[name], name) for name in pair)
        evidence = (paths[pair[0]], paths[pair[1]])
        yield _paths(rule, clip, ask, (one, other), evidence, least_m=SIDESTEP_M)


def _limbs(rule: Rule, clip: Reading, seed: int) -> Iterator[Answer]:
    del seed
    whole = clip.facts.whole
    found = {part.part: part for part in clip.facts.parts}
    for left, right in (LIMBS[:2], LIMBS[2:]):
        if left not in found or right not in found:
            continue
        ask = Ask(rule="compare_parts", part=left.removeprefix("left_"))
        if min(found[left].coverage, found[right].coverage) < SEEN_SHARE:
            yield rejection(rule, clip, ask, "not seen")
            continue
        one, other = (
            Evidence(
                what=f"{name}_path",
                value=found[name].path,
                unit="m",
                start_s=whole.start_s,
                end_s=whole.end_s,
            )
            for name in (left, right)
        )
        options = (
            Option(phrases.capital(phrases.PARTS[left]), left),
            Option(phrases.capital(phrases.PARTS[right]), right),
        )
        yield _paths(rule, clip, ask, options, (one, other), least_m=PART_PATH_M)


RULES: tuple[Rule, ...] = (
    Rule("comparative", "more often", _more_often, asks_many=True),
    Rule("comparative", "more", _more, asks_many=True),
    Rule("comparative", "faster", _faster, asks_many=True),
    Rule("comparative", "halves", _halves),
    Rule("comparative", "own ways", _own_ways),
    Rule("comparative", "limbs", _limbs),
)
