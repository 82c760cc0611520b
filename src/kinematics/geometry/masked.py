"""Reductions over frames under a mask of the seen frames.

Sums accumulate in float64 under `jax.enable_x64`, so that a total does not depend on the amount of
padding; with float32 only, the error of a sum of n terms stays below
n * 6e-8 of the sum of their magnitudes.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, DTypeLike, Float, Shaped


def accumulator() -> DTypeLike:
    """The widest available float: float64 if x64 is enabled, else float32.

    >>> jnp.dtype(accumulator()).name in ("float32", "float64")
    True
    """
    return jax.dtypes.canonicalize_dtype(float)


def _fitted(mask: Bool[Array, " frames"], values: Shaped[Array, "frames ..."]) -> Array:
    return mask.reshape(mask.shape + (1,) * (values.ndim - 1))


def total(values: Float[Array, "frames *rest"], mask: Bool[Array, " frames"]) -> Array:
    """Sum over the frames in the mask.

    >>> float(total(jnp.array([1.0, 2.0, 4.0]), jnp.array([True, False, True])))
    5.0
    """
    return jnp.sum(jnp.where(_fitted(mask, values), values, 0), axis=0, dtype=accumulator())


def weighted_totals(
    values: Float[Array, "frames channels"], weights: Float[Array, "frames windows"]
) -> Float[Array, "windows channels"]:
    """Sums over the frames under several weightings, as one matrix product.

    >>> weighted_totals(jnp.array([[1.0], [2.0]]), jnp.array([[1.0, 0.5], [0.0, 0.5]])).tolist()
    [[1.0], [1.5]]
    """
    wide = accumulator()
    return jnp.matmul(weights.T.astype(wide), values.astype(wide), precision="highest")


def mean(values: Float[Array, "frames *rest"], mask: Bool[Array, " frames"]) -> Array:
    """Mean over the frames in the mask; 0 for an empty mask.

    >>> float(mean(jnp.array([1.0, 2.0, 4.0]), jnp.array([True, False, True])))
    2.5
    """
    return total(values, mask) / jnp.maximum(jnp.sum(mask, dtype=accumulator()), 1)


@jax.custom_jvp
def _greatest(values: Float[Array, "frames *rest"]) -> Array:
    return jnp.max(values, axis=0)


@_greatest.defjvp
def _greatest_jvp(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    """The slope at the first maximum; JAX's own rule compares for equality and may give 0/0."""
    (values,), (changes,) = primals, tangents
    index = jnp.argmax(values, axis=0)[None]
    return _greatest(values), jnp.take_along_axis(changes, index, axis=0)[0]


def maximum(
    values: Float[Array, "frames *rest"], mask: Bool[Array, " frames"], *, empty: float = 0.0
) -> Array:
    """Greatest value in the mask; `empty` for an empty mask.

    >>> float(maximum(jnp.array([1.0, 9.0, 4.0]), jnp.array([True, False, True])))
    4.0
    """
    greatest = _greatest(jnp.where(_fitted(mask, values), values, -jnp.inf))
    return jnp.where(jnp.any(mask), greatest, empty)


def minimum(
    values: Float[Array, "frames *rest"], mask: Bool[Array, " frames"], *, empty: float = 0.0
) -> Array:
    """Least value in the mask; `empty` for an empty mask.

    >>> float(minimum(jnp.array([1.0, -9.0, 4.0]), jnp.array([True, False, True])))
    1.0
    """
    return -maximum(-values, mask, empty=-empty)


def quantile(
    values: Float[Array, " frames"], mask: Bool[Array, " frames"], *, share: float, steps: int = 18
) -> Float[Array, ""]:
    """The level below which `share` of the masked values lie, by bisection; 0 for an empty mask.

    Counting is cheaper than sorting when thousands of clips are measured at once. The error is at
    most the range of the values divided by 2**steps.

    >>> level = quantile(jnp.arange(101.0), jnp.ones(101, bool), share=0.75)
    >>> bool(jnp.abs(level - 75.0) < 1.0)
    True
    """
    values = jax.lax.stop_gradient(values)
    low, high = minimum(values, mask), maximum(values, mask)
    wanted = share * jnp.sum(mask, dtype=values.dtype)

    def halve(_: Array | int, bounds: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = bounds
        middle = 0.5 * (low + high)
        enough = jnp.sum((values <= middle) & mask, dtype=values.dtype) >= wanted
        return jnp.where(enough, low, middle), jnp.where(enough, middle, high)

    low, high = jax.lax.fori_loop(0, steps, halve, (low, high))
    return high
