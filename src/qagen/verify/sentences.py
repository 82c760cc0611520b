"""The stem of a record's ask, put together from the table of words."""

from qagen.language import phrases
from qagen.language.phrases import Speaker
from qagen.language.vocabulary import MOVEMENTS
from qagen.schema.question import Ask
from qagen.schema.record import Record
from qagen.verify.rederive import table

ANY_TIME = "at any time in the video"
_WHOLE = {"ever": ANY_TIME, "ever_walks": ANY_TIME, "speed_class": "in the video"}
"""The words for the whole clip, where they are not the usual ones."""

_SAID_OF_DISTANCE = frozenset(
    {
        *("furthest_distance", "end_distance", "count_returns", "ever_returns"),
        *("furthest_quarter", "closest_quarter_end"),
    }
)
"""Rules without a movement whose stems define the starting point."""


def speaker_of(record: Record, *, lean_of: str) -> Speaker:
    """The words for the person of a record, in its frame of reference."""
    return phrases.speaker(
        record.frame,
        lean_of="trunk" if lean_of == "trunk" else "pelvis",
        descriptor=record.descriptor,
    )


def stem(record: Record, speaker: Speaker) -> str:
    """The question of a record's ask; `KeyError` when the ask makes no question."""
    ask = record.ask
    template = (phrases.NEGATED if ask.negated else phrases.STEMS)[ask.rule]
    return template.format_map(
        {
            "subject": speaker.subject,
            "Subject": phrases.capital(speaker.subject),
            "window": phrases.WINDOWS[ask.window]
            if ask.window != "whole"
            else _WHOLE.get(ask.rule, phrases.WINDOWS["whole"]),
            "count_note": phrases.COUNT_NOTE,
            "nth": dict(enumerate(phrases.ORDINALS)).get(ask.nth, "?"),
            "note": _note(record, speaker),
            **_operands(ask, speaker),
        }
    )


def _operands(ask: Ask, speaker: Speaker) -> dict[str, str]:
    """The movements, own directions or body parts that the question names."""
    words: dict[str, str] = {}
    if ask.part:
        words["part"] = words["one"] = phrases.PARTS.get(ask.part, "?")
    named = table.RULES[ask.rule].named(ask, speaker)
    words |= dict(zip(("one", "other", "third"), named, strict=False))
    if ask.movements:
        first = ask.movements[0]
        sizes = phrases.STRENGTHS.get(MOVEMENTS[first].kind, {})
        words |= {
            "move": speaker.phrases[first].base,
            "side": f"their own {first}",
            "strength": sizes.get(ask.strength, "?"),
        }
    return words


def _note(record: Record, speaker: Speaker) -> str:
    """The definitions for the movements that the question or its options name, each once."""
    if record.ask.rule == "end_sector":
        return speaker.frame_note
    spoken = {*record.ask.movements, *record.option_codes}
    if record.ask.rule in _SAID_OF_DISTANCE:
        spoken = {"away"}
    said = [note for name, note in speaker.notes.items() if name in spoken]
    return "".join(dict.fromkeys(said))
