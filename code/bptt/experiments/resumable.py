"""Sweeps: one function over a grid of settings, on all cores or on a cluster, that stops and goes on as you like.

Every run that ends is kept at once, in a file of its own, so Ctrl-C loses only what was under way. The same call
goes on from there.

On one machine ``jobs`` workers of joblib share the runs. A reader who outgrows it runs the same call on a Dask cluster
(``pip install ".[cluster]"``), because joblib's backends are chosen from outside::

    from dask.distributed import Client
    from joblib import parallel_config

    client = Client("scheduler:8786")            # or LocalCluster()
    with parallel_config("dask"):
        rows = resumable.run(function, grid, folder)

The workers need this package installed, and no common disk: only the process that calls writes.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from joblib import Parallel, delayed
from tqdm import tqdm

from bptt.arguments import count
from bptt.experiments.records import RecordError, read_text, write_text


def run(function, grid, folder, jobs=None, progress=False, stamp=None):
    """Call a function for every point of a grid, and keep what it returns.

    Parameters
    ----------
    function : callable
        ``function(**point)`` returns something that JSON holds: numbers, text, lists and dictionaries. It is a
        function of a module, so that it can be sent to other processes.
    grid : list of dict
        Points: arguments by name, which JSON holds too. No point occurs twice.
    folder : str or pathlib.Path
        Where finished runs are kept; runs that it holds already are not repeated.
    jobs : int, optional
        Number of processes; left out, what `joblib.parallel_config` says, and without it 1.
    progress : bool
        Whether to show a bar.
    stamp : dict, optional
        What else a result depends on, such as versions and code: a run that was kept under another stamp is run again.

    Returns
    -------
    list
        What the function returned, in the order of the grid.

    Raises
    ------
    RecordError
        When a result cannot be kept, or a kept one is damaged. Those before it stay whole.
    ValueError
        When the grid is empty or a point occurs twice.
    """
    stamp = stamp or {}
    files = [Path(folder) / f"{fingerprint(point, stamp)}.json" for point in grid]
    if not grid or len(set(files)) < len(files):
        raise ValueError(f"grid has {len(files)} points, {len(set(files))} of them different, but needs each once")
    results = {file: _kept(file, point) for file, point in zip(files, grid, strict=True) if file.exists()}
    missing = [(file, point) for file, point in zip(files, grid, strict=True) if file not in results]
    jobs = jobs if jobs is None else count("jobs", jobs)
    parallel = Parallel(n_jobs=jobs, batch_size=1, return_as="generator_unordered")  # each as soon as it is there
    with tqdm(total=len(grid), initial=len(results), disable=not progress, unit="run") as bar:
        for k, result in parallel(delayed(_call)(function, k, point) for k, (_, point) in enumerate(missing)):
            file, point = missing[k]
            text = json.dumps({"point": point, "result": result})
            write_text(file, text)
            results[file] = json.loads(text)["result"]  # the same whether it was kept or made just now
            bar.update()
    return [results[file] for file in files]


def _call(function, k, point):
    """One run in a worker; `k` says which, since they end in any order."""
    return k, function(**point)


def fingerprint(point, stamp=None):
    """Name of a point: the same for the same arguments, in whatever order, and the same stamp.

    Examples
    --------
    >>> fingerprint({"seed": 0, "lr": 0.1}) == fingerprint({"lr": 0.1, "seed": 0})
    True
    """
    return hashlib.sha256(json.dumps([point, stamp or {}], sort_keys=True).encode()).hexdigest()[:16]


def _kept(file, point):
    """Result of a run that ended before."""
    try:
        kept = json.loads(read_text(file))
        if kept["point"] == json.loads(json.dumps(point)):
            return kept["result"]
    except (json.JSONDecodeError, TypeError, KeyError):
        pass
    raise RecordError(f"{file} is damaged: delete it, and the same command runs it again")
