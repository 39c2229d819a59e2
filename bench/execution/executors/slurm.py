"""`slurm`: Dask workers as jobs of a Slurm cluster, one per worker. Jobs that end before the study does are sent again.

Options are a small YAML file, all of it optional (`docs/running.md` shows one):

    queue: short            # sbatch --partition
    account: my-project     # sbatch --account
    cores: 1                # sbatch --cpus-per-task; the training itself uses one
    memory: 4GiB            # sbatch --mem
    walltime: "04:00:00"    # sbatch --time
    interface: ib0          # network interface by which jobs reach the driver
    prologue: ["module load python"]         # lines of the job script before the worker starts
    directives: ["--constraint=avx512"]      # further lines #SBATCH ...
    logs: slurm-logs        # folder of the jobs' output
"""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import dask
import yaml
from dask_jobqueue import SLURMCluster
from distributed import Client
from pydantic import Field, ValidationError

from bench.execution.executors.base import Outcomes, Resources, StepReport, Tasks, unreported
from bench.execution.executors.dask import run_on
from bench.execution.executors.quiet_logs import without_logs
from operators.errors import UserError
from results.schema.model import Model

ALLOWED_FAILURES = 3
RESUBMIT_SECONDS = 5.0
QUEUE_SECONDS = 30.0
ANSWER_SECONDS = 60.0
LOST_AFTER = "5s"


class SlurmOptions(Model):
    """What a job asks for."""

    queue: str | None = None
    account: str | None = None
    cores: int = Field(1, ge=1)
    memory: str = Field("4GiB", pattern=r"^[1-9][0-9]*(MiB|GiB|MB|GB)$")
    walltime: str = Field("01:00:00", pattern=r"^([0-9]+-)?[0-9]+:[0-9]{2}(:[0-9]{2})?$")
    interface: str | None = None
    prologue: tuple[str, ...] = ()
    directives: tuple[str, ...] = ()
    logs: str | None = None


def load_options(path: Path | None) -> SlurmOptions:
    """Read a file of options; None gives the defaults.

    Raises:
        UserError: it cannot be read, is no plain YAML, or has an unknown or unusable option.
    """
    if path is None:
        return SlurmOptions()
    try:
        return SlurmOptions.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"expected a YAML file of Slurm options at {path}, got '{reason}'") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "file"
        known = sorted(SlurmOptions.model_fields)
        raise UserError(f"Slurm options {path}: {where}: {first['msg']}; the options are {known}") from None


def run(tasks: Tasks, resources: Resources, report: StepReport = unreported) -> Outcomes:
    """Run groups on `workers` Slurm jobs, which end with the run.

    Raises:
        UserError: unusable options, or no `sbatch` that accepts the jobs.
    """
    options = load_options(resources.cluster)
    if options.logs:
        Path(options.logs).mkdir(parents=True, exist_ok=True)
    _ask("sinfo")
    settings = {"distributed.scheduler.allowed-failures": ALLOWED_FAILURES, "distributed.deploy.lost-worker-timeout": LOST_AFTER}
    with dask.config.set(settings), without_logs(), _opened(options) as cluster, Client(cluster) as client:
        jobs = _Jobs(cluster, client, resources)
        jobs.submit()
        yield from run_on(client, tasks, resources.limits, while_waiting=jobs.resubmit)


def _ask(*command: str, given: str | None = None) -> str:
    """Run a Slurm command and return what it prints.

    Raises:
        UserError: there is no such command, or Slurm refuses.
    """
    try:
        done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=ANSWER_SECONDS, check=False)
        reason = done.stderr
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UserError(f"expected Slurm to accept jobs, but `{' '.join(command)}` gives: {error}") from None
    if done.returncode != 0:
        raise UserError(f"expected Slurm to accept jobs, but `{' '.join(command)}` says: {' '.join(reason.split())}")
    return done.stdout


@contextmanager
def _opened(options: SlurmOptions) -> Iterator[SLURMCluster]:
    """A scheduler in this process, and jobs as soon as they are asked for; they end with it."""
    cluster = SLURMCluster(
        queue=options.queue,
        account=options.account,
        cores=1,
        processes=1,
        job_cpu=options.cores,
        memory=options.memory,
        walltime=options.walltime,
        interface=options.interface,
        job_script_prologue=list(options.prologue),
        job_extra_directives=list(options.directives),
        log_directory=options.logs,
        scheduler_options={"dashboard_address": None},
    )
    try:
        yield cluster
    finally:
        with suppress(AssertionError):  # Dask insists that every job it has made was accepted
            cluster.close()


class _Jobs:
    """The jobs of a run: sent, sent again if they were cancelled, preempted or ran out of time, and counted for the user."""

    def __init__(self, cluster: SLURMCluster, client: Client, resources: Resources) -> None:
        self._cluster, self._client, self._resources = cluster, client, resources
        self._scaled = self._asked = time.monotonic()
        self._notified = -1

    def submit(self) -> None:
        """Send the first jobs.

        Raises:
            UserError: Slurm accepts none of them; the message is Slurm's.
        """
        self._scale()
        deadline = time.monotonic() + ANSWER_SECONDS
        while len(self._cluster.workers) < self._resources.workers and time.monotonic() < deadline:
            time.sleep(0.1)
        if all(job.job_id is None for job in self._cluster.workers.values()):
            _ask("sbatch", "--test-only", given=self._cluster.job_script())
            raise UserError("expected Slurm to accept jobs, but `sbatch` refuses them")

    def _scale(self) -> None:
        """Ask for the jobs that are missing."""
        self._cluster.scale(jobs=self._resources.workers)

    def resubmit(self) -> None:
        """Now and then, send missing jobs again; notify the user when the number at work has changed."""
        now = time.monotonic()
        if now - self._scaled < RESUBMIT_SECONDS:
            return
        self._scaled = now
        if now - self._asked > QUEUE_SECONDS:
            self._asked = now
            self._forget_lost()
        self._scale()
        present = len(self._client.nthreads())
        if present != self._notified:
            self._notified = present
            self._resources.notify(f"{present} of {self._resources.workers} Slurm jobs at work")

    def _forget_lost(self) -> None:
        """Forget jobs that Slurm does not know any more, so that they are sent again; Dask misses those that never started."""
        jobs = {name: job.job_id for name, job in dict(self._cluster.workers).items()}
        with suppress(UserError):
            known = set(_ask("squeue", "--me", "--noheader", "--format=%A").split())
            for name in [name for name, job in jobs.items() if job not in known]:
                self._cluster.loop.add_callback(self._cluster.workers.pop, name, None)
