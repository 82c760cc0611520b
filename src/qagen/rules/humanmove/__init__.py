"""The seven categories of HumanMoveVQA: one file of rules each."""

from qagen.rules.humanmove import (
    comparative,
    dominant,
    existence,
    numerical,
    ordering,
    temporal,
    trajectory,
)
from qagen.rules.rule import Rule
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
"""The rules of each category, in the order in which they are asked."""
