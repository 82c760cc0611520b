"""The rules of the questions, written a second time: the table of them all."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from qagen.schema.question import Ask, Category
from qagen.verify.findings import Finding
from qagen.verify.moves import Clip
from qagen.verify.rederive import amounts, route, times

OF_MEAN_SPEED = frozenset({"speed_class"})
"""Rules about mean speeds, which no two measurements know as well as peaks and amounts."""

CHOICES: dict[Category, int] = {
    "numerical": 4,
    "comparative": 3,
    "dominant": 3,
    "temporal": 4,
    "ordering": 4,
    "trajectory": 4,
    "existence": 2,
}
"""How many options the questions of a category have."""


class Rule(NamedTuple):
    """One rule: from what is asked to what is true of the clip."""

    category: Category
    derive: Callable[[Clip, Ask], Finding]
    """The code is that of no option when nothing clear is true; raises `ValueError` or `KeyError`
    when the ask makes no sense for the clip."""


_BY_CATEGORY: dict[Category, tuple[Callable[[Clip, Ask], Finding], ...]] = {
    "numerical": (
        *(amounts.count, amounts.count_strength, amounts.count_returns),
        *(amounts.count_repetitions, amounts.total, amounts.amount, amounts.duration),
        *(amounts.path_length, amounts.furthest_distance, amounts.end_distance),
    ),
    "comparative": (
        *(amounts.compare_count, amounts.compare_total, amounts.compare_speed),
        *(amounts.compare_halves, amounts.compare_own, amounts.compare_parts),
    ),
    "dominant": (
        *(amounts.dominant_direction, amounts.dominant_lean, amounts.dominant_speed),
        *(amounts.dominant_activity, amounts.dominant_limb),
    ),
    "temporal": (times.happens_in, times.first_in, times.speed_class, times.quarter_of),
    "ordering": (
        *(times.next_after, times.last_before),
        *(times.first_of, times.last_of, times.order_of),
    ),
    "trajectory": (
        *(amounts.quarter_most, amounts.quarter_most_path, route.quarter_least_path),
        *(route.furthest_quarter, route.closest_quarter_end, route.end_sector),
        *(route.path_shape, amounts.own_travel),
    ),
    "existence": (
        *(times.ever, times.ever_walks, times.ever_returns),
        *(times.ever_sidesteps, times.ever_near, times.ever_repeats),
    ),
}

RULES: Mapping[str, Rule] = MappingProxyType(
    {
        derive.__name__: Rule(category, derive)
        for category, rules in _BY_CATEGORY.items()
        for derive in rules
    }
)
"""By the names of the questions' rules, which are those of the functions."""
