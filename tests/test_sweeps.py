"""Sweeps: equal numbers however they are computed and whatever interrupts them; what is stored is never computed again."""

import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import warnings
from multiprocessing import active_children
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from lib import sweeps
from lib.parallel import cores, one_blas_thread
from lib.sweeps import Table, load_csv, sweep

ROOT = Path(__file__).resolve().parents[1]


# ---------------------------------------------------------------- what is run, here and in other processes; these import
# this module, so what takes its time to be imported is imported where it is needed


def note(log, *words):
    """A line of a log that several processes write."""
    if log:
        with open(log, "a") as file:
            file.write(" ".join(map(str, words)) + "\n")


def measure(m, log, rng):
    """Enough linear algebra to see the order of summation in the last digits."""
    note(log, m)
    X = rng.standard_normal((m, 150))
    spectrum = np.linalg.eigvalsh(X @ X.T)
    return {"mean": X.mean(), "norm": np.linalg.norm(X @ rng.random(150)), "spectrum": spectrum, "kind": "even" * (m % 2)}


def slow(m, log, rng):
    note(log, m)
    time.sleep(0.02)
    return {"value": rng.random()}


def deadly(m, log, rng):
    """The first process that comes to m = 3 is killed in mid-run."""
    note(log, m)
    if m == 3 and not os.path.exists(f"{log}.killed"):
        note(f"{log}.killed", m)
        os.kill(os.getpid(), signal.SIGKILL)
    return {"value": rng.random()}


def suicidal(m, log, rng):
    note(log, m)
    if m == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return {"value": rng.random()}


def growing(m, log, rng):
    note(log, m)
    return {"values": rng.random(m)}


def diverging(m, rng):
    from lib.dynamics import gradient_descent
    from lib.networks import TwoLayer

    gradient_descent(TwoLayer(W=[[1]], a=[1]), [[1], [-1]], [0, 0], eta=1e9, steps=m)


class Unsendable(Exception):
    def __init__(self, one, two):
        super().__init__("not to be sent")


def unsendable(m, rng):
    raise Unsendable(1, 2)


def threads(m, rng):
    import scipy.linalg  # noqa: F401 (scipy has a BLAS of its own)

    blas = max(library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas")
    return {"blas": blas, "cores": cores(), "process": os.getpid()}


# ---------------------------------------------------------------- helpers


def same(one, other):
    """Whether two tables hold equal numbers, bit for bit."""
    return (
        one.columns == other.columns
        and len(one) == len(other)
        and all(np.array_equal(a[name], b[name]) for a, b in zip(one.rows, other.rows, strict=True) for name in one.columns)
    )


def started(log):
    """The values of m of all runs that were begun."""
    return [int(line) for line in Path(log).read_text().split()] if Path(log).exists() else []


def stored(folder):
    """The values of m of all results that are stored under a final name; every one of them is whole."""
    found = set()
    for file in Path(folder).glob("*.json"):
        checksum, _, text = file.read_bytes().partition(b"\n")
        assert sweeps.hashlib.sha256(text).hexdigest().encode() == checksum
        found.add(json.loads(text)["point"]["m"])
    return found


def children():
    """Worker processes of sweeps; those of the cluster are not ours."""
    return [process for process in active_children() if "Dask" not in process.name]


def interrupt():
    signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)


def elsewhere(code, **options):
    """Another Python process, from the top of the repository."""
    return subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.PIPE, text=True, **options)


def wait_until(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


@pytest.fixture
def log(tmp_path):
    return str(tmp_path / "log")


@pytest.fixture(scope="module")
def cluster():
    import dask
    from distributed import LocalCluster

    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 1, "distributed.admin.low-level-log-length": 10}),
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=60) as cluster,
    ):
        yield cluster


# ---------------------------------------------------------------- the same numbers


def test_every_way_gives_equal_numbers(cluster, log):
    grid = {"m": range(40, 46), "log": [log]}
    one = sweep(measure, grid, seeds=[0, 5], workers=1)
    assert len(one) == 12 and one.columns == ("m", "log", "seed", "mean", "norm", "spectrum", "kind")
    assert same(one, sweep(measure, grid, seeds=[0, 5], workers=2))
    assert same(one, sweep(measure, grid, seeds=[0, 5], client=cluster.scheduler_address))
    with cluster.get_client() as client:
        assert same(one, sweep(measure, grid, seeds=[0, 5], client=client))
        assert client.status == "running"  # the caller's client is left open
    assert sorted(started(log)) == sorted(4 * 2 * list(range(40, 46)))
    assert not children()


def test_numbers_depend_on_the_point_and_the_seed_alone(tmp_path):
    def value(m, rng, other=0):
        return {"value": rng.random()}

    table = sweep(value, {"m": [1, 2, 3]}, seeds=range(4), workers=1)
    assert len(set(table["value"])) == 12
    again = sweep(value, {"m": [3, 1]}, seeds=[2, 0], workers=1)
    wanted = {(row["m"], row["seed"]): row["value"] for row in table.rows}
    assert all(row["value"] == wanted[row["m"], row["seed"]] for row in again.rows)
    assert [(row["m"], row["seed"]) for row in again.rows] == [(3, 2), (3, 0), (1, 2), (1, 0)]
    # the order of names in the grid leaves no trace either
    one, other = [sweep(value, grid, workers=1) for grid in ({"m": [1], "other": [2]}, {"other": [2], "m": [1]})]
    assert one["value"] == other["value"] != table["value"][0]


def test_a_sweep_takes_every_core_once(cluster):
    for how in ({"workers": 2}, {"client": cluster.scheduler_address}):
        table = sweep(threads, {"m": range(6)}, **how)
        assert set(table["blas"]) == set(table["cores"]) == {1}
        assert os.getpid() not in table["process"]
    before = threadpool_info()
    here = sweep(threads, {"m": [1]}, workers=1)
    assert here["blas"] == 1 and here["cores"] == cores() and here["process"] == os.getpid()
    assert threadpool_info() == before


def test_any_thread_can_set_the_limit_of_blas_and_any_other_can_lift_it():
    def blas():
        return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}

    def hold(ready, leave):
        with one_blas_thread():
            ready.set()
            leave.wait(10)

    before = blas()
    with one_blas_thread():
        assert blas() == {1}
    for _ in range(2):
        ready, leave = threading.Event(), threading.Event()
        holder = threading.Thread(target=hold, args=(ready, leave))
        holder.start()
        ready.wait(10)
        assert blas() == {1}  # set by another thread than the last time
        with one_blas_thread():
            leave.set()
            holder.join(10)
            assert blas() == {1}
        assert blas() == before  # lifted by another thread than the one that set it


def test_functions_of_a_notebook_travel_by_their_contents(monkeypatch):
    def process(m, rng):
        return {"process": os.getpid()}

    assert os.getpid() not in sweep(process, {"m": [1, 2]}, workers=2)["process"]
    monkeypatch.setitem(sys.modules, "cloudpickle", None)  # not installed
    assert {os.getpid()} == set(sweep(process, {"m": [1, 2]}, workers=2)["process"])


# ---------------------------------------------------------------- killed


def test_a_killed_worker_loses_nothing_and_nothing_stored_is_computed_twice(tmp_path, log):
    grid = {"m": range(8), "log": [log]}
    table = sweep(deadly, grid, path=tmp_path / "runs", workers=2)
    assert sorted(started(log)) == sorted([*range(8), 3])  # the one that died was begun again, no other was
    assert stored(tmp_path / "runs") == set(range(8)) and not table.interrupted
    assert same(table, sweep(deadly, grid, path=tmp_path / "runs", workers=2))
    assert len(started(log)) == 9  # all came from the folder
    assert same(table, sweep(deadly, grid, workers=1))


def test_workers_killed_from_outside_at_random_moments(tmp_path, log):
    grid, runs = {"m": range(60), "log": [log]}, tmp_path / "runs"
    rng = np.random.default_rng(0)

    def kill():
        for count in (10, 35):  # less often than a point is given up for; the same one may be hit while its process starts
            wait_until(lambda count=count: len(stored(runs)) >= count)
            time.sleep(rng.uniform(0, 0.04))
            os.kill(rng.choice([process.pid for process in children()]), signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    table = sweep(slow, grid, path=runs, workers=2)
    killer.join()
    assert stored(runs) == set(range(60))
    assert len(started(log)) <= 60 + 2
    assert same(table, sweep(slow, grid, workers=1))


def test_a_killed_sweep_goes_on_where_it_was(tmp_path, log):
    runs = tmp_path / "runs"
    first = elsewhere(
        f"from tests.test_sweeps import *; sweep(slow, {{'m': range(40), 'log': [{log!r}]}}, path={str(runs)!r}, workers=2)"
    )
    wait_until(lambda: len(list(runs.glob("*.json"))) >= 5)
    first.kill()
    first.communicate()
    time.sleep(0.2)  # its workers end the present run and find nobody to tell
    kept, begun = stored(runs), len(started(log))
    assert 5 <= len(kept) < 40
    table = sweep(slow, {"m": range(40), "log": [log]}, path=runs, workers=2)
    assert sorted(started(log)[begun:]) == sorted(set(range(40)) - kept)
    assert same(table, sweep(slow, {"m": range(40), "log": [log]}, workers=1))


def test_a_point_that_kills_every_worker_is_named(tmp_path, log):
    grid = {"m": range(6), "log": [log]}
    with pytest.raises(RuntimeError, match=r"several worker processes died at m=3, log=.*, seed=0: use fewer workers"):
        sweep(suicidal, grid, path=tmp_path / "runs", workers=2)
    assert started(log).count(3) == sweeps.DEATHS and 3 not in stored(tmp_path / "runs")
    assert not children()


def test_dead_workers_of_a_cluster(cluster, tmp_path, log):
    grid = {"m": range(6), "log": [log]}
    table = sweep(deadly, grid, path=tmp_path / "runs", client=cluster.scheduler_address)
    assert same(table, sweep(deadly, grid, workers=1))
    assert stored(tmp_path / "runs") == set(range(6))
    with pytest.raises(RuntimeError, match="several worker processes died at m=3"):
        sweep(suicidal, {"m": [3], "log": [log]}, client=cluster.scheduler_address)


def test_a_script_without_a_guard_is_told_so(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "from lib.sweeps import sweep\n\ndef run(m, rng):\n    return {'m2': m * m}\n\n"
        "sweep(run, {'m': [1, 2]}, workers=2)\n"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    ended = subprocess.run([sys.executable, script], capture_output=True, text=True, env=environment, timeout=60)
    assert ended.returncode and 'call sweep in a script under if __name__ == "__main__"' in ended.stderr
    script.write_text(script.read_text().replace("sweep(run", "if __name__ == '__main__':\n    sweep(run"))
    assert subprocess.run([sys.executable, script], env=environment, timeout=60).returncode == 0


# ---------------------------------------------------------------- interrupted


@pytest.mark.parametrize("workers, seed", [(1, 0), (1, 1), (1, 2), (2, 0)])
def test_interrupts_at_random_moments_leave_no_trace(workers, seed, tmp_path, log):
    grid, runs, rng = {"m": range(30), "log": [log]}, tmp_path / "runs", np.random.default_rng(seed)
    interrupted, table = 0, None
    while table is None or table.interrupted:
        kept, begun, over = stored(runs), len(started(log)), threading.Event()
        more, pause = rng.integers(15), rng.uniform(0, 0.04)

        def interrupt_later(wanted=begun + more, pause=pause, over=over):
            wait_until(lambda: len(started(log)) >= wanted or over.is_set())
            if not over.wait(pause):
                interrupt()

        timer = threading.Thread(target=interrupt_later)
        try:
            timer.start()
            table = sweep(slow, grid, path=runs, workers=workers)
            over.set()
            timer.join()
        except KeyboardInterrupt:  # before the first run or after the last
            over.set()
            timer.join()
        interrupted += table is not None and table.interrupted
        assert not kept & set(started(log)[begun:])
        if table is not None:
            assert set(table["m"] if len(table) else []) <= stored(runs)
    assert interrupted >= 2
    assert same(table, sweep(slow, grid, workers=1)) and not children()


def test_an_interrupt_without_a_folder_returns_what_there_is(log):
    def interrupt_later():
        wait_until(lambda: len(started(log)) >= 5)
        interrupt()

    timer = threading.Thread(target=interrupt_later)
    timer.start()
    table = sweep(slow, {"m": range(100), "log": [log]}, workers=1)
    timer.join()
    assert table.interrupted and 5 <= len(table) < 100
    assert len(table) == len(started(log))  # the run that was under way is among them


def test_ctrl_c_in_a_terminal_reaches_every_process_and_the_first_one_decides(tmp_path, log):
    runs = tmp_path / "runs"
    first = elsewhere(
        "from tests.test_sweeps import *\n"
        f"table = sweep(slow, {{'m': range(500), 'log': [{log!r}]}}, path={str(runs)!r}, workers=2)\n"
        "print(table.interrupted, len(table))",
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    wait_until(lambda: len(started(log)) >= 10)
    os.killpg(first.pid, signal.SIGINT)
    out, err = first.communicate(timeout=60)
    assert out.split() == ["True", str(len(stored(runs)))] and not err and first.returncode == 0


# ---------------------------------------------------------------- disks


@pytest.mark.parametrize("workers", [1, 2])
def test_a_disk_that_fills_up(workers, tmp_path, log, monkeypatch):
    grid, runs, fsync, calls = {"m": range(9), "log": [log]}, tmp_path / "runs", os.fsync, []

    def full(descriptor):
        calls.append(descriptor)
        if len(calls) == 6:
            raise OSError(errno.ENOSPC, "No space left on device")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r"could not store a result; make room there or choose another path") as caught:
        sweep(slow, grid, path=runs, workers=workers)
    assert caught.value.errno == errno.ENOSPC and Path(caught.value.filename).parent == runs
    kept, begun = stored(runs), len(started(log))
    assert len(kept) == 4 and len(list(runs.iterdir())) == 4  # the first call was the probe; nothing half-written is left
    table = sweep(slow, grid, path=runs, workers=workers)
    assert sorted(started(log)[begun:]) == sorted(set(range(9)) - kept)
    assert same(table, sweep(slow, grid, workers=1))


def test_a_file_that_the_system_cuts_off(tmp_path, log):
    """The limit is the system's, so the write really fails in the middle of a file."""
    runs, sizes = tmp_path / "runs", [10, 100, 3000, 20, 200]
    limited = elsewhere(
        "import resource\nfrom tests.test_sweeps import *\nresource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))\n"
        f"sweep(growing, {{'m': {sizes}, 'log': [{log!r}]}}, path={str(runs)!r}, workers=1)"
    )
    message = limited.communicate(timeout=60)[1]
    assert limited.returncode == 1 and "OSError" in message and "File too large: could not store a result" in message
    assert 3000 not in stored(runs) and len(list(runs.iterdir())) == len(stored(runs))
    kept, begun = stored(runs), len(started(log))
    table = sweep(growing, {"m": sizes, "log": [log]}, path=runs, workers=1)
    assert set(started(log)[begun:]) == set(sizes) - kept
    assert same(table, sweep(growing, {"m": sizes, "log": [log]}, workers=1))


def test_a_folder_that_cannot_be_is_refused_before_anything_is_computed(tmp_path, log):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(OSError, match="could not store a result"):
        sweep(slow, {"m": [1], "log": [log]}, path=tmp_path / "file" / "runs")
    assert not started(log)


def test_a_folder_that_vanishes_is_made_again(tmp_path):
    runs = tmp_path / "data of 学習" / "runs"

    def vanishing(m, rng):
        if m == 2:
            shutil.rmtree(runs)
        return {"value": rng.random()}

    table = sweep(vanishing, {"m": [1, 2, 3]}, path=runs, workers=1)
    assert len(table) == 3 and 2 in stored(runs)


def cut(content):
    return content[: len(content) // 2]


def flip(content):
    return content.replace(b'"value": 0.', b'"value": 1.')


def of_another_version(content):
    body = json.loads(content.partition(b"\n")[2])
    body["versions"]["numpy"] = "1.0"
    text = json.dumps(body).encode()
    return sweeps.hashlib.sha256(text).hexdigest().encode() + b"\n" + text


@pytest.mark.parametrize(
    "damage, words",
    [
        (cut, "is damaged"),
        (flip, "is damaged"),
        (lambda content: b"", "is damaged"),
        (lambda content: b"\x00" * 4096, "is damaged"),
        (of_another_version, "belongs to another run: its versions is .*'1.0'"),
    ],
)
def test_a_damaged_file_is_set_aside_and_computed_again(damage, words, tmp_path, log):
    grid, runs = {"m": range(5), "log": [log]}, tmp_path / "runs"
    table = sweep(slow, grid, path=runs, workers=1)
    for time_ in (1, 2):
        file = sorted(runs.glob("*.json"))[2]
        damaged = damage(file.read_bytes())
        file.write_bytes(damaged)
        begun = len(started(log))
        with pytest.warns(UserWarning, match=f"{file} {words}.*; it is renamed to {file.stem}.set-aside-{time_}, and m="):
            assert same(table, sweep(slow, grid, path=runs, workers=1))
        assert len(started(log)) == begun + 1 and stored(runs) == set(range(5))
        assert (runs / f"{file.stem}.set-aside-{time_}").read_bytes() == damaged


def test_results_of_another_seed_point_or_function_are_not_taken(tmp_path, log):
    runs = tmp_path / "runs"
    grid = {"m": [1, 2], "log": [log]}
    table = sweep(slow, grid, seeds=[1], path=runs, workers=1)
    files = sorted(runs.glob("*.json"))
    shutil.copy(files[0], files[1])
    with pytest.warns(UserWarning, match="belongs to another run: its point is"):
        assert same(table, sweep(slow, grid, seeds=[1], path=runs, workers=1))
    sweep(slow, grid, seeds=[2], path=runs, workers=1)
    assert len(list(runs.glob("*.json"))) == 4  # seeds lie side by side
    with pytest.warns(UserWarning, match="its run is slow, not growing"):
        sweep(growing, grid, seeds=[2], path=runs, workers=1)


def test_a_sweep_in_two_processes_shares_the_work(tmp_path, log):
    runs, grid = tmp_path / "runs", {"m": range(60), "log": [log]}
    other = elsewhere(
        f"from tests.test_sweeps import *; sweep(slow, {{'m': range(60), 'log': [{log!r}]}}, path={str(runs)!r}, workers=1)"
    )
    wait_until(lambda: stored(runs))
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # nobody finds a half-written file
        table = sweep(slow, grid, path=runs, workers=1)
    assert other.wait(timeout=60) == 0
    other.communicate()
    assert set(started(log)) == set(range(60)) and len(started(log)) < 90  # alone, the two would have begun 120
    assert same(table, sweep(slow, grid, workers=1))


# ---------------------------------------------------------------- what goes wrong in a run


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_comes_home_with_its_point(workers):
    from lib.dynamics import DivergenceError

    with pytest.raises(DivergenceError, match="at step 18") as caught:
        sweep(diverging, {"m": [100, 200]}, workers=workers)
    assert caught.value.trajectory.steps == 17
    assert re.match(r"in a sweep, at m=[12]00, seed=0:\nTraceback", caught.value.__notes__[-1])
    with pytest.raises((RuntimeError, Unsendable), match="not to be sent"):  # Dask teaches Python to send it
        sweep(unsendable, {"m": [1, 2]}, workers=workers)
    assert not children()


def test_what_was_stored_before_an_error_stays(tmp_path):
    def fails(m, rng):
        return {"value": 1 // m}

    with pytest.raises(ZeroDivisionError):
        sweep(fails, {"m": [0, 1, 2]}, path=tmp_path, workers=1)
    before = stored(tmp_path)
    with pytest.raises(ZeroDivisionError):
        sweep(fails, {"m": [0, 1, 2]}, path=tmp_path, workers=1)
    assert before <= stored(tmp_path) <= {1, 2}
    assert len(sweep(fails, {"m": [1, 2]}, path=tmp_path, workers=1)) == 2


def test_other_columns_and_wrong_units_are_seen_at_once(log):
    def moody(m, rng):
        note(log, m)
        return {"odd" if m % 2 else "even": m}

    with pytest.raises(ValueError, match=r"rows must all have the columns \['m', 'seed', 'even'\]"):
        sweep(moody, {"m": range(10)}, workers=1)
    with pytest.raises(ValueError, match="units must belong to the columns"):
        sweep(moody, {"m": range(10)}, units={"evn": "s"}, workers=1)
    assert started(log) == [0, 1, 0]


def test_workers_of_other_versions_are_refused(monkeypatch, cluster):
    monkeypatch.setattr(sweeps, "_versions", lambda: {"numpy": "1.0"})
    with pytest.raises(RuntimeError, match=r"client must have workers with the versions \{'numpy': '1.0'\}, one has"):
        sweep(threads, {"m": [1]}, client=cluster.scheduler_address)


def test_a_cluster_needs_dask(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'over-parameterized\[cluster\]'"):
        sweep(threads, {"m": [1]}, client="tcp://127.0.0.1:1")


@pytest.mark.parametrize(
    "change, error, words",
    [
        ({"run": np.sin}, TypeError, "run must be a function"),
        ({"grid": [1]}, TypeError, "grid must map names to lists"),
        ({"grid": {"m": "abc"}}, TypeError, "grid must map m to a list"),
        ({"grid": {"m": 3}}, TypeError, "grid must map m to a list"),
        ({"grid": {"m": []}}, ValueError, "grid values of m must be at least one"),
        ({"grid": {"m": [1, 1]}}, ValueError, "grid values of m must differ, got 1 more than once"),
        ({"grid": {"m": [[1]]}}, TypeError, "grid values of m must be numbers"),
        ({"grid": {"m": [1j]}}, TypeError, "grid values of m must be numbers"),
        ({"grid": {"rng": [1]}}, ValueError, "grid must have names of arguments"),
        ({"grid": {"seed": [1]}}, ValueError, "grid must have names of arguments"),
        ({"grid": {1: [1]}}, ValueError, "grid must have names of arguments"),
        ({"seeds": 5}, TypeError, "seeds must be a collection of whole numbers"),
        ({"seeds": [0.5]}, ValueError, "seeds must be a whole number"),
        ({"seeds": [-1]}, ValueError, "seeds must be at least 0"),
        ({"seeds": [1, 1]}, ValueError, "seeds must differ"),
        ({"seeds": []}, ValueError, "seeds must be at least one"),
        ({"units": "s"}, TypeError, "units must map columns to texts"),
        ({"workers": 0}, ValueError, "workers must be at least 1"),
        ({"path": 3}, TypeError, "path must be a text or a Path"),
    ],
)
def test_arguments_are_refused_by_name(change, error, words):
    with pytest.raises(error, match=words):
        sweep(**({"run": threads, "grid": {"m": [1]}, "workers": 1} | change))


@pytest.mark.parametrize(
    "result, error, words",
    [
        (3, TypeError, "run must return a dict"),
        ({}, TypeError, "run must return a dict"),
        ({"value": None}, TypeError, "run must return numbers, texts or arrays"),
        ({"value": 1j}, TypeError, "run must return numbers, texts or arrays"),
        ({"value": object()}, TypeError, "run must return numbers, texts or arrays"),
        ({"m": 1}, ValueError, "other than its arguments, got 'm'"),
        ({"seed": 1}, ValueError, "other than its arguments, got 'seed'"),
        ({1: 1}, ValueError, "other than its arguments, got 1"),
    ],
)
def test_results_are_refused_by_name(result, error, words):
    with pytest.raises(error, match=words):
        sweep(lambda m, rng: result, {"m": [1]}, workers=1)


# ---------------------------------------------------------------- progress and tables


def test_progress_is_silent_on_built_pages(capsys, monkeypatch, tmp_path):
    def run(m, rng):
        return {"value": m}

    sweep(run, {"m": range(20)}, workers=1, progress=True, path=tmp_path)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "sweep: 20 runs" and lines[-1] == "sweep: 20 of 20 runs done" and len(lines) == 11
    sweep(run, {"m": range(21)}, workers=1, progress=True, path=tmp_path)
    assert capsys.readouterr().err.startswith("sweep: 20 of 21 runs are stored already")
    sweep(run, {"m": range(20)}, workers=1)  # nobody is watching
    monkeypatch.setenv("BOOK_STATIC", "1")
    sweep(run, {"m": range(20)}, workers=1, progress=True)
    assert capsys.readouterr() == ("", "")


def test_a_table_has_units_seeds_versions_and_all_digits(tmp_path):
    def run(m, how, rng):
        return {
            "share": rng.random(),
            "count": np.int64(m),
            "series": np.float32([0.1, m]),
            "nothing": np.nan,
            "open": np.bool_(m > 1),
            "text": 'a "quoted", text\n# and a line',
        }

    grid = {"m": [1, 2], "how": ["x", None, True, 0.1, np.float32(0.1)]}
    table = sweep(run, grid, seeds=[3, 1], units={"m": "neurons"}, path=tmp_path / "runs", workers=1)
    assert len(table) == 20 and table.seeds == (1, 3) and table.units == {"m": "neurons"}
    assert set(table.versions) == {"python", "numpy", "scipy", "over-parameterized"}
    assert table.versions["numpy"] == np.__version__
    assert table["series"].shape == (20, 2) and table["series"].dtype == np.float32 and table["count"].dtype == np.int64
    assert repr(table).startswith("Table of 20 rows: m, how, seed, share")
    with pytest.raises(KeyError, match="the columns are"):
        table["shares"]
    table.save_csv(tmp_path / "table.csv")
    again = load_csv(tmp_path / "table.csv")
    assert again.columns == table.columns and (again.units, again.versions, again.date) == (
        table.units,
        table.versions,
        table.date,
    )
    for one, other in zip(table.rows, again.rows, strict=True):
        assert all(np.array_equal(one[name], other[name], equal_nan=name == "nothing") for name in table.columns)
    stored_again = sweep(run, grid, seeds=[3, 1], units={"m": "neurons"}, path=tmp_path / "runs", workers=1)
    assert stored_again.date == table.date and np.array_equal(stored_again["share"], table["share"])


def test_tables_of_no_rows_and_of_uneven_arrays(tmp_path):
    Table([], {"m": "neurons"}, interrupted=True).save_csv(tmp_path / "table.csv")
    empty = load_csv(tmp_path / "table.csv")
    assert len(empty) == 0 and empty.interrupted and empty.columns == ()
    uneven = Table([{"m": 1, "seed": 0, "x": np.ones(1)}, {"m": 2, "seed": 0, "x": np.ones(2)}])
    assert uneven["x"].dtype == object and uneven["x"][1].tolist() == [1.0, 1.0]
    with pytest.raises(ValueError, match="rows must all have the columns"):
        Table([{"m": 1}, {"n": 1}])
    for text in ("", "m,seed\n1,0\n", "# units: {}\n# versions: {}\n# date: 3\nm\n1,2\n"):
        (tmp_path / "other.csv").write_text(text)
        with pytest.raises(ValueError, match="path must lead to a table that save_csv wrote"):
            load_csv(tmp_path / "other.csv")


def test_a_table_that_cannot_be_stored_leaves_the_older_one(tmp_path, monkeypatch):
    Table([{"m": 1, "seed": 0}]).save_csv(tmp_path / "table.csv")

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        Table([{"m": 2, "seed": 0}]).save_csv(tmp_path / "table.csv")
    assert load_csv(tmp_path / "table.csv").rows == [{"m": 1, "seed": 0}] and len(list(tmp_path.iterdir())) == 1


def test_a_masked_array_does_not_lose_its_mask_in_silence():
    def masked(m, rng):
        return {"loss": np.ma.masked_less(np.arange(3), 1)}

    with pytest.raises(TypeError, match="numbers, texts or arrays"):
        sweep(masked, {"m": [1]}, workers=1)


def test_numbers_of_numpy_are_saved_like_those_of_python(tmp_path):
    Table([{"m": np.int64(3), "seed": 0, "loss": np.float32(0.5)}]).save_csv(tmp_path / "table.csv")
    assert load_csv(tmp_path / "table.csv").rows == [{"m": 3, "seed": 0, "loss": 0.5}]
