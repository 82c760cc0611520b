"""The standard caption of a kept clip: how many people, and the movements of each in time order.

Every phrase describes one measured movement (`kinematics.curation.records.Move`). Clothes, age and
intention are mentioned only if given as attributes. Left and right are the picture's for
directions and positions, and the person's own for hands and feet.
"""

from collections.abc import Sequence
from itertools import groupby

from kinematics.curation.records import ClipReport, Move, Person

PARTS: dict[str, str] = {
    "body": "upper body",
    "head": "head",
    "left_upper_limb": "left hand",
    "right_upper_limb": "right hand",
    "left_lower_limb": "left foot",
    "right_lower_limb": "right foot",
}
"""The words for the moving end of each part that `kinematics.parts` measures."""

WAYS: dict[str | None, str] = {
    "up": "up",
    "down": "down",
    "left": "to the left of the picture",
    "right": "to the right of the picture",
    None: "back and forth",
}

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_ORDINALS = ("first", "second", "third", "fourth", "fifth")


def caption(report: ClipReport) -> str:
    """The caption of one clip; deterministic.

    >>> from kinematics.curation.records import Check, Verdict
    >>> count = Check(name="people", value=1.0, least=1.0)
    >>> raises = Move(part="left_upper_limb", start_s=0.0, end_s=1.0, direction="up", path=1.5)
    >>> waves = Move(part="left_upper_limb", start_s=1.0, end_s=5.0, path=4.0, repetitions=6)
    >>> print(caption(ClipReport(
    ...     clip="a", path="a.mp4", verdicts=(Verdict(stage="people", checks=(count,)),),
    ...     attributes=("a woman in a red coat",),
    ...     people=(Person(
    ...         tracklet=0, start_s=0.0, end_s=9.0, acts=True, box_px=(0, 0, 9, 9),
    ...         moves=(raises, waves),
    ...     ),),
    ... )))
    There is one person in the video.
    The person, a woman in a red coat, moves the left hand up, then moves the left hand back and \
forth 6 times.
    """
    fewest, most = _counts(report)
    people = _described(report.people, most)
    sentences = [_how_many(fewest, most)]
    for place, person in enumerate(people):
        attribute = report.attributes[place] if place < len(report.attributes) else None
        name = _name(place, len(people)) + (f", {attribute}," if attribute else "")
        sentences.append(f"{name} {_does(person)}.")
    return "\n".join(sentences)


def _counts(report: ClipReport) -> tuple[int, int]:
    """The smallest and largest number of people in the counted frames."""
    values = [
        int(check.value)
        for verdict in report.verdicts
        if verdict.stage == "people"
        for check in verdict.checks
        if check.name == "people" and check.value is not None
    ]
    return (min(values), max(values)) if values else (len(report.people), len(report.people))


def _how_many(fewest: int, most: int) -> str:
    if fewest == most:
        number = _NUMBERS[most] if most < len(_NUMBERS) else str(most)
        verb, noun = ("is", "person") if most == 1 else ("are", "people")
        return f"There {verb} {number} {noun} in the video."
    return f"There are {fewest} to {most} people in the video."


def _described(people: Sequence[Person], most: int) -> list[Person]:
    """The people seen longest, as many as are ever seen together (`most`), from left to right.

    A person whose track was lost and resumed has two tracklets; the shorter is left out.
    """
    longest = sorted(people, key=lambda person: (person.start_s - person.end_s, person.tracklet))
    return sorted(longest[:most], key=lambda person: person.box_px[0] + person.box_px[2])


def _name(index: int, count: int) -> str:
    if count == 1:
        return "The person"
    if count == 2:
        return f"The person on the {('left', 'right')[index]}"
    number = _ORDINALS[index] if index < len(_ORDINALS) else f"{index + 1}th"
    return f"The {number} person from the left"


def _does(person: Person) -> str:
    moves = [move for move in person.moves if move.part in PARTS]
    if not person.acts:
        return "hardly moves"
    if not moves:
        return "moves"
    ordered = sorted(moves, key=lambda move: move.start_s)
    together = [list(some) for _, some in groupby(ordered, key=lambda move: move.start_s)]
    return ", then ".join(_at_once(some) for some in together)


def _at_once(moves: Sequence[Move]) -> str:
    """Movements that begin together, the largest first."""
    ordered = sorted(moves, key=lambda move: (-move.path, move.part))
    *others, last = (_phrase(move) for move in ordered)
    return f"{', '.join(others)} and at the same time {last}" if others else last


def _phrase(move: Move) -> str:
    times = f" {move.repetitions} times" if move.repetitions > 1 else ""
    return f"moves the {PARTS[move.part]} {WAYS[move.direction]}{times}"
