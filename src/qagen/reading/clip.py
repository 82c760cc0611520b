"""What one clip's facts say of every movement, and how surely: read once, asked many times.

All seven categories ask a `Reading` and nothing else, so that they cannot disagree. Over the usual
length, so that one file says how each kind of movement is read.
"""

import math
from collections.abc import Callable, Hashable, Iterable
from itertools import pairwise
from typing import NamedTuple, TypeVar

import msgspec

from kinematics import thresholds
from kinematics.facts import Event, MotionFacts, Signal
from qagen.language.phrases import Speaker, speaker
from qagen.language.vocabulary import (
    ALMOST_SHARE,
    CLEAR_SHARE,
    LEVEL_RAD,
    MOVEMENTS,
    PAUSE_BAND_S,
    PURE_SHARE,
    SEEN_SHARE,
)
from qagen.reading import near_misses
from qagen.reading.unclear import Unclear
from qagen.schema.question import Evidence


class Occurrence(NamedTuple):
    """One movement as questions see it; amounts are unsigned."""

    movement: str
    start_s: float
    end_s: float
    amount: float
    mean_speed: float
    peak_speed: float
    parts: tuple[float, ...]
    """The amount in each quarter."""
    clear: bool
    """Large enough, and seen well enough, that nobody would overlook it."""
    evidence: Evidence

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.end_s - self.start_s


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """One clip, ready to be asked about."""

    facts: MotionFacts
    speaker: Speaker
    occurrences: dict[str, tuple[Occurrence, ...]]
    """For every movement, in time order."""
    in_order: tuple[Occurrence, ...]
    """All of them, by their starts."""
    totals: dict[str, tuple[float, ...]]
    """For every movement: over the whole clip, then in each quarter."""
    almost: dict[str, float]
    """The largest change in a movement's direction that no event explains."""
    doubts: dict[str, str]
    """Why a movement cannot be counted; movements that can be are not in it."""
    distances: tuple[tuple[float, float], ...]
    """Times, and the distance from the origin of the frame of reference."""
    seed: int = 0
    drawn: bool = False
    """Whether asks are drawn by name, because few are wanted, or all are gone through."""
    known: dict[Hashable, object] = {}
    """Results of `remembered`."""

    @property
    def name(self) -> str:
        """Clip, person and frame of reference; every draw is seeded by it."""
        return f"{self.facts.clip}#{self.facts.person}/{self.facts.frame}"

    @property
    def has_start(self) -> bool:
        """Whether the distance from the starting point means anything in this frame."""
        return self.facts.frame == "first_heading"

    def counts(self, movement: str) -> bool:
        """Whether the number of these movements is beyond doubt."""
        return movement not in self.doubts

    def clearance(self, movement: str) -> float:
        """How much larger or smaller some change would have to be to change the count."""
        least = MOVEMENTS[movement].least
        room = least - self.almost[movement]
        for one in self.occurrences[movement]:
            room = min(room, one.amount - least)
        return room


_Derived = TypeVar("_Derived")


def remembered(
    clip: Reading, name: Hashable, derive: Callable[..., _Derived], *arguments: object
) -> _Derived:
    """The result of `derive`, computed once a clip under a name; also if it raises `Unclear`."""
    result = clip.known.get(name)
    if result is None:
        try:
            result = derive(*arguments)
        except Unclear as unclear:
            result = Unclear(*unclear.args)  # a new one: a traceback would hold the clip
        clip.known[name] = result
    if type(result) is Unclear:
        raise Unclear(*result.args)
    return result  # type: ignore[return-value]


def movements(clip: Reading) -> tuple[str, ...]:
    """The movements that mean something in the clip's frame of reference."""
    return _ALL if clip.has_start else _STARTLESS


_ALL: tuple[str, ...] = tuple(MOVEMENTS)
_STARTLESS: tuple[str, ...] = tuple(
    name for name, row in MOVEMENTS.items() if row.kind != "distance"
)

SEQUENCED: tuple[str, ...] = tuple(
    name for name, row in MOVEMENTS.items() if row.kind in ("travel", "turn", "lean", "episode")
)
"""Movements that follow each other; moving away from the start, say, accompanies the others."""


def sequence(clip: Reading) -> list[Occurrence]:
    """The movements that follow each other, by their starts."""
    return remembered(
        clip,
        "sequence",
        lambda: [occurrence for occurrence in clip.in_order if occurrence.movement in _SEQUENCED],
    )


_SEQUENCED = frozenset(SEQUENCED)


def any_happens(clip: Reading, names: Iterable[str]) -> bool:
    """Whether any of some movements happens."""
    return any(clip.occurrences[name] for name in names)


def read(
    facts: MotionFacts, *, descriptor: str = "", seed: int = 0, drawn: bool = False
) -> Reading:
    """The facts of one clip, sorted by movement.

    >>> from kinematics import measure, synthetic
    >>> walk = synthetic.perform(synthetic.walk(3.0)).motion
    >>> clip = read(measure(walk))
    >>> len(clip.occurrences["forward"]), clip.counts("forward"), clip.counts("turn_left")
    (1, True, True)
    """
    words = speaker(facts.frame, lean_of=facts.posture.lean_of, descriptor=descriptor)
    occurrences: dict[str, list[Occurrence]] = {name: [] for name in MOVEMENTS}
    doubts: dict[str, str] = {}
    almost = dict.fromkeys(MOVEMENTS, 0.0)
    by_signal: dict[str, list[Event]] = {signal: [] for signal in thresholds.MOVEMENT}
    for event in facts.events:
        by_signal[event.signal].append(event)
    for signal, (positive, negative) in _SIGNALS.items():
        events = by_signal[signal]
        if signal in _LEANS:
            _read_leans(facts, signal, events, (positive, negative), occurrences, doubts, almost)
            continue
        for event in events:
            name = positive if event.amount > 0 else negative
            occurrences[name].append(_occurrence(name, event))
        _read_rests(facts, signal, events, (positive, negative), doubts, almost)
    _read_episodes(facts, occurrences, doubts)
    totals = {name: _totals(ones) for name, ones in occurrences.items()}
    for name, ones in occurrences.items():
        reason = _doubt(name, ones, almost[name], facts.coverage)
        if reason and name not in doubts:
            doubts[name] = reason
    return Reading(
        facts=facts,
        speaker=words,
        occurrences={name: tuple(ones) for name, ones in occurrences.items()},
        in_order=tuple(
            sorted(
                (one for ones in occurrences.values() for one in ones),
                key=lambda event: (event.start_s, event.end_s, event.amount),
            )
        ),
        totals=totals,
        almost=almost,
        doubts=doubts,
        distances=tuple(
            [(one.time_s, math.hypot(one.left_m, one.forward_m)) for one in facts.samples]
        ),
        seed=seed,
        drawn=drawn,
    )


_SIGNALS: dict[Signal, tuple[str, str]] = {
    "left": ("left", "right"),
    "up": ("up", "down"),
    "forward": ("forward", "backward"),
    "start_distance": ("away", "towards"),
    "heading": ("turn_left", "turn_right"),
    "forward_lean": ("lean_forward", "lean_backward"),
    "left_lean": ("lean_left", "lean_right"),
}
_LEANS: dict[str, tuple[str, str]] = {
    "forward_lean": ("max_forward_lean_rad", "max_backward_lean_rad"),
    "left_lean": ("max_left_lean_rad", "max_right_lean_rad"),
}
_EPISODES = ("jump", "crouch", "lower", "rise")


def _occurrence(name: str, event: Event) -> Occurrence:
    movement = MOVEMENTS[name]
    amount = abs(event.amount)
    return Occurrence(
        name,
        event.start_s,
        event.end_s,
        amount,
        event.mean_speed,
        event.peak_speed,
        tuple([abs(part) for part in event.quarter_amounts]),
        amount >= CLEAR_SHARE * movement.least and event.coverage >= SEEN_SHARE,
        Evidence(
            what=name,
            value=amount,
            unit=movement.unit,
            start_s=event.start_s,
            end_s=event.end_s,
        ),
    )


def _totals(ones: list[Occurrence]) -> tuple[float, ...]:
    if not ones:
        return _NOTHING
    quarters = [sum(parts) for parts in zip(*(one.parts for one in ones), strict=True)]
    return (sum(one.amount for one in ones), *quarters)


_NOTHING = (0.0, 0.0, 0.0, 0.0, 0.0)


def _doubt(name: str, ones: list[Occurrence], almost: float, coverage: float) -> str:
    """Why these movements cannot be counted for sure; empty when they can."""
    movement = MOVEMENTS[name]
    if coverage < SEEN_SHARE:
        return "not seen"
    if almost > ALMOST_SHARE * movement.least:
        return "unclear movement"
    if not all(one.clear for one in ones):
        return "unclear movement"
    least_s = thresholds.LONGEST_PAUSE_S + PAUSE_BAND_S
    if any(then.start_s - one.end_s < least_s for one, then in pairwise(ones)):
        return "unclear movement"
    return ""


# Between and inside events ------------------------------------------------------------------------


def _read_rests(
    facts: MotionFacts,
    signal: str,
    events: list[Event],
    names: tuple[str, str],
    doubts: dict[str, str],
    almost: dict[str, float],
) -> None:
    """Notes what moved without being an event, and events that nearly paused."""
    if signal == "up":
        # steps bob, so only what the quarters gain without an event tells of a movement
        rest = [
            window.net_up_m - window.up_m + window.down_m
            for window in (*facts.quarters, facts.whole)
        ]
        almost[names[0]], almost[names[1]] = max(0.0, *rest), max(0.0, *(-one for one in rest))
        return
    times, values = near_misses.sampled(facts, signal)
    spans = [
        (event.start_s - near_misses.NEAR_END_S, event.end_s + near_misses.NEAR_END_S)
        for event in events
    ]
    rise, fall = near_misses.unexplained(times, values, spans)
    almost[names[0]], almost[names[1]] = rise, fall
    still = thresholds.MOVEMENT[signal].still_speed
    for event in events:
        if near_misses.nearly_pauses(times, values, event, still):
            doubts[names[0] if event.amount > 0 else names[1]] = "unclear movement"


# Leans --------------------------------------------------------------------------------------------


def _read_leans(
    facts: MotionFacts,
    signal: str,
    events: list[Event],
    names: tuple[str, str],
    occurrences: dict[str, list[Occurrence]],
    doubts: dict[str, str],
    almost: dict[str, float],
) -> None:
    """Leans are changes that lead away from upright; those that lead back are straightening up."""
    fields = _LEANS[signal]
    # nothing may be measured as minus nothing, which would be said
    most = (
        max(0.0, getattr(facts.posture, fields[0])),
        max(0.0, getattr(facts.posture, fields[1])),
    )
    sums = [0.0]
    for event in events:
        sums.append(sums[-1] + event.amount)
    bases = []
    if most[0] > 0:
        bases.append(most[0] - max(sums))
    if most[1] > 0:
        bases.append(-most[1] - min(sums))
    if not events:
        almost[names[0]], almost[names[1]] = most
        return
    if max(bases, default=0.0) - min(bases, default=0.0) > LEVEL_RAD:
        doubts[names[0]] = doubts[names[1]] = "another reading"
    base = sum(bases) / len(bases) if bases else 0.0
    for event, before in zip(events, sums, strict=False):
        sign = 1 if event.amount > 0 else -1
        name, amount = names[0 if sign > 0 else 1], abs(event.amount)
        start, end = sign * (base + before), sign * (base + before + event.amount)
        share = (max(end, 0.0) - max(start, 0.0)) / amount
        if share >= PURE_SHARE:
            occurrences[name].append(_occurrence(name, event))
        elif share > 1 - PURE_SHARE:
            doubts[names[0]] = doubts[names[1]] = "another reading"
    for name, reached in zip(names, most, strict=True):
        if not occurrences[name]:
            almost[name] = reached


# Jumps, crouches, sitting down and rising ---------------------------------------------------------


def _read_episodes(
    facts: MotionFacts,
    occurrences: dict[str, list[Occurrence]],
    doubts: dict[str, str],
) -> None:
    bounds = [quarter.start_s for quarter in facts.quarters] + [facts.duration_s]
    for episode in facts.episodes:
        movement, name = MOVEMENTS[episode.kind], episode.kind
        amount = abs(episode.height_m)
        seconds = max(episode.end_s - episode.start_s, 1e-9)
        inside = [
            max(min(end, episode.end_s) - max(start, episode.start_s), 0.0) / seconds
            for start, end in pairwise(bounds)
        ]
        one = Occurrence(
            name,
            episode.start_s,
            episode.end_s,
            amount,
            amount / seconds,
            amount / seconds,
            tuple([amount * share for share in inside]),
            amount >= CLEAR_SHARE * movement.least and facts.coverage >= SEEN_SHARE,
            Evidence(
                what=name, value=amount, unit="m", start_s=episode.start_s, end_s=episode.end_s
            ),
        )
        occurrences[name].append(one)
    _doubt_episodes(occurrences, doubts)


def _doubt_episodes(occurrences: dict[str, list[Occurrence]], doubts: dict[str, str]) -> None:
    """Ups and downs that belong to no episode may be one to somebody's eyes."""
    episodes = [one for name in _EPISODES for one in occurrences[name]]

    def explained(movement: Occurrence) -> bool:
        return any(
            movement.start_s < episode.end_s + 0.5 and episode.start_s - 0.5 < movement.end_s
            for episode in episodes
        )

    loose = {name: [one for one in occurrences[name] if not explained(one)] for name in _UPS}
    if loose["up"] or loose["down"]:
        for name in _EPISODES:
            doubts[name] = "unclear movement"
    if occurrences["lower"] or occurrences["rise"]:
        doubts["crouch"] = "another reading"
    if occurrences["crouch"]:
        doubts["lower"] = doubts["rise"] = "another reading"


_UPS = ("up", "down")
