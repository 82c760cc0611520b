"""Exact time windows: the share of each step between two frames that lies inside."""

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float


def segment_share(
    times_s: Float[Array, " frames"],
    observed: Bool[Array, " frames"],
    *,
    start_s: float | Float[Array, ""] | None = None,
    end_s: float | Float[Array, ""] | None = None,
) -> Float[Array, " steps"]:
    """Share of each step between frames that lies in `[start_s, end_s)`; 0 for unseen steps.

    Shares of windows that tile the clip add up to one, so totals over quarters add up to the
    total over the clip.

    >>> times, seen = jnp.arange(4.0), jnp.ones(4, bool)
    >>> segment_share(times, seen, start_s=0.5, end_s=2.0).tolist()
    [0.5, 1.0, 0.0]
    """
    left, right = times_s[:-1], times_s[1:]
    begin = left if start_s is None else jnp.maximum(left, start_s)
    finish = right if end_s is None else jnp.minimum(right, end_s)
    length = right - left
    inside = jnp.clip(finish - begin, 0, None) / jnp.where(length > 0, length, 1)
    return jnp.where(observed[:-1] & observed[1:] & (length > 0), inside, 0)
