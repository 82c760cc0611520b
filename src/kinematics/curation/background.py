"""Camera motion between frames, from points of the background, and people's motion without it.

The model is the simplest that explains enough of the background: an affine map; a homography, which
is exact for a camera that only turns and zooms, and for any camera in front of a plane such as a
photo; or, for a camera that travels through a scene with depth, its epipolar lines. Static points
are then at their mapped positions or on their lines. If no model explains the background, as across
a cut, the step is unknown.

Candidate models are fitted to few points each, and the best candidate is refitted to all points
that it explains, so that up to a third of the background may move by itself. NumPy in float64.
"""

import hashlib
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from kinematics.curation.limits import Limits

CameraKind = Literal["affine", "homography", "travel"]
"""Models of the background's motion; `travel` maps points to lines."""

TRIES: int = 128
"""Candidates per model; with a third of outliers, 4 candidates of eight points have none."""

MOVED_POINTS = 3
"""A movement is the mean over this many points, those that moved most; an arm has two."""

ALONG = 0.5
"""Weight of residuals along epipolar lines, which depth of arms or a bent body also causes."""


class CameraMotion(NamedTuple):
    """A camera's motion between two frames; matrices apply to (x, y, 1)."""

    kind: CameraKind
    matrix: Float[np.ndarray, "3 3"]
    """Maps points to points; for `travel`, the best homography of the background."""
    explained: float
    """Share of the background within the tolerance; for `travel`, of the lines."""
    lines: Float[np.ndarray, "3 3"] | None = None
    """For `travel`, maps points to the lines on which static points must lie."""


def apart_px(
    motion: CameraMotion,
    source_px: Float[np.ndarray, "points 2"],
    target_px: Float[np.ndarray, "points 2"],
) -> Float[np.ndarray, " points"]:
    """Distance of each point of a body from the position to which the camera alone would carry it.

    Along the lines of a travelling camera, positions depend on depth. A standing body is nearly a
    plane, whose shift along the lines is linear in position. Only deviations from the best such map
    count, so that walking along a line shows only in the legs.

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
    # signed distance from the line, and shift along it
    across = (normals * target_px).sum(axis=1) + lines[:, 2] / np.hypot(lines[:, 0], lines[:, 1])
    along = left[:, 1] * normals[:, 0] - left[:, 0] * normals[:, 1]
    return np.hypot(across, ALONG * (along - _board(source_px, along)))


def _board(
    points: Float[np.ndarray, "points 2"], along: Float[np.ndarray, " points"]
) -> Float[np.ndarray, " points"]:
    """Robust linear fit of shifts to positions."""
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
    unit = np.ones((len(source), 1))
    image = np.hstack([source, unit]) @ matrices.transpose(0, 2, 1)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        if kind == "travel":
            across = (image * np.hstack([target, unit])).sum(axis=-1)
            distance = np.abs(across) / np.hypot(image[..., 0], image[..., 1])
        else:
            left = image[..., :2] / image[..., 2:] - target
            distance = np.hypot(left[..., 0], left[..., 1])
            distance = np.where(image[..., 2] > 0, distance, np.inf)
    known = np.isfinite(source).all(1) & np.isfinite(target).all(1)
    return np.where(np.isnan(distance) & known, np.inf, distance)


def _affine(
    source: Float[np.ndarray, "models points 2"], target: Float[np.ndarray, "models points 2"]
) -> Float[np.ndarray, "models 3 3"]:
    rows = np.concatenate([source, np.ones((*source.shape[:2], 1))], axis=-1)
    normal = rows.transpose(0, 2, 1) @ rows
    normal = normal + 1e-12 * np.eye(3)  # collinear points give a bad model, not an error
    solution = np.linalg.solve(normal, rows.transpose(0, 2, 1) @ target)
    matrices = np.tile(np.eye(3), (len(source), 1, 1))
    matrices[:, :2] = solution.transpose(0, 2, 1)
    return matrices


def _null(rows: Float[np.ndarray, "models rows 9"]) -> Float[np.ndarray, "models 3 3"]:
    """The unit vector closest to the null space of the rows, as a matrix."""
    _, vectors = np.linalg.eigh(rows.transpose(0, 2, 1) @ rows)
    return vectors[:, :, 0].reshape(-1, 3, 3)


def _homography(
    source: Float[np.ndarray, "models points 2"], target: Float[np.ndarray, "models points 2"]
) -> Float[np.ndarray, "models 3 3"]:
    x, y, u, v = source[..., 0], source[..., 1], target[..., 0], target[..., 1]
    unit, zero = np.ones_like(x), np.zeros_like(x)
    first = np.stack([x, y, unit, zero, zero, zero, -u * x, -u * y, -u], axis=-1)
    second = np.stack([zero, zero, zero, x, y, unit, -v * x, -v * y, -v], axis=-1)
    matrices = _null(np.concatenate([first, second], axis=1))
    # points stay in front of the camera: the third coordinate is positive
    sign = np.sign((matrices[:, 2, :2] * source.mean(axis=1)).sum(axis=1) + matrices[:, 2, 2])
    return matrices * np.where(sign == 0, 1, sign)[:, None, None]


def _travel(
    source: Float[np.ndarray, "models points 2"], target: Float[np.ndarray, "models points 2"]
) -> Float[np.ndarray, "models 3 3"]:
    x, y, u, v = source[..., 0], source[..., 1], target[..., 0], target[..., 1]
    matrices = _null(np.stack([u * x, u * y, u, v * x, v * y, v, x, y, np.ones_like(x)], axis=-1))
    left, sizes, right = np.linalg.svd(matrices)
    sizes[:, 2] = 0  # all lines meet in a point
    return (left * sizes[:, None]) @ right


class _Model(NamedTuple):
    """A kind of motion, its least-squares fit, and the number of points of a candidate."""

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
    """The simplest motion that explains the background between two frames; None if none does.

    Points with NaN in either frame are ignored.

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
    # normalise both frames alike, so that coordinates and their squares are near 1
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
    """A generator seeded by the points."""
    digest = hashlib.blake2b(source.tobytes() + target.tobytes(), digest_size=8).digest()
    return np.random.default_rng(int.from_bytes(digest, "little"))


def _fitted(
    model: _Model,
    source: Float[np.ndarray, "points 2"],
    target: Float[np.ndarray, "points 2"],
    tolerance: float,
    draw: np.random.Generator,
) -> tuple[Float[np.ndarray, "3 3"], Bool[np.ndarray, " points"]]:
    """The best candidate, refitted to all points that it explains."""
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
    """The camera's motion from each frame to the next.

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
    """Each frame's boxes, moved by the camera's motion to the next frame.

    They are unchanged in the last frame and where the motion is unknown.

    >>> panned = CameraMotion("affine", np.array([[1.0, 0, 5], [0, 1, 0], [0, 0, 1]]), 1.0)
    >>> carried(np.array([[[0.0, 0, 2, 4]], [[5.0, 0, 7, 4]]]), [panned])[0].tolist()
    [[5.0, 0.0, 7.0, 4.0]]
    """
    moved_px = boxes_px.astype(float)
    for row, motion in enumerate(motions):
        if motion is not None:
            corners = _mapped(motion.matrix, moved_px[row].reshape(-1, 2)).reshape(-1, 2, 2)
            moved_px[row] = np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=-1)
    return moved_px


def movements(
    keypoints_px: Float[np.ndarray, "seen points 2"],
    rows: Sequence[int] | np.ndarray,
    motions: Sequence[CameraMotion | None],
    *,
    body_px: float,
    limits: Limits,
) -> Float[np.ndarray, " steps"]:
    """A person's movement in each step, in units of `body_px`, without the camera's motion.

    `rows` are the frames in which the person was seen; steps that skip frames are NaN.

    >>> still = CameraMotion("affine", np.eye(3), 1.0)
    >>> raised = np.zeros((2, 17, 2))
    >>> raised[1, 7:10, 1] = -30.0
    >>> movements(raised, [0, 1], [still], body_px=200.0, limits=Limits()).tolist()
    [0.15]
    """
    sizes = np.full(max(len(rows) - 1, 0), np.nan)
    for step, (row, after) in enumerate(pairwise(rows)):
        motion = motions[row] if after == row + 1 else None
        if motion is None:
            continue
        apart = apart_px(motion, keypoints_px[step], keypoints_px[step + 1])
        apart = np.sort(apart[~np.isnan(apart)])
        if len(apart) >= max(limits.least_points, MOVED_POINTS):
            sizes[step] = apart[-MOVED_POINTS:].mean() / body_px
    return sizes
