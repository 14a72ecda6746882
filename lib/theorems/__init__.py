"""The results of the papers as objects that can be checked: one module or package a paper, named by its citation key."""

from importlib import import_module

MODULES = (
    "zhang_2017",
    "vapnik_1971",
    "hastie_2019",
    "du_2018.setting",
    "du_2018.ntk",
    "du_2018.limit",
    "basri_2019",
    "du_2018.convergence",
    "du_2018.certificate",
)


def registry() -> tuple:
    """All theorems of the book on the settings of the scoreboard, in the order of the chapters.

    Returns
    -------
    tuple of Theorem

    Examples
    --------
    >>> [theorem.ledger_id for theorem in registry()][:2]
    ['P1-X2a', 'P1-X2b']
    """
    return tuple(theorem for name in MODULES for theorem in import_module(f"{__name__}.{name}").THEOREMS)
