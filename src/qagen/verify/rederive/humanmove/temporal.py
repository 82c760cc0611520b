"""What happens when, and how fast."""

from collections.abc import Iterable, Sequence

from qagen.language import phrases
from qagen.language.phrases import Speaker
from qagen.language.vocabulary import BOUND_BAND_S, MOVEMENTS, ORDER_BAND_S, SPEEDS
from qagen.schema.question import Ask, Window
from qagen.schema.record import Record
from qagen.verify import findings
from qagen.verify.findings import NOTHING, Finding
from qagen.verify.moves import Clip, Move
from qagen.verify.quantities import QUARTERS, movement_of, occurrence, speed_unit
from qagen.verify.rederive.kinds import (
    MEAN_SPEED,
    Derivation,
    first_offered,
    if_offered,
    movement_text,
    quarter_text,
)

# Which of two movements happen --------------------------------------------------------------------


def _happens_in(clip: Clip, ask: Ask) -> Finding:
    """Which of two movements happen; the margin is the smaller one of the two."""
    first, second = (findings.happens(clip, name, ask.window) for name in ask.movements)
    closer = min(first, second, key=lambda finding: finding.margin)
    return closer._replace(code=_which(ask, first.code == "yes", second.code == "yes"))


def _happens_code(clip: Clip, ask: Ask) -> str:
    first, second = (findings.enough(clip, name, ask.window) for name in ask.movements)
    return _which(ask, first, second)


def _which(ask: Ask, first: bool, second: bool) -> str:
    if first:
        return "both" if second else ask.movements[0]
    return ask.movements[1] if second else "neither"


def _happens_text(code: str, speaker: Speaker, *_: object) -> str:
    return {"both": "Both", "neither": "Neither"}.get(code) or f"Only {speaker.gerund(code)}"


# What begins in a window --------------------------------------------------------------------------


def _begun(clip: Clip, moves: Iterable[Move], window: Window) -> list[Move]:
    facts = clip.window(window)
    return [move for move in moves if facts.start_s <= move.start_s < facts.end_s]


def _first_in(clip: Clip, ask: Ask) -> Finding:
    """What begins first in a window; the margin is to the nearest other start, or to a bound."""
    window, sequence = clip.window(ask.window), clip.sequence()
    begun = _begun(clip, sequence, ask.window)
    if not begun:
        return NOTHING
    at_s = begun[0].start_s
    gaps_s = [window.end_s - at_s]
    if ask.window != "quarter_1":
        gaps_s.append(at_s - window.start_s)
    for move in sequence:
        near = window.start_s - BOUND_BAND_S < move.start_s < window.end_s + BOUND_BAND_S
        if near and move != begun[0]:
            gaps_s.append(abs(move.start_s - at_s))
    return Finding(begun[0].name, min(gaps_s), "s", ORDER_BAND_S)


def _first_offered_in(clip: Clip, ask: Ask, options: Sequence[str]) -> str:
    return first_offered(_begun(clip, clip.sequence(), ask.window), options)


def _speed_class(clip: Clip, ask: Ask) -> Finding:
    """How fast the first occurrence is that begins in a window."""
    movement = movement_of(ask)
    classes = SPEEDS[MOVEMENTS[movement].kind]
    begun = _begun(clip, clip.moves[movement], ask.window)
    if not begun:
        return NOTHING
    return findings.class_of(begun[0].mean_speed, classes, speed_unit(movement))


def _speed_text(code: str, _: Speaker, record: Record, *__: object) -> str:
    return phrases.SPEEDS[MOVEMENTS[movement_of(record.ask)].kind][code]


def _quarter_of(clip: Clip, ask: Ask) -> Finding:
    """The quarter in which an occurrence begins."""
    at_s = occurrence(clip, ask).start_s
    bounds_s = [quarter.start_s for quarter in clip.facts.quarters[1:]]
    quarter = QUARTERS[sum(at_s >= bound_s for bound_s in bounds_s)]
    return Finding(quarter, min(abs(at_s - bound_s) for bound_s in bounds_s), "s", BOUND_BAND_S)


RULES: dict[str, Derivation] = {
    "happens_in": Derivation(_happens_in, _happens_text, if_offered(_happens_code)),
    "first_in": Derivation(_first_in, movement_text, _first_offered_in),
    "speed_class": Derivation(_speed_class, _speed_text, tolerance=MEAN_SPEED),
    "quarter_of": Derivation(_quarter_of, quarter_text),
}
