"""Worker processes: started afresh, with one thread each, and gone when nobody waits for them."""

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any

ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NPROC": "1",  # XLA's thread pools
}
"""Set in workers: so many processes as cores do better than processes that share cores."""


@contextmanager
def workers(
    count: int, start: Callable[..., None], *arguments: Any, kept: str = ""
) -> Iterator[ProcessPoolExecutor]:
    """So many processes, in each of which `start` ran with the arguments.

    They are started afresh, never forked: JAX does not survive a fork. When one dies there is one
    `OSError`, which says `kept`: what was not lost.
    """
    pool = ProcessPoolExecutor(
        count,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_begin,
        initargs=(start, *arguments),
    )
    try:
        yield pool
    except BrokenProcessPool as error:
        raise OSError(
            f"a worker process died, perhaps because memory ran out; {kept}give the same command "
            "again, with fewer --workers"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _begin(start: Callable[..., None], *arguments: Any) -> None:
    """Runs once in every worker, and ends it when its parent is gone."""
    os.environ.update({name: os.environ.get(name, value) for name, value in ONE_THREAD.items()})
    parent = multiprocessing.parent_process()
    if parent is not None:

        def follow() -> None:
            parent.join()
            os._exit(1)

        threading.Thread(target=follow, daemon=True).start()
    start(*arguments)
