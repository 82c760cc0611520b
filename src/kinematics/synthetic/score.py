"""Agreement of measured facts with the truth of a performance: found, missed, invented events."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from kinematics.facts import MotionFacts
from kinematics.synthetic.truth import Truth

SLACK_S = 0.3
"""Maximum gap in time between a true movement and the measured one."""


@runtime_checkable
class _Movement(Protocol):
    @property
    def start_s(self) -> float: ...
    @property
    def end_s(self) -> float: ...


@runtime_checkable
class _Decided(_Movement, Protocol):
    @property
    def certain(self) -> bool: ...


@dataclass(kw_only=True)
class Tally:
    """Counts and errors of one kind of event, summed over clips."""

    found: int = 0
    missed: int = 0
    invented: int = 0
    amount_errors: list[float] = field(default_factory=list)
    """Measured minus true absolute amount: negative is too small."""
    time_errors_s: list[float] = field(default_factory=list)
    """Start and end, measured minus true."""

    @property
    def recall(self) -> float:
        """Share of the certain true events that were found; 1 without any."""
        true = self.found + self.missed
        return self.found / true if true else 1.0

    @property
    def precision(self) -> float:
        """Share of the reported events that are true or uncertain; 1 without any."""
        reported = self.found + self.invented
        return self.found / reported if reported else 1.0


_True = tuple[float, _Decided]
_Measured = tuple[float, _Movement]


def _overlap_s(true: _True, measured: _Measured) -> float:
    """The overlap in time of two movements with their amounts; -inf in opposite directions."""
    if true[0] * measured[0] <= 0:
        return -math.inf
    first, second = true[1], measured[1]
    return min(first.end_s, second.end_s) - max(first.start_s, second.start_s)


def tally(
    truth: Truth, facts: MotionFacts, *, into: dict[str, Tally] | None = None
) -> dict[str, Tally]:
    """Adds one clip's agreement to the tallies by signal (and by kind of vertical episode).

    Only certain true events must be found; uncertain events may be found and are not counted.

    >>> from kinematics import measure, synthetic
    >>> performance = synthetic.perform(synthetic.walk(3.0))
    >>> tallies = tally(performance.truth, measure(performance.motion))
    >>> tallies["forward"].found, tallies["heading"].invented
    (1, 0)
    """
    into = into if into is not None else {}
    true_rows: list[tuple[str, float, _Decided]] = [
        *((e.signal, e.amount, e) for e in truth.events(joints=facts.has_joints)),
        *((e.kind, e.height_m, e) for e in truth.episodes),
    ]
    measured_rows: list[tuple[str, float, _Movement]] = [
        *((e.signal, e.amount, e) for e in facts.events),
        *((e.kind, e.height_m, e) for e in facts.episodes),
    ]
    for name in {*into, *(name for name, _, _ in (*true_rows, *measured_rows)), *_ALWAYS}:
        true = [(amount, event) for kind, amount, event in true_rows if kind == name]
        measured = [(amount, event) for kind, amount, event in measured_rows if kind == name]
        _match(true, measured, into.setdefault(name, Tally()))
    return into


_ALWAYS = ("left", "up", "forward", "start_distance", "heading", "forward_lean", "left_lean")


def _match(true: Sequence[_True], measured: Sequence[_Measured], counts: Tally) -> None:
    """Pairs movements of one kind, the largest overlap first, and counts pairs and the rest."""
    pairs = [
        (overlap_s, index, match)
        for index, event in enumerate(true)
        for match, movement in enumerate(measured)
        if (overlap_s := _overlap_s(event, movement)) > -SLACK_S
    ]
    taken_true: set[int] = set()
    taken_measured: set[int] = set()
    for _, index, match in sorted(pairs, reverse=True):
        if index in taken_true or match in taken_measured:
            continue
        taken_true.add(index)
        taken_measured.add(match)
        (amount, event), (size, movement) = true[index], measured[match]
        if event.certain:
            counts.found += 1
            counts.amount_errors.append(abs(size) - abs(amount))
            counts.time_errors_s += [movement.start_s - event.start_s, movement.end_s - event.end_s]
    counts.missed += sum(e.certain for i, (_, e) in enumerate(true) if i not in taken_true)
    undecided = [pair for pair in true if not pair[1].certain]
    counts.invented += sum(
        not any(_overlap_s(pair, movement) > -SLACK_S for pair in undecided)
        for match, movement in enumerate(measured)
        if match not in taken_measured
    )
