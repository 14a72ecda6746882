"""Uniform on the sphere, equally spaced on the half circle, and the digits are the digits."""

import numpy as np
import pytest
from scipy import stats

from lib import data
from lib.data import circle, corrupted_labels, digits, random_signs, sphere
from lib.kernels import angles

EPS = np.finfo(float).eps


@pytest.mark.parametrize("d", [1, 2, 3, 50])
def test_sphere_rows_have_norm_one(d):
    X = sphere(200, d, rng=0)
    assert X.shape == (200, d)
    assert np.abs(np.linalg.norm(X, axis=1) - 1).max() <= 4 * EPS  # two roundings a row, and those of the check


def test_sphere_in_one_dimension_is_two_points():
    X = sphere(10_000, 1, rng=0)
    assert set(X.ravel()) == {-1.0, 1.0}
    assert abs(X.sum()) < 4 * np.sqrt(len(X))  # a fair coin: four standard errors


@pytest.mark.parametrize("d", [2, 3, 10])
def test_sphere_is_uniform(d):
    X = sphere(20_000, d, rng=1)
    direction = sphere(1, d, rng=2)[0]
    # (1 + x.v)/2 is Beta((d-1)/2, (d-1)/2) for uniform x; p-values below 1e-4 are the four standard errors of a test
    assert stats.kstest((1 + X @ direction) / 2, stats.beta((d - 1) / 2, (d - 1) / 2).cdf).pvalue > 1e-4
    assert stats.kstest((1 + X[:, 0]) / 2, stats.beta((d - 1) / 2, (d - 1) / 2).cdf).pvalue > 1e-4


def test_sphere_is_decided_by_the_seed():
    assert np.array_equal(sphere(5, 3, rng=4), sphere(5, 3, rng=np.random.default_rng(4)))
    assert not np.array_equal(sphere(5, 3, rng=4), sphere(5, 3, rng=5))
    rng = np.random.default_rng(4)
    assert not np.array_equal(sphere(5, 3, rng), sphere(5, 3, rng))


@pytest.mark.parametrize("n", [1, 2, 3, 12, 100])
def test_circle_is_equally_spaced_and_no_two_inputs_are_parallel(n):
    X = circle(n)
    i = np.arange(n)
    gaps = np.pi * np.abs(i[:, None] - i) / n
    assert X.shape == (n, 2)
    assert np.abs(angles(X) - gaps).max() <= 8 * EPS  # the coordinates are rounded, by EPS/2 each
    assert (X[:, 1] >= 0).all() and X[0].tolist() == [1.0, 0.0]


def test_digits_are_all_there_with_their_labels():
    X, y = digits()
    assert X.shape == (2128, 784) and X.dtype == y.dtype == np.float64
    assert (y == -1).sum() == 1001 and (y == 1).sum() == 1127
    assert np.abs(np.linalg.norm(X, axis=1) - 1).max() <= 4 * EPS
    assert X.min() == 0 and len(np.unique(X, axis=0)) == len(X)
    # a zero has a hole and a one has not: the centre of the image tells them apart
    centre = X.reshape(-1, 28, 28)[:, 12:16, 12:16].mean(axis=(1, 2))
    assert centre[y == 1].mean() > 5 * centre[y == -1].mean()


def test_classes_decide_the_sign_of_the_labels():
    X, y = digits((0, 1))
    X_swapped, y_swapped = digits((1, 0))
    assert np.array_equal(X, X_swapped) and np.array_equal(y, -y_swapped)


def test_a_subset_is_drawn_without_replacement_in_random_order():
    X, y = digits(n=500, rng=3)
    everything, labels = digits()
    place = {row.tobytes(): i for i, row in enumerate(everything)}
    drawn = [place[row.tobytes()] for row in X]
    assert len(set(drawn)) == 500 and drawn != sorted(drawn)
    assert np.array_equal(y, labels[drawn])
    # hypergeometric: standard deviation sqrt(n p q (N - n)/(N - 1)) = 9.8, four of them
    N, p = len(labels), np.mean(labels == 1)
    assert abs((y == 1).sum() - 500 * p) < 4 * np.sqrt(500 * p * (1 - p) * (N - 500) / (N - 1))
    assert np.array_equal(digits(n=500, rng=3)[0], X) and not np.array_equal(digits(n=500, rng=4)[0], X)


def test_all_digits_in_random_order():
    y = digits(rng=0)[1]
    assert len(y) == 2128 and y.sum() == 126 and not np.array_equal(y, digits()[1])


def test_what_is_returned_may_be_written_to():
    X, y = digits()
    X[:], y[:] = 0, 0
    assert digits()[0].any() and digits()[1].any()


@pytest.mark.parametrize(
    "arguments, error, words",
    [
        ({"classes": (3, 8)}, ValueError, "the only digits that are shipped"),
        ({"classes": (0, 0)}, ValueError, "the only digits that are shipped"),
        ({"classes": (0, 1, 2)}, TypeError, "a pair of digits"),
        ({"classes": "01"}, TypeError, "a pair of digits"),
        ({"n": 10}, ValueError, "rng must be .* got None"),
        ({"n": 2129, "rng": 0}, ValueError, "n must be at most 2128"),
        ({"n": 0, "rng": 0}, ValueError, "n must be at least 1"),
    ],
)
def test_digits_refuse_what_they_have_not(arguments, error, words):
    with pytest.raises(error, match=words):
        digits(**arguments)


def test_a_changed_file_is_refused(tmp_path, monkeypatch):
    tampered = tmp_path / "mnist01.npz"
    tampered.write_bytes(data.DIGITS_FILE.read_bytes()[:-1] + b"x")
    monkeypatch.setattr(data, "DIGITS_FILE", tampered)
    data._stored_digits.cache_clear()
    with pytest.raises(RuntimeError, match=r"mnist01\.npz is not the file that was shipped"):
        digits()


def test_the_data_come_with_their_attribution():
    readme = (data.DIGITS_FILE.parent / "README.md").read_text()
    assert data.DIGITS_SHA256 in readme and "CC BY-SA 3.0" in readme and "LeCun" in readme


# ---------------------------------------------------------------- labels


def test_random_signs_are_fair_and_decided_by_the_seed():
    y = random_signs(10_000, rng=0)
    assert set(y) == {-1.0, 1.0} and y.dtype == np.float64
    assert abs(y.sum()) < 4 * np.sqrt(len(y)) and abs(y[:-1] @ y[1:]) < 4 * np.sqrt(len(y))
    assert np.array_equal(y, random_signs(10_000, rng=0)) and not np.array_equal(y, random_signs(10_000, rng=1))


@pytest.mark.parametrize("portion", [0, 0.25, 1])
def test_half_of_the_replaced_labels_change(portion):
    true = np.where(np.arange(10_000) % 3, 1.0, -1.0)
    before = true.copy()
    y = corrupted_labels(true, portion, rng=0)
    replaced = portion * len(y)
    assert np.array_equal(true, before) and set(y) == {-1.0, 1.0}
    assert abs(np.sum(y != true) - replaced / 2) <= 4 * np.sqrt(replaced / 4)
    # exactly that many are drawn: labels of another kind show all of them
    assert np.sum(corrupted_labels(5 * true, portion, rng=0) != 5 * true) == replaced


@pytest.mark.parametrize("portion, error", [(-0.1, ValueError), (1.1, ValueError), (np.nan, ValueError), ("1", TypeError)])
def test_a_portion_that_is_none_is_refused(portion, error):
    with pytest.raises(error, match="portion must"):
        corrupted_labels([1, -1], portion, rng=0)
