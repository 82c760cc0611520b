"""The seven categories: one module each, a short list of rules in it. The table of them all."""

from qagen.asking import Rule
from qagen.categories import (
    comparative,
    dominant,
    existence,
    numerical,
    ordering,
    temporal,
    trajectory,
)
from qagen.question import Category

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
