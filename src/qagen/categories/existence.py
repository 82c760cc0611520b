"""Existence: did it happen at all? Yes or no, asked plainly and turned round."""

from collections.abc import Iterator

from qagen import wording
from qagen.asking import Answer, Presence, Rule, Truth, presence, question, recounted, rejection
from qagen.question import WINDOWS, Ask, Evidence, Margin, Option, Unit, Window
from qagen.reading import Reading
from qagen.vocabulary import (
    MOVEMENTS,
    NO_PATH_M,
    SEEN_SHARE,
    WALK_PATH_M,
)

YES, NO = Option("Yes", "yes"), Option("No", "no")

_STARTLESS = frozenset({"away", "towards"})
_AT_ANY_TIME = "at any time in the video"


def _both_ways(
    rule: Rule,
    clip: Reading,
    *,
    ask: Ask,
    stems: tuple[str, str],
    words: dict[str, str],
    found: Presence | str,
    because: tuple[str, str],
) -> Iterator[Answer]:
    """The plain question and its negation, or two rejections."""
    for negated, stem in enumerate(stems):
        one = (
            ask
            if not negated
            else Ask(
                rule=ask.rule,
                movements=ask.movements,
                window=ask.window,
                part=ask.part,
                negated=True,
            )
        )
        if isinstance(found, str):
            yield rejection(rule, clip, one, found)
            continue
        key, other = (YES, NO) if found.happens != bool(negated) else (NO, YES)
        truth = Truth(key, (other,), found.evidence, found.margin, because)
        yield question(rule, clip, one, stem.format_map(words), truth)


def _ever(rule: Rule, clip: Reading, seed: int) -> Iterator[Answer]:
    del seed
    stems = (wording.STEMS["ever"], wording.STEMS["never"])
    for movement, row in MOVEMENTS.items():
        if movement in _STARTLESS and not clip.has_start:
            continue
        for window in WINDOWS:
            if row.kind == "episode" and window != "whole":
                continue
            ask = Ask(rule="ever", movements=(movement,), window=window)
            found = presence(clip, movement, window)
            because = ("", "") if isinstance(found, str) else _told(clip, movement, window, found)
            words = {
                "subject": clip.speaker.subject,
                "move": clip.speaker.phrases[movement].base,
                "window": wording.WINDOWS[window] if window != "whole" else _AT_ANY_TIME,
                "note": clip.speaker.notes[movement],
            }
            yield from _both_ways(
                rule, clip, ask=ask, stems=stems, words=words, found=found, because=because
            )


def _told(clip: Reading, movement: str, window: Window, found: Presence) -> tuple[str, str]:
    gerund = clip.speaker.phrases[movement].gerund
    when = wording.WINDOWS[window]
    if found.happens:
        return (
            f"Observed: {recounted(found.ones)}.",
            f"So there is {gerund} {when}.",
        )
    most = found.evidence[0]
    return (
        f"From {most.start_s:.1f} s to {most.end_s:.1f} s, {gerund} never goes beyond "
        f"{wording.measured(most.value, most.unit)}; it counts from "
        f"{wording.measured(MOVEMENTS[movement].least, most.unit)}.",
        f"So there is no {gerund} {when}.",
    )


def _threshold(
    what: str, value: float, *, no: float, yes: float, unit: Unit, span: tuple[float, float]
) -> Presence | str:
    """Above `yes` it happens, below `no` it does not, between them nobody asks."""
    if no < value < yes:
        return "between two answers"
    middle = (no + yes) / 2
    evidence = Evidence(
        what=what,
        value=value,
        unit=unit,
        start_s=span[0],
        end_s=span[1],
    )
    margin = Margin(
        value=round(abs(value - middle), 5),
        unit=unit,
        band=round((yes - no) / 2, 5),
    )
    return Presence(value >= yes, margin, (evidence,), ())


def _walks(rule: Rule, clip: Reading, seed: int) -> Iterator[Answer]:
    del seed
    stems = (wording.STEMS["ever_walks"], wording.STEMS["never_walks"])
    windows = (clip.facts.whole, *clip.facts.quarters)
    for name, window in zip(WINDOWS, windows, strict=True):
        span = (window.start_s, window.end_s)
        found: Presence | str = "not seen"
        if window.coverage >= SEEN_SHARE:
            found = _threshold(
                "path", window.path_m, no=NO_PATH_M, yes=WALK_PATH_M, unit="m", span=span
            )
        words = {
            "subject": clip.speaker.subject,
            "window": wording.WINDOWS[name] if name != "whole" else _AT_ANY_TIME,
        }
        because = (
            f"From {span[0]:.1f} s to {span[1]:.1f} s {clip.speaker.subject} goes "
            f"{window.path_m:.2f} m over the ground.",
            f"Walking takes {WALK_PATH_M:.1f} m or more; up to {NO_PATH_M:.1f} m is standing.",
        )
        ask = Ask(rule="ever_walks", window=name)
        yield from _both_ways(
            rule, clip, ask=ask, stems=stems, words=words, found=found, because=because
        )


RULES: tuple[Rule, ...] = (
    Rule("existence", "movement", _ever),
    Rule("existence", "walking", _walks),
)
