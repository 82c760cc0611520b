"""Who is who from frame to frame: detections are linked by the best overlap of their boxes.

In each frame the pair of a person remembered and a person found whose boxes overlap most is linked
first, then the best pair of those left, and so on while pairs overlap enough. Who is left over
in the frame begins a tracklet; a tracklet that nobody continued ends, at once or after `patience`
frames. Two pairs that overlap equally go by the order of the lists: the fresher memory first, then
the person listed first in it, then the detection listed first.

Where the camera's motion is known, a box may also overlap where the camera alone would have carried
it: two people who stand side by side are then not exchanged by a pan.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int


class Links(NamedTuple):
    """For every detection the tracklet that it belongs to and the detection that it continues."""

    tracklet: Int[Array, "frames people"]
    """Numbered by first appearance; -1 where nobody is."""
    lag: Int[Array, "frames people"]
    """How many frames back the tracklet was seen last; 0 where it begins or nobody is."""
    slot: Int[Array, "frames people"]
    """Where in the list of that frame; 0 where it begins or nobody is."""


class _Memory(NamedTuple):
    """Detections that nobody has continued yet; rows are lags, the last frame first."""

    boxes: Float[Array, "lags people 4"]
    carried: Float[Array, "lags people 4"]
    tracklets: Int[Array, "lags people"]
    """-1 where nobody is or somebody was continued."""
    begun: Int[Array, ""]
    """Number of tracklets so far."""


def overlap(
    one: Float[Array, "*#boxes 4"], other: Float[Array, "*#boxes 4"]
) -> Float[Array, "..."]:
    """Intersection over union of boxes (left, top, right, bottom); 0 for boxes without an area.

    >>> float(overlap(jnp.array([0.0, 0, 2, 2]), jnp.array([0.0, 0, 2, 1])))
    0.5
    """
    left, top = jnp.maximum(one[..., 0], other[..., 0]), jnp.maximum(one[..., 1], other[..., 1])
    right, bottom = jnp.minimum(one[..., 2], other[..., 2]), jnp.minimum(one[..., 3], other[..., 3])
    both = jnp.maximum(right - left, 0) * jnp.maximum(bottom - top, 0)
    areas = _area(one) + _area(other)
    union = areas - both
    return jnp.where(union > 0, both / jnp.where(union > 0, union, 1), 0)


def _area(box: Float[Array, "*boxes 4"]) -> Float[Array, "*boxes"]:
    width, height = box[..., 2] - box[..., 0], box[..., 3] - box[..., 1]
    return jnp.maximum(width, 0) * jnp.maximum(height, 0)


def _best_first(
    overlaps: Float[Array, "remembered people"], least: float | Float[Array, ""]
) -> tuple[Bool[Array, " people"], Int[Array, " people"], Bool[Array, " remembered"]]:
    """Which detections are linked, to whom, and who of the remembered was continued."""
    remembered, people = overlaps.shape
    linked = jnp.zeros(people, bool)
    continued = jnp.zeros(remembered, bool)
    partner = jnp.zeros(people, int)
    for _ in range(min(remembered, people)):
        place = jnp.argmax(overlaps)  # the first of equals
        row, column = place // people, place % people
        goes = overlaps.reshape(-1)[place] >= least
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
    """The tracklets of one clip, from each frame's boxes (NaN where nobody is).

    `carried` are the same boxes where the camera takes them by the next frame, and counts where it
    overlaps more; whoever is remembered for longer keeps that place. `least_overlap` is above 0.
    The order in which a frame lists its people matters only to ties.

    >>> still, gone = [0.0, 0, 2, 2], [jnp.nan] * 4
    >>> boxes = jnp.array([[still, gone], [[5.0, 5, 7, 7], still]])
    >>> link(boxes, least_overlap=0.05).tracklet.tolist()
    [[0, -1], [1, 0]]
    """
    people = boxes.shape[1]
    present = jnp.isfinite(boxes).all(axis=-1)
    lags = patience + 1

    def step(memory: _Memory, frame: tuple[Array, Array, Array]) -> tuple[_Memory, Links]:
        found, taken, here = frame
        open_ = (memory.tracklets >= 0).reshape(-1)
        overlaps = overlap(memory.boxes.reshape(-1, 1, 4), found[None])
        if carried is not None:
            there = overlap(memory.carried.reshape(-1, 1, 4), found[None])
            overlaps = jnp.maximum(overlaps, there)
        usable = open_[:, None] & here[None, :] & (overlaps > 0)
        linked, partner, continued = _best_first(jnp.where(usable, overlaps, -1.0), least_overlap)
        begins = here & ~linked
        new = memory.begun + jnp.cumsum(begins) - 1
        tracklet = jnp.where(linked, memory.tracklets.reshape(-1)[partner], new)
        tracklet = jnp.where(here, tracklet, -1)
        left = jnp.where(continued, -1, memory.tracklets.reshape(-1)).reshape(lags, people)
        after = _Memory(
            boxes=jnp.concatenate([found[None], memory.boxes[:-1]]),
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
    found = jnp.where(present[..., None], boxes, 0)
    taken = found if carried is None else jnp.where(jnp.isfinite(carried), carried, 0)
    _, links = jax.lax.scan(step, start, (found, taken, present))
    return links
