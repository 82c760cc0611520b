"""How much people move between adjacent frames, and the residual of an affine map.

`measure` is the pure function of a clip. `steps` applies it to many clips, padded to a few shapes
and batched in fixed numbers of rows, so that the results of a clip do not depend on the others.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from kinematics.curation.limits import KEYPOINTS, Limits
from kinematics.curation.tracklets import Links, link
from kinematics.geometry import kernels, residual

PADDED_FRAMES = (8, 16, 24, 32, 48, 64, 128)
"""Numbers of frames to which clips are padded; powers of two beyond."""

PADDED_PEOPLE = (1, 2, 3, 5, 8, 16)
"""Numbers of people per frame to which clips are padded."""

DETECTIONS_A_CALL = 2048
"""People times frames per call, so that the arrays fit into a core's cache."""


class Scene(NamedTuple):
    """A clip's detections in the measured frames, before linking."""

    keypoints: Float[np.ndarray, "frames people points 2"]
    """As shares of the picture's width and height; NaN for unseen points."""
    boxes: Float[np.ndarray, "frames people 4"]
    """In the same unit; NaN for nobody."""
    carried: Float[np.ndarray, "frames people 4"] | None = None
    """The boxes moved by the camera's motion to the next frame, if that is known."""


class Steps(NamedTuple):
    """Steps from each detection's predecessor; 0 without predecessor."""

    links: Links
    travel: Float[Array, "frames people"]
    """|dx| + |dy| summed over the body's points; unseen points count as the mean of the others."""
    residual: Float[Array, "frames people"]
    """Squared residuals of the best affine map, summed in the same way."""
    sound: Bool[Array, "frames people"]
    """Whether the frames share enough points, which are not collinear."""


def measure(
    keypoints: Float[Array, "frames people points 2"],
    boxes: Float[Array, "frames people 4"],
    *,
    least_overlap: float | Float[Array, ""],
    least_points: float | Float[Array, ""] = residual.SPARE_POINTS,
    carried: Float[Array, "frames people 4"] | None = None,
    patience: int = 0,
) -> Steps:
    """Tracklets of a clip and the steps along them.

    >>> square = jnp.array([[0.0, 0], [4, 0], [0, 4], [4, 4]]) / 10
    >>> points = jnp.stack([square, square + 0.1])[:, None]
    >>> boxes = jnp.array([[[0.0, 0, 0.4, 0.4]], [[0.1, 0.1, 0.5, 0.5]]])
    >>> steps = measure(points, boxes, least_overlap=0.1)
    >>> round(float(steps.travel[1, 0]), 3), round(float(steps.residual[1, 0]), 6)
    (0.8, 0.0)
    """
    frames, people, points, _ = keypoints.shape
    links = link(boxes, least_overlap=least_overlap, carried=carried, patience=patience)
    before = jnp.maximum(jnp.arange(frames)[:, None] - links.lag, 0) * people + links.slot
    target = keypoints.reshape(frames * people, points, 2)
    source = target[before.reshape(-1)]
    # pairs last, so that arithmetic over pairs is contiguous in memory
    source, target = (jnp.moveaxis(rows, (2, 1), (0, 1)) for rows in (source, target))
    both = jnp.isfinite(source).all(axis=0) & jnp.isfinite(target).all(axis=0)
    apart = jnp.where(both, jnp.abs(target - source).sum(axis=0), 0)
    used = both.sum(axis=0).astype(keypoints.dtype)
    fit = residual.fit_pairs(source, target)
    mean = apart.sum(axis=0) / jnp.maximum(used, 1)
    continued = (links.lag > 0).reshape(-1)
    sound = continued & ~fit.degenerate & (used >= least_points)

    def shaped(values: Array) -> Array:
        return jnp.where(sound, values, 0).reshape(frames, people)

    return Steps(
        links=links,
        travel=shaped(points * mean),
        residual=shaped(points * fit.rms_px * fit.rms_px),
        sound=sound.reshape(frames, people),
    )


class Tracklet(NamedTuple):
    """A person of a clip: indices into its arrays, and the steps."""

    rows: Int[np.ndarray, " seen"]
    """Frames in which the person was detected."""
    slots: Int[np.ndarray, " seen"]
    """Indices in the lists of these frames."""
    travel: Float[np.ndarray, " seen"]
    """NaN without a sound step, as in the first frame."""
    residual: Float[np.ndarray, " seen"]


@cache
def _compiled(patience: int) -> Callable[..., Steps]:
    def run(
        keypoints: Float[Array, "clips frames people points 2"],
        boxes: Float[Array, "clips frames people 4"],
        carried: Float[Array, "clips frames people 4"] | None,
        least: Float[Array, "2"],
    ) -> Steps:
        def single(points: Array, corners: Array, taken: Array | None) -> Steps:
            return measure(
                points,
                corners,
                carried=taken,
                least_overlap=least[0],
                least_points=least[1],
                patience=patience,
            )

        return jax.vmap(single)(keypoints, boxes, carried)

    return kernels.jit(run, work="loops")


def steps(scenes: Sequence[Scene], *, limits: Limits | None = None) -> list[Steps]:
    """The steps of many clips, as NumPy arrays of each clip's size."""
    limits = limits or Limits()
    groups: dict[tuple[int, int, bool], list[int]] = {}
    for index, scene in enumerate(scenes):
        shape = *_shape(*scene.boxes.shape[:2]), scene.carried is not None
        groups.setdefault(shape, []).append(index)
    results: dict[int, Steps] = {}
    for (frames, people, has_camera), members in groups.items():
        keypoints = np.full((len(members), frames, people, KEYPOINTS, 2), np.nan, np.float32)
        boxes = np.full((len(members), frames, people, 4), np.nan, np.float32)
        carried = np.full_like(boxes, np.nan) if has_camera else None
        for row, index in enumerate(members):
            own_frames, own_people = scenes[index].boxes.shape[:2]
            keypoints[row, :own_frames, :own_people] = scenes[index].keypoints
            boxes[row, :own_frames, :own_people] = scenes[index].boxes
            if carried is not None:
                carried[row, :own_frames, :own_people] = scenes[index].carried
        stacked = steps_of_batch(Scene(keypoints, boxes, carried), limits=limits)
        for row, index in enumerate(members):
            own_frames, own_people = scenes[index].boxes.shape[:2]
            results[index] = jax.tree.map(
                lambda values, r=row, f=own_frames, p=own_people: values[r, :f, :p], stacked
            )
    return [results[index] for index in range(len(scenes))]


def _shape(frames: int, people: int) -> tuple[int, int]:
    def up(count: int, sizes: Sequence[int]) -> int:
        more = 1 << (max(count, 1) - 1).bit_length()
        return next((size for size in sizes if size >= count), more)

    return up(frames, PADDED_FRAMES), up(people, PADDED_PEOPLE)


def steps_of_batch(scenes: Scene, *, limits: Limits | None = None) -> Steps:
    """The steps of clips that are stacked along a first axis of all arrays."""
    limits = limits or Limits()
    clips, frames, people = scenes.boxes.shape[:3]
    shape = _shape(frames, people)
    rows = max(1, DETECTIONS_A_CALL // (shape[0] * shape[1]))
    run = _compiled(int(limits.patience))
    least = np.array([limits.least_overlap, limits.least_points], np.float32)
    parts = []
    for start in range(0, max(clips, 1), rows):
        inputs = [
            None if values is None else _filled(values[start : start + rows], (rows, *shape))
            for values in scenes
        ]
        parts.append(run(*inputs, least))
    joined = jax.tree.map(lambda *values: np.concatenate(values), *jax.device_get(parts))
    return jax.tree.map(lambda values: values[:clips, :frames, :people], joined)


def _filled(values: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """Rows, frames and people padded with NaN."""
    if values.shape[:3] == shape and values.dtype == np.float32:
        return values
    filled = np.full((*shape, *values.shape[3:]), np.nan, np.float32)
    clips, frames, people = values.shape[:3]
    filled[:clips, :frames, :people] = values
    return filled


def by_tracklet(measured: Steps) -> list[Tracklet]:
    """The people of a clip, in the order of their first frames; NumPy.

    >>> from kinematics.curation.tracklets import Links
    >>> links = Links(*(np.array([[0], [0]]), np.array([[0], [1]]), np.array([[0], [0]])))
    >>> travel = np.array([[0.0], [0.5]])
    >>> [person] = by_tracklet(Steps(links, travel, travel, travel > 0))
    >>> person.rows.tolist(), person.travel.tolist()
    ([0, 1], [nan, 0.5])
    """
    numbers, sound = np.asarray(measured.links.tracklet), np.asarray(measured.sound)
    travel = np.where(sound, np.asarray(measured.travel), np.nan)
    residuals = np.where(sound, np.asarray(measured.residual), np.nan)
    rows, slots = np.nonzero(numbers >= 0)
    flat = numbers[rows, slots]
    order = np.argsort(flat, kind="stable")
    bounds = np.flatnonzero(np.diff(flat[order])) + 1
    groups = [(rows[group], slots[group]) for group in np.split(order, bounds) if len(group)]
    return [Tracklet(*group, travel[group], residuals[group]) for group in groups]
