"""Which of several is most."""

from qagen.language import phrases
from qagen.language.phrases import Speaker
from qagen.language.vocabulary import DIRECTIONS, LEANS, LIMBS
from qagen.schema.question import Ask
from qagen.verify.moves import Clip
from qagen.verify.quantities import activities_s, top_speed
from qagen.verify.rederive.kinds import Amounts, Derivation, largest, movement_text, part_text


def _activities(clip: Clip, ask: Ask) -> Amounts:
    window = clip.window(ask.window)
    return activities_s(clip, window.start_s, window.end_s), "s"


def _longest_s(clip: Clip, _ask: Ask) -> Amounts:
    moves = {name: clip.moves[name] for name in DIRECTIONS}
    return {
        name: max([m.end_s - m.start_s for m in moves[name]], default=0.0) for name in moves
    }, "s"


def _activity_text(code: str, speaker: Speaker, *_: object) -> str:
    return movement_text(code, speaker) if code == "forward" else phrases.ACTIVITIES[code]


RULES: dict[str, Derivation] = {
    "dominant_direction": largest(
        lambda clip, ask: ({name: clip.total(name, ask.window) for name in DIRECTIONS}, "m"),
        movement_text,
    ),
    "dominant_lean": largest(
        lambda clip, ask: ({name: clip.total(name, ask.window) for name in LEANS}, "rad"),
        movement_text,
    ),
    "dominant_speed": largest(
        lambda clip, _: ({name: top_speed(clip, name) for name in DIRECTIONS}, "m/s"),
        movement_text,
    ),
    "dominant_duration": largest(_longest_s, movement_text),
    "dominant_activity": largest(_activities, _activity_text),
    "dominant_limb": largest(
        lambda clip, _: ({name: clip.part(name).path for name in LIMBS}, "m"), part_text
    ),
}
