"""Control over the code that XLA's CPU compiler generates, for speed.

**Loops.** On every frame, XLA's runtime calls a kernel for each field of a loop's state, some fifty
nanoseconds each, and kernels recompute shared values. `scan` and `each` have the whole loop
compiled into one kernel: a loop over 300 frames is three to four times as fast for a single clip,
and a third faster for many at once.

**Per-clip scalars.** XLA fuses their computation into per-frame kernels and recomputes them for
every frame; `once` prevents that. Anchoring one clip takes a third of the time.

**Interleaved components.** Stacking along the last axis is not vectorised; `interleaved` selects
among vectorised components instead. Anchoring points takes a third of the time.

**Settings.** `jit` is `jax.jit` with the compiler settings that were fastest for a kind of work.
None of them lets the compiler change the arithmetic.

**Memory.** Memory that a batch frees goes back to the system, and the next batch requests it again
page by page, which took a third of the time of measuring; `keep_freed_memory` prevents that.
"""

from collections.abc import Callable
from functools import cache
from itertools import accumulate
from typing import Any, Literal, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental.xla_metadata import set_xla_metadata
from jaxtyping import Array, Float, PyTree

Carried = TypeVar("Carried")
Shared = TypeVar("Shared")

_TRIED = (0, 10)
"""JAX version with which the attributes and settings below were tested; others get neither."""

_WHOLE = {"xla_cpu_small_call": "true", "inlineable": "false"}
"""Private attributes of XLA's CPU compiler: the first compiles a call into a single kernel, the
second keeps the call from being inlined before the first applies."""

Work = Literal["loops", "filters"]
"""The main work of a program: steps of a scan, or arithmetic over frames."""

_SETTINGS: dict[Work, dict[str, int]] = {
    "loops": {"xla_cpu_prefer_vector_width": 512, "xla_backend_optimization_level": 2},
    "filters": {"xla_cpu_prefer_vector_width": 512},
}
"""The default is vectors of half the width even where 512 bits are available. Optimization level 3
inlines more, which slows scans by a third and speeds up sums over windows of frames as much."""


def _understood() -> bool:
    """Whether this is the backend and version that was tested."""
    return jax.default_backend() == "cpu" and jax.__version_info__[:2] == _TRIED


_KEPT_BYTES = 30 << 20
"""Just below the largest block from which glibc adapts its thresholds (32 MiB)."""


@cache
def keep_freed_memory() -> None:
    """Makes glibc keep up to some sixty megabytes of freed memory for reuse.

    When glibc frees a block that it had mapped from the system, it raises the limit of free memory
    that it keeps to twice the block's size. So this allocates and frees one such block, without
    touching its pages. Other allocators are not affected.
    """
    np.empty(_KEPT_BYTES, dtype=np.uint8)


def jit(function: Callable[..., Any], *, work: Work) -> Callable[..., Any]:
    """The function compiled with the settings for its work; plain `jax.jit` on other backends.

    Only for outermost functions: JAX rejects compiler options of a function that is called within
    another compiled function. Also calls `keep_freed_memory`, because results are large.

    >>> import jax.numpy as jnp
    >>> jit(jnp.cumsum, work="filters")(jnp.arange(4.0)).tolist()
    [0.0, 1.0, 3.0, 6.0]
    """
    keep_freed_memory()
    return jax.jit(function, compiler_options=dict(_SETTINGS[work]) if _understood() else None)


def compiled_whole(run: Callable[..., Any], *arrays: PyTree) -> Any:
    """The function's result; on a CPU the function is compiled into a single kernel.

    For loops with little, elementwise work per step: sums, matrix products, sorting and scattering
    may be delegated to other libraries and so cannot be part of a kernel. These calls may be nested
    and may appear in other loops.

    >>> import jax.numpy as jnp
    >>> float(compiled_whole(jnp.add, jnp.array(1.0), jnp.array(2.0)))
    3.0
    """
    if not _understood():
        return run(*arrays)
    return set_xla_metadata(jax.jit(run)(*arrays), **_WHOLE)  # type: ignore[no-untyped-call]


def scan(
    step: Callable[[Carried, Any], tuple[Carried, Any]],
    start: Carried,
    rows: PyTree[Array],
) -> tuple[Carried, Any]:
    """`jax.lax.scan` in a single kernel: the final carry, and the stacked outputs.

    >>> import jax.numpy as jnp
    >>> last, sums = scan(lambda so_far, x: (so_far + x,) * 2, jnp.array(0.0), jnp.arange(4.0))
    >>> float(last), sums.tolist()
    (6.0, [0.0, 1.0, 3.0, 6.0])
    """
    return compiled_whole(lambda first, each: jax.lax.scan(step, first, each), start, rows)


def each(step: Callable[[Any], Any], rows: PyTree[Array]) -> Any:
    """`jax.lax.map` in a single kernel: the step's results for all rows.

    >>> import jax.numpy as jnp
    >>> each(lambda x: 2 * x, jnp.arange(3.0)).tolist()
    [0.0, 2.0, 4.0]
    """
    return compiled_whole(lambda given: jax.lax.map(step, given), rows)


def once(values: Shared) -> Shared:
    """The same values, computed once and before their uses (see the module's docstring).

    For a few numbers of one dtype per clip or frame, by which everything in it is rotated or
    scaled. They are concatenated, because XLA's CPU compiler never fuses a concatenation into
    another kernel; this has no effect on a single array.

    >>> import jax.numpy as jnp
    >>> once((jnp.array(2.0), jnp.arange(2.0)))
    (Array(2., dtype=float32), Array([0., 1.], dtype=float32))
    """
    arrays, form = jax.tree.flatten(values)
    row = jnp.concatenate([array.ravel() for array in arrays])
    row = jax.lax.optimization_barrier(row)  # type: ignore[no-untyped-call]
    ends = list(accumulate(array.size for array in arrays))
    parts = zip(jnp.split(row, ends[:-1]), arrays, strict=True)
    return jax.tree.unflatten(form, [part.reshape(array.shape) for part, array in parts])


def interleaved(*components: Float[Array, "*places"]) -> Float[Array, "*places components"]:
    """`jnp.stack(components, axis=-1)`, faster for results that are not unstacked again.

    Each output element computes all the components and selects one, so these should be cheap:
    apply `once` to sines and the like before. Stack arrays that are unstacked later, because a
    kernel that unstacks does not recompute them.

    >>> interleaved(jnp.arange(2.0), jnp.zeros(2), jnp.ones(2)).tolist()
    [[0.0, 0.0, 1.0], [1.0, 0.0, 1.0]]
    """
    count, rank = len(components), components[0].ndim
    column = jax.lax.broadcasted_iota(jnp.int32, (1,) * rank + (count,), rank)
    chosen = components[-1][..., None]
    for number, component in enumerate(components[:-1]):
        chosen = jnp.where(column == number, component[..., None], chosen)
    return chosen
