"""The results of the papers as objects that can be checked: one module or package a paper, named by its citation key."""

from importlib import import_module

MODULES = ("du_2018.limit", "basri_2019")


def registry() -> tuple:
    """All theorems of the book on the settings of the scoreboard, in the order of the papers.

    Returns
    -------
    tuple of Theorem

    Examples
    --------
    >>> [theorem.ledger_id for theorem in registry()][:2]
    ['P1-F2', 'P1-T3.1(a)']
    """
    return tuple(theorem for name in MODULES for theorem in import_module(f"{__name__}.{name}").THEOREMS)
