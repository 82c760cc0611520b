"""What the sampled path shows beside the events: what nearly is one, and what nearly is two.

Facts hold movements only. Whether something nearly was one has to be looked for, five times a
second, in the path that they sample.
"""

from kinematics.facts import Event, MotionFacts, PathSample

NEAR_END_S = 0.2
"""Movements ease in and out: so close to an event, the path still belongs to it."""

_SLOW_SAMPLES = 2
"""So many sampling steps in a row below the still speed may or may not be a pause."""


def sampled(facts: MotionFacts, signal: str) -> tuple[list[float], list[float]]:
    """Times and values of `left`, `forward`, `heading`, or else the distance from the origin."""
    samples: tuple[PathSample, ...] = facts.samples
    times = [sample.time_s for sample in samples]
    if signal == "left":
        return times, [sample.left_m for sample in samples]
    if signal == "forward":
        return times, [sample.forward_m for sample in samples]
    if signal == "heading":
        return times, [sample.heading_rad for sample in samples]
    return times, [
        (sample.left_m * sample.left_m + sample.forward_m * sample.forward_m) ** 0.5
        for sample in samples
    ]


def unexplained(
    times: list[float], values: list[float], spans: list[tuple[float, float]]
) -> tuple[float, float]:
    """The largest rise and the largest fall between two samples that no event lies between."""
    rise = fall = 0.0
    at, count = 0, len(spans)
    low = high = None
    for time_s, value in zip(times, values, strict=True):
        while at < count and spans[at][1] <= time_s:
            at += 1
            low = None
        if at < count and spans[at][0] < time_s:
            low = None
            continue
        if low is None or high is None:
            low = high = value
            continue
        if value < low:
            low = value
        elif value > high:
            high = value
        if value - low > rise:
            rise = value - low
        if high - value > fall:
            fall = high - value
    return rise, fall


def nearly_pauses(times: list[float], values: list[float], event: Event, still: float) -> bool:
    """Whether the signal hardly moves for some samples in a row inside an event."""
    start_s, end_s = event.start_s + NEAR_END_S, event.end_s - NEAR_END_S
    if len(times) <= _SLOW_SAMPLES or end_s - start_s < times[_SLOW_SAMPLES]:
        return False
    step_s = times[1]
    sign = 1 if event.amount > 0 else -1
    first = int(start_s / step_s) + 1
    last = min(int(end_s / step_s), len(times) - 1)
    least = still * step_s * _SLOW_SAMPLES
    return any(
        sign * (values[place + _SLOW_SAMPLES] - values[place]) < least
        for place in range(first, last - _SLOW_SAMPLES + 1)
    )
