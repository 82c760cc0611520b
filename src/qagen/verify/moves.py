"""The movements of one clip, sorted by name, from the second measurement."""

import math
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from kinematics.facts import Event, MotionFacts, PartFacts, PathSample, WindowFacts
from qagen.language.vocabulary import MOVEMENTS, PURE_SHARE
from qagen.schema.question import WINDOWS, Window
from qagen.verify.remeasure.derive import Derived

EASE_S = 0.2
"""Movements ease in and out: within this of an event, the path belongs to it."""

DECIMALS = 4
"""Facts give times in tenths of a millisecond; the same rounding decides ties at a bound."""

SEQUENCED = frozenset({"travel", "turn", "lean", "episode"})
"""Kinds of movement that follow each other."""


class Move(NamedTuple):
    """One movement of the vocabulary; amounts are unsigned."""

    name: str
    start_s: float
    end_s: float
    amount: float
    mean_speed: float
    peak_speed: float
    parts: tuple[float, ...]
    """The amount inside each quarter of the clip."""


class Clip(NamedTuple):
    """One clip and its movements."""

    facts: MotionFacts
    moves: dict[str, tuple[Move, ...]]
    """The occurrences of every movement of the vocabulary, in order of time."""
    unexplained: dict[str, float]
    """The largest change in a movement's direction that belongs to no movement."""
    times_s: Float[np.ndarray, " samples"]
    distance_m: Float[np.ndarray, " samples"]
    """Distance from the starting point at each of those times."""

    def window(self, name: Window) -> WindowFacts:
        """The whole clip or one of its quarters."""
        return (self.facts.whole, *self.facts.quarters)[WINDOWS.index(name)]

    def amounts(self, movement: str, window: Window) -> list[float]:
        """The amount of each occurrence of a movement inside a window."""
        quarter, moves = WINDOWS.index(window), self.moves[movement]
        return [move.parts[quarter - 1] if quarter else move.amount for move in moves]

    def total(self, movement: str, window: Window) -> float:
        """The sum of a movement's amounts inside a window."""
        return sum(self.amounts(movement, window), 0.0)

    def nth(self, movement: str, number: int) -> Move:
        """One occurrence of a movement, counted from 1; `ValueError` when there is none."""
        moves = self.moves[movement]
        if not 0 < number <= len(moves):
            raise ValueError(f"{len(moves)} times {movement}, not {number}")
        return moves[number - 1]

    def sequence(self) -> list[Move]:
        """The movements that follow each other, by their starts; others accompany them."""
        named = [moves for name, moves in self.moves.items() if MOVEMENTS[name].kind in SEQUENCED]
        return sorted(chain(*named), key=lambda move: (move.start_s, move.end_s))

    def part(self, name: str) -> PartFacts:
        """The measurements of a body part; `ValueError` when there are none."""
        for part in self.facts.parts:
            if part.part == name:
                return part
        raise ValueError(f"no {name} in this clip")

    def distance_at(self, when_s: float) -> float:
        """Distance from the starting point at one time."""
        return float(np.interp(when_s, self.times_s, self.distance_m))


def clip_of(derived: Derived) -> Clip:
    """The clip of a second measurement.

    >>> from kinematics import synthetic
    >>> from qagen.verify.remeasure import derive
    >>> clip = clip_of(derive.derived(synthetic.perform(synthetic.walk(3.0)).motion))
    >>> [name for name, moves in clip.moves.items() if moves]
    ['forward', 'away']
    """
    facts = derived.facts
    moves: dict[str, list[Move]] = {name: [] for name in MOVEMENTS}
    for move in chain(_of_events(derived), _of_episodes(facts)):
        moves[move.name].append(move)
    kept = {name: tuple(named) for name, named in moves.items()}
    distance_m = derived.signals.of("start_distance")
    return Clip(
        facts=facts,
        moves=kept,
        unexplained={name: _unexplained(facts, kept, name) for name in MOVEMENTS},
        times_s=np.linspace(0.0, facts.duration_s, len(distance_m)),
        distance_m=distance_m,
    )


def _of_events(derived: Derived) -> Iterator[Move]:
    """Events by name; a change of lean that mostly leads back to upright is no lean."""
    for event, movement in zip(derived.facts.events, derived.found, strict=True):
        if MOVEMENTS[_name(event)].kind == "lean":
            before = float(derived.signals.of(event.signal)[movement.begin])
            sign = 1.0 if event.amount > 0 else -1.0
            after = sign * (before + event.amount)
            outwards = max(after, 0.0) - max(sign * before, 0.0)
            if outwards < PURE_SHARE * abs(event.amount):
                continue
        yield Move(
            _name(event),
            round(event.start_s, DECIMALS),
            round(event.end_s, DECIMALS),
            abs(event.amount),
            event.mean_speed,
            event.peak_speed,
            tuple(abs(part) for part in event.quarter_amounts),
        )


def _name(event: Event) -> str:
    sign = 1 if event.amount > 0 else -1
    (name,) = (
        name
        for name, row in MOVEMENTS.items()
        if row.signal == event.signal and row.sign == sign and row.kind != "episode"
    )
    return name


def _of_episodes(facts: MotionFacts) -> Iterator[Move]:
    """Episodes by kind; each quarter has as much of the height as of the time."""
    for episode in facts.episodes:
        seconds = max(episode.end_s - episode.start_s, 1e-9)
        inside_s = [
            max(min(quarter.end_s, episode.end_s) - max(quarter.start_s, episode.start_s), 0.0)
            for quarter in facts.quarters
        ]
        height_m = abs(episode.height_m)
        yield Move(
            episode.kind,
            episode.start_s,
            episode.end_s,
            height_m,
            height_m / seconds,
            height_m / seconds,
            tuple(height_m * part_s / seconds for part_s in inside_s),
        )


# Changes outside of movements ---------------------------------------------------------------------


def _unexplained(facts: MotionFacts, moves: dict[str, tuple[Move, ...]], name: str) -> float:
    """The largest change in the direction of one movement, outside of all movements."""
    row = MOVEMENTS[name]
    if row.kind == "episode":
        return 0.0
    if row.kind == "lean":
        reached = {
            "lean_forward": facts.posture.max_forward_lean_rad,
            "lean_backward": facts.posture.max_backward_lean_rad,
            "lean_left": facts.posture.max_left_lean_rad,
            "lean_right": facts.posture.max_right_lean_rad,
        }
        return 0.0 if moves[name] else reached[name]
    if row.kind == "height":
        windows = [facts.whole, *facts.quarters]
        gained = [row.sign * (window.net_up_m - window.up_m + window.down_m) for window in windows]
        return max(0.0, *gained)
    times_s = np.array([round(sample.time_s, DECIMALS) for sample in facts.samples])
    values = row.sign * np.array([_value(sample, row.signal) for sample in facts.samples])
    events = [event for event in facts.events if event.signal == row.signal]
    free = np.ones(len(times_s), dtype=bool)
    spans_s = [
        (round(event.start_s, DECIMALS) - EASE_S, round(event.end_s, DECIMALS) + EASE_S)
        for event in events
    ]
    for start_s, end_s in spans_s:
        free &= (times_s <= start_s) | (times_s >= end_s)
    ends_s = [end_s for _, end_s in spans_s]
    return max([_rise(values[run]) for run in _runs(times_s, free, ends_s)], default=0.0)


def _value(sample: PathSample, signal: str) -> float:
    values = {
        "left": sample.left_m,
        "forward": sample.forward_m,
        "start_distance": math.hypot(sample.left_m, sample.forward_m),
        "heading": sample.heading_rad,
    }
    return values[signal]


def _runs(
    times_s: Float[np.ndarray, " samples"],
    free: Bool[np.ndarray, " samples"],
    ends_s: Sequence[float],
) -> list[Int[np.ndarray, " run"]]:
    """The stretches of samples between two movements."""
    number = np.searchsorted(np.sort(ends_s), times_s, side="right")
    breaks = np.flatnonzero((np.diff(number) != 0) | ~free[1:] | ~free[:-1]) + 1
    runs = np.split(np.arange(len(times_s)), breaks)
    return [run for run in runs if len(run) and free[run].all()]


def _rise(values: Float[np.ndarray, " samples"]) -> float:
    """The greatest rise of the values above an earlier value."""
    return float((values - np.minimum.accumulate(values)).max())
