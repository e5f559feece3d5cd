"""A batch on several machines, with Dask distributed: parts are the tasks, and files that all machines see the storage.

The rules go to each worker once, also to one that joins later, under the hash of the job; a worker that makes other
rules of them refuses to work. A part whose worker dies is given to another, and as a part is written whole or not at
all, the output is that of one machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from diagnose.batch import Done, Job, run_part
from diagnose.errors import UsageError
from diagnose.source import Part

if TYPE_CHECKING:
    from distributed import Client

_JOBS: dict[str, Job] = {}
SECONDS = 15


def _distributed() -> Any:
    try:
        import distributed
    except ImportError:
        raise UsageError('a cluster needs Dask. Install it with: pip install "ssb-diagnose[cluster]"') from None
    return distributed


def run_on(address: str, job: Job, parts: Sequence[tuple[str, Part]]) -> Iterator[Done]:
    """Parts as they are finished by the workers of a scheduler such as tcp://host:8786.

    Raises UsageError when none answers.
    """
    distributed = _distributed()
    try:
        client = distributed.Client(address, timeout=SECONDS)
    except (OSError, ValueError) as error:
        raise UsageError(f"no scheduler answers at {address} ({type(error).__name__})") from None
    with client:
        _send(client, job)
        futures = [
            client.submit(_work, job.key, name, part, key=f"{name}-{job.key[:16]}", pure=False) for name, part in parts
        ]
        for future in distributed.as_completed(futures):
            yield future.result()
            future.release()


def _send(client: Client, job: Job) -> None:
    """Give the job to every worker, now and when one joins."""
    from distributed import WorkerPlugin

    class Rules(WorkerPlugin):  # type: ignore[misc]
        """Carries a job to a worker."""

        name = f"diagnose-{job.key[:16]}"

        def setup(self, worker: Any) -> None:
            keep(job)

    client.register_plugin(Rules())


def keep(job: Job) -> None:
    """Remember a job in this process; the ones before it are forgotten."""
    _JOBS.clear()
    _JOBS[job.key] = job


def _work(key: str, name: str, part: Part) -> Done:
    return run_part(_JOBS[key], name, part)
