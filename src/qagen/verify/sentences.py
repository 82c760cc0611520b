"""The stem of a record's ask, put together from the table of words."""

from qagen.language import phrases, stems
from qagen.language.phrases import Speaker
from qagen.language.vocabulary import MOVEMENTS
from qagen.schema.question import Ask
from qagen.schema.record import Record
from qagen.verify.rederive import table


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
    template = (stems.NEGATED if ask.negated else stems.STEMS)[ask.rule]
    return template.format_map(
        {
            "subject": speaker.subject,
            "window": "" if ask.window == "whole" else f" {phrases.WINDOWS[ask.window]}",
            "nth": dict(enumerate(phrases.ORDINALS)).get(ask.nth, "?"),
            "part": phrases.PARTS.get(ask.part, "?"),
            **_operands(ask, speaker),
        }
    )


def _operands(ask: Ask, speaker: Speaker) -> dict[str, str]:
    """The movements, own directions or body parts that the question names."""
    named = table.RULES[ask.rule].named(ask, speaker)
    words = dict(zip(("one", "other", "third"), named, strict=False))
    if ask.movements:
        first = ask.movements[0]
        row = MOVEMENTS[first]
        words |= {
            "move": speaker.phrases[first].base,
            "side": first,
            "how_far": "By how many degrees" if row.unit == "rad" else "How far",
            "strength": phrases.STRENGTHS.get(row.kind, {}).get(ask.strength, "?"),
        }
    return words
