"""Many runs over a grid: on all cores of one machine or on a cluster, interrupted and continued without a trace.

Every (point, seed) of a sweep has a source of randomness of its own, made from the point and the seed alone. So a sweep
that was broken off, reordered or spread over machines gives the numbers of an unbroken one.
"""

import base64
import csv
import hashlib
import inspect
import io
import itertools
import json
import os
import pickle
import platform
import signal
import sys
import threading
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, cached_property
from importlib import metadata
from multiprocessing import connection, get_context
from pathlib import Path
from types import FunctionType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lib.parallel import cores, one_blas_thread, one_core
from lib.validation import as_count

FORMAT = 1  # of the stored results
RESERVED = ("rng", "seed")
ABOUT = ("units", "versions", "date", "interrupted")  # what a table knows besides its rows
DEATHS = 3  # of worker processes at one point, until it is given up


@dataclass(frozen=True, eq=False)
class Table:
    """Results of a sweep, one row for each point and seed, in the order of the grid.

    Parameters
    ----------
    rows : list of dict
        Values by column: the point, the seed, the results.
    units : mapping
        Units by column, where there are any.
    versions : mapping
        Versions of the software that computed the rows.
    date : str
        When the last of the rows was computed (UTC).
    interrupted : bool
        Whether the sweep was stopped by hand; then rows are missing.

    Examples
    --------
    >>> table = Table([{"m": 10, "seed": 0, "loss": 0.5}, {"m": 20, "seed": 0, "loss": 0.25}], units={"m": "neurons"})
    >>> table["loss"]
    array([0.5 , 0.25])
    """

    rows: list[dict[str, Any]]
    units: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    date: str = ""
    interrupted: bool = False

    def __post_init__(self) -> None:
        for row in self.rows:
            if list(row) != list(self.columns):
                raise ValueError(f"rows must all have the columns {list(self.columns)}, got {list(row)}")
        if self.rows and not set(self.units) <= set(self.columns):
            raise ValueError(f"units must belong to the columns {list(self.columns)}, got {list(self.units)}")

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        return f"Table of {len(self)} rows: {', '.join(self.columns)}"

    def __getitem__(self, name: str) -> NDArray:
        if name not in self.columns:
            raise KeyError(f"the columns are {list(self.columns)}, got {name!r}")
        values = [row[name] for row in self.rows]
        if len({np.shape(value) for value in values}) == 1:
            return np.array(values)
        column = np.empty(len(values), object)
        column[:] = values
        return column

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(self.rows[0]) if self.rows else ()

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds that occur, in order."""
        return tuple(sorted({row["seed"] for row in self.rows}))

    def save_csv(self, path: str | Path) -> None:
        """Write the rows as CSV, after lines with # that hold units, versions and date. Numbers keep all their digits.

        Parameters
        ----------
        path : str or Path
            The file; replaced if it exists.

        Raises
        ------
        OSError
            If the file cannot be written; an older one is then untouched.

        Examples
        --------
        >>> table = Table([{"m": 10, "seed": 0, "loss": 0.1}])
        >>> table.save_csv("losses.csv"); load_csv("losses.csv").rows  # doctest: +SKIP
        [{'m': 10, 'seed': 0, 'loss': 0.1}]
        """
        text = io.StringIO()
        text.writelines(f"# {name}: {json.dumps(getattr(self, name))}\n" for name in ABOUT)
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.columns)
        for row in self.rows:
            plain = (value.tolist() if isinstance(value, np.ndarray | np.generic) else value for value in row.values())
            writer.writerow(map(json.dumps, plain))
        _write(Path(path), text.getvalue().encode())


def load_csv(path: str | Path) -> Table:
    """The table that :meth:`Table.save_csv` wrote.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    Table

    Raises
    ------
    ValueError
        If the file is no such table.

    Examples
    --------
    >>> load_csv("losses.csv")["loss"]  # doctest: +SKIP
    array([0.1])
    """
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    try:
        about = dict(line.removeprefix("# ").split(": ", 1) for line in lines if line.startswith("# "))
        names, *rows = csv.reader(line for line in lines if not line.startswith("# "))
        rows = [dict(zip(names, map(json.loads, row), strict=True)) for row in rows]
        about = {name: json.loads(about[name]) for name in ABOUT}
    except (ValueError, KeyError) as error:
        raise ValueError(f"path must lead to a table that save_csv wrote, {path} is none: {error}") from None
    for row in rows:
        row.update({name: np.array(value) for name, value in row.items() if isinstance(value, list)})
    return Table(rows, **about)


def sweep(
    run: Callable[..., Mapping[str, Any]],
    grid: Mapping[str, Iterable],
    *,
    seeds: Iterable[int] = (0,),
    units: Mapping[str, str] | None = None,
    path: str | Path | None = None,
    client: Any = None,
    workers: int | None = None,
    progress: bool | None = None,
) -> Table:
    r"""Results of ``run(**point, rng=rng)`` for every point of a grid and every seed.

    Each call gets a Generator made from its point and its seed alone. If there is a `path`, every result is stored as soon
    as it is there, and what is stored is not computed again: call the same sweep once more to continue it, or at the same
    time from a second process to share the work. An interrupt stops the sweep and returns the rows that are there.

    By default as many processes run as there are cores, with one thread in each. They find `run` by its name, so it must
    stand in a module, and a script must call `sweep` under ``if __name__ == "__main__":``. A function of a notebook goes to
    them only if cloudpickle is installed (it comes with Dask); without, the runs follow each other in this process, where
    an interrupt waits for the end of the present run. BLAS has one thread everywhere, so the numbers are the same.

    Parameters
    ----------
    run : function
        Returns a dict of numbers, texts or arrays, with the same names each time. Stored results are recognised by its
        source text: if it depends on anything else that changes, choose another `path`.
    grid : mapping
        Values by name of the argument; all combinations are computed. Values are numbers, texts, truth values or None.
    seeds : iterable of int
        Repetitions of every point, each at least 0.
    units : mapping, optional
        Units of columns, for the record.
    path : str or Path, optional
        Folder of stored results, made if need be.
    client : dask.distributed.Client or str, optional
        A Dask cluster or the address of its scheduler, on which `run` can be imported. Needs the extra ``cluster``.
    workers : int, optional
        Number of processes if there is no cluster; 1 computes in this process.
    progress : bool, optional
        Whether to print a line at every tenth; by default if somebody is watching. A built page prints none.

    Returns
    -------
    Table
        One row for each point and seed.

    Raises
    ------
    TypeError, ValueError
        If an argument or a result is of the wrong kind. What `run` itself raises comes with the point and the seed.
    OSError
        If a result cannot be stored; the message names the file and the remedy. Results stored before are safe.
    RuntimeError
        If worker processes die again and again at the same point, or those of a cluster have other versions.

    Warns
    -----
    UserWarning
        If a stored file is damaged or belongs to another run; it is renamed and computed again.

    Examples
    --------
    >>> def run(m, rng):
    ...     return {"mean": rng.standard_normal(m).mean()}
    >>> table = sweep(run, {"m": [10, 1000]}, seeds=range(3), workers=1)
    >>> len(table), table.columns
    (6, ('m', 'seed', 'mean'))
    """
    if not isinstance(run, FunctionType):
        raise TypeError(f"run must be a function (constants belong into the grid), got {type(run).__name__}")
    if not isinstance(units or {}, Mapping):
        raise TypeError(f"units must map columns to texts, got {type(units).__name__}")
    workers = cores() if workers is None else as_count(workers, "workers")
    jobs = _jobs(grid, seeds)
    store, say = _Store(run, path), _narrator(progress)
    done: dict[_Job, dict] = {job: stored for job in jobs if (stored := store.load(job))}

    def left() -> Iterator[_Job]:
        """Jobs to start, looked up once more at the last moment: another process may have stored them."""
        for job in jobs if path is None else sorted(jobs, key=_own_order):
            if job in done:
                continue
            if stored := store.load(job):
                done[job] = stored
            else:
                yield job

    def table(*among: _Job, **more: Any) -> Table:
        rows = [{**job.point, "seed": job.seed, **_decoded(done[job]["result"])} for job in among]
        return Table(rows, dict(units or {}), store.versions, max((done[job]["date"] for job in among), default=""), **more)

    interrupted = False
    if len(done) < len(jobs):
        say(f"{len(done)} of {len(jobs)} runs are stored already" if done else f"{len(jobs)} runs")
        store.probe()
        try:
            with closing(_computed(run, left(), min(workers, len(jobs) - len(done)), client)) as outcomes:
                for job, outcome in outcomes:
                    tenth = 10 * len(done) // len(jobs)
                    done[job] = store.save(job, _unpack(outcome, job))
                    table(next(iter(done)), job)  # other columns, or units of none, are refused now and not in the end
                    if 10 * len(done) // len(jobs) > tenth:
                        say(f"{len(done)} of {len(jobs)} runs done")
        except KeyboardInterrupt:
            interrupted = len(done) < len(jobs)
            say(f"stopped: {len(done)} of {len(jobs)} runs done" + (", call again to continue" if path else ""))
    return table(*(job for job in jobs if job in done), interrupted=interrupted)


# ---------------------------------------------------------------- what is to be done


@dataclass(frozen=True, eq=False)
class _Job:
    point: dict[str, Any]
    seed: int

    @cached_property
    def key(self) -> str:
        return hashlib.sha256(_canonical([self.point, self.seed])).hexdigest()[:32]

    @property
    def rng(self) -> np.random.Generator:
        words = np.frombuffer(hashlib.sha256(_canonical(self.point)).digest(), "<u4")
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=words.tolist()))

    def __str__(self) -> str:
        return ", ".join(f"{name}={value}" for name, value in [*self.point.items(), ("seed", self.seed)])


def _canonical(value: Any) -> bytes:
    """One text for a value, whatever the order of names; 1 and 1.0 are two values."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _jobs(grid: Mapping[str, Iterable], seeds: Iterable[int]) -> list[_Job]:
    if not isinstance(grid, Mapping):
        raise TypeError(f"grid must map names to lists of values, got {type(grid).__name__}")
    values = {}
    for name, column in grid.items():
        if not isinstance(name, str) or not name.isidentifier() or name in RESERVED:
            raise ValueError(f"grid must have names of arguments other than {RESERVED}, got {name!r}")
        if isinstance(column, str) or not isinstance(column, Iterable):
            raise TypeError(f"grid must map {name} to a list of values, got {column!r}")
        values[name] = [_as_plain(value, name) for value in column]
        _refuse_twins(values[name], f"grid values of {name}")
    try:
        seeds = [as_count(seed, "seeds", minimum=0) for seed in seeds]
    except TypeError:
        raise TypeError(f"seeds must be a collection of whole numbers, got {seeds!r}") from None
    _refuse_twins(seeds, "seeds")
    points = [dict(zip(values, point, strict=True)) for point in itertools.product(*values.values())]
    return [_Job(point, seed) for point in points for seed in seeds]


def _as_plain(value: Any, name: str) -> Any:
    value = value.item() if isinstance(value, np.generic) else value
    if value is not None and not isinstance(value, bool | int | float | str):
        raise TypeError(f"grid values of {name} must be numbers, texts, truth values or None, got {type(value).__name__}")
    return value


def _own_order(job: _Job) -> int:
    """Python salts the hash of a text, so each process has an order of its own and rarely does what another one does."""
    return hash(job.key)


def _refuse_twins(values: list, what: str) -> None:
    if not values:
        raise ValueError(f"{what} must be at least one, got none")
    if twins := [text for text, count in Counter(map(_canonical, values)).items() if count > 1]:
        raise ValueError(f"{what} must differ, got {twins[0].decode()} more than once")


def _narrator(progress: bool | None) -> Callable[[str], None]:
    if progress is None:
        progress = sys.stderr.isatty() or "ipykernel" in sys.modules
    if not progress or os.environ.get("BOOK_STATIC"):
        return lambda line: None
    return lambda line: print(f"sweep: {line}", file=sys.stderr, flush=True)


# ---------------------------------------------------------------- who does it


Outcome = tuple[str, Any, str]  # ("done", encoded result, "") or ("failed", error, traceback), as it can be sent


def _outcome(
    run: Callable | bytes, job: _Job, limit: Callable[[], AbstractContextManager], versions: Mapping[str, str]
) -> Outcome:
    """What became of a job. BLAS gets one thread wherever it is done, so that it rounds alike everywhere."""
    try:
        if _versions() != versions:
            raise RuntimeError(f"client must have workers with the versions {versions}, one has {_versions()}")
        with limit():
            run = pickle.loads(run) if isinstance(run, bytes) else run
            return "done", _encoded(run(**job.point, rng=job.rng), job), ""
    except Exception as error:
        text = traceback.format_exc()
        try:
            pickle.loads(pickle.dumps(error))
        except Exception:
            error = RuntimeError(f"{type(error).__name__}: {error}")
        return "failed", error, text


def _unpack(outcome: Outcome, job: _Job) -> dict:
    state, value, text = outcome
    if state == "done":
        return value
    value.add_note(f"in a sweep, at {job}:\n{text}")
    raise value


def _computed(run: Callable, left: Iterator[_Job], workers: int, client: Any) -> Iterator[tuple[_Job, Outcome]]:
    """Outcomes of the jobs that are left, as they come in."""
    if client is not None:
        return _on_cluster(run, left, client)
    message = _pickled(run) if workers > 1 else None
    return _in_this_process(run, left) if message is None else _in_processes(message, left, workers)


def _in_this_process(run: Callable, left: Iterator[_Job]) -> Iterator[tuple[_Job, Outcome]]:
    """One after the other, in a second thread: a run that answers interrupts itself must not pass for a complete one."""
    with ThreadPoolExecutor(1) as pool:
        for job in left:
            running, interrupt = pool.submit(_outcome, run, job, one_blas_thread, _versions()), None
            try:
                while not running.done():
                    wait([running], timeout=0.1)  # not every system interrupts a wait without end
            except KeyboardInterrupt as error:
                interrupt = error
            yield job, running.result()
            if interrupt:
                raise interrupt


def _pickled(run: Callable) -> bytes | None:
    """The function as another process can read it, by its name or, if it has none there, by its contents."""
    in_notebook = run.__module__ == "__main__" and not hasattr(sys.modules["__main__"], "__file__")
    if not in_notebook:
        try:
            return pickle.dumps(run)
        except (pickle.PicklingError, AttributeError):
            pass
    try:
        import cloudpickle
    except ModuleNotFoundError:
        return None
    return cloudpickle.dumps(run)


def _serve(channel: connection.Connection, message: bytes, versions: Mapping[str, str]) -> None:
    """The life of a worker process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to all processes; the first one decides
    with suppress(EOFError, OSError):  # the first process is no more
        while True:
            channel.send(_outcome(message, channel.recv(), one_core, versions))


def _in_processes(message: bytes, left: Iterator[_Job], workers: int) -> Iterator[tuple[_Job, Outcome]]:
    context, processes, deaths = get_context("spawn"), [], Counter()
    busy: dict[connection.Connection, _Job] = {}

    def give(channel: connection.Connection, job: _Job) -> None:
        busy[channel] = job
        with suppress(OSError):  # if the process has died meanwhile, its answer will fail, too
            channel.send(job)

    def start(job: _Job) -> None:
        ours, theirs = context.Pipe()
        processes.append(context.Process(target=_serve, args=(theirs, message, _versions()), daemon=True))
        processes[-1].start()
        theirs.close()
        give(ours, job)

    try:
        for job in itertools.islice(left, workers):
            start(job)
        while busy:
            for channel in connection.wait(list(busy)):
                job = busy.pop(channel)
                try:
                    outcome = channel.recv()
                except (EOFError, OSError):  # the process has died, and its job with it
                    deaths[job] += 1
                    if deaths[job] == DEATHS:
                        raise RuntimeError(_given_up(job)) from None
                    start(job)
                    continue
                if following := next(left, None):
                    give(channel, following)
                yield job, outcome
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.join()


def _given_up(job: _Job) -> str:
    return (
        f"several worker processes died at {job}: use fewer workers if memory is short, and call sweep in a script under "
        'if __name__ == "__main__"; what was stored is safe'
    )


def _on_cluster(run: Callable, left: Iterator[_Job], client: Any) -> Iterator[tuple[_Job, Outcome]]:
    try:
        from distributed import Client, KilledWorker, as_completed
    except ModuleNotFoundError:
        raise ModuleNotFoundError("client needs Dask: pip install 'over-parameterized[cluster]'") from None
    given = isinstance(client, Client)
    client = client if given else Client(client)
    completed, jobs = as_completed(), {}

    def submit() -> None:
        """Two jobs for each thread of the cluster, no more, so that what others store is seen in time."""
        slots = max(1, 2 * sum(client.nthreads().values()))
        for job in itertools.islice(left, max(0, slots - len(jobs))):
            future = client.submit(_outcome, run, job, one_core, _versions(), pure=False)
            jobs[future] = job
            completed.add(future)

    try:
        submit()
        for future in completed:
            job = jobs.pop(future)
            try:
                outcome = future.result()
            except KilledWorker:
                raise RuntimeError(_given_up(job)) from None
            submit()
            yield job, outcome
    finally:
        client.cancel(list(jobs))
        if not given:
            client.close()


# ---------------------------------------------------------------- what is kept


class _Store:
    """A folder of results, one file a job; without a folder only the form of a result."""

    def __init__(self, run: Callable, path: str | Path | None) -> None:
        if not isinstance(path, str | Path | None):
            raise TypeError(f"path must be a text or a Path, got {type(path).__name__}")
        self.folder = None if path is None else Path(path)
        try:
            source = inspect.getsource(run)
        except OSError:
            source = run.__code__.co_code.hex()
        self.identity = {
            "format": FORMAT,
            "run": run.__qualname__,
            "source": hashlib.sha256(source.encode()).hexdigest(),
            "versions": _versions(),
        }
        self.versions = self.identity["versions"]

    def probe(self) -> None:
        """Whether results can be stored is seen before the first of them is there."""
        if self.folder is not None:
            _write(self.folder / "probe", b"")
            (self.folder / "probe").unlink(missing_ok=True)

    def _file(self, job: _Job) -> Path:
        return self.folder / f"{job.key}.json"

    def load(self, job: _Job) -> dict | None:
        if self.folder is None:
            return None
        try:
            content = self._file(job).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        try:
            checksum, _, text = content.partition(b"\n")
            if hashlib.sha256(text).hexdigest().encode() != checksum:
                raise ValueError("checksum")
            body = json.loads(text)
        except ValueError:
            return self._set_aside(job, "is damaged")
        for name, value in {**self.identity, "point": job.point, "seed": job.seed}.items():
            if _canonical(body.get(name)) != _canonical(value):
                return self._set_aside(job, f"belongs to another run: its {name} is {body.get(name)}, not {value}")
        return body

    def _set_aside(self, job: _Job, reason: str) -> None:
        file = self._file(job)
        aside = next(
            name for i in itertools.count(1) if not (name := file.with_name(f"{file.stem}.set-aside-{i}")).exists()
        )
        try:
            os.replace(file, aside)
        except FileNotFoundError:  # another process was faster
            return
        warnings.warn(f"{file} {reason}; it is renamed to {aside.name}, and {job} computed again", stacklevel=4)

    def save(self, job: _Job, result: dict) -> dict:
        body = {
            **self.identity,
            "point": job.point,
            "seed": job.seed,
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "result": result,
        }
        if self.folder is not None:
            text = json.dumps(body).encode()
            _write(self._file(job), hashlib.sha256(text).hexdigest().encode() + b"\n" + text)
        return body


@cache
def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in ("numpy", "scipy", "over-parameterized"):
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found


def _write(file: Path, content: bytes) -> None:
    """All of the content under its final name, or nothing."""
    temporary = file.with_name(f".{file.name}.{platform.node()}.{os.getpid()}.{threading.get_ident()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            with open(temporary, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(temporary, file)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise OSError(
            error.errno,
            f"{error.strerror or error}: could not store a result; make room there or choose another path, then call again "
            "(what was stored before is safe)",
            str(file),
        ) from error


def _encoded(result: Mapping[str, Any], job: _Job) -> dict:
    """A result as JSON can hold it, with all digits."""
    if not isinstance(result, Mapping) or not result:
        raise TypeError(f"run must return a dict of results, got {result!r}")
    encoded = {}
    for name, value in result.items():
        if not isinstance(name, str) or name in (*job.point, *RESERVED):
            raise ValueError(f"run must name its results by texts other than its arguments, got {name!r}")
        value = value.item() if isinstance(value, np.generic) else value
        if not isinstance(value, bool | int | float | str):
            array = np.asarray(value)
            if isinstance(value, np.ma.MaskedArray) or array.dtype.kind not in "biuf" or array.itemsize > 8:
                raise TypeError(f"run must return numbers, texts or arrays of numbers, got {name} of {type(value)}")
            contents = base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()
            value = {"dtype": array.dtype.str, "shape": array.shape, "base64": contents}
        encoded[name] = value
    return encoded


def _decoded(result: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _as_array(value) if isinstance(value, Mapping) else value for name, value in result.items()}


def _as_array(value: Mapping[str, Any]) -> NDArray:
    return np.frombuffer(base64.b64decode(value["base64"]), value["dtype"]).reshape(value["shape"]).copy()
