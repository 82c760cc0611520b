"""Affine fit between two sets of image points, and the motion that it leaves unexplained.

A moving camera moves still points by an affine map, approximately; the residual of the best such
map is the points' own motion. The fit is weighted least squares in closed form on centred
coordinates, because uncentred normal equations lose all precision in float32 at 4K.
"""

import operator
from collections.abc import Callable
from functools import reduce
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from kinematics.geometry import kernels, masked, rotation

DEGENERATE_32: float = 1e-6
"""Least determinant of the points' scatter over its squared trace (float32): below it the points
lie on a line within rounding, and the matrix would be noise. Dimensionless."""

DEGENERATE_64: float = 1e-12
"""The same in float64."""

SPARE_POINTS: float = 3.5
"""Fits with more points count; with three points or fewer there is no residual."""

WRITTEN_OUT = 64
"""Sums over more points are not unrolled: the program would become too long."""

# Internal arrays have coordinates apart and points first ("points *pairs"), so that the arithmetic
# runs along memory over many pairs of frames.


class AffineFit(NamedTuple):
    """`target = matrix @ source + offset` in the least-squares sense, and its residuals."""

    matrix: Float[Array, "*pairs 2 2"]
    offset_px: Float[Array, "*pairs 2"]
    residuals_px: Float[Array, "*pairs points"]
    """Distance of each target from its mapped source; 0 for a missing point."""
    rms_px: Float[Array, "*pairs"]
    """Root of the weighted mean squared residual."""
    mean_px: Float[Array, "*pairs"]
    """Weighted mean residual."""
    used: Float[Array, "*pairs"]
    """Number of points that counted."""
    degenerate: Bool[Array, "*pairs"]
    """Fewer than two dimensions to fit (one point, all on a line): the map is a translation."""


class MotionScore(NamedTuple):
    """The part of a track's motion that no affine camera motion explains."""

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


def _total(
    term: Callable[..., Float[Array, "*pairs"]], *values: Float[Array, "points *pairs"]
) -> Float[Array, "*pairs"]:
    """The sum over points of a term of each point's values.

    Unrolled for many pairs of few points, which gives one kernel that reads along memory.
    """
    count, *pairs = values[0].shape
    if not pairs or not 0 < count <= WRITTEN_OUT:
        return jnp.sum(jax.vmap(term)(*values), axis=0)
    return reduce(operator.add, (term(*(rows[point] for rows in values)) for point in range(count)))


@jax.jit
def _fit(source: _Points, target: _Points) -> AffineFit:
    """The fit on cleaned points, with points first in `residuals_px`.

    Intermediate sums go through `once`: otherwise every kernel would compute them again.
    """
    x, y, u, v = source.x, source.y, target.x, target.y
    weights = source.weights * target.weights
    total = _total(lambda weight: weight, weights)
    per_weight = 1 / jnp.where(total > 0, total, 1)

    def mean(values: Float[Array, "points *pairs"]) -> Float[Array, "*pairs"]:
        return _total(operator.mul, weights, values) * per_weight

    per_weight, mean_x, mean_y, mean_u, mean_v = kernels.once(
        (per_weight, *map(mean, (x, y, u, v)))
    )

    def moment(first: int, second: int) -> Float[Array, "*pairs"]:
        def product(weight: Array, x: Array, y: Array, u: Array, v: Array) -> Array:
            centred = x - mean_x, y - mean_y, u - mean_u, v - mean_v
            return weight * centred[first] * centred[second]

        return _total(product, weights, x, y, u, v) * per_weight

    pairs = ((0, 0), (0, 1), (1, 1), (2, 0), (2, 1), (3, 0), (3, 1))
    sxx, sxy, syy, sux, suy, svx, svy = kernels.once(tuple(moment(*pair) for pair in pairs))
    x, y, u, v = x - mean_x[None], y - mean_y[None], u - mean_u[None], v - mean_v[None]
    spread = sxx + syy
    determinant = sxx * syy - sxy * sxy
    least = DEGENERATE_64 if x.dtype == jnp.float64 else DEGENERATE_32
    degenerate = determinant <= least * spread * spread
    inverse = 1 / jnp.where(degenerate, 1, determinant)
    a = jnp.where(degenerate, 1, (sux * syy - suy * sxy) * inverse)
    b = jnp.where(degenerate, 0, (suy * sxx - sux * sxy) * inverse)
    c = jnp.where(degenerate, 0, (svx * syy - svy * sxy) * inverse)
    d = jnp.where(degenerate, 1, (svy * sxx - svx * sxy) * inverse)
    a, b, c, d = kernels.once((a, b, c, d))
    left_u, left_v = u - (a[None] * x + b[None] * y), v - (c[None] * x + d[None] * y)
    squares = kernels.once(jnp.where(weights > 0, left_u * left_u + left_v * left_v, 0))
    residuals = rotation.sqrt(squares)
    offset = mean_u - (a * mean_x + b * mean_y), mean_v - (c * mean_x + d * mean_y)
    return AffineFit(
        matrix=jnp.stack([jnp.stack([a, b], axis=-1), jnp.stack([c, d], axis=-1)], axis=-2),
        offset_px=jnp.stack(offset, axis=-1),
        residuals_px=residuals,
        rms_px=rotation.sqrt(mean(squares)),
        mean_px=mean(residuals),
        used=_total(lambda weight: (weight > 0).astype(weight.dtype), weights),
        degenerate=degenerate,
    )


def fit_affine(
    source_px: Float[Array, "points 2"],
    target_px: Float[Array, "points 2"],
    *,
    weights: Float[Array, " points"] | None = None,
) -> AffineFit:
    """The affine map from one point set to another with the least weighted squared error.

    A point with a zero, negative or NaN weight, or a coordinate that is not finite, is missing.
    If the rest span no area, the fit is flagged as degenerate and is a translation.

    >>> source = jnp.array([[0.0, 0], [4, 0], [0, 4], [4, 4]])
    >>> fit = fit_affine(source, 2 * source + 1)
    >>> fit.matrix.tolist(), fit.offset_px.tolist(), float(fit.rms_px)
    ([[2.0, 0.0], [0.0, 2.0]], [1.0, 1.0], 0.0)
    """
    return _fit(_cleaned(source_px.T, weights), _cleaned(target_px.T, None))


def fit_pairs(
    source_px: Float[Array, "2 points pairs"], target_px: Float[Array, "2 points pairs"]
) -> AffineFit:
    """`fit_affine` for many pairs, which are on the last axis; `residuals_px` has points first.

    >>> square = jnp.array([[0.0, 4, 0, 4], [0, 0, 4, 4]])[..., None]
    >>> fit_pairs(square, square + 3).offset_px.tolist()
    [[3.0, 3.0]]
    """
    return _fit(_cleaned(source_px, None), _cleaned(target_px, None))


def _between(
    points_px: Float[Array, "frames points 2"], weights: Float[Array, "frames points"] | None
) -> AffineFit:
    # As complex numbers, one copy moves both coordinates, in less than half the time.
    places = jax.lax.complex(points_px[..., 0], points_px[..., 1]).T
    # XLA's CPU compiler never fuses across a concatenation along memory: with the last frame
    # repeated, it transposes once and not again in every sum.
    places = jnp.concatenate([places, places[:, -1:]], axis=1)
    if weights is not None:
        weights = jnp.concatenate([weights.T, weights[-1:].T], axis=1)
    points = _cleaned(jnp.stack([places.real, places.imag]), weights)
    return _fit(
        _Points(*(values[:, :-2] for values in points)),
        _Points(*(values[:, 1:-1] for values in points)),
    )


def between_frames(
    points_px: Float[Array, "frames points 2"],
    *,
    weights: Float[Array, "frames points"] | None = None,
) -> AffineFit:
    """The fit from each frame's points to the next frame's, weighted by the product of weights.

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

    Near 0 for a still person filmed by a moving camera. Pairs of frames with fewer than four common
    points, or with all of them on a line, are left out.

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
