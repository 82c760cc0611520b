"""Example questions for the docs: one of each task about a synthetic motion.

The page holds the command's output between two markers; a test fails when it is out of date.
"""

import math
from pathlib import Path

from kinematics import output
from qagen import draws
from qagen.rules import generate
from qagen.schema.question import Question
from qagen.schema.record import LETTERS, Record
from qagen.schema.suite import HUMANMOVE, tasks_of

BEGIN = "<!-- examples: written by `qagen examples --readme docs/examples.md` -->"
END = "<!-- end of examples -->"

SEED = 0

ABOUT = (
    "Somebody walks 3 m, stops, turns left by 90°, walks 2 m, waits, bows, and steps 1 m to the "
    "right. Of the many questions that `qagen` asks about this, one of each task:"
)
"""A description of `_motion`."""


def section() -> str:
    """The examples as Markdown.

    >>> section().count("Answer:")
    7
    """
    from kinematics import synthetic
    from kinematics.movement import measurement

    script = synthetic.walk(3.0).then(
        synthetic.pause(1.5),
        synthetic.turn(math.radians(90)),
        synthetic.walk(2.0),
        synthetic.pause(1.0),
        synthetic.bow(math.radians(50)),
        synthetic.pause(1.0),
        synthetic.sidestep(1.0, to="right"),
    )
    facts = measurement.measure(synthetic.perform(script, fps=30.0, clip="example").motion)
    questions, _ = generate.ask_all(facts, seed=SEED)
    parts = [ABOUT]
    for task in tasks_of([HUMANMOVE]):
        ones = [one for one in questions if one.category == task]
        if not ones:
            raise RuntimeError(f"the example motion gives no question of the task {task}")
        parts.append(_markdown(generate.to_record(min(ones, key=_place), facts, seed=SEED)))
    return "\n\n".join(parts)


def _place(question: Question) -> int:
    """A hash that draws the examples, so that they are not hand-picked."""
    return draws.number(SEED, f"{question.name}/example")


def _markdown(row: Record) -> str:
    options = " · ".join(
        f"{letter}. {option}" for letter, option in zip(LETTERS, row.options, strict=False)
    )
    return (
        f"**{row.task}** ({row.family}): {row.question}\\\n{options}\\\n"
        f"Answer: {row.answer}. *{' '.join(row.reasoning[:-1])}*"
    )


def _parts(readme: Path) -> tuple[str, str, str]:
    """The text before, between and after the markers."""
    text = readme.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    between, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{readme}: expected the two lines {BEGIN} and {END}")
    return before, between, after


def written(readme: Path) -> str:
    """The examples on a page; raises `ValueError` if its markers are missing."""
    return _parts(readme)[1].strip("\n")


def write(readme: Path, text: str) -> None:
    """Writes examples between a page's markers; the rest does not change."""
    before, _, after = _parts(readme)
    output.write_bytes(readme, f"{before}{BEGIN}\n\n{text}\n\n{END}{after}".encode())
