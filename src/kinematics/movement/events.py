"""Movement events: stretches of a signal between turning points (conventions, section 4).

One pass over the frames processes all signals. The record of a movement is stored at the frame
where the movement ends (`EventFrames`), so thousands of clips can be processed in one call and the
few records extracted afterwards; `compact` does that for one clip.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from kinematics import thresholds
from kinematics.facts import SIGNALS
from kinematics.geometry import kernels, rotation
from kinematics.movement.signals import Signals
from kinematics.thresholds import ExcursionRule

_RULES = [thresholds.MOVEMENT[name] for name in SIGNALS]
_CALM_SHARE = 1 / 3
"""Below this share of the still speed a movement is over."""
_PAUSE_SHARE = 0.6
"""A signal that stops and restarts at once, below the still speed for just half a second, has this
share of the still speed on average over that half second."""
_LINGERING = 15
"""Frames (half a second) after which a rest counts even if it never gets calm: slow drift."""
_DRIFTING = tuple(SIGNALS.index(name) for name in SIGNALS if name in thresholds.DRIFTING_SIGNALS)


class EventFrames(NamedTuple):
    """Records of movements, each at the frame where it ended (up to one frame past the clip)."""

    begin: Int[Array, "closings signals"]
    """Turning point where the movement began; -1 where no movement ended."""
    furthest: Int[Array, "closings signals"]
    """Turning point where it ended."""
    start: Int[Array, "closings signals"]
    """Frame at which the signal started to move."""
    end: Int[Array, "closings signals"]
    """Frame at which it stopped."""


class Events(NamedTuple):
    """The movements of one clip, in order of their ends; unused entries have amount 0."""

    signal: Int[Array, " places"]
    """Index into `facts.SIGNALS`."""
    amount: Float[Array, " places"]
    begin_value: Float[Array, " places"]
    start: Int[Array, " places"]
    end: Int[Array, " places"]
    peak_speed: Float[Array, " places"]


class _Leg(NamedTuple):
    """State of each signal's current movement; every field has shape (signals,).

    Few fields on purpose: on a CPU each field costs a kernel call per frame.
    """

    direction: Array
    """+1 or -1 while moving, 0 until the hysteresis is exceeded."""
    low: Array
    high: Array
    """While moving up: first value and extreme so far; while moving down: the other way round."""
    low_at: Array
    high_at: Array
    last_slow: Array
    onset: Array
    """Frame of the start, known once the hysteresis is exceeded."""
    fast_at: Array
    """Last frame with progress at more than the still speed."""
    marked_at: Array
    """Last active frame, or last frame that set the level of a rest."""


class _Row(NamedTuple):
    """One frame of all signals, the scan's input."""

    at: Array
    value: Array
    slow: Array
    resting: Array
    calm: Array
    """Slow enough for a movement to be over."""
    pausing: Array
    """Calm, and for long enough to end a movement."""


def _follow(leg: _Leg, row: _Row, prominence: Array, hysteresis: Array) -> tuple[_Leg, EventFrames]:
    """The next state, and the records of movements that a reversal or a rest ends at this frame."""
    value, resting, at = row.value, row.resting, row.at
    up, down = leg.direction > 0, leg.direction < 0
    reversed_down = up & (leg.high - value >= hysteresis) & ~resting
    reversed_up = down & (value - leg.low >= hysteresis) & ~resting
    # a rest ends a movement, but the last slow frames still belong to it, until it is calm
    overdue = at - leg.marked_at > _LINGERING
    settled = resting & (row.pausing | overdue)
    closing = (reversed_down | reversed_up | settled) & (leg.high - leg.low >= prominence)
    records = EventFrames(
        begin=jnp.where(closing & up, leg.low_at, jnp.where(closing & down, leg.high_at, -1)),
        furthest=jnp.where(up, leg.high_at, leg.low_at),
        start=leg.onset,
        end=leg.fast_at + 1,
    )
    # after a reversal the new movement begins at the old extreme, after a rest at the rest's level
    level = resting & (leg.direction == 0) & (row.calm | overdue)
    restart = settled | level
    new_high = (value > leg.high) | reversed_up | restart
    new_low = (value < leg.low) | reversed_down | restart
    high, low = jnp.where(new_high, value, leg.high), jnp.where(new_low, value, leg.low)
    high_at, low_at = jnp.where(new_high, at, leg.high_at), jnp.where(new_low, at, leg.low_at)
    waiting = (leg.direction == 0) & ~resting
    begins_up = reversed_up | (waiting & (value - low >= hysteresis))
    begins_down = reversed_down | (waiting & (high - value >= hysteresis))
    begins = begins_up | begins_down
    direction = jnp.where(
        settled, 0, jnp.where(begins_up, 1, jnp.where(begins_down, -1, leg.direction))
    )
    further = begins | ((direction > 0) & new_high) | ((direction < 0) & new_low)
    carried = _Leg(
        direction=direction,
        low=low,
        high=high,
        low_at=low_at,
        high_at=high_at,
        last_slow=jnp.where(row.slow, at, leg.last_slow),
        onset=jnp.where(
            begins,
            jnp.maximum(leg.last_slow, jnp.where(begins_up, low_at, high_at)),
            leg.onset,
        ),
        fast_at=jnp.where(further & ~row.slow, at, leg.fast_at),
        marked_at=jnp.where(restart | ~resting, at, leg.marked_at),
    )
    return carried, records


def find(signals: Signals) -> EventFrames:
    """Every movement of one clip: a pure, traceable scan; `compact` lists the records.

    >>> from kinematics import synthetic
    >>> from kinematics.geometry import anchor, resample
    >>> from kinematics.movement import signals
    >>> motion = resample.to_rate(synthetic.perform(synthetic.walk(2.0)).motion)
    >>> read = signals.read(anchor.to_first_heading(motion))
    >>> movements = compact(find(read), read)
    >>> [SIGNALS[i] for i, size in zip(movements.signal, movements.amount) if size]
    ['forward', 'start_distance']
    """
    values = signals.values
    frames, channels = values.shape
    dtype = values.dtype
    prominence = jnp.array([rule.prominence for rule in _RULES], dtype)
    hysteresis = jnp.array([rule.prominence * rule.hysteresis_share for rule in _RULES], dtype)
    still = jnp.array([rule.still_speed for rule in _RULES], dtype)

    # in floats: a boolean broadcast against a constant crashes XLA's CPU compiler (jax 0.10)
    heading = jnp.array([float(name == "heading") for name in SIGNALS], dtype)
    unseen = 1 - signals.usable.astype(dtype)
    undefined = 1 - signals.heading_defined.astype(dtype)
    blocked = unseen[:, None] + heading[None, :] * undefined[:, None]
    speed = jnp.where(blocked > 0, 0, signals.speed)
    rest_speed = jnp.where(blocked > 0, 0, signals.rest_speed)
    still = still[None, :]
    calm = jnp.minimum(rest_speed, speed) < still * _CALM_SHARE
    resting = rest_speed < still

    def closed(rows: Array, last: Array) -> Array:
        return jnp.concatenate([rows, last])

    # one more frame, at rest, closes movements that are still open
    rest = jnp.ones((1, channels), bool)
    rows = _Row(
        at=jnp.arange(frames + 1, dtype=jnp.int32),
        value=closed(values, values[-1:]),
        slow=closed(resting | (speed < still), rest),
        resting=closed(resting, rest),
        calm=closed(calm, rest),
        pausing=closed(calm & (rest_speed < still * _PAUSE_SHARE), rest),
    )
    none = jnp.zeros((channels,), jnp.int32)
    first = _Leg(
        direction=none,
        low=values[0],
        high=values[0],
        low_at=none,
        high_at=none,
        last_slow=none,
        onset=none,
        fast_at=none,
        marked_at=none,
    )
    _, records = kernels.scan(
        lambda leg, row: _follow(
            leg,
            row._replace(at=jnp.broadcast_to(row.at, (channels,))),
            prominence,
            hysteresis,
        ),
        first,
        rows,
    )
    return records


find_jitted = jax.jit(find)


def is_drift(
    signal: Int[Array | np.ndarray, " events"],
    amount: Float[Array | np.ndarray, " events"],
    walked_m: Float[Array | np.ndarray, " events"],
) -> Bool[Array | np.ndarray, " events"]:
    """Whether a change is drift: too small a component of the root's path at the same time.

    >>> is_drift(np.array([0, 3]), np.array([0.2, 0.2]), np.array([8.0, 8.0])).tolist()
    [True, False]
    """
    left, up, forward = _DRIFTING
    component = (signal == left) | (signal == up) | (signal == forward)
    return component & (abs(amount) < walked_m * thresholds.DRIFT_SHARE)  # type: ignore[operator]


def is_sway(
    clip: Int[np.ndarray, " events"],
    signal: Int[np.ndarray, " events"],
    start_s: Float[np.ndarray, " events"],
    end_s: Float[np.ndarray, " events"],
    amount: Float[np.ndarray, " events"],
) -> Bool[np.ndarray, " events"]:
    """Whether each movement is part of a sway on the spot: marching, a treadmill, running in place.

    Ground speed does not reveal such gait; the pace does: consecutive small movements, each undoing
    the last within a stride.

    >>> starts, heading = np.arange(4) * 0.5, np.full(4, SIGNALS.index("heading"))
    >>> is_sway(0 * heading, heading, starts, starts + 0.5, np.array([0.4, -0.4, 0.4, -1.0]))
    array([ True,  True,  True, False])
    """
    order = np.lexsort((start_s, signal, clip))
    limit = np.array([thresholds.SWAY_RANGE.get(name, 0.0) for name in SIGNALS])
    first, second = order[:-1], order[1:]
    small = np.abs(amount) <= limit[signal]
    linked = (clip[first] == clip[second]) & (signal[first] == signal[second])
    linked &= (amount[first] * amount[second] < 0) & small[first] & small[second]
    linked &= end_s[second] - start_s[first] <= thresholds.SWAY_PERIOD_S
    # a chain is a run of links, with one more movement than links
    chain = np.concatenate([[0], np.cumsum(~linked)])
    sizes = np.bincount(chain, minlength=1)
    swaying = np.zeros(len(order), dtype=bool)
    swaying[order] = (sizes[chain] >= thresholds.SWAY_EVENTS)[: len(order)]
    return swaying


def walked_m(positions_m: Float[Array, "frames 3"]) -> Float[Array, " frames"]:
    """Length of the root's path up to each frame, vertical motion included.

    >>> walked_m(jnp.array([[0.0, 0, 0], [0, 0, 1], [0, 2, 1]])).tolist()
    [0.0, 1.0, 3.0]
    """
    steps = jnp.diff(positions_m, axis=0)
    lengths = rotation.norm(steps[:, 0], steps[:, 1], steps[:, 2])
    return jnp.cumsum(jnp.concatenate([jnp.zeros((1,), positions_m.dtype), lengths]))


def compact(records: EventFrames, signals: Signals, *, places: int = 64) -> Events:
    """The movements of one clip without drift, as arrays of length `places` by their ends.

    >>> from kinematics import synthetic
    >>> from kinematics.geometry import anchor, resample
    >>> from kinematics.movement import signals
    >>> still = resample.to_rate(synthetic.perform(synthetic.stand(2.0)).motion)
    >>> read = signals.read(anchor.to_first_heading(still))
    >>> int((compact(find(read), read).amount != 0).sum())
    0
    """
    values = signals.values
    frames, channels = values.shape
    flat = records.begin.reshape(-1)
    (indices,) = jnp.nonzero(flat >= 0, size=places, fill_value=flat.shape[0] - 1)
    used = jnp.arange(places) < jnp.sum(flat >= 0)
    signal = indices % channels
    begin, furthest, start, end = (jnp.take(field.reshape(-1), indices) for field in records)
    begin, furthest = jnp.clip(begin, 0, frames - 1), jnp.clip(furthest, 0, frames - 1)
    amount = values[furthest, signal] - values[begin, signal]
    walked = walked_m(signals.positions_m)
    real = used & ~is_drift(signal, amount, walked[furthest] - walked[begin])
    frame = jnp.arange(frames)[:, None]
    inside = (frame >= start[None, :]) & (frame <= jnp.maximum(end, start + 1)[None, :])
    speeds = jnp.where(inside, jnp.take(signals.speed, signal, axis=1), 0)
    return Events(
        signal=jnp.where(real, signal, 0),
        amount=jnp.where(real, amount, 0),
        begin_value=jnp.where(real, values[begin, signal], 0),
        start=jnp.where(real, start, 0),
        end=jnp.where(real, jnp.minimum(end, frames - 1), 0),
        peak_speed=jnp.where(real, jnp.max(speeds, axis=0), 0),
    )


class Excursions(NamedTuple):
    """Excursions beyond a level, each stored at the frame of its return."""

    peak: Float[Array, "closings lanes"]
    """Largest departure; 0 where no excursion ended."""
    start: Int[Array, "closings lanes"]
    """Last frame before leaving."""
    end: Int[Array, "closings lanes"]
    """First frame back; one past the clip without a return."""
    peak_at: Int[Array, "closings lanes"]


def excursions(
    departure: Float[Array, "frames lanes"],
    length: Int[Array, ""],
    *,
    rules: tuple[ExcursionRule, ...],
) -> Excursions:
    """Excursions of each lane from its level, as defined by its rule.

    An excursion that has begun before the clip has start 0; one that the clip cuts off ends at
    `length`.

    >>> rule = ExcursionRule(enter=1.0, leave=0.5, peak=2.0)
    >>> lane = jnp.array([0.0, 1.5, 2.5, 1.5, 0.2])[:, None]
    >>> away = excursions(lane, jnp.array(5), rules=(rule,))
    >>> away.peak[:, 0].tolist(), int(away.start[4, 0]), int(away.end[4, 0])
    ([0.0, 0.0, 0.0, 0.0, 2.5, 0.0], 0, 4)
    """
    frames, lanes = departure.shape
    dtype = departure.dtype
    enter = jnp.array([rule.enter for rule in rules], dtype)
    leave = jnp.array([rule.leave for rule in rules], dtype)
    least = jnp.array([rule.peak for rule in rules], dtype)

    def step(
        carry: tuple[Array, Array, Array, Array, Array], row: tuple[Array, Array]
    ) -> tuple[tuple[Array, Array, Array, Array, Array], Excursions]:
        away, peak, peak_at, left_at, last_home = carry
        at, value = row
        at = jnp.broadcast_to(at, value.shape)
        over = at >= length
        back = away & ((value < leave) | over)
        real = back & (peak >= least)
        records = Excursions(jnp.where(real, peak, 0), left_at, at, peak_at)
        leaves = ~away & (value >= enter) & ~over
        peak_at = jnp.where(leaves | (away & (value > peak) & ~over), at, peak_at)
        peak = jnp.where(leaves, value, jnp.maximum(peak, value))
        left_at = jnp.where(leaves, last_home, left_at)
        last_home = jnp.where(value < leave, at, last_home)
        return ((away | leaves) & ~back, peak, peak_at, left_at, last_home), records

    none = jnp.zeros((lanes,), jnp.int32)
    rows = (jnp.arange(frames + 1, dtype=jnp.int32), jnp.concatenate([departure, departure[-1:]]))
    first = (jnp.zeros((lanes,), bool), jnp.zeros((lanes,), dtype), none, none, none)
    _, records = kernels.scan(step, first, rows)
    return records


def split(
    reached_values: Float[np.ndarray, "events bounds"],
    bounds: Float[np.ndarray, "events bounds"],
    *,
    start: Float[np.ndarray, " events"] | Int[np.ndarray, " events"],
    end: Float[np.ndarray, " events"] | Int[np.ndarray, " events"],
    begin_value: Float[np.ndarray, " events"],
    amount: Float[np.ndarray, " events"],
) -> Float[np.ndarray, "events parts"]:
    """The part of each movement's amount between neighbouring bounds.

    `reached_values` are the signal's interpolated values at the bounds; bounds, starts and ends
    share one unit (frames or seconds). A movement has its first value until its start and its last
    value from its end on, so parts over bounds that span it add up to the amount.

    >>> split(
    ...     np.array([[0.0, 1.5, 4.0]]),
    ...     np.array([[0.0, 1.5, 4.0]]),
    ...     start=np.array([0]),
    ...     end=np.array([4]),
    ...     begin_value=np.array([0.0]),
    ...     amount=np.array([4.0]),
    ... ).tolist()
    [[1.5, 2.5]]
    """
    moved = reached_values - begin_value[:, None]
    moved = np.where(bounds <= start[:, None], 0.0, moved)
    moved = np.where(bounds >= end[:, None], amount[:, None], moved)
    return np.diff(moved, axis=1)
