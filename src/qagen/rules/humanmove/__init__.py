"""The seven categories: one module each, a short list of rules in it. The table of them all."""

from qagen.rules.asking import Rule
from qagen.rules.humanmove import (
    comparative,
    dominant,
    existence,
    numerical,
    ordering,
    temporal,
    trajectory,
)
from qagen.schema.question import Category

RULES: dict[Category, tuple[Rule, ...]] = {
    "numerical": numerical.RULES,
    "comparative": comparative.RULES,
    "dominant": dominant.RULES,
    "temporal": temporal.RULES,
    "ordering": ordering.RULES,
    "trajectory": trajectory.RULES,
    "existence": existence.RULES,
}
"""Which rules ask the questions of a category, in order."""
