"""Trajectory: the way over the ground as a whole, and where it is when."""

from collections.abc import Callable, Iterator
from functools import partial

from kinematics.facts import WindowFacts
from qagen.language import phrases
from qagen.language.vocabulary import (
    CLEAR_SHARE,
    DRIFT_PER_PATH,
    MOVEMENTS,
    PLACE_BAND_M,
    SECTORS,
    SHAPES,
    WALK_PATH_M,
)
from qagen.reading.clip import Reading
from qagen.reading.margins import largest, own_paths, seen, stands_out, total, unsure
from qagen.reading.route import end_sector, shape_of, told_end, told_shape
from qagen.rules.asking import Answer, Rule, Truth, movements, quarter_options, question, rejection
from qagen.schema.question import WINDOWS, Ask, Evidence, Margin, Option, Window, Words

_QUARTERS = WINDOWS[1:]


def _quarter_truth(
    found: tuple[Window, Margin],
    evidence: tuple[Evidence, ...],
    words: Callable[[Window, tuple[Evidence, ...]], Words],
) -> Truth:
    key, others = quarter_options(found[0])
    return Truth(key, others, evidence, found[1], partial(words, found[0], evidence))


def _quarter_words(
    stem: str, observed: str, follows: str, window: Window, evidence: tuple[Evidence, ...]
) -> Words:
    told = ", ".join([phrases.measured(one.value, one.unit) for one in evidence])
    return Words(stem, f"{observed} {told}.", f"{follows} {phrases.WINDOWS[window]}.")


def _most(rule: Rule, clip: Reading, seed: int) -> Iterator[Answer]:
    del seed
    for movement in movements(clip):
        row = MOVEMENTS[movement]
        if row.kind not in ("travel", "distance", "turn") or not clip.occurrences[movement]:
            continue
        ask = Ask(rule="quarter_most", movements=(movement,))
        amounts = dict(zip(_QUARTERS, clip.totals[movement][1:], strict=True))
        found = largest(amounts, row.unit)
        if max(amounts.values()) < CLEAR_SHARE * row.least:
            found = "too small"
        if isinstance(found, str):
            yield rejection(rule, clip, ask, found)
            continue
        if doubt := unsure(clip, (movement,), margin=found[1].value):
            yield rejection(rule, clip, ask, doubt)
            continue
        evidence = tuple([total(clip, movement, window) for window in _QUARTERS])
        words = partial(_most_words, clip, movement)
        yield question(rule, clip, ask, _quarter_truth(found, evidence, words))


def _most_words(
    clip: Reading, movement: str, window: Window, evidence: tuple[Evidence, ...]
) -> Words:
    stem = phrases.STEMS["quarter_most"].format(
        subject=clip.speaker.subject,
        move=clip.speaker.phrases[movement].base,
        note=clip.speaker.notes[movement],
    )
    observed = f"By quarters, {clip.speaker.phrases[movement].gerund} adds up to"
    return _quarter_words(stem, observed, "Most of it happens", window, evidence)


def _by_quarter(clip: Reading, what: str, field: str) -> tuple[Evidence, ...]:
    """One field of the four quarters, as evidence; distances belong to moments."""
    moments = {"furthest_m": "furthest_s", "end_distance_m": "end_s"}

    def one(quarter: WindowFacts) -> Evidence:
        at_s = getattr(quarter, moments[field]) if field in moments else None
        return Evidence(
            what=what,
            value=getattr(quarter, field),
            unit="m",
            start_s=quarter.start_s if at_s is None else at_s,
            end_s=quarter.end_s if at_s is None else at_s,
        )

    return tuple([one(quarter) for quarter in clip.facts.quarters])


def _ground(rule: Rule, clip: Reading, seed: int) -> Iterator[Answer]:
    """The quarters with most and with least ground covered."""
    del seed
    evidence = _by_quarter(clip, "path", "path_m")
    amounts = dict(zip(_QUARTERS, [one.value for one in evidence], strict=True))
    least = sorted(amounts, key=lambda window: amounts[window])[:2]
    found_most = largest(amounts, "m")
    found_least = largest({window: amounts[window] for window in least}, "m")
    if not isinstance(found_least, str):
        found_least = (least[0], found_least[1])
    rows = (
        ("quarter_most_path", found_most, "Most of it lies"),
        ("quarter_least_path", found_least, "Least of it lies"),
    )
    for name, found, follows in rows:
        ask = Ask(rule=name)
        reason = "" if all(seen(clip, window) for window in _QUARTERS) else "not seen"
        if not reason and clip.facts.whole.path_m < WALK_PATH_M:
            reason = "too small"
        if reason or isinstance(found, str):
            yield rejection(rule, clip, ask, reason or str(found))
            continue
        stem = phrases.STEMS[name].format(subject=clip.speaker.subject)
        words = partial(_quarter_words, stem, "By quarters, the way measures", follows)
        yield question(rule, clip, ask, _quarter_truth(found, evidence, words))


def _distance(rule: Rule, clip: Reading, seed: int) -> Iterator[Answer]:
    """The quarters in which the person is furthest from the start, and ends closest to it."""
    del seed
    if not clip.has_start:
        return
    band_m = max(PLACE_BAND_M, DRIFT_PER_PATH * clip.facts.whole.path_m)
    rows = (
        ("furthest_quarter", "furthest", "furthest_m", "The greatest of these is reached"),
        (
            "closest_quarter_end",
            "end",
            "end_distance_m",
            "The least of these is reached",
        ),
    )
    for name, what, field, follows in rows:
        ask = Ask(rule=name)
        evidence = _by_quarter(clip, what, field)
        amounts = dict(zip(_QUARTERS, [one.value for one in evidence], strict=True))
        found = stands_out(amounts, "m", band=band_m, lowest=what == "end")
        if not all(seen(clip, window) for window in _QUARTERS):
            found = "not seen"
        if isinstance(found, str):
            yield rejection(rule, clip, ask, found)
            continue
        observed = "By quarters, the distance from the starting point is"
        if what == "furthest":
            observed = "By quarters, the greatest distance from the starting point is"
        stem = phrases.STEMS[name].format(
            subject=clip.speaker.subject, note=clip.speaker.notes["away"]
        )
        words = partial(_quarter_words, stem, observed, follows)
        yield question(rule, clip, ask, _quarter_truth(found, evidence, words))


def _end(rule: Rule, clip: Reading, seed: int) -> Iterator[Answer]:
    """The direction of the end point; the others lie a quarter turn apart from it."""
    del seed
    frame = clip.facts.frame
    if frame == "body":
        return  # paces along changing axes lead to no place
    ask = Ask(rule="end_sector")
    found = end_sector(clip)
    if isinstance(found, str):
        yield rejection(rule, clip, ask, found)
        return
    words = phrases.CAMERA_SECTORS if frame == "camera" else phrases.SECTORS
    place = SECTORS.index(found.sector)
    others = [SECTORS[(place + step) % len(SECTORS)] for step in (2, 4, 6)]
    truth = Truth(
        Option(words[found.sector], found.sector),
        tuple([Option(words[name], name) for name in others]),
        found.evidence,
        found.margin,
        partial(_end_words, clip),
    )
    yield question(rule, clip, ask, truth)


def _end_words(clip: Reading) -> Words:
    stem = phrases.STEMS["end_sector"].format(
        subject=clip.speaker.subject, note=clip.speaker.frame_note
    )
    return Words(stem, *told_end(clip))


def _shape(rule: Rule, clip: Reading, seed: int) -> Iterator[Answer]:
    del seed
    if not clip.has_start:
        return
    ask = Ask(rule="path_shape")
    found = shape_of(clip)
    if isinstance(found, str):
        yield rejection(rule, clip, ask, found)
        return
    options = [Option(phrases.SHAPES[name], name) for name in SHAPES]
    truth = Truth(
        next(option for option in options if option.code == found.shape),
        tuple([option for option in options if option.code != found.shape]),
        found.evidence,
        found.margin,
        partial(_shape_words, clip),
    )
    yield question(rule, clip, ask, truth)


def _shape_words(clip: Reading) -> Words:
    stem = phrases.STEMS["path_shape"].format(subject=clip.speaker.subject)
    return Words(stem, *told_shape(clip))


def _own_travel(rule: Rule, clip: Reading, seed: int) -> Iterator[Answer]:
    """Forwards, backwards or sideways, as the body faces at each moment."""
    del seed
    ask = Ask(rule="own_travel")
    paths = own_paths(clip)
    if isinstance(paths, str):
        yield rejection(rule, clip, ask, paths)
        return
    amounts = {name: path.value for name, path in paths.items()}
    if max(amounts.values()) < WALK_PATH_M:
        yield rejection(rule, clip, ask, "too small")
        return
    found = largest(amounts, "m")
    if isinstance(found, str):
        yield rejection(rule, clip, ask, found)
        return
    options = {name: Option(text, name) for name, text in phrases.OWN_WAYS.items()}
    key = options.pop(found[0])
    words = partial(_own_words, clip, amounts)
    truth = Truth(key, tuple(options.values()), tuple(paths.values()), found[1], words)
    yield question(rule, clip, ask, truth)


def _own_words(clip: Reading, amounts: dict[str, float]) -> Words:
    told = ", ".join(
        f"{phrases.lower(text)} {amounts[name]:.2f} m" for name, text in phrases.OWN_WAYS.items()
    )
    whole = clip.facts.whole
    return Words(
        phrases.STEMS["own_travel"].format(subject=clip.speaker.subject),
        f"From {whole.start_s:.1f} s to {whole.end_s:.1f} s, along their own axes: {told}.",
        "The largest of these decides.",
    )


RULES: tuple[Rule, ...] = (
    Rule("trajectory", "quarter with most", _most),
    Rule("trajectory", "ground by quarter", _ground),
    Rule("trajectory", "distance by quarter", _distance),
    Rule("trajectory", "end point", _end),
    Rule("trajectory", "shape", _shape),
    Rule("trajectory", "own ways", _own_travel),
)
