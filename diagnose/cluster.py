"""A batch on several machines, with Dask distributed: parts are the tasks, and files that all machines see the storage.

The rules go to each worker once, also to one that joins later; a worker that makes other rules of them refuses to
work. A part whose worker dies is given to another, and as a part is written whole or not at all, the output is that of
one machine.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any
from uuid import uuid4

from diagnose.batch import Done, Job, run_part
from diagnose.errors import DiagnoseError, UsageError
from diagnose.source import Part

_JOBS: dict[str, Job] = {}
SECONDS = 10


def _distributed() -> Any:
    try:
        import distributed
    except ImportError:
        raise UsageError('a cluster needs Dask. Install it with: pip install "ssb-diagnose[cluster]"') from None
    return distributed


def run_on(address: str, job: Job, parts: Sequence[tuple[str, Part]]) -> Iterator[Done]:
    """Parts as they are finished by the workers of a scheduler such as tcp://host:8786.

    Raises UsageError when none answers, DiagnoseError when its workers cannot do it.
    """
    distributed = _distributed()
    # A name of its own: others may run a batch with the same options on the same workers.
    run = uuid4().hex
    with _client(distributed, address) as client:
        try:
            client.register_plugin(_plugin(run, job))
            if not client.scheduler_info()["workers"]:
                logging.getLogger(__name__).warning("%s has no workers yet; waiting for one", address)
            futures = [client.submit(_work, run, name, part, key=f"{name}-{run}", pure=False) for name, part in parts]
            for future in distributed.as_completed(futures):
                result = future.result()
                if isinstance(result, DiagnoseError):
                    raise result
                yield result
                future.release()
        except DiagnoseError:
            raise
        except Exception as error:
            # The scheduler is gone, or workers die of a part, or they lack this program: Dask has an error for each.
            said = f"{type(error).__name__}: {error}".splitlines()[0][:200]
            raise DiagnoseError(f"the cluster at {address} failed ({said}). Run again with --resume.") from error
        finally:
            with suppress(Exception):
                client.unregister_worker_plugin(f"diagnose-{run}")


def _client(distributed: Any, address: str) -> Any:
    """A connection to a scheduler. Raises UsageError."""
    found: list[Any] = []

    def connect() -> None:
        try:
            found.append(distributed.Client(address, timeout=SECONDS))
        except Exception as error:
            found.append(error)

    # Dask itself waits for ever for what takes the call and says nothing.
    thread = threading.Thread(target=connect, daemon=True)
    if address.rpartition("://")[2]:
        thread.start()
        thread.join(2 * SECONDS)
    client = found[0] if found else TimeoutError()
    if isinstance(client, Exception):
        raise UsageError(f"no scheduler answers at {address!r} ({type(client).__name__})")
    return client


def _plugin(run: str, job: Job) -> Any:
    """What gives a job to every worker, now and when one joins, and takes it away."""
    from distributed import WorkerPlugin

    class Rules(WorkerPlugin):  # type: ignore[misc]
        """Carries a job to a worker."""

        name = f"diagnose-{run}"

        def setup(self, worker: Any) -> None:
            keep(run, job)

        def teardown(self, worker: Any) -> None:
            keep(run, None)

    return Rules()


def keep(run: str, job: Job | None) -> None:
    """Remember the job of a run in this process, or forget it.

    A function of this module: what the plugin, which is sent as it is, holds itself would be a copy on the worker.
    """
    _JOBS.pop(run, None)
    if job is not None:
        _JOBS[run] = job


def _work(run: str, name: str, part: Part) -> Done | DiagnoseError:
    """A part, or what hinders all of them: as a result, for Dask prints where an error was raised."""
    job = _JOBS.get(run)
    if job is None:
        return DiagnoseError("the batch was ended before this part was begun")
    try:
        return run_part(job, name, part)
    except DiagnoseError as error:
        return error
