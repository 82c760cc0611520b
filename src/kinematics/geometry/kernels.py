"""What XLA's CPU compiler has to be told about the kernels that it makes.

**Loops.** Its runtime calls a kernel for every field of a loop's memory on every frame, some fifty
nanoseconds each, and each kernel computes again what the others need too. Calls that carry the mark
below are compiled whole instead. A loop over 300 frames is three to four times as fast for a single
clip, and a third faster for many at once.

**What is the same for every frame.** A kernel over frames takes in what leads to its numbers, and
works it out again for each of them; `once` keeps it out. Anchoring one clip takes a third of the
time.

**Components side by side.** Stacking along memory is done number by number; `interleaved` chooses
between components that are worked out many at a time. Anchoring points takes a third of the time.

**Settings.** `jit` is `jax.jit` with those settings of the compiler that were the fastest for a
kind of work. None of them allows it to calculate in another way than is written.

**Memory.** What a batch leaves behind goes back to the system and is asked for again by the next,
page by page, which took a third of the time of measuring; `keep_freed_memory` ends that.
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
"""The JAX whose compiler was seen to understand the mark and the settings; others get neither."""

_WHOLE = {"xla_cpu_small_call": "true", "inlineable": "false"}
"""What XLA's CPU compiler calls a computation that becomes one kernel; without the second mark the
call is gone before the first is looked at."""

Work = Literal["loops", "filters"]
"""What a program does most: steps of a scan, or arithmetic over frames."""

_SETTINGS: dict[Work, dict[str, int]] = {
    "loops": {"xla_cpu_prefer_vector_width": 512, "xla_backend_optimization_level": 2},
    "filters": {"xla_cpu_prefer_vector_width": 512},
}
"""Half-wide vectors are the default also where whole ones are there. The third level of
optimization takes more functions into others, by which scans lose a third and sums over windows of
frames gain as much.
"""


def _understood() -> bool:
    """Whether it is the compiler that all this was tried on."""
    return jax.default_backend() == "cpu" and jax.__version_info__[:2] == _TRIED


_KEPT_BYTES = 30 << 20
"""Just below the largest block by which glibc learns."""


@cache
def keep_freed_memory() -> None:
    """Lets this process keep some sixty megabytes that it has freed, to be used again.

    The C library gives back what is free beyond twice the largest block that it has had to ask the
    system for and got back; so one such block is asked for, never touched, and given back. Other
    allocators than glibc's take no notice.

    >>> keep_freed_memory()
    """
    np.empty(_KEPT_BYTES, dtype=np.uint8)


def jit(function: Callable[..., Any], *, work: Work) -> Callable[..., Any]:
    """The function compiled as suits its work; on other devices it is `jax.jit`.

    For whole programs: JAX refuses settings of a function that is called in another compiled one.
    Results are large, so memory that was freed is kept.

    >>> import jax.numpy as jnp
    >>> jit(jnp.cumsum, work="filters")(jnp.arange(4.0)).tolist()
    [0.0, 1.0, 3.0, 6.0]
    """
    keep_freed_memory()
    return jax.jit(function, compiler_options=dict(_SETTINGS[work]) if _understood() else None)


def compiled_whole(run: Callable[..., Any], *arrays: PyTree) -> Any:
    """The function's result; on a processor everything inside is a single kernel.

    For loops with little work a step, all of it element by element: sums, products of matrices,
    sorting and scattering may be handed to other libraries, which cannot be part of a kernel.
    A caller's own loop may hold such calls, and so may another of them.

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
    """`jax.lax.scan`, compiled whole: what is carried in the end, and what each step gave.

    >>> import jax.numpy as jnp
    >>> last, sums = scan(lambda so_far, x: (so_far + x,) * 2, jnp.array(0.0), jnp.arange(4.0))
    >>> float(last), sums.tolist()
    (6.0, [0.0, 1.0, 3.0, 6.0])
    """
    return compiled_whole(lambda first, each: jax.lax.scan(step, first, each), start, rows)


def each(step: Callable[[Any], Any], rows: PyTree[Array]) -> Any:
    """`jax.lax.map`, compiled whole: what a step makes of each row.

    >>> import jax.numpy as jnp
    >>> each(lambda x: 2 * x, jnp.arange(3.0)).tolist()
    [0.0, 2.0, 4.0]
    """
    return compiled_whole(lambda given: jax.lax.map(step, given), rows)


def once(values: Shared) -> Shared:
    """The same numbers, worked out before anything that needs them, and only once.

    For the few numbers of a clip, or of a frame, of one type, by which all in it is turned or
    scaled. They are laid side by side, because XLA's CPU compiler never takes a concatenation into
    another kernel; a number alone, which cannot be, is left to the compiler.

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
    """What `jnp.stack(components, axis=-1)` gives, for results: every frame's x, y, z and so on.

    Every place works out all the components and keeps one. So these should be cheap: sines and the
    like belong into `once` before. What goes on to be taken apart again is better stacked, because
    a kernel that takes a stack apart does not work it out anew.

    >>> interleaved(jnp.arange(2.0), jnp.zeros(2), jnp.ones(2)).tolist()
    [[0.0, 0.0, 1.0], [1.0, 0.0, 1.0]]
    """
    count, rank = len(components), components[0].ndim
    place = jax.lax.broadcasted_iota(jnp.int32, (1,) * rank + (count,), rank)
    chosen = components[-1][..., None]
    for number, component in enumerate(components[:-1]):
        chosen = jnp.where(place == number, component[..., None], chosen)
    return chosen
