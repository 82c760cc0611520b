"""Which of two is more."""

from collections.abc import Callable

from qagen.language import phrases
from qagen.schema.question import Ask, Unit
from qagen.verify import findings
from qagen.verify.findings import Finding
from qagen.verify.moves import Clip
from qagen.verify.quantities import own_paths_m, speed_unit, top_speed, unit_of
from qagen.verify.rederive.kinds import (
    Amounts,
    Derivation,
    larger,
    movement_text,
    or_same,
    part_text,
    worded,
)


def _count(clip: Clip, ask: Ask) -> Finding:
    first, second = ask.movements
    more = len(clip.moves[first]) - len(clip.moves[second])
    code = "same" if more == 0 else first if more > 0 else second
    return findings.counted(clip, code, ask.movements)


def _of_movements(
    amount: Callable[[Clip, Ask, str], float], unit: Callable[[str], Unit]
) -> Callable[[Clip, Ask], Amounts]:
    """The amounts of the two movements, or own directions, of an ask."""

    def amounts(clip: Clip, ask: Ask) -> Amounts:
        first, second = ask.movements
        return {name: amount(clip, ask, name) for name in (first, second)}, unit(first)

    return amounts


def _halves_m(clip: Clip, _: Ask) -> Amounts:
    first, second, third, fourth = (quarter.path_m for quarter in clip.facts.quarters)
    return {"first_half": first + second, "second_half": third + fourth}, "m"


def _sides(ask: Ask) -> list[str]:
    return [f"left_{ask.part}", f"right_{ask.part}"]


RULES: dict[str, Derivation] = {
    "compare_count": Derivation(
        _count, or_same("Both equally often", movement_text), every_move=True
    ),
    "compare_total": larger(
        _of_movements(lambda clip, ask, name: clip.total(name, ask.window), unit_of), movement_text
    ),
    "compare_speed": larger(
        _of_movements(lambda clip, _, name: top_speed(clip, name), speed_unit), movement_text
    ),
    "compare_halves": larger(
        _halves_m, worded({"first_half": "The first half", "second_half": "The second half"})
    ),
    "compare_own": larger(
        _of_movements(lambda clip, _, name: own_paths_m(clip)[name], lambda _: "m"),
        worded(phrases.OWN_WAYS),
        named=lambda ask, _: [phrases.lower(phrases.OWN_WAYS[name]) for name in ask.movements],
    ),
    "compare_parts": larger(
        lambda clip, ask: ({name: clip.part(name).path for name in _sides(ask)}, "m"),
        part_text,
        named=lambda ask, _: [phrases.PARTS[name] for name in _sides(ask)],
    ),
}
