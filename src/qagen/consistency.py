"""Proves that the questions of one clip do not contradict each other.

Judged from asks, keys and evidence alone, by none of the rules' own code.
"""

from collections.abc import Iterable

import msgspec

from kinematics.facts import MotionFacts
from qagen.question import Question


class Contradiction(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Two questions of one clip that cannot both be right."""

    clip: str
    one: str
    """Name of a question."""
    other: str
    why: str


def check(questions: Iterable[Question], facts: MotionFacts) -> list[Contradiction]:
    """Every contradiction among the questions of one clip; none is what is expected.

    >>> from kinematics import measure, synthetic
    >>> from qagen import generate
    >>> facts = measure.measure(synthetic.perform(synthetic.walk(3.0)).motion)
    >>> check(generate.ask_all(facts)[0], facts)
    []
    """
    found: list[Contradiction] = []
    happens: dict[tuple[str, str], tuple[bool, Question]] = {}
    for one in questions:
        if one.clip != facts.clip or one.ask.rule != "ever":
            continue
        happens[one.ask.movements[0], one.ask.window] = (
            (one.key.code == "yes") != one.ask.negated,
            one,
        )
    for one in questions:
        if one.ask.rule != "count" or (one.ask.movements[0], "whole") not in happens:
            continue
        said, other = happens[one.ask.movements[0], "whole"]
        if (int(one.key.code) > 0) != said:
            found.append(
                Contradiction(
                    clip=one.clip, one=one.name, other=other.name, why="count and existence"
                )
            )
    return found
