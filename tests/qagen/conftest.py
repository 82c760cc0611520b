"""Facts to ask about: measured once a session from a small corpus, and made by hand."""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import pytest

from kinematics import synthetic
from kinematics.facts import (
    Event,
    Frame,
    MotionFacts,
    PathSample,
    PathShape,
    Posture,
    VerticalEpisode,
    WindowFacts,
)
from kinematics.movement import measurement

MadeEvent = tuple[str, float, float, float]
"""Signal, start, end, amount."""

_VARIATIONS: dict[str, Callable] = {
    "mirrored": synthetic.mirrored,
    "moved": lambda motion: synthetic.moved(motion, turn_rad=2.0, shift_m=(13.0, 0.5, -70.0)),
    "10 fps": lambda motion: synthetic.resampled(motion, 10.0),
    "60 fps": lambda motion: synthetic.resampled(motion, 60.0),
}


@pytest.fixture(scope="session")
def measured() -> dict[str, list[MotionFacts]]:
    """A corpus as it is, mirrored, moved, and at other frame rates; clips of one length class."""
    motions = [
        performance.motion
        for performance in synthetic.corpus(60, seed=0)
        if 9.0 < performance.motion.duration_s < 16.5
    ]
    every = list(motions)
    for vary in _VARIATIONS.values():
        every += [vary(motion) for motion in motions]
    found = list(measurement.measure_all(every))
    count = len(motions)
    assert count >= 20
    names = ("plain", *_VARIATIONS)
    return {name: found[place * count : (place + 1) * count] for place, name in enumerate(names)}


# Made by hand -------------------------------------------------------------------------------------

_SUMS = {
    "left": ("left_m", "right_m"),
    "up": ("up_m", "down_m"),
    "forward": ("forward_m", "backward_m"),
    "start_distance": ("away_m", "towards_m"),
    "heading": ("turn_left_rad", "turn_right_rad"),
    "forward_lean": ("lean_forward_rad", "lean_backward_rad"),
    "left_lean": ("lean_left_rad", "lean_right_rad"),
}
_ANGULAR = ("heading", "forward_lean", "left_lean")


def _value(events: Sequence[MadeEvent], signal: str, time_s: float) -> float:
    """The signal at a time: every event changes it steadily."""
    return math.fsum(
        amount * min(max((time_s - start_s) / (end_s - start_s), 0.0), 1.0)
        for name, start_s, end_s, amount in events
        if name == signal
    )


def _window(events: Sequence[MadeEvent], start_s: float, end_s: float) -> WindowFacts:
    def change(signal: str) -> float:
        return round(_value(events, signal, end_s) - _value(events, signal, start_s), 4)

    sums = dict.fromkeys((field for pair in _SUMS.values() for field in pair), 0.0)
    for event in events:
        part = _value([event], event[0], end_s) - _value([event], event[0], start_s)
        sums[_SUMS[event[0]][part < 0]] += round(abs(part), 5)
    times = [start_s + (end_s - start_s) * step / 40 for step in range(41)]
    places = [(_value(events, "left", t), _value(events, "forward", t)) for t in times]
    path_m = math.fsum(math.dist(one, other) for one, other in pairwise(places))
    far = [math.hypot(*place) for place in places]
    furthest, closest = max(far), min(far)
    return WindowFacts(
        start_s=start_s,
        end_s=end_s,
        coverage=1.0,
        net_left_m=change("left"),
        net_up_m=change("up"),
        net_forward_m=change("forward"),
        path_m=round(path_m, 4),
        **sums,
        body_left_m=sums["left_m"],
        body_right_m=sums["right_m"],
        body_forward_m=sums["forward_m"],
        body_backward_m=sums["backward_m"],
        net_turn_rad=change("heading"),
        max_tilt_rad=0.0,
        mean_speed_mps=round(path_m / (end_s - start_s), 4),
        peak_speed_mps=0.0,
        start_distance_m=far[0],
        end_distance_m=far[-1],
        furthest_m=furthest,
        furthest_s=times[far.index(furthest)],
        closest_m=closest,
        closest_s=times[far.index(closest)],
    )


def make_facts(
    events: Sequence[MadeEvent] = (),
    *,
    duration_s: float = 20.0,
    episodes: Sequence[VerticalEpisode] = (),
    clip: str = "made",
    frame: Frame = "first_heading",
    coverage: float = 1.0,
    returns: int = 0,
    laps: float = 0.0,
) -> MotionFacts:
    """Facts of a clip in which nothing but these events happens, each at a steady speed."""
    bounds = [duration_s * quarter / 4 for quarter in range(5)]
    spans = list(pairwise(bounds))
    windows = [_window(events, start_s, end_s) for start_s, end_s in spans]
    whole = _window(events, 0.0, duration_s)
    made = [
        Event(
            signal=signal,
            start_s=start_s,
            end_s=end_s,
            amount=amount,
            peak_speed=abs(amount) / (end_s - start_s),
            mean_speed=abs(amount) / (end_s - start_s),
            coverage=coverage,
            quarter_amounts=tuple(
                _value([event], signal, high) - _value([event], signal, low) for low, high in spans
            ),
        )
        for event in events
        for signal, start_s, end_s, amount in [event]
    ]
    times = [step * 0.2 for step in range(int(duration_s / 0.2) + 1)]
    leans = {
        signal: [_value(events, signal, t) for t in times]
        for signal in ("forward_lean", "left_lean")
    }
    net = math.hypot(whole.net_left_m, whole.net_forward_m)
    straightness = min(net / whole.path_m, 1.0) if whole.path_m > 0.15 else 1.0
    return MotionFacts(
        clip=clip,
        take="take",
        person=0,
        path="made.npz",
        shared_world=False,
        notes=(),
        frame=frame,
        thresholds="0" * 12,
        frames=int(duration_s * 30),
        duration_s=duration_s,
        fps=30.0,
        coverage=coverage,
        has_joints=False,
        events=tuple(sorted(made, key=lambda event: (event.start_s, event.end_s))),
        episodes=tuple(episodes),
        whole=whole,
        quarters=tuple(windows),
        shape=PathShape(
            straightness=straightness,
            returns=returns,
            laps=laps,
            turning_radius_m=None,
            extent_m=whole.furthest_m,
            shape="straight" if straightness >= 0.95 else "wandering",
        ),
        posture=Posture(
            lean_of="pelvis",
            net_turn_rad=whole.net_turn_rad,
            turn_left_rad=whole.turn_left_rad,
            turn_right_rad=whole.turn_right_rad,
            max_tilt_rad=0.0,
            max_forward_lean_rad=max(leans["forward_lean"]),
            max_backward_lean_rad=max(-value for value in leans["forward_lean"]),
            max_left_lean_rad=max(leans["left_lean"]),
            max_right_lean_rad=max(-value for value in leans["left_lean"]),
            heading_coverage=1.0,
        ),
        parts=(),
        samples=tuple(
            PathSample(
                time_s=t,
                left_m=_value(events, "left", t),
                up_m=_value(events, "up", t),
                forward_m=_value(events, "forward", t),
                heading_rad=_value(events, "heading", t),
            )
            for t in times
        ),
    )


@pytest.fixture(scope="session")
def make() -> Callable[..., MotionFacts]:
    """`make_facts`, for tests."""
    return make_facts


EVENTS = [
    ("forward", 0.5, 3.5, 3.4),
    ("left", 4.5, 6.5, 2.5),
    ("heading", 7.5, 9.0, 1.6),
    ("left", 11.0, 12.0, -0.8),
    ("forward", 16.0, 18.0, 2.1),
]


@pytest.fixture(scope="module")
def facts(make: Callable[..., MotionFacts]) -> MotionFacts:
    """Somebody who walks, steps aside, turns, jumps, steps back and walks on."""
    jump = VerticalEpisode(kind="jump", start_s=13.5, end_s=14.0, height_m=0.3)
    return make(EVENTS, episodes=[jump])
