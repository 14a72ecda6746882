"""Every core for a loop over blocks.

BLAS uses all cores for products, but the elementwise passes between them run on one. A thread for each core, with one
BLAS thread in each, keeps all cores busy through both; numpy releases the interpreter's lock.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Lock, local
from typing import TypeVar

import numpy as np  # noqa: F401
import scipy.linalg  # noqa: F401 (numpy and scipy have a BLAS each; the controller finds those that are loaded)
import threadpoolctl

Part, Result = TypeVar("Part"), TypeVar("Result")
BLAS = threadpoolctl.ThreadpoolController()
LOCK, USERS = Lock(), []
RELEASE = getattr(threadpoolctl.OpenBLASController, "clear_controlling_thread", lambda force: None)
_here = local()


def cores() -> int:
    """Number of cores that this process may use; 1 inside of :func:`one_core`.

    Returns
    -------
    int
        At least 1.

    Examples
    --------
    >>> cores() >= 1
    True
    """
    if getattr(_here, "one_core", False):
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """BLAS on one thread inside the block; the limit is that of the process, and the last of several blocks lifts it.

    Yields
    ------
    None

    Examples
    --------
    >>> with one_blas_thread():
    ...     max(library["num_threads"] for library in BLAS.info())
    1
    """
    with LOCK:
        USERS.append(_from_any_thread(BLAS.limit, limits=1) if not USERS else None)
    try:
        yield
    finally:
        with LOCK:
            limit = USERS[0]
            USERS.pop()
            if not USERS:
                _from_any_thread(limit.restore_original_limits)


def _from_any_thread(change: Callable[..., Result], **arguments) -> Result:
    """Since threadpoolctl 3.8 a limit can be changed only by the thread that set the last one, until that is released."""
    RELEASE(force=True)
    try:
        return change(**arguments)
    finally:
        RELEASE(force=True)


@contextmanager
def one_core() -> Iterator[None]:
    """One thread for all that this thread does inside the block, because other processes work on the other cores.

    Yields
    ------
    None

    Examples
    --------
    >>> with one_core():
    ...     cores()
    1
    """
    before = getattr(_here, "one_core", False)
    _here.one_core = True
    try:
        with one_blas_thread():
            yield
    finally:
        _here.one_core = before


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
