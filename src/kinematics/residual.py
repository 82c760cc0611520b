"""Affine fit between two sets of image points, and the motion that it leaves unexplained.

A moving camera carries still points along by an affine map, near enough; what the best such map
leaves over is the points' own motion. The fit is the weighted least-squares one in closed form,
on centred coordinates, because uncentred normal equations lose everything in float32 at 4K.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from kinematics import masked, rotation

DEGENERATE_32: float = 1e-6
"""Least determinant of the points' scatter over its squared trace (float32): below it the points
lie on one line as far as rounding can tell, and a matrix would be made of noise. Dimensionless."""

DEGENERATE_64: float = 1e-12
"""The same in float64."""

SPARE_POINTS: float = 3.5
"""A fit with three points or fewer explains everything: it leaves no residual to speak of."""

# Inside, coordinates lie apart and points come first ("points *pairs"): the arithmetic of many
# pairs of frames then runs along memory.


class AffineFit(NamedTuple):
    """`target = matrix @ source + offset` in the least-squares sense, and what it leaves over."""

    matrix: Float[Array, "*pairs 2 2"]
    offset_px: Float[Array, "*pairs 2"]
    residuals_px: Float[Array, "*pairs points"]
    """Distance of each target from where the map puts its source; 0 for a missing point."""
    rms_px: Float[Array, "*pairs"]
    """Root of the weighted mean squared residual."""
    mean_px: Float[Array, "*pairs"]
    """Weighted mean residual."""
    used: Float[Array, "*pairs"]
    """Number of points that counted."""
    degenerate: Bool[Array, "*pairs"]
    """No two dimensions to fit (one point, all on a line): the map is a mere translation."""


class MotionScore(NamedTuple):
    """How much of a track no affine camera motion explains."""

    score: Float[Array, ""]
    """Mean residual over the pairs of frames with a sound fit, in units of the given scale."""
    coverage: Float[Array, ""]
    """Share of the pairs of frames whose fit is sound; the score is 0 where it is 0."""


class _Points(NamedTuple):
    """Cleaned points: coordinates 0 and weight 0 where a point is missing."""

    x: Float[Array, "points *frames"]
    y: Float[Array, "points *frames"]
    weights: Float[Array, "points *frames"]


def _cleaned(
    coordinates_px: Float[Array, "2 points *frames"],
    weights: Float[Array, "points *frames"] | None,
) -> _Points:
    x, y = coordinates_px
    usable = jnp.isfinite(x) & jnp.isfinite(y)
    if weights is None:
        return _Points(jnp.where(usable, x, 0), jnp.where(usable, y, 0), usable.astype(x.dtype))
    usable = usable & (weights > 0) & (weights < jnp.inf)
    return _Points(*(jnp.where(usable, values, 0) for values in (x, y, weights)))


def _sum(values: Float[Array, "points *pairs"]) -> Float[Array, "*pairs"]:
    return jnp.sum(values, axis=0)


def _fit(source: _Points, target: _Points) -> AffineFit:
    """The fit on cleaned points; gives `residuals_px` with points first."""
    x, y, u, v = source.x, source.y, target.x, target.y
    weights = source.weights * target.weights
    total = _sum(weights)
    per_weight = 1 / jnp.where(total > 0, total, 1)

    def mean(values: Float[Array, "points *pairs"]) -> Float[Array, "*pairs"]:
        return _sum(values) * per_weight

    mean_x, mean_y, mean_u, mean_v = (mean(weights * values) for values in (x, y, u, v))
    x, y, u, v = x - mean_x[None], y - mean_y[None], u - mean_u[None], v - mean_v[None]
    wx, wy = weights * x, weights * y
    sxx, sxy, syy = mean(wx * x), mean(wx * y), mean(wy * y)
    sux, suy, svx, svy = mean(wx * u), mean(wy * u), mean(wx * v), mean(wy * v)

    spread = sxx + syy
    determinant = sxx * syy - sxy * sxy
    least = DEGENERATE_64 if x.dtype == jnp.float64 else DEGENERATE_32
    degenerate = determinant <= least * spread * spread
    inverse = 1 / jnp.where(degenerate, 1, determinant)
    a = jnp.where(degenerate, 1, (sux * syy - suy * sxy) * inverse)
    b = jnp.where(degenerate, 0, (suy * sxx - sux * sxy) * inverse)
    c = jnp.where(degenerate, 0, (svx * syy - svy * sxy) * inverse)
    d = jnp.where(degenerate, 1, (svy * sxx - svx * sxy) * inverse)
    left_u, left_v = u - (a[None] * x + b[None] * y), v - (c[None] * x + d[None] * y)
    squares = jnp.where(weights > 0, left_u * left_u + left_v * left_v, 0)
    residuals = rotation.sqrt(squares)
    offset = mean_u - (a * mean_x + b * mean_y), mean_v - (c * mean_x + d * mean_y)
    return AffineFit(
        matrix=jnp.stack([jnp.stack([a, b], axis=-1), jnp.stack([c, d], axis=-1)], axis=-2),
        offset_px=jnp.stack(offset, axis=-1),
        residuals_px=residuals,
        rms_px=rotation.sqrt(mean(weights * squares)),
        mean_px=mean(weights * residuals),
        used=_sum((weights > 0).astype(x.dtype)),
        degenerate=degenerate,
    )


def fit_affine(
    source_px: Float[Array, "points 2"],
    target_px: Float[Array, "points 2"],
    *,
    weights: Float[Array, " points"] | None = None,
) -> AffineFit:
    """The affine map that takes one point set to another with the least weighted squared error.

    A point with a zero, negative or NaN weight, or a coordinate that is not finite, is missing.
    Where the rest span no area the fit is flagged and falls back to a translation.

    >>> source = jnp.array([[0.0, 0], [4, 0], [0, 4], [4, 4]])
    >>> fit = fit_affine(source, 2 * source + 1)
    >>> fit.matrix.tolist(), fit.offset_px.tolist(), float(fit.rms_px)
    ([[2.0, 0.0], [0.0, 2.0]], [1.0, 1.0], 0.0)
    """
    return _fit(_cleaned(source_px.T, weights), _cleaned(target_px.T, None))


def _between(
    points_px: Float[Array, "frames points 2"], weights: Float[Array, "frames points"] | None
) -> AffineFit:
    planes = jnp.moveaxis(points_px, (2, 1), (0, 1))
    if weights is not None:
        planes = jnp.concatenate([planes, weights.T[None]])
    # XLA's CPU compiler never fuses past a concatenation along memory: repeating the last frame
    # makes it transpose once, not again in every sum.
    planes = jnp.concatenate([planes, planes[..., -1:]], axis=-1)
    points = _cleaned(planes[:2], None if weights is None else planes[2])
    return _fit(
        _Points(*(values[:, :-2] for values in points)),
        _Points(*(values[:, 1:-1] for values in points)),
    )


def between_frames(
    points_px: Float[Array, "frames points 2"],
    *,
    weights: Float[Array, "frames points"] | None = None,
) -> AffineFit:
    """The fit from each frame's points to the next frame's; a pair weighs the product of the two.

    >>> square = jnp.array([[0.0, 0], [4, 0], [0, 4], [4, 4]])
    >>> fit = between_frames(jnp.stack([square, square + 3, 2 * square]))
    >>> fit.offset_px.tolist()
    [[3.0, 3.0], [-6.0, -6.0]]
    """
    fit = _between(points_px, weights)
    return fit._replace(residuals_px=fit.residuals_px.T)


def motion_score(
    points_px: Float[Array, "frames points 2"],
    *,
    scale_px: float | Float[Array, ""],
    weights: Float[Array, "frames points"] | None = None,
) -> MotionScore:
    """Mean residual between consecutive frames over a length such as the image's or person's.

    Near 0 for a still person seen by a moving camera. Pairs of frames with fewer than four common
    points, or with all of them on a line, say nothing and are left out.

    >>> square = jnp.array([[0.0, 0], [4, 0], [0, 4], [4, 4]])
    >>> panned = motion_score(jnp.stack([square, square + 3, 2 * square]), scale_px=100.0)
    >>> float(panned.score), float(panned.coverage)
    (0.0, 1.0)
    """
    fit = _between(points_px, weights)
    sound = ~fit.degenerate & (fit.used > SPARE_POINTS)
    return MotionScore(
        score=masked.mean(fit.mean_px, sound) / scale_px,
        coverage=jnp.sum(sound, dtype=masked.accumulator()) / max(sound.shape[0], 1),
    )
