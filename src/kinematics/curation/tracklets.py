"""Tracklets: detections linked from frame to frame by the overlap of their boxes.

In each frame, the remembered and the detected box with the largest overlap are linked first, then
the best of the remaining pairs, and so on while pairs overlap enough. Each remaining detection
starts a tracklet; a tracklet without a continuation ends, at once or after `patience` frames. Ties
follow the order of the lists: the more recent memory first, then the person listed first in it,
then the detection listed first.

If the camera's motion is known, a box may also overlap at the position to which the camera alone
would have carried it, so that a pan does not exchange two people standing side by side.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int


class Links(NamedTuple):
    """The tracklet of each detection, and the detection that it continues."""

    tracklet: Int[Array, "frames people"]
    """Numbered by first appearance; -1 for nobody."""
    lag: Int[Array, "frames people"]
    """Frames since the tracklet was last seen; 0 at its start and for nobody."""
    slot: Int[Array, "frames people"]
    """Index in the list of that frame; 0 at its start and for nobody."""


class _Memory(NamedTuple):
    """Detections without a continuation; rows are lags, the latest frame first."""

    boxes: Float[Array, "lags people 4"]
    carried: Float[Array, "lags people 4"]
    tracklets: Int[Array, "lags people"]
    """-1 for nobody and for continued detections."""
    begun: Int[Array, ""]
    """Number of tracklets so far."""


def overlap(
    boxes: Float[Array, "*#boxes 4"], others: Float[Array, "*#boxes 4"]
) -> Float[Array, "..."]:
    """Intersection over union of boxes (left, top, right, bottom); 0 for boxes without an area.

    >>> float(overlap(jnp.array([0.0, 0, 2, 2]), jnp.array([0.0, 0, 2, 1])))
    0.5
    """
    edges = [(boxes[..., side], others[..., side]) for side in range(4)]
    left, top = jnp.maximum(*edges[0]), jnp.maximum(*edges[1])
    right, bottom = jnp.minimum(*edges[2]), jnp.minimum(*edges[3])
    both = jnp.maximum(right - left, 0) * jnp.maximum(bottom - top, 0)
    union = _area(boxes) + _area(others) - both
    return jnp.where(union > 0, both / jnp.where(union > 0, union, 1), 0)


def _area(box: Float[Array, "*boxes 4"]) -> Float[Array, "*boxes"]:
    width, height = box[..., 2] - box[..., 0], box[..., 3] - box[..., 1]
    return jnp.maximum(width, 0) * jnp.maximum(height, 0)


def _best_first(
    overlaps: Float[Array, "remembered people"], least: float | Float[Array, ""]
) -> tuple[Bool[Array, " people"], Int[Array, " people"], Bool[Array, " remembered"]]:
    """Which detections are linked, to whom, and which remembered ones are continued."""
    remembered, people = overlaps.shape
    linked = jnp.zeros(people, bool)
    continued = jnp.zeros(remembered, bool)
    partner = jnp.zeros(people, int)
    for _ in range(min(remembered, people)):
        pair = jnp.argmax(overlaps)  # the first of equals
        row, column = pair // people, pair % people
        goes = overlaps.reshape(-1)[pair] >= least
        here, there = (jnp.arange(people) == column) & goes, (jnp.arange(remembered) == row) & goes
        linked, continued = linked | here, continued | there
        partner = jnp.where(here, row, partner)
        overlaps = jnp.where(there[:, None] | here[None, :], -1.0, overlaps)
    return linked, partner, continued


def link(
    boxes: Float[Array, "frames people 4"],
    *,
    least_overlap: float | Float[Array, ""],
    carried: Float[Array, "frames people 4"] | None = None,
    patience: int = 0,
) -> Links:
    """The tracklets of a clip, from each frame's boxes (NaN for nobody).

    `carried` are the same boxes, moved by the camera's motion to the next frame; the larger overlap
    counts, and people remembered for longer keep that position. `least_overlap` is above 0. The
    order of people in a frame only affects ties.

    >>> still, gone = [0.0, 0, 2, 2], [jnp.nan] * 4
    >>> boxes = jnp.array([[still, gone], [[5.0, 5, 7, 7], still]])
    >>> link(boxes, least_overlap=0.05).tracklet.tolist()
    [[0, -1], [1, 0]]
    """
    people = boxes.shape[1]
    present = jnp.isfinite(boxes).all(axis=-1)
    lags = patience + 1

    def step(memory: _Memory, frame: tuple[Array, Array, Array]) -> tuple[_Memory, Links]:
        seen, taken, here = frame
        open_ = (memory.tracklets >= 0).reshape(-1)
        overlaps = overlap(memory.boxes.reshape(-1, 1, 4), seen[None])
        if carried is not None:
            there = overlap(memory.carried.reshape(-1, 1, 4), seen[None])
            overlaps = jnp.maximum(overlaps, there)
        usable = open_[:, None] & here[None, :] & (overlaps > 0)
        linked, partner, continued = _best_first(jnp.where(usable, overlaps, -1.0), least_overlap)
        begins = here & ~linked
        new = memory.begun + jnp.cumsum(begins) - 1
        tracklet = jnp.where(linked, memory.tracklets.reshape(-1)[partner], new)
        tracklet = jnp.where(here, tracklet, -1)
        left = jnp.where(continued, -1, memory.tracklets.reshape(-1)).reshape(lags, people)
        after = _Memory(
            boxes=jnp.concatenate([seen[None], memory.boxes[:-1]]),
            carried=jnp.concatenate([taken[None], memory.carried[:-1]]),
            tracklets=jnp.concatenate([tracklet[None], left[:-1]]),
            begun=memory.begun + begins.sum(),
        )
        lag = jnp.where(linked, partner // people + 1, 0)
        return after, Links(tracklet, lag, jnp.where(linked, partner % people, 0))

    start = _Memory(
        boxes=jnp.zeros((lags, people, 4), boxes.dtype),
        carried=jnp.zeros((lags, people, 4), boxes.dtype),
        tracklets=jnp.full((lags, people), -1),
        begun=jnp.zeros((), int),
    )
    seen = jnp.where(present[..., None], boxes, 0)
    taken = seen if carried is None else jnp.where(jnp.isfinite(carried), carried, 0)
    _, links = jax.lax.scan(step, start, (seen, taken, present))
    return links
