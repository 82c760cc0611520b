"""Existence: did it happen at all? Yes or no, asked plainly and turned round."""

from collections.abc import Iterator, Mapping

from kinematics import parts
from qagen import wording
from qagen.asking import Answer, Rule, Truth, movements, question, recounted, rejection
from qagen.places import returns, way
from qagen.question import WINDOWS, Ask, Evidence, Margin, Option, Window
from qagen.reading import Reading
from qagen.sureness import Presence, own_paths, presence, span
from qagen.vocabulary import (
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

YES, NO = Option("Yes", "yes"), Option("No", "no")

_AT_ANY_TIME = "at any time in the video"
_FOUND: dict[Window, str] = {"whole": "in the video"}
_WHEN: dict[Window, str] = {**wording.WINDOWS, "whole": _AT_ANY_TIME}


def _both_ways(
    rule: Rule,
    clip: Reading,
    ask: Ask,
    found: Presence | str,
    *,
    words: Mapping[str, str],
    because: tuple[str, str],
) -> Iterator[Answer]:
    """The plain question and its negation, or two rejections."""
    negated = Ask(
        rule=ask.rule, movements=ask.movements, window=ask.window, part=ask.part, negated=True
    )
    if isinstance(found, str):
        yield rejection(rule, clip, ask, found)
        yield rejection(rule, clip, negated, found)
        return
    plain = (YES, NO) if found.happens else (NO, YES)
    for one, (key, other), stem in (
        (ask, plain, wording.STEMS[ask.rule]),
        (negated, plain[::-1], wording.NEGATED[ask.rule]),
    ):
        truth = Truth(key, (other,), found.evidence, found.margin, because)
        yield question(rule, clip, one, stem.format_map(words), truth)


def _ever(rule: Rule, clip: Reading, seed: int) -> Iterator[Answer]:
    del seed
    for movement in movements(clip):
        words = {
            "subject": clip.speaker.subject,
            "move": clip.speaker.phrases[movement].base,
            "note": clip.speaker.notes[movement],
        }
        windows = WINDOWS if MOVEMENTS[movement].kind != "episode" else WINDOWS[:1]
        for window in windows:
            ask = Ask(rule="ever", movements=(movement,), window=window)
            found = presence(clip, movement, window)
            because = ("", "") if isinstance(found, str) else _told(clip, movement, window, found)
            words["window"] = _WHEN[window]
            yield from _both_ways(rule, clip, ask, found, words=words, because=because)


def _told(clip: Reading, movement: str, window: Window, found: Presence) -> tuple[str, str]:
    gerund = clip.speaker.phrases[movement].gerund
    if found.happens:
        return (
            f"Observed: {recounted(found.ones)}.",
            f"So there is {gerund} {_FOUND.get(window, _WHEN[window])}.",
        )
    most = found.evidence[0]
    return (
        f"From {most.start_s:.1f} s to {most.end_s:.1f} s, {gerund} never goes beyond "
        f"{wording.measured(most.value, most.unit)}; it counts from "
        f"{wording.measured(MOVEMENTS[movement].least, most.unit)}.",
        f"So there is no {gerund} {_WHEN[window]}.",
    )


def _walks(rule: Rule, clip: Reading, seed: int) -> Iterator[Answer]:
    del seed
    for window in WINDOWS:
        found = way(clip, window)
        because = ("", "")
        if not isinstance(found, str):
            shown = found.evidence[0]
            because = (
                f"From {shown.start_s:.1f} s to {shown.end_s:.1f} s {clip.speaker.subject} goes "
                f"{shown.value:.2f} m over the ground.",
                "A metre or more is walking; 0.3 m or less is none.",
            )
        words = {"subject": clip.speaker.subject, "window": _WHEN[window]}
        ask = Ask(rule="ever_walks", window=window)
        yield from _both_ways(rule, clip, ask, found, words=words, because=because)


def _returns(rule: Rule, clip: Reading, seed: int) -> Iterator[Answer]:
    del seed
    if not clip.has_start:
        return
    counted = returns(clip)
    found: Presence | str = "no such movement"
    because = ("", "")
    if isinstance(counted, str):
        found = counted
    elif counted.times or clip.facts.whole.furthest_m > 1.0:  # who never left cannot come back
        found = Presence(counted.times > 0, counted.margin, counted.evidence, ())
        because = counted.because
    words = {"subject": clip.speaker.subject, "note": clip.speaker.notes["towards"]}
    ask = Ask(rule="ever_returns")
    yield from _both_ways(rule, clip, ask, found, words=words, because=because)


def _sidesteps(rule: Rule, clip: Reading, seed: int) -> Iterator[Answer]:
    del seed
    paths = own_paths(clip)
    for side in ("left", "right"):
        ask = Ask(rule="ever_sidesteps", movements=(side,))
        words = {"subject": clip.speaker.subject, "side": f"their own {side}"}
        found: Presence | str
        because = ("", "")
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
            because = (
                f"From {path.start_s:.1f} s to {path.end_s:.1f} s, the way sideways to their own "
                f"{side} adds up to {path.value:.2f} m.",
                f"Stepping sideways takes {SIDESTEP_M:.1f} m; up to {NO_SIDESTEP_M:.1f} m is none.",
            )
        yield from _both_ways(rule, clip, ask, found, words=words, because=because)


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
        named = wording.PARTS[part.part]
        because = (
            f"From {start_s:.1f} s to {end_s:.1f} s the least distance is {least_m:.2f} m.",
            f"Within {near_m:.2f} m is near; that is so for {part.near_share:.0%} of the time.",
        )
        words = {"subject": clip.speaker.subject, "one": named}
        ask = Ask(rule="ever_near", part=part.part)
        yield from _both_ways(rule, clip, ask, found, words=words, because=because)


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
        because = (
            f"From {start_s:.1f} s to {end_s:.1f} s, {wording.PARTS[part.part]} moves to and fro "
            f"in {count} full cycles.",
            f"Several times in a row is {LEAST_REPEATED} or more.",
        )
        words = {"subject": clip.speaker.subject, "part": wording.PARTS[part.part]}
        ask = Ask(rule="ever_repeats", part=part.part)
        yield from _both_ways(rule, clip, ask, found, words=words, because=because)


RULES: tuple[Rule, ...] = (
    Rule("existence", "movement", _ever),
    Rule("existence", "walking", _walks),
    Rule("existence", "return", _returns),
    Rule("existence", "sidestep", _sidesteps),
    Rule("existence", "hand near", _near),
    Rule("existence", "repetition", _repeats),
)
