"""What a camera did between two frames, from points of the background, and what people did beside.

The simplest motion that explains enough of the background is taken: an affine map; a homography,
exact for a camera that only turns and zooms, and for any camera before a plane, such as a photo;
or, where the camera travels through a scene with depth, its epipolar lines. A point that stands
still then lies where the map puts it, or on its line. Where no motion explains the background,
as across a cut, the step says nothing.

Candidates come from few points at a time and the most explaining one is fitted again to all it
explains, so that up to a third of the background may move by itself. NumPy in float64.
"""

import hashlib
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from kinematics.curation.limits import Limits

CameraKind = Literal["affine", "homography", "travel"]
"""What explains the background; `travel` by lines instead of places."""

TRIES: int = 128
"""Candidates a model: with a third of the points astray, eight sound ones are drawn 4 times."""

MOVED_POINTS = 3
"""A person's movement is the mean of so many points, those that moved most: an arm has two."""

ALONG = 0.5
"""What is left along the lines counts half: it may also be the depth of arms or of a bent body."""


class CameraMotion(NamedTuple):
    """What a camera did between two frames; the matrices are for (x, y, 1)."""

    kind: CameraKind
    matrix: Float[np.ndarray, "3 3"]
    """From places to places; for `travel` as much of the background as one map can explain."""
    explained: float
    """Share of the background within the tolerance, of lines for `travel`."""
    lines: Float[np.ndarray, "3 3"] | None = None
    """For `travel`, from places to the lines on which what stands still must lie."""


def apart_px(
    motion: CameraMotion,
    source_px: Float[np.ndarray, "points 2"],
    target_px: Float[np.ndarray, "points 2"],
) -> Float[np.ndarray, " points"]:
    """How far each point of a body ended from where the camera alone would have carried it.

    Along the lines of a camera that travels, places depend on depth. A body that stands is nearly a
    board, which a linear map of its places carries along; there its points count from the best
    such map, so that walking along a line is seen by the legs alone.

    >>> still = CameraMotion("affine", np.eye(3), 1.0)
    >>> apart_px(still, np.zeros((1, 2)), np.array([[3.0, 4.0]])).tolist()
    [5.0]
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        left = target_px - _mapped(motion.matrix, source_px)
        if motion.lines is None:
            return np.hypot(left[:, 0], left[:, 1])
        lines = np.hstack([source_px, np.ones((len(source_px), 1))]) @ motion.lines.T
        normals = lines[:, :2] / np.hypot(lines[:, 0], lines[:, 1])[:, None]
    # the signed distance from the line, and the way along it
    across = (normals * target_px).sum(axis=1) + lines[:, 2] / np.hypot(lines[:, 0], lines[:, 1])
    along = left[:, 1] * normals[:, 0] - left[:, 0] * normals[:, 1]
    return np.hypot(across, ALONG * (along - _board(source_px, along)))


def _board(
    points: Float[np.ndarray, "points 2"], along: Float[np.ndarray, " points"]
) -> Float[np.ndarray, " points"]:
    """The best linear map of places to shifts, which the points that it fits worst do not bend."""
    known = np.isfinite(along)
    if known.sum() <= 3:
        return np.where(known, along, np.nan)
    rows = np.hstack([points - points[known].mean(axis=0), np.ones((len(points), 1))])
    weights, shifts = np.ones(int(known.sum())), along
    for _ in range(5):
        solution = np.linalg.lstsq(
            rows[known] * weights[:, None], along[known] * weights, rcond=None
        )
        shifts = rows @ solution[0]
        left = np.abs(along - shifts)[known]
        weights = 1 / np.sqrt(1 + (left / max(float(np.median(left)), 1e-9)) ** 2)
    return shifts


def _mapped(
    matrix: Float[np.ndarray, "3 3"], points: Float[np.ndarray, "points 2"]
) -> Float[np.ndarray, "points 2"]:
    image = np.hstack([points, np.ones((len(points), 1))]) @ matrix.T
    return image[:, :2] / image[:, 2:]


def _apart(
    kind: CameraKind,
    matrices: Float[np.ndarray, "models 3 3"],
    source: Float[np.ndarray, "points 2"],
    target: Float[np.ndarray, "points 2"],
) -> Float[np.ndarray, "models points"]:
    ones = np.ones((len(source), 1))
    image = np.hstack([source, ones]) @ matrices.transpose(0, 2, 1)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        if kind == "travel":
            across = (image * np.hstack([target, ones])).sum(axis=-1)
            distance = np.abs(across) / np.hypot(image[..., 0], image[..., 1])
        else:
            left = image[..., :2] / image[..., 2:] - target
            distance = np.hypot(left[..., 0], left[..., 1])
            distance = np.where(image[..., 2] > 0, distance, np.inf)
    return np.where(
        np.isnan(distance) & np.isfinite(source).all(1) & np.isfinite(target).all(1),
        np.inf,
        distance,
    )


def _affine(
    source: Float[np.ndarray, "models points 2"], target: Float[np.ndarray, "models points 2"]
) -> Float[np.ndarray, "models 3 3"]:
    rows = np.concatenate([source, np.ones((*source.shape[:2], 1))], axis=-1)
    normal = rows.transpose(0, 2, 1) @ rows
    normal = normal + 1e-12 * np.eye(3)  # three points on a line make a bad model, not an error
    solution = np.linalg.solve(normal, rows.transpose(0, 2, 1) @ target)
    matrices = np.tile(np.eye(3), (len(source), 1, 1))
    matrices[:, :2] = solution.transpose(0, 2, 1)
    return matrices


def _null(rows: Float[np.ndarray, "models rows 9"]) -> Float[np.ndarray, "models 3 3"]:
    """The unit vector that the rows shrink most, as a matrix."""
    _, vectors = np.linalg.eigh(rows.transpose(0, 2, 1) @ rows)
    return vectors[:, :, 0].reshape(-1, 3, 3)


def _homography(
    source: Float[np.ndarray, "models points 2"], target: Float[np.ndarray, "models points 2"]
) -> Float[np.ndarray, "models 3 3"]:
    x, y, u, v = source[..., 0], source[..., 1], target[..., 0], target[..., 1]
    one, zero = np.ones_like(x), np.zeros_like(x)
    first = np.stack([x, y, one, zero, zero, zero, -u * x, -u * y, -u], axis=-1)
    second = np.stack([zero, zero, zero, x, y, one, -v * x, -v * y, -v], axis=-1)
    matrices = _null(np.concatenate([first, second], axis=1))
    # what is before the camera stays before it: the third coordinate is positive
    sign = np.sign((matrices[:, 2, :2] * source.mean(axis=1)).sum(axis=1) + matrices[:, 2, 2])
    return matrices * np.where(sign == 0, 1, sign)[:, None, None]


def _travel(
    source: Float[np.ndarray, "models points 2"], target: Float[np.ndarray, "models points 2"]
) -> Float[np.ndarray, "models 3 3"]:
    x, y, u, v = source[..., 0], source[..., 1], target[..., 0], target[..., 1]
    matrices = _null(np.stack([u * x, u * y, u, v * x, v * y, v, x, y, np.ones_like(x)], axis=-1))
    left, sizes, right = np.linalg.svd(matrices)
    sizes[:, 2] = 0  # all lines meet in one point
    return (left * sizes[:, None]) @ right


class _Model(NamedTuple):
    """A kind of motion, its least-squares fit, and how many points make a candidate."""

    kind: CameraKind
    fit: Callable[[np.ndarray, np.ndarray], np.ndarray]
    least: int


_MODELS = (
    _Model("affine", _affine, 3),
    _Model("homography", _homography, 4),
    _Model("travel", _travel, 8),
)


def camera_motion(
    source_px: Float[np.ndarray, "points 2"],
    target_px: Float[np.ndarray, "points 2"],
    *,
    tolerance_px: float,
    limits: Limits,
) -> CameraMotion | None:
    """The simplest motion that explains the background between two frames; none if none does.

    Points with NaN in either frame are lost and do not count.

    >>> draw = np.random.default_rng(0)
    >>> wall = draw.uniform(0, 640, (40, 2))
    >>> zoomed = camera_motion(wall, 1.1 * wall - 20, tolerance_px=1.0, limits=Limits())
    >>> zoomed.kind, zoomed.matrix.diagonal().round(3).tolist()
    ('affine', [1.1, 1.1, 1.0])
    """
    known = np.isfinite(source_px).all(axis=1) & np.isfinite(target_px).all(axis=1)
    source, target = source_px[known].astype(float), target_px[known].astype(float)
    if len(source) < max(limits.background_points, 9):
        return None
    # one unit for both frames, near 1, so that squares of coordinates and ones weigh alike
    middle, scale = source.mean(axis=0), max(float(source.std()), 1e-9)
    from_px = np.array([[1, 0, -middle[0]], [0, 1, -middle[1]], [0, 0, scale]]) / scale
    source, target = (source - middle) / scale, (target - middle) / scale
    draw = _generator(source, target)
    plane = np.eye(3)
    for model in _MODELS:
        kind = model.kind
        matrix, near = _fitted(model, source, target, tolerance_px / scale, draw)
        if near.mean() >= limits.background_share:
            explained, back = float(near.mean()), np.linalg.inv(from_px)
            if kind != "travel":
                return CameraMotion(kind, back @ matrix @ from_px, explained)
            lines = from_px.T @ matrix @ from_px
            return CameraMotion(kind, back @ plane @ from_px, explained, lines)
        plane = matrix
    return None


def _generator(source: np.ndarray, target: np.ndarray) -> np.random.Generator:
    """Draws that depend on the points alone."""
    digest = hashlib.blake2b(source.tobytes() + target.tobytes(), digest_size=8).digest()
    return np.random.default_rng(int.from_bytes(digest, "little"))


def _fitted(
    model: _Model,
    source: Float[np.ndarray, "points 2"],
    target: Float[np.ndarray, "points 2"],
    tolerance: float,
    draw: np.random.Generator,
) -> tuple[Float[np.ndarray, "3 3"], Bool[np.ndarray, " points"]]:
    """The best of many small fits, fitted again to all that it explains."""
    kind, fit, least = model
    chosen = np.argsort(draw.random((TRIES, len(source))), axis=1)[:, :least]
    matrices = fit(source[chosen], target[chosen])
    cost = np.minimum(_apart(kind, matrices, source, target) / tolerance, 1) ** 2
    best = matrices[np.argmin(cost.sum(axis=1))]
    near = _apart(kind, best[None], source, target)[0] <= tolerance
    for _ in range(3):
        if near.sum() <= least:
            break
        again = fit(source[near][None], target[near][None])[0]
        now = _apart(kind, again[None], source, target)[0] <= tolerance
        if now.sum() < near.sum():
            break
        best, near = again, now
    return best, near


def camera_motions(
    background_px: Float[np.ndarray, "frames tracks 2"],
    *,
    image_size_px: tuple[int, int],
    limits: Limits,
) -> list[CameraMotion | None]:
    """What the camera did from each frame to the next.

    >>> wall = np.random.default_rng(0).uniform(0, 640, (40, 2))
    >>> still = camera_motions(np.stack([wall, wall]), image_size_px=(640, 480), limits=Limits())
    >>> [motion.kind for motion in still]
    ['affine']
    """
    tolerance_px = limits.background_tolerance * float(np.hypot(*image_size_px))
    return [
        camera_motion(before, after, tolerance_px=tolerance_px, limits=limits)
        for before, after in pairwise(background_px)
    ]


def carried(
    boxes_px: Float[np.ndarray, "frames people 4"], motions: Sequence[CameraMotion | None]
) -> Float[np.ndarray, "frames people 4"]:
    """Each frame's boxes where the camera takes what stands still in them by the next frame.

    Where that is not known, and in the last frame, they stay where they are.

    >>> panned = CameraMotion("affine", np.array([[1.0, 0, 5], [0, 1, 0], [0, 0, 1]]), 1.0)
    >>> carried(np.array([[[0.0, 0, 2, 4]], [[5.0, 0, 7, 4]]]), [panned])[0].tolist()
    [[5.0, 0.0, 7.0, 4.0]]
    """
    found = boxes_px.astype(float)
    for row, motion in enumerate(motions):
        if motion is not None:
            corners = _mapped(motion.matrix, found[row].reshape(-1, 2)).reshape(-1, 2, 2)
            found[row] = np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=-1)
    return found


def movements(
    keypoints_px: Float[np.ndarray, "seen points 2"],
    rows: Sequence[int] | np.ndarray,
    motions: Sequence[CameraMotion | None],
    *,
    body_px: float,
    limits: Limits,
) -> Float[np.ndarray, " steps"]:
    """One person's movement in each step, in bodies, without the camera's part; NaN if unknown.

    `rows` are the frames in which the person was seen; steps that skip frames are unknown.

    >>> still = CameraMotion("affine", np.eye(3), 1.0)
    >>> raised = np.zeros((2, 17, 2))
    >>> raised[1, 7:10, 1] = -30.0
    >>> movements(raised, [0, 1], [still], body_px=200.0, limits=Limits()).tolist()
    [0.15]
    """
    found = np.full(max(len(rows) - 1, 0), np.nan)
    for step, (row, after) in enumerate(pairwise(rows)):
        motion = motions[row] if after == row + 1 else None
        if motion is None:
            continue
        apart = apart_px(motion, keypoints_px[step], keypoints_px[step + 1])
        apart = np.sort(apart[~np.isnan(apart)])
        if len(apart) >= max(limits.least_points, MOVED_POINTS):
            found[step] = apart[-MOVED_POINTS:].mean() / body_px
    return found
