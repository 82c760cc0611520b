"""The stem and the options that belong to what is asked, put together from the table of words."""

from collections.abc import Iterable, Iterator, Mapping

from qagen import wording
from qagen.question import Ask
from qagen.record import Record
from qagen.vocabulary import MOVEMENTS
from qagen.wording import Speaker

ANY_TIME = "at any time in the video"
_EVER = ("ever", "never")
SAME = {"compare_count": "Both equally often"}
SAME_SIZE = "Both about the same"


def speaker_of(record: Record, *, lean_of: str) -> Speaker:
    """The words for the person of a record, in its frame of reference."""
    return wording.speaker(
        record.frame,
        lean_of="trunk" if lean_of == "trunk" else "pelvis",
        descriptor=record.descriptor,
    )


def _template(ask: Ask) -> str:
    name = ask.rule
    if ask.negated and name.startswith("ever"):
        name = "never" + name.removeprefix("ever")
    return wording.STEMS.get(name, "")


def _words(ask: Ask, speaker: Speaker) -> Mapping[str, str]:
    """What stands for each place of a stem, except for the notes."""
    movements = [speaker.phrases[name] for name in ask.movements]
    whole = ANY_TIME if ask.rule.startswith(_EVER) else wording.WINDOWS["whole"]
    words = {
        "subject": speaker.subject,
        "Subject": wording.capital(speaker.subject),
        "window": whole if ask.window == "whole" else wording.WINDOWS[ask.window],
        "count_note": wording.COUNT_NOTE,
        "nth": wording.ORDINALS[ask.nth] if 0 <= ask.nth < len(wording.ORDINALS) else "?",
        "part": wording.PARTS.get(ask.part, "?"),
        "note": "\0",
    }
    if movements:
        words["move"], words["one"] = movements[0].base, movements[0].gerund
        words["strength"] = wording.STRENGTHS.get(MOVEMENTS[ask.movements[0]].kind, {}).get(
            ask.strength, "?"
        )
    if len(movements) > 1:
        words["other"] = movements[1].gerund
    return words


def fits_stem(record: Record, speaker: Speaker) -> str:
    """Empty when the question is the stem of its ask, otherwise the stem that was expected.

    Each note on what directions mean has to be there once; their order is free.
    """
    template = _template(record.ask)
    if not template:
        return f"a stem for the rule {record.ask.rule}"
    try:
        expected = template.format_map(_words(record.ask, speaker))
    except KeyError as missing:
        return f"a stem with {missing}, which the ask does not say"
    before, _, after = expected.partition("\0")
    notes = set(_notes(record, speaker)) if "\0" in expected else set()
    shown = record.question
    if shown.startswith(before) and shown.endswith(after) and len(shown) >= len(before + after):
        said = shown[len(before) : len(shown) - len(after)]
        for note in sorted(notes, key=len, reverse=True):
            if said.count(note) != 1:
                break
            said = said.replace(note, "")
        else:
            if not said:
                return ""
    return before + "".join(sorted(notes)) + after


def _notes(record: Record, speaker: Speaker) -> Iterator[str]:
    """What has to be said of the movements that the question or its options speak of."""
    for name in (*record.ask.movements, *record.option_codes):
        if speaker.notes.get(name):
            yield speaker.notes[name]


def option_text(code: str, ask: Ask, speaker: Speaker, *, unit: str) -> str:
    """How an option with this code reads.

    >>> from qagen.question import Ask
    >>> words = wording.speaker("body", lean_of="trunk", descriptor="")
    >>> option_text("2", Ask(rule="count", movements=("left",)), words, unit="m")
    'Twice'
    """
    if code in speaker.phrases:
        gerund = speaker.phrases[code].gerund
        return f"Only {gerund}" if ask.rule == "happens_in" else wording.capital(gerund)
    if code in wording.WINDOWS:
        return wording.QUARTERS[int(code[-1]) - 1]
    if code == "same":
        return SAME.get(ask.rule, SAME_SIZE)
    if code in ("yes", "no", "both", "neither"):
        return wording.capital(code)
    if ask.rule.startswith("count"):
        return wording.times(int(code))
    return wording.about(_number(code), unit)  # type: ignore[arg-type]


def _number(code: str) -> float:
    try:
        return float(code)
    except ValueError:
        return float("nan")


def distinct(texts: Iterable[str]) -> bool:
    """Whether no two options read or mean the same.

    >>> distinct(["Yes", "No"]), distinct(["Once", "Once"])
    (True, False)
    """
    every = list(texts)
    return len(set(every)) == len(every)
