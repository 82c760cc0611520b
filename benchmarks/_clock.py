"""How things are timed: one core, one thread, taking turns, the best of several.

Imported before NumPy and JAX, because their threads are decided when they start.
"""

import os
import platform
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
for name in THREADS:
    os.environ.setdefault(name, "1")

TURN_S = 0.05
"""A contestant that is quicker than this runs several times in its turn."""

COPIED_BYTES = 1 << 28
"""A quarter of a gibibyte is far more than any cache holds."""

COPIES = 25

Run = Callable[[], object]


def cores() -> list[int]:
    """The cores this process may use; none where the system does not tell."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


def pin(core: int | None) -> None:
    """Keeps this process on one core, where the system can do so."""
    if core is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core})


def once(run: Run, *, clock: Callable[[], float] = time.perf_counter) -> float:
    """Seconds that one call takes."""
    start = clock()
    run()
    return clock() - start


def clock(*, wall: bool) -> Callable[[], float]:
    """Time as it passes, or the processor time of this process, all its threads together."""
    return time.perf_counter if wall else time.process_time


def race(contestants: Mapping[str, Run], *, turns: int, wall: bool) -> dict[str, float]:
    """Best seconds a call of each contestant; they take turns, so that noise hits all alike.

    Processor time of this process, all its threads together: what other processes take of the core
    is not in it. With `wall`, time as it passes: for waiting on a device, and for single calls that
    are shorter than a time slice.
    """
    watch = clock(wall=wall)
    best = {name: once(run, clock=watch) for name, run in contestants.items()}
    for _ in range(turns):
        for name, run in contestants.items():
            until = time.perf_counter() + TURN_S
            best[name] = min(best[name], once(run, clock=watch))
            while time.perf_counter() < until:
                best[name] = min(best[name], once(run, clock=watch))
    return best


def bytes_per_second(*, on_cpu: bool) -> float:
    """Bytes read plus bytes written a second when one large array is copied on the device."""
    import jax
    import jax.numpy as jnp
    import numpy as np

    count = COPIED_BYTES // 4
    if on_cpu:
        source, target = np.ones(count, np.float32), np.empty(count, np.float32)
        best = min(once(lambda: np.copyto(target, source)) for _ in range(COPIES))
    else:
        array, add = jnp.ones(count, jnp.float32), jax.jit(lambda x: x + 1)
        best = min(once(lambda: add(array).block_until_ready()) for _ in range(COPIES))
    return 2 * COPIED_BYTES / best


def environment() -> dict[str, str]:
    """The machine and the versions that the figures belong to."""
    import jax

    device = jax.devices()[0]
    processor = platform.processor() or platform.machine()
    if (cpuinfo := Path("/proc/cpuinfo")).is_file():
        names = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        processor = names[0].partition(":")[2].strip() if names else processor
    versions = {name: version(name) for name in ("jax", "jaxlib", "numpy", "scipy")}
    return {
        "device": f"{device.platform} ({device.device_kind})",
        "processor": f"{processor}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        **versions,
    }
