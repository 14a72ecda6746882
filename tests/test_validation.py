"""The messages of the shared checks name the argument, the row, what came and what is wanted.

The kinds of input themselves are swept in test_bad_input.py.
"""

import numpy as np
import pytest

from lib import validation
from lib.validation import (
    as_array,
    as_count,
    as_generator,
    as_inputs,
    as_positive,
    as_real,
    as_unit_rows,
    as_vector,
    within_budget,
)


@pytest.mark.parametrize(
    "call, error, words",
    [
        (lambda: as_inputs([[1, 2], [np.nan, 0]]), ValueError, "X must be finite, got nan at row 1, column 0"),
        (lambda: as_inputs([[1, 2], [0, 0]], "Z"), ValueError, "Z must have no zero row .* row 1"),
        (lambda: as_inputs([[1, 2]], dim=3), ValueError, r"X must have 3 columns, got shape \(1, 2\)"),
        (lambda: as_inputs([1, 2]), ValueError, r"shape \(n, d\) .* got shape \(2,\)"),
        (lambda: as_inputs([[1j, 2]]), TypeError, "X must hold real numbers, got list of dtype complex128"),
        (lambda: as_inputs([[1, 2], [3]]), ValueError, "X must be a rectangular array"),
        (lambda: as_inputs(np.ma.array([[1.0]])), TypeError, "X must be a plain array, got MaskedArray"),
        (lambda: as_unit_rows([[1, 0], [3, 4]]), ValueError, "got norm 5 in row 1; normalise with X / np.linalg.norm"),
        (lambda: as_unit_rows([[1e200, 1e200]]), ValueError, "got norm inf in row 0"),
        (lambda: as_vector([1, 2], "y", length=3), ValueError, "y must have 3 entries, got 2"),
        (lambda: as_vector([[1]], "y"), ValueError, r"y must be a vector .* got shape \(1, 1\)"),
        (lambda: as_vector([1, np.inf], "y"), ValueError, r"y must be finite, got inf at index \(1,\)"),
        (lambda: as_count(0, "m"), ValueError, "m must be at least 1 .* got 0"),
        (lambda: as_count(2.5, "m"), ValueError, "m must be a whole number, got 2.5"),
        (lambda: as_count(True, "m"), TypeError, "m must be a whole number, got the truth value True"),
        (lambda: as_count("3", "m"), TypeError, "m must be a whole number, got '3'"),
        (lambda: as_positive(0, "eta"), ValueError, "eta must be positive, got 0.0"),
        (lambda: as_real(2, "delta", low=0, high=1), ValueError, r"delta must lie in \[0, 1\], got 2.0"),
        (lambda: as_real(-2, "delta", low=0), ValueError, r"delta must lie in \[0, inf\], got -2.0"),
        (lambda: as_real([1], "delta"), ValueError, r"delta must be a single number, got shape \(1,\)"),
        (lambda: as_generator(None), TypeError, "rng must be a numpy Generator or an integer seed, got None"),
        (lambda: as_generator(-1), ValueError, "integer seed at least 0, got -1"),
    ],
)
def test_the_message_names_argument_place_and_what_came(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_limits_are_closed_where_the_contract_says_so():
    assert as_real(0, "delta", low=0, high=1) == 0 and as_real(1, "delta", low=0, high=1) == 1
    assert as_count(1, "m") == 1 and as_count(0, "k", minimum=0) == 0 and as_count(2**53, "m") == 2**53
    with pytest.raises(ValueError, match="at most 2"):
        as_count(2**53 + 1, "m")
    assert as_positive(5e-324, "eta") > 0


def test_unit_rows_may_be_off_by_a_millionth_and_no_more():
    within = np.array([[1 + 0.9e-6, 0.0]])
    assert np.array_equal(as_unit_rows(within), within)  # not normalised again
    for off in (1 + 1.1e-6, 1 - 1.1e-6):
        with pytest.raises(ValueError, match="row 1"):
            as_unit_rows([[1.0, 0.0], [off, 0.0]])


def test_the_right_type_and_layout_is_not_copied():
    for X in (np.ones((2, 3)), np.ones((2, 3), np.float32)):
        assert as_array(X, "X") is X
    assert as_array(np.ones(2, np.float16), "x").dtype == as_array(np.ones(2, int), "x").dtype == np.float64
    assert as_array(np.asfortranarray(np.ones((2, 3))), "X").flags.c_contiguous


def test_a_generator_is_used_as_it_is_and_a_seed_grows_one():
    rng = np.random.default_rng(0)
    assert as_generator(rng) is rng
    assert as_generator(7).integers(2**60) == np.random.default_rng(7).integers(2**60)
    assert isinstance(as_generator(2**100), np.random.Generator)


def test_the_budget_is_checked_before_anything_is_allocated(monkeypatch):
    endless = np.broadcast_to(np.float64(1), (2**40, 2**10))  # 8 petabytes once copied
    with pytest.raises(ValueError, match="a copy of X needs 9,007,199,254,740,992 bytes"):
        as_inputs(endless)
    monkeypatch.setattr(validation, "MEMORY_BUDGET", 100)
    within_budget(100, "exactly the budget")
    with pytest.raises(ValueError, match="one more needs 101 bytes, more than the budget of 100"):
        within_budget(101, "one more")
