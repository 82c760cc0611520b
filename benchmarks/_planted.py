"""Questions at random, with or without a planted way to answer them blindly.

Every leak has a strength: the share of the questions it tells the answer of. Guessing is right of
the others, so a strength of 0.1 is a score of about 10 points.
"""

import random
from collections.abc import Callable

from qagen.audit.rows import Row

ACTIONS = (
    "walking", "running", "turning to the left", "turning to the right", "jumping", "crouching",
    "leaning forwards", "leaning backwards", "moving to the left", "moving to the right",
)  # fmt: skip
WHEN = ("", " in the first half", " in the second half", " throughout", " at the same time")


class Asked:
    """A question before its options have their order."""

    def __init__(self, draw: random.Random, number: int, clip: str) -> None:
        self.draw, self.number, self.clip = draw, number, clip
        self.task = ("existence", "numerical", "ordering")[number % 3]
        self.when = draw.choice(WHEN)
        action = draw.choice(ACTIONS)
        if self.task == "existence":
            self.question = f"Is the person {action}{self.when}?"
            self.options = ["Yes", "No"]
        elif self.task == "numerical":
            self.question = f"How many times is the person {action}{self.when}?"
            first = draw.randrange(6)
            self.options = [str(first + step) for step in range(4)]
        else:
            self.question = f"What does the person do after {action}{self.when}?"
            self.options = draw.sample([one for one in ACTIONS if one != action], 4)
        self.key = draw.choice(self.options)
        self.place = draw.randrange(len(self.options))
        self.row: str | None = None

    def finished(self) -> Row:
        others = [option for option in self.options if option != self.key]
        self.draw.shuffle(others)
        options = (*others[: self.place], self.key, *others[self.place :])
        return Row(
            clip=self.clip, split=("train", "test")[int(self.clip) % 5 == 0],
            task=self.task, family=self.task, question=self.question,
            options=options, answer_index=self.place, id=f"{self.number}",
        )  # fmt: skip


def _letters(asked: Asked) -> None:
    """The letters cycle by row."""
    asked.place = asked.number // 3 % len(asked.options)


def _middle(asked: Asked) -> None:
    """The right count is the second or third of those offered."""
    if asked.task == "numerical":
        asked.key = asked.draw.choice(sorted(asked.options, key=float)[1:3])


def _throughout(asked: Asked) -> None:
    """What is asked to last throughout never does."""
    if asked.task == "existence" and "throughout" in asked.question:
        asked.key = "No"


def _prior(asked: Asked) -> None:
    """Some answers are right whenever they are offered."""
    if asked.task == "ordering":
        asked.key = min(asked.options, key=ACTIONS.index)


def _longest(asked: Asked) -> None:
    """The right option says more than the others."""
    asked.options[asked.options.index(asked.key)] += " with care"
    asked.key += " with care"


def _siblings(asked: Asked) -> None:
    """What is done is asked about in the clip's other questions."""
    true = ACTIONS[int(asked.clip) * 7 % len(ACTIONS)]
    if asked.task == "existence":
        asked.question = f"Is the person {true} with the whole body?"
    if asked.task == "ordering":
        asked.options = [true, *[one for one in asked.options if one != true][:3]]
        asked.key = true


LEAKS: dict[str, Callable[[Asked], None]] = {
    "letters": _letters, "middle": _middle, "throughout": _throughout, "prior": _prior,
    "longest": _longest, "siblings": _siblings,
}  # fmt: skip


def rows(
    count: int, *, seed: int = 0, leak: str = "", strength: float = 1.0, per_clip: int = 12
) -> list[Row]:
    """Questions about clips named by numbers, `per_clip` each."""
    draw = random.Random(f"{seed}/{leak}")
    found = []
    for number in range(count):
        asked = Asked(draw, number, str(number // per_clip))
        if leak and draw.random() < strength:
            LEAKS[leak](asked)
        found.append(asked.finished())
    return found
