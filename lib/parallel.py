"""Every core for a loop over blocks.

BLAS uses all cores for products, but the elementwise passes between them run on one. A thread for each core, with one
BLAS thread in each, keeps all cores busy through both; numpy releases the interpreter's lock.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Lock
from typing import TypeVar

import numpy as np  # noqa: F401 (loads the BLAS that the controller looks for)
from threadpoolctl import ThreadpoolController

Part, Result = TypeVar("Part"), TypeVar("Result")
BLAS = ThreadpoolController()


def cores() -> int:
    """Number of cores that this process may use.

    Returns
    -------
    int
        At least 1.

    Examples
    --------
    >>> cores() >= 1
    True
    """
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1




LOCK, USERS = Lock(), []


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """BLAS on one thread inside the block; the limit is that of the process, and the last of several blocks lifts it.

    Yields
    ------
    None

    Examples
    --------
    >>> with one_blas_thread():
    ...     BLAS.info()[0]["num_threads"]
    1
    """
    with LOCK:
        USERS.append(BLAS.limit(limits=1) if not USERS else None)
    try:
        yield
    finally:
        with LOCK:
            first = USERS[0]
            USERS.pop()
            if not USERS:
                first.restore_original_limits()


def on_all_cores(work: Callable[[Part], Result], parts: Iterable[Part]) -> list[Result]:
    """The results of `work` on each of the parts, in their order, computed on all cores.

    Parameters
    ----------
    work : callable
        Takes one part; must not depend on the order in which parts are done.
    parts : iterable
        What to work on; the largest parts should come first.

    Returns
    -------
    list
        One result for each part.

    Examples
    --------
    >>> on_all_cores(lambda part: part**2, range(4))
    [0, 1, 4, 9]
    """
    parts = list(parts)
    if len(parts) == 1:
        return [work(parts[0])]
    with one_blas_thread(), ThreadPoolExecutor(cores()) as pool:
        return list(pool.map(work, parts))
