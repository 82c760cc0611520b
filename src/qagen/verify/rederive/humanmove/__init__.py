"""The seven tasks of HumanMove: one module each, under the names of those in `qagen.rules`."""

from qagen.verify.rederive.humanmove import (
    comparative,
    dominant,
    existence,
    numerical,
    ordering,
    temporal,
    trajectory,
)
from qagen.verify.rederive.kinds import Task

TASKS: tuple[Task, ...] = (
    Task("numerical", choices=4, rules=numerical.RULES),
    Task("comparative", choices=3, rules=comparative.RULES),
    Task("dominant", choices=3, rules=dominant.RULES),
    Task("temporal", choices=4, rules=temporal.RULES),
    Task("ordering", choices=4, rules=ordering.RULES),
    Task("trajectory", choices=4, rules=trajectory.RULES),
    Task("existence", choices=2, rules=existence.RULES),
)
