"""Pearson's chi-square test of even counts, without SciPy."""

import math
from collections.abc import Sequence

import msgspec


class Evenness(msgspec.Struct, frozen=True, gc=False):
    """The deviation of counts from equality."""

    counts: tuple[int, ...]
    chi_square: float
    p: float
    """Chance of counts at least as uneven if all classes are equally likely; 1 without counts."""


def evenness(counts: Sequence[int]) -> Evenness:
    """The chi-square test of the given counts.

    >>> evenness([26, 24, 25, 25])
    Evenness(counts=(26, 24, 25, 25), chi_square=0.08, p=0.9941)
    >>> evenness([40, 10]).p < 0.001
    True
    """
    total, classes = sum(counts), len(counts)
    if total == 0 or classes < 2:
        return Evenness(tuple(counts), 0.0, 1.0)
    expected = total / classes
    statistic = math.fsum((count - expected) ** 2 for count in counts) / expected
    p = survival(statistic, degrees_of_freedom=classes - 1)
    return Evenness(tuple(counts), round(statistic, 4), round(p, 4))


def survival(statistic: float, *, degrees_of_freedom: int) -> float:
    """Chance that a chi-square variable exceeds a value; exact for integer degrees of freedom.

    >>> round(survival(3.841, degrees_of_freedom=1), 3)
    0.05
    """
    if not (statistic >= 0 and degrees_of_freedom >= 1):
        raise ValueError(
            f"statistic {statistic}, degrees_of_freedom {degrees_of_freedom}: expected at least "
            "0 and 1"
        )
    half = statistic / 2
    if half == 0:
        return 1.0
    odd = degrees_of_freedom % 2
    tail = math.erfc(math.sqrt(half)) if odd else 0.0
    for step in range(degrees_of_freedom // 2):
        order = step + odd / 2
        tail += math.exp(order * math.log(half) - half - math.lgamma(order + 1))
    return min(1.0, tail)
