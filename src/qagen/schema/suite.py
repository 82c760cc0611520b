"""Suites: a benchmark's table of tasks, as plain data.

A task says how many options its questions have, how replies are scored and which pictures are
shown. A data set's manifest and a run's settings hold the tables of their own suites, so nothing
that reads them needs `SUITES`; a build is given suites by its recipe.
"""

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Literal

import msgspec

Scoring = Literal["choice", "text"]
"""By the letter of an option, or by what a free text says."""

Media = Literal["video", "two pictures", "pseudo-video"]
"""What is shown with a question; a pseudo-video joins pieces of several clips."""

_NAME = re.compile(r"[A-Za-z0-9_-]+")

FEWEST_OPTIONS, MOST_OPTIONS = 2, 8


class Task(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A kind of question that is counted and scored by itself."""

    name: str
    options: int
    """How many options each question has; 0 for free text."""
    scoring: Scoring = "choice"
    media: Media = "video"
    title: str = ""
    """The name in running text, where it differs from `name`."""

    def __post_init__(self) -> None:
        wanted = (
            "0 for free text" if self.scoring == "text" else f"{FEWEST_OPTIONS} to {MOST_OPTIONS}"
        )
        fits = (
            self.options == 0
            if self.scoring == "text"
            else FEWEST_OPTIONS <= self.options <= MOST_OPTIONS
        )
        if not (fits and _NAME.fullmatch(self.name)):
            raise ValueError(
                f"task {self.name!r} with {self.options} options: expected a name of letters, "
                f"digits, _ and -, and as many options as {wanted}"
            )

    @property
    def chance(self) -> float:
        """The share of questions that guessing gets right; 0 for free text.

        >>> Task(name="count", options=4).chance
        0.25
        >>> Task(name="story", options=0, scoring="text").chance
        0.0
        """
        return 1 / self.options if self.options else 0.0


class Suite(msgspec.Struct, frozen=True, kw_only=True):
    """A benchmark: its name and its tasks, in the order of its tables."""

    name: str
    tasks: tuple[Task, ...]

    def __post_init__(self) -> None:
        tasks_of([self])


def tasks_of(suites: Iterable[Suite]) -> dict[str, Task]:
    """The tasks of some suites by name, in order.

    Raises `ValueError` when two tasks share a name: counts and scores are kept by the task's name
    alone.

    >>> list(tasks_of([HUMANMOVE]))[:2]
    ['numerical', 'comparative']
    """
    tasks = [task for suite in suites for task in suite.tasks]
    by_name = {task.name: task for task in tasks}
    if len(by_name) < len(tasks):
        names = [task.name for task in tasks]
        twice = sorted({name for name in names if names.count(name) > 1})
        raise ValueError(f"tasks {', '.join(twice)}: named twice; give every task its own name")
    return by_name


HUMANMOVE = Suite(
    name="humanmove",
    tasks=(
        Task(name="numerical", options=4),
        Task(name="comparative", options=3),
        Task(name="dominant", options=3),
        Task(name="temporal", options=4),
        Task(name="ordering", options=4),
        Task(name="trajectory", options=4),
        Task(name="existence", options=2),
    ),
)
"""Movement of a whole person, in seven tasks."""

SUITES: Mapping[str, Suite] = MappingProxyType({one.name: one for one in (HUMANMOVE,)})
"""Every suite that rules ask for, by name."""
