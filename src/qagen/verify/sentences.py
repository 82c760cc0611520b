"""The stem and the options that belong to what is asked, put together from the table of words."""

from collections.abc import Mapping

from qagen.language import phrases
from qagen.language.phrases import Speaker
from qagen.language.vocabulary import MOVEMENTS
from qagen.schema.question import Ask, Unit
from qagen.schema.record import Record

ANY_TIME = "at any time in the video"
_WHOLE = {"ever": ANY_TIME, "ever_walks": ANY_TIME, "speed_class": "in the video"}
"""How the whole clip is called, where it is not the usual name."""

_SAID_OF_DISTANCE = frozenset(
    {
        *("furthest_distance", "end_distance", "count_returns", "ever_returns"),
        *("furthest_quarter", "closest_quarter_end"),
    }
)
"""Rules without a movement that say what the starting point is."""

_HALVES = {"first_half": "The first half", "second_half": "The second half"}
_COMMON = {
    "yes": "Yes",
    "no": "No",
    "both": "Both",
    "neither": "Neither",
    "same": "Both about the same",
    **dict(
        zip(("quarter_1", "quarter_2", "quarter_3", "quarter_4"), phrases.QUARTERS, strict=True)
    ),
}


def speaker_of(record: Record, *, lean_of: str) -> Speaker:
    """The words for the person of a record, in its frame of reference."""
    return phrases.speaker(
        record.frame,
        lean_of="trunk" if lean_of == "trunk" else "pelvis",
        descriptor=record.descriptor,
    )


# Stems -------------------------------------------------------------------------------------------


def stem(record: Record, speaker: Speaker) -> str:
    """The question that the ask of a record stands for; `KeyError` when it stands for none."""
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
    """What the question is about: movements, own directions, or body parts."""
    words: dict[str, str] = {}
    if ask.part:
        words["part"] = words["one"] = phrases.PARTS.get(ask.part, "?")
    if ask.rule == "compare_own":
        named = [phrases.lower(phrases.OWN_WAYS[name]) for name in ask.movements]
    elif ask.rule == "compare_parts":
        named = [phrases.PARTS[f"{side}_{ask.part}"] for side in ("left", "right")]
    else:
        named = [speaker.phrases[name].gerund for name in ask.movements]
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
    """What has to be said of the movements that the question or its options speak of, once."""
    if record.ask.rule == "end_sector":
        return speaker.frame_note
    spoken = {*record.ask.movements, *record.option_codes}
    if record.ask.rule in _SAID_OF_DISTANCE:
        spoken = {"away"}
    said = [note for name, note in speaker.notes.items() if name in spoken]
    return "".join(dict.fromkeys(said))


# Options -----------------------------------------------------------------------------------------


def _lexicon(record: Record, speaker: Speaker) -> Mapping[str, str]:
    """What codes are called in the options of a rule."""
    rule = record.ask.rule
    if rule in ("compare_own", "own_travel"):
        return phrases.OWN_WAYS
    if rule in ("compare_parts", "dominant_limb"):
        return {name: phrases.capital(words) for name, words in phrases.PARTS.items()}
    if rule == "end_sector":
        return phrases.CAMERA_SECTORS if record.frame == "camera" else phrases.SECTORS
    if rule == "speed_class":
        return phrases.SPEEDS[MOVEMENTS[record.ask.movements[0]].kind]
    if rule == "dominant_activity":
        ahead = phrases.capital(speaker.phrases["forward"].gerund)
        return {"forward": ahead, **phrases.ACTIVITIES}
    words = {name: phrase.gerund for name, phrase in speaker.phrases.items()}
    if rule == "happens_in":
        return {name: f"Only {gerund}" for name, gerund in words.items()}
    return {
        **{name: phrases.capital(gerund) for name, gerund in words.items()},
        **phrases.SHAPES,
        **_HALVES,
    }


def option_text(code: str, record: Record, speaker: Speaker, *, unit: Unit) -> str:
    """How the option with a code reads; `ValueError` when the code means nothing."""
    rule = record.ask.rule
    if code == "same" and rule == "compare_count":
        return "Both equally often"
    if code in (lexicon := {**_COMMON, **_lexicon(record, speaker)}):
        return lexicon[code]
    if ">" in code:
        gerunds = [speaker.phrases[name].gerund for name in code.split(">")]
        return phrases.capital(", then ".join(gerunds))
    if rule.startswith("count"):
        return phrases.times(int(code))
    return phrases.about(float(code), unit)
