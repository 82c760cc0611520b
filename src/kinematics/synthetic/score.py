"""How well measured facts agree with the truth of a performance: found, missed, invented."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from kinematics.facts import MotionFacts
from kinematics.synthetic.truth import Truth

SLACK_S = 0.3
"""Two movements this close in time may be the same one."""


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
    """Counts and errors of one kind of event, added up over clips."""

    found: int = 0
    missed: int = 0
    invented: int = 0
    amount_errors: list[float] = field(default_factory=list)
    """Found minus true, by size: negative is too small."""
    time_errors_s: list[float] = field(default_factory=list)
    """Start and end, found minus true."""

    @property
    def recall(self) -> float:
        """Share of the certain true events that were found; 1 when there were none."""
        true = self.found + self.missed
        return self.found / true if true else 1.0

    @property
    def precision(self) -> float:
        """Share of the reported events that are true or undecided; 1 when there were none."""
        reported = self.found + self.invented
        return self.found / reported if reported else 1.0


def _overlap_s(one: _Movement, other: _Movement) -> float:
    return min(one.end_s, other.end_s) - max(one.start_s, other.start_s)


def _same_way(amount: float, other: float) -> bool:
    return amount * other > 0


def tally(
    truth: Truth, facts: MotionFacts, *, into: dict[str, Tally] | None = None
) -> dict[str, Tally]:
    """Adds one clip's agreement to the tallies by signal (and by kind of vertical episode).

    Certain true events have to be found; near-threshold ones may be, and count neither way.

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
    found_rows: list[tuple[str, float, _Movement]] = [
        *((e.signal, e.amount, e) for e in facts.events),
        *((e.kind, e.height_m, e) for e in facts.episodes),
    ]
    names = {*into, *(name for name, _, _ in (*true_rows, *found_rows)), *_ALWAYS}
    for name in names:
        one = into.setdefault(name, Tally())
        _match(
            [(amount, event) for kind, amount, event in true_rows if kind == name],
            [(amount, event) for kind, amount, event in found_rows if kind == name],
            one,
        )
    return into


_ALWAYS = ("left", "up", "forward", "start_distance", "heading", "forward_lean", "left_lean")


def _match(
    true: Sequence[tuple[float, _Decided]], found: Sequence[tuple[float, _Movement]], one: Tally
) -> None:
    """Pairs movements of one kind, the best overlap first; counts what is left over."""
    pairs = sorted(
        (
            (_overlap_s(event, other), place, other_place)
            for place, (amount, event) in enumerate(true)
            for other_place, (other_amount, other) in enumerate(found)
            if _same_way(amount, other_amount) and _overlap_s(event, other) > -SLACK_S
        ),
        reverse=True,
    )
    taken_true: set[int] = set()
    taken_found: set[int] = set()
    for _, place, other_place in pairs:
        if place in taken_true or other_place in taken_found:
            continue
        taken_true.add(place)
        taken_found.add(other_place)
        (amount, event), (other_amount, other) = true[place], found[other_place]
        if event.certain:
            one.found += 1
            one.amount_errors.append(abs(other_amount) - abs(amount))
            one.time_errors_s += [other.start_s - event.start_s, other.end_s - event.end_s]
    one.missed += sum(
        event.certain for place, (_, event) in enumerate(true) if place not in taken_true
    )
    undecided = [(amount, event) for amount, event in true if not event.certain]
    one.invented += sum(
        not any(
            _same_way(amount, other_amount) and _overlap_s(event, other) > -SLACK_S
            for amount, event in undecided
        )
        for place, (other_amount, other) in enumerate(found)
        if place not in taken_found
    )
