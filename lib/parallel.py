"""Every core for a loop over blocks.

BLAS uses all cores for products, but the elementwise passes between them run on one. A thread for each core, with one
BLAS thread in each, keeps all cores busy through both; numpy releases the interpreter's lock.
"""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np  # noqa: F401 (loads the BLAS that the controller looks for)
from threadpoolctl import ThreadpoolController

Part, Result = TypeVar("Part"), TypeVar("Result")
BLAS = ThreadpoolController()


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
    with BLAS.limit(limits=1), ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(work, parts))
