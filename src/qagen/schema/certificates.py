"""What a certified answer promises: under which errors, how many copies, how sure. Plain data.

An answer is certified when the lower bound of the share of perturbed copies that keep it, at
`CONFIDENCE`, reaches what was asked for. Few copies promise little: not one of 64 may give another
answer for a share of 0.95. A share that is counted, with no bound, would let answers through that
flip in one copy of ten.
"""

import hashlib
import math
from collections.abc import Sequence
from functools import lru_cache

import msgspec

from kinematics.errors import error_models
from kinematics.errors.error_models import ErrorModel
from qagen.schema.question import Candidate, Question
from qagen.schema.record import Certificate

CONFIDENCE: float = 0.95
"""How surely the share of copies that agree is at least the bound (Clopper and Pearson's)."""

COPIES: int = 64
"""Not one may disagree where a share of 0.95 is asked for; 59 would do."""

STEPS: int = 60
"""Halvings until a bound is exact to the last bit."""

UNCERTIFIED = "uncertified"
"""Why sound questions are withheld whose answers the errors of a tracker may change."""


class Certification(msgspec.Struct, frozen=True, kw_only=True):
    """What answers have to survive to be asked."""

    model: ErrorModel
    copies: int = COPIES
    least: float = 0.95
    """The share of copies that must keep the answer, as a lower bound."""
    seed: int = 0

    @property
    def sizes(self) -> str:
        """Twelve hexadecimal digits that change when any size of the model does."""
        return hashlib.sha256(msgspec.json.encode(self.model)).hexdigest()[:12]


class Yield(msgspec.Struct, frozen=True, array_like=True):
    """How many questions of a task were sound, and how many of them were certified."""

    asked: int = 0
    certified: int = 0
    by_margin: int = 0
    """Those of the certified whose margin is beyond the errors' reach, so that none was tried."""

    def __add__(self, other: "Yield") -> "Yield":
        return Yield(
            self.asked + other.asked,
            self.certified + other.certified,
            self.by_margin + other.by_margin,
        )


@lru_cache(maxsize=4096)
def lower_bound(agree: int, copies: int) -> float:
    """The share that surely agrees, at `CONFIDENCE`, when so many of the copies did.

    >>> round(lower_bound(64, 64), 4), round(lower_bound(63, 64), 4), lower_bound(0, 64)
    (0.9543, 0.928, 0.0)
    """
    if not agree:
        return 0.0
    low, high = 0.0, 1.0
    for _ in range(STEPS):
        share = (low + high) / 2
        if _at_least(agree, copies, share) < 1 - CONFIDENCE:
            low = share
        else:
            high = share
    return low


def upper_bound(flips: int, copies: int) -> float:
    """The share that surely flips at most, at `CONFIDENCE`, when so many of the copies did.

    >>> round(upper_bound(0, 300), 4)
    0.0099
    """
    return 1 - lower_bound(copies - flips, copies)


def _at_least(agree: int, copies: int, share: float) -> float:
    """How likely so many or more agree when each does with this probability."""
    if not 0 < share < 1:
        return share
    logs = (
        _log_choose(copies, n) + n * math.log(share) + (copies - n) * math.log1p(-share)
        for n in range(agree, copies + 1)
    )
    return math.fsum(math.exp(log) for log in logs)


def _log_choose(copies: int, some: int) -> float:
    return math.lgamma(copies + 1) - math.lgamma(some + 1) - math.lgamma(copies - some + 1)


def most_flips(copies: int, least: float) -> int:
    """How many copies may give another answer; below 0 when even all are too few to promise that.

    >>> most_flips(64, 0.95), most_flips(93, 0.95), most_flips(20, 0.95)
    (0, 1, -1)
    """
    flips = -1
    while flips < copies and lower_bound(copies - flips - 1, copies) >= least:
        flips += 1
    return flips


def problems(policy: Certification) -> list[str]:
    """Everything that is wrong with what was asked for.

    >>> problems(Certification(model=error_models.PRESETS["mocap"], copies=20))
    ['20 copies promise at most 0.861 and 0.95 was asked for; expected at least 59 copies']
    """
    found = []
    if not 0 < policy.least < 1:
        found.append(f"certify {policy.least:g}: expected a share between 0 and 1, such as 0.95")
    if policy.copies < 1:
        found.append(f"copies {policy.copies}: expected at least 1, such as {COPIES}")
    if not found and most_flips(policy.copies, policy.least) < 0:
        needed = math.ceil(math.log(1 - CONFIDENCE) / math.log(policy.least))
        reached = lower_bound(policy.copies, policy.copies)
        found.append(
            f"{policy.copies} copies promise at most {reached:.3f} and {policy.least:g} was asked "
            f"for; expected at least {needed} copies"
        )
    return found


def certificate(policy: Certification, *, flips: int | None) -> Certificate:
    """What a row says of its answer; `flips` is none where the margin alone decided.

    >>> certificate(Certification(model=error_models.PRESETS["mocap"]), flips=0).at_least
    0.9543
    """
    tried = 0 if flips is None else policy.copies
    agree = tried - (flips or 0)
    return Certificate(
        model=policy.model.name,
        sizes=policy.sizes,
        seed=policy.seed,
        copies=tried,
        agreement=round(agree / tried, 4) if tried else 1.0,
        at_least=round(lower_bound(agree, tried), 4) if tried else None,
    )


def yields(
    questions: Sequence[Candidate | Question], given: Sequence[Certificate | None]
) -> dict[str, Yield]:
    """How many of one clip's questions were certified, by task.

    >>> yields([], [])
    {}
    """
    found: dict[str, Yield] = {}
    for question, one in zip(questions, given, strict=True):
        counted = Yield(1, int(one is not None), int(one is not None and not one.copies))
        found[question.category] = found.get(question.category, Yield()) + counted
    return found


def model_of(name: str) -> ErrorModel:
    """A preset by its name, or the model of a file; `ValueError` names what there is.

    >>> model_of("mocap").jitter_m
    0.0372
    >>> model_of("none such")
    Traceback (most recent call last):
    ...
    ValueError: none such: no error model; expected gvhmr_rich, mocap, prompthmr_emdb, wham_emdb, \
or a file that `kinematics fit-error` wrote
    """
    if name in error_models.PRESETS:
        return error_models.PRESETS[name]
    try:
        return error_models.load(name)
    except OSError as error:
        raise ValueError(
            f"{name}: no error model; expected {', '.join(sorted(error_models.PRESETS))}, or a "
            "file that `kinematics fit-error` wrote"
        ) from error
