"""Movement events: stretches of a signal between turning points (conventions, section 4).

One pass over the frames follows every signal at once. Each frame on which a movement ends carries
that movement's record (`EventFrames`), so that thousands of clips can be searched in one call and
the few records picked out afterwards; `compact` does so for one clip.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float, Int

from kinematics import rotation, thresholds
from kinematics.facts import SIGNALS
from kinematics.signals import Signals
from kinematics.thresholds import ExcursionRule

_RULES = [thresholds.MOVEMENT[name] for name in SIGNALS]
_CALM_SHARE = 1 / 3
"""Slower than this share of the still speed, nothing of a movement is left."""
_PAUSE_SHARE = 0.6
"""Slowing down to nothing and speeding up again at once, so that the speed is below the still speed
for just half a second, gives this share of the still speed on average over that half second."""
_LINGERING = 15
"""Frames (half a second) after which a rest is one even if it never gets calm: slow drift."""
_DRIFTING = tuple(name in thresholds.DRIFTING_SIGNALS for name in SIGNALS)


class EventFrames(NamedTuple):
    """Records of movements, each on the frame (one past the clip included) where it was over."""

    amount: Float[Array, "closings signals"]
    """Signed change; 0 where no movement ended."""
    begin_value: Float[Array, "closings signals"]
    """The signal at the turning point where the movement began."""
    start: Int[Array, "closings signals"]
    """Frame on which the signal really started to move."""
    end: Int[Array, "closings signals"]
    """Frame on which it really stopped."""
    peak_speed: Float[Array, "closings signals"]


class Events(NamedTuple):
    """The movements of one clip, in order of their ends; unused places have amount 0."""

    signal: Int[Array, " places"]
    """Index into `facts.SIGNALS`."""
    amount: Float[Array, " places"]
    begin_value: Float[Array, " places"]
    start: Int[Array, " places"]
    end: Int[Array, " places"]
    peak_speed: Float[Array, " places"]


class _Leg(NamedTuple):
    """What is known of each signal's current movement; every field has shape (signals,)."""

    direction: Array
    """+1 or -1 while moving, 0 while none has reached the hysteresis."""
    low: Array
    high: Array
    """While moving: where the movement began and how far it got (swapped when going down)."""
    low_at: Array
    high_at: Array
    low_walked: Array
    high_walked: Array
    onset: Array
    """Frame of the real start, known once the hysteresis is passed."""
    stop: Array
    """Frame of the real stop, while known."""
    stopped: Array
    """Whether `stop` is known: at rest since the last progress."""
    milestone: Array
    """Value at the last clear progress."""
    last_slow: Array
    peak: Array
    """Greatest speed since the movement began."""
    peak_so_far: Array
    """The same up to the furthest point."""
    rested: Array
    """Whether the frame before was at rest."""
    active_at: Array
    """Last frame that was not at rest."""
    level_at: Array
    """Last frame at which the level of the rest was taken."""


def _records(leg: _Leg, closing: Array, prominence: Array, drifting: Array) -> EventFrames:
    up = leg.direction > 0
    amount = jnp.where(up, leg.high - leg.low, leg.low - leg.high)
    walked = jnp.abs(leg.high_walked - leg.low_walked)
    size = jnp.abs(amount)
    drift = drifting & (size < thresholds.DRIFT_SHARE * walked)
    real = closing & (leg.direction != 0) & (size >= prominence) & ~drift
    furthest_at = jnp.where(up, leg.high_at, leg.low_at)
    return EventFrames(
        amount=jnp.where(real, amount, 0),
        begin_value=jnp.where(up, leg.low, leg.high),
        start=leg.onset,
        end=jnp.where(leg.stopped, jnp.minimum(leg.stop, furthest_at), furthest_at),
        peak_speed=leg.peak_so_far,
    )


def _follow(
    leg: _Leg,
    frame: tuple[Array, Array, Array, Array, Array, Array, Array, Array],
    prominence: Array,
    hysteresis: Array,
    drifting: Array,
) -> tuple[_Leg, EventFrames]:
    """One frame: close what a reversal or a pause ends, begin or carry on what moves."""
    at, value, slow, resting, calm, pausing, speed, walked = frame
    walked = jnp.broadcast_to(walked, value.shape)
    at = jnp.broadcast_to(at, value.shape)
    direction = leg.direction
    last_slow = jnp.where(slow, at, leg.last_slow)

    reversed_down = (direction > 0) & (leg.high - value >= hysteresis) & ~resting & ~leg.rested
    reversed_up = (direction < 0) & (value - leg.low >= hysteresis) & ~resting & ~leg.rested
    turned = reversed_down | reversed_up
    # a rest ends a movement, but its last slow bit still belongs to it, until all is calm
    settled = resting & (pausing | (at - leg.active_at > _LINGERING))
    records = _records(leg, turned | settled, prominence, drifting)
    direction = jnp.where(settled, 0, direction)

    # extremes: after a reversal the old furthest point is where the new movement begins; a rest
    # gives the level that the next movement begins from
    lingering = resting & (direction != 0)
    level = resting & ~lingering & (calm | (at - leg.level_at > _LINGERING))
    restart = settled | level
    new_high = (value > leg.high) | reversed_up | restart
    new_low = (value < leg.low) | reversed_down | restart
    high = jnp.where(new_high, value, leg.high)
    low = jnp.where(new_low, value, leg.low)
    high_at = jnp.where(new_high, at, leg.high_at)
    low_at = jnp.where(new_low, at, leg.low_at)
    high_walked = jnp.where(new_high, walked, leg.high_walked)
    low_walked = jnp.where(new_low, walked, leg.low_walked)

    begins_up = (direction == 0) & (value - low >= hysteresis) & ~resting
    begins_down = (direction == 0) & (high - value >= hysteresis) & ~resting & ~begins_up
    goes_up, goes_down = begins_up | reversed_up, begins_down | reversed_down
    begins = goes_up | goes_down
    direction = jnp.where(goes_up, 1, jnp.where(goes_down, -1, direction))

    begin_at = jnp.where(goes_up, low_at, high_at)
    onset = jnp.where(begins, jnp.maximum(last_slow, begin_at), leg.onset)
    peak = jnp.where(begins, speed, jnp.maximum(leg.peak, speed))
    forward = jnp.where(direction > 0, value - leg.milestone, leg.milestone - value)
    progress = begins | ((direction != 0) & (forward >= 0.25 * prominence))
    milestone = jnp.where(progress, value, leg.milestone)
    stopped = jnp.where(progress, False, leg.stopped | (slow & (direction != 0)))
    stop = jnp.where(stopped & ~leg.stopped, at, leg.stop)
    furthest = ((direction > 0) & new_high) | ((direction < 0) & new_low) | begins
    carried = _Leg(
        direction=direction,
        low=low,
        high=high,
        low_at=low_at,
        high_at=high_at,
        low_walked=low_walked,
        high_walked=high_walked,
        onset=onset,
        stop=stop,
        stopped=stopped,
        milestone=milestone,
        last_slow=last_slow,
        peak=peak,
        peak_so_far=jnp.where(furthest, peak, leg.peak_so_far),
        rested=resting,
        active_at=jnp.where(resting, leg.active_at, at),
        level_at=jnp.where(restart, at, leg.level_at),
    )
    return carried, records


def find(signals: Signals) -> EventFrames:
    """Every movement of one clip: pure, traceable, one pass; `compact` lists the records.

    >>> from kinematics import anchor, resample, signals, synthetic
    >>> motion = resample.to_rate(synthetic.perform(synthetic.walk(2.0)).motion)
    >>> found = compact(find(signals.read(anchor.to_first_heading(motion))))
    >>> [SIGNALS[i] for i, size in zip(found.signal, found.amount) if size]
    ['forward', 'start_distance']
    """
    values = signals.values
    frames, channels = values.shape
    dtype = values.dtype
    prominence = jnp.array([rule.prominence for rule in _RULES], dtype)
    hysteresis = jnp.array([rule.prominence * rule.hysteresis_share for rule in _RULES], dtype)
    still = jnp.array([rule.still_speed for rule in _RULES], dtype)
    drifting = jnp.array(_DRIFTING)

    # in floats: a boolean broadcast against a constant crashes XLA's CPU compiler (jax 0.10)
    heading = jnp.array([float(name == "heading") for name in SIGNALS], dtype)
    unseen = 1 - signals.usable.astype(dtype)
    undefined = 1 - signals.heading_defined.astype(dtype)
    blocked = unseen[:, None] + heading * undefined[:, None]
    speed = jnp.where(blocked > 0, 0, signals.speed)
    rest_speed = jnp.where(blocked > 0, 0, signals.rest_speed)
    resting = rest_speed < still
    slow = jnp.where(resting, 0, speed) < still
    calm = jnp.minimum(rest_speed, speed) < still * _CALM_SHARE
    pausing = (rest_speed < still * _PAUSE_SHARE) & calm
    steps = jnp.diff(signals.positions_m, axis=0)
    walked = rotation.norm(steps[:, 0], steps[:, 1], steps[:, 2])
    walked = jnp.concatenate([jnp.zeros((1,), dtype), walked])

    # one frame past the end, at rest, closes what is still open
    rest = jnp.ones((1, channels), bool)
    rows = (
        jnp.arange(frames + 1, dtype=jnp.int32),
        jnp.concatenate([values, values[-1:]]),
        jnp.concatenate([slow, rest]),
        jnp.concatenate([resting, rest]),
        jnp.concatenate([calm, rest]),
        jnp.concatenate([pausing, rest]),
        jnp.concatenate([signals.speed, jnp.zeros((1, channels), dtype)]),
        jnp.concatenate([walked, jnp.zeros((1,), dtype)]),
    )
    none = jnp.zeros((channels,), jnp.int32)
    zero = jnp.zeros((channels,), dtype)
    first = _Leg(
        direction=none,
        low=values[0],
        high=values[0],
        low_at=none,
        high_at=none,
        low_walked=zero,
        high_walked=zero,
        onset=none,
        stop=none,
        stopped=jnp.zeros((channels,), bool),
        milestone=values[0],
        last_slow=none,
        peak=zero,
        peak_so_far=zero,
        rested=jnp.zeros((channels,), bool),
        active_at=none,
        level_at=none,
    )

    def step(
        carry: tuple[_Leg, Array], row: tuple[Array, ...]
    ) -> tuple[tuple[_Leg, Array], EventFrames]:
        leg, so_far = carry
        *frame, length = row
        so_far = so_far + length
        leg, records = _follow(
            leg,
            (*frame, so_far),
            prominence,
            hysteresis,
            drifting,
        )
        return (leg, so_far), records

    _, records = lax.scan(step, (first, jnp.zeros((), dtype)), rows)
    return records


find_jitted = jax.jit(find)


def compact(records: EventFrames, *, places: int = 64) -> Events:
    """The movements of one clip as short arrays, in order of their ends.

    >>> none = jnp.zeros((3, 7))
    >>> int((compact(EventFrames(none, none, none, none, none)).amount != 0).sum())
    0
    """
    flat = records.amount.reshape(-1)
    (found,) = jnp.nonzero(flat, size=places, fill_value=flat.shape[0])

    def pick(field: Array) -> Array:
        return jnp.take(field.reshape(-1), found, mode="fill", fill_value=0)

    return Events(
        signal=jnp.where(found < flat.shape[0], found % records.amount.shape[1], 0),
        amount=pick(records.amount),
        begin_value=pick(records.begin_value),
        start=pick(records.start),
        end=pick(records.end),
        peak_speed=pick(records.peak_speed),
    )


class Excursions(NamedTuple):
    """Times spent beyond a level, each on the frame where the signal was back."""

    peak: Float[Array, "closings lanes"]
    """Furthest departure; 0 where nothing ended."""
    start: Int[Array, "closings lanes"]
    """Last frame before leaving."""
    end: Int[Array, "closings lanes"]
    """First frame back; one past the clip when it did not come back."""
    peak_at: Int[Array, "closings lanes"]


def excursions(
    departure: Float[Array, "frames lanes"],
    length: Int[Array, ""],
    *,
    rules: tuple[ExcursionRule, ...],
) -> Excursions:
    """Stretches during which each lane leaves its level as its rule says, in one pass.

    A stretch that is under way when the clip begins has start 0; one that the clip cuts off ends
    at `length`.

    >>> rule = ExcursionRule(enter=1.0, leave=0.5, peak=2.0)
    >>> lane = jnp.array([0.0, 1.5, 2.5, 1.5, 0.2])[:, None]
    >>> found = excursions(lane, jnp.array(5), rules=(rule,))
    >>> found.peak[:, 0].tolist(), int(found.start[4, 0]), int(found.end[4, 0])
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
    _, records = lax.scan(step, first, rows)
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

    `reached_values` are the signal's values at the bounds, by interpolation; bounds, starts and
    ends share one unit (frames or seconds). Until its start a movement is at its first value, from
    its end on at its last, so parts over bounds that span it add up to the amount.

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
