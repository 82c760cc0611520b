"""Existence: did it happen at all? Yes or no, asked plainly and turned round."""

from collections.abc import Callable, Iterator
from functools import lru_cache, partial

import msgspec

from kinematics import parts
from kinematics.facts import PartFacts
from qagen.language import phrases
from qagen.language.vocabulary import (
    LEAST_REPEATED,
    MOVEMENTS,
    NEAR_BAND_M,
    NEAR_SHARE,
    NO_SIDESTEP_M,
    PART_PATH_M,
    REPEATED,
    SEEN_SHARE,
    SIDESTEP_M,
    TOUCHES,
)
from qagen.reading.clip import Reading
from qagen.reading.margins import Presence, own_paths, presence, span
from qagen.reading.route import returns, told_returns, way
from qagen.rules.asking import Answer, Rule, Truth, drawn, movements, question, recounted, rejection
from qagen.schema.question import WINDOWS, Ask, Evidence, Margin, Option, Window, Words

YES, NO = Option("Yes", "yes"), Option("No", "no")

_AT_ANY_TIME = "at any time in the video"
_FOUND: dict[Window, str] = {"whole": "in the video"}
_WHEN: dict[Window, str] = {**phrases.WINDOWS, "whole": _AT_ANY_TIME}


def _both_ways(
    rule: Rule,
    clip: Reading,
    ask: Ask,
    found: Presence | str,
    words: Callable[[Presence, str], Words],
) -> tuple[Answer, Answer]:
    """The plain question and its negation; each gets its words from what was found and a stem."""
    return (
        _one_way(rule, clip, ask, found, words),
        _one_way(rule, clip, _negated(ask), found, words),
    )


def _one_way(
    rule: Rule,
    clip: Reading,
    ask: Ask,
    found: Presence | str,
    words: Callable[[Presence, str], Words],
) -> Answer:
    if isinstance(found, str):
        return rejection(rule, clip, ask, found)
    key, other = (YES, NO) if found.happens != ask.negated else (NO, YES)
    stem = (phrases.NEGATED if ask.negated else phrases.STEMS)[ask.rule]
    truth = Truth(key, (other,), found.evidence, found.margin, partial(words, found, stem))
    return question(rule, clip, ask, truth)


@lru_cache(maxsize=1 << 10)
def _negated(ask: Ask) -> Ask:
    return msgspec.structs.replace(ask, negated=True)


def _ever(rule: Rule, clip: Reading, seed: int) -> Iterator[Answer]:
    del seed
    known = _of_movements(movements(clip))
    for ask in drawn(rule, clip, known, happens=lambda one: clip.occurrences[one.movements[0]]):
        (movement,) = ask.movements
        found = presence(clip, movement, ask.window)
        words = partial(_ever_words, clip, movement, ask.window)
        yield _one_way(rule, clip, ask, found, words)


@lru_cache
def _of_movements(names: tuple[str, ...]) -> tuple[Ask, ...]:
    """Whether each of some movements happens in each window, asked both ways."""
    return tuple(
        [
            Ask(rule="ever", movements=(name,), window=window, negated=negated)
            for name in names
            for window in (WINDOWS if MOVEMENTS[name].kind != "episode" else WINDOWS[:1])
            for negated in (False, True)
        ]
    )


def _ever_words(clip: Reading, movement: str, window: Window, found: Presence, stem: str) -> Words:
    stem = stem.format(
        subject=clip.speaker.subject,
        move=clip.speaker.phrases[movement].base,
        note=clip.speaker.notes[movement],
        window=_WHEN[window],
    )
    gerund = clip.speaker.phrases[movement].gerund
    if found.happens:
        return Words(
            stem,
            f"Observed: {recounted(clip, found.ones)}.",
            f"So there is {gerund} {_FOUND.get(window, _WHEN[window])}.",
        )
    most = found.evidence[0]
    return Words(
        stem,
        f"From {most.start_s:.1f} s to {most.end_s:.1f} s, {gerund} never goes beyond "
        f"{phrases.measured(most.value, most.unit)}; it counts from "
        f"{phrases.measured(MOVEMENTS[movement].least, most.unit)}.",
        f"So there is no {gerund} {_WHEN[window]}.",
    )


def _walks(rule: Rule, clip: Reading, seed: int) -> Iterator[Answer]:
    del seed
    for window in WINDOWS:
        ask = Ask(rule="ever_walks", window=window)
        found = way(clip, window)
        yield from _both_ways(rule, clip, ask, found, partial(_walks_words, clip, window))


def _walks_words(clip: Reading, window: Window, found: Presence, stem: str) -> Words:
    shown = found.evidence[0]
    return Words(
        stem.format(subject=clip.speaker.subject, window=_WHEN[window]),
        f"From {shown.start_s:.1f} s to {shown.end_s:.1f} s {clip.speaker.subject} goes "
        f"{shown.value:.2f} m over the ground.",
        "A metre or more is walking; 0.3 m or less is none.",
    )


def _returns(rule: Rule, clip: Reading, seed: int) -> Iterator[Answer]:
    del seed
    if not clip.has_start:
        return
    counted = returns(clip)
    found: Presence | str = "no such movement"
    if isinstance(counted, str):
        found = counted
    elif counted.times or clip.facts.whole.furthest_m > 1.0:  # who never left cannot come back
        found = Presence(counted.times > 0, counted.margin, counted.evidence, ())
    words = partial(_returns_words, clip)
    yield from _both_ways(rule, clip, Ask(rule="ever_returns"), found, words)


def _returns_words(clip: Reading, _found: Presence, stem: str) -> Words:
    stem = stem.format(subject=clip.speaker.subject, note=clip.speaker.notes["towards"])
    return Words(stem, *told_returns(clip))


def _sidesteps(rule: Rule, clip: Reading, seed: int) -> Iterator[Answer]:
    del seed
    paths = own_paths(clip)
    for side in ("left", "right"):
        ask = Ask(rule="ever_sidesteps", movements=(side,))
        found: Presence | str
        if isinstance(paths, str):
            found = paths
        elif NO_SIDESTEP_M < paths[side].value < SIDESTEP_M:
            found = "between two answers"
        else:
            path, middle_m = paths[side], (NO_SIDESTEP_M + SIDESTEP_M) / 2
            margin = Margin(
                value=round(abs(path.value - middle_m), 5),
                unit="m",
                band=round(SIDESTEP_M - middle_m, 5),
            )
            found = Presence(path.value >= SIDESTEP_M, margin, (path,), ())
        yield from _both_ways(rule, clip, ask, found, partial(_sidesteps_words, clip, side))


def _sidesteps_words(clip: Reading, side: str, found: Presence, stem: str) -> Words:
    path = found.evidence[0]
    return Words(
        stem.format(subject=clip.speaker.subject, side=f"their own {side}"),
        f"From {path.start_s:.1f} s to {path.end_s:.1f} s, the way sideways to their own "
        f"{side} adds up to {path.value:.2f} m.",
        f"Stepping sideways takes {SIDESTEP_M:.1f} m; up to {NO_SIDESTEP_M:.1f} m is none.",
    )


_NEAR_M: dict[str, float] = {part.name: part.near_m for part in parts.PARTS}


def _near(rule: Rule, clip: Reading, seed: int) -> Iterator[Answer]:
    """Hands at the head or at each other, for a while or never."""
    del seed
    start_s, end_s = span(clip, "whole")
    for part in clip.facts.parts:
        if part.part not in TOUCHES or part.distance_range is None or part.near_share is None:
            continue
        least_m, near_m = part.distance_range[0], _NEAR_M[part.part]
        found: Presence | str = "between two answers"
        if part.coverage < SEEN_SHARE:
            found = "not seen"
        elif abs(least_m - near_m) >= NEAR_BAND_M and (part.near_share >= NEAR_SHARE) == (
            least_m < near_m
        ):
            closest = Evidence(
                what=f"{part.part}_closest", value=least_m, unit="m", start_s=start_s, end_s=end_s
            )
            share = Evidence(
                what=f"{part.part}_near",
                value=part.near_share,
                unit="share",
                start_s=start_s,
                end_s=end_s,
            )
            margin = Margin(value=round(abs(least_m - near_m), 5), unit="m", band=NEAR_BAND_M)
            found = Presence(least_m < near_m, margin, (closest, share), ())
        ask = Ask(rule="ever_near", part=part.part)
        yield from _both_ways(rule, clip, ask, found, partial(_near_words, clip, part.part))


def _near_words(clip: Reading, part: str, found: Presence, stem: str) -> Words:
    closest, share = found.evidence
    return Words(
        stem.format(subject=clip.speaker.subject, one=phrases.PARTS[part]),
        f"From {closest.start_s:.1f} s to {closest.end_s:.1f} s the least distance is "
        f"{closest.value:.2f} m.",
        f"Within {_NEAR_M[part]:.2f} m is near; that is so for {share.value:.0%} of the time.",
    )


def _repeats(rule: Rule, clip: Reading, seed: int) -> Iterator[Answer]:
    del seed
    start_s, end_s = span(clip, "whole")
    walking = way(clip, "whole")
    for part in clip.facts.parts:
        if part.part not in REPEATED:
            continue
        found: Presence | str = "between two answers"
        count = part.repetitions
        if part.coverage < SEEN_SHARE:
            found = "not seen"
        elif isinstance(walking, str) or walking.happens:
            found = "another reading"  # arms swing in walking
        elif count >= LEAST_REPEATED or (not count and part.path < PART_PATH_M):
            evidence = (
                Evidence(
                    what=f"{part.part}_repetitions",
                    value=float(count),
                    unit="count",
                    start_s=start_s,
                    end_s=end_s,
                ),
            )
            margin = Margin(value=float(abs(count - (LEAST_REPEATED - 1))), unit="count", band=1.0)
            found = Presence(count > 0, margin, evidence, ())
        ask = Ask(rule="ever_repeats", part=part.part)
        yield from _both_ways(rule, clip, ask, found, partial(_repeats_words, clip, part))


def _repeats_words(clip: Reading, part: PartFacts, _found: Presence, stem: str) -> Words:
    start_s, end_s = span(clip, "whole")
    named = phrases.PARTS[part.part]
    return Words(
        stem.format(subject=clip.speaker.subject, part=named),
        f"From {start_s:.1f} s to {end_s:.1f} s, {named} moves to and fro "
        f"in {part.repetitions} full cycles.",
        f"Several times in a row is {LEAST_REPEATED} or more.",
    )


RULES: tuple[Rule, ...] = (
    Rule("existence", "movement", _ever, asks_many=True),
    Rule("existence", "walking", _walks),
    Rule("existence", "return", _returns),
    Rule("existence", "sidestep", _sidesteps),
    Rule("existence", "hand near", _near),
    Rule("existence", "repetition", _repeats),
)
