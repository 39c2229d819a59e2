"""A real Slurm of one node on the loopback interface: munged, slurmctld and slurmd of one's own, in a folder of their own.

Nothing outside that folder is read or written, ports are free ones, and all daemons end with the session.
"""

import contextlib
import getpass
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

PROGRAMS = {"munged": "munge", "slurmctld": "slurmctld", "slurmd": "slurmd", "sbatch": "slurm-client"}
START_SECONDS = 30.0
CONFIGURATION = """
ClusterName=loopback
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=2,batch_sched_delay=0,sched_min_interval=0
MailProg=/bin/true
ReturnToService=2
KillWait=2
NodeName={host} NodeAddr=127.0.0.1 Port={node_port} CPUs=2 RealMemory={memory} State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def free_port() -> int:
    """A TCP port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Slurm:
    """A running cluster.

    Attributes:
        folder: configuration, keys, logs and state.
        environment: variables by which clients find it.
    """

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    daemons: "dict[str, subprocess.Popen[bytes]]" = field(default_factory=dict)

    def client(self, *command: object) -> str:
        """Run a Slurm command and return what it printed."""
        done = subprocess.run(
            [str(part) for part in command], env=self.environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def jobs(self, *states: str) -> list[str]:
        """Identifiers of the jobs in these states (all of the queue by default)."""
        chosen = ["-t", ",".join(states)] if states else []
        return self.client("squeue", "-h", "-r", "-o", "%i", *chosen).split()

    def wait_until(self, ready: Callable[[], bool], what: str, seconds: float = START_SECONDS) -> None:
        """Wait for something to become true, or fail naming it."""
        deadline = time.monotonic() + seconds
        while not ready():
            if time.monotonic() > deadline:
                pytest.fail(f"{what}: not within {seconds:.0f} s; logs in {self.folder}")
            time.sleep(0.1)

    def start(self, name: str, *command: object) -> None:
        """Start a daemon in the foreground, its output in a file of the folder."""
        with (self.folder / f"{name}.out").open("ab") as output:
            self.daemons[name] = subprocess.Popen(
                [str(part) for part in command], stdout=output, stderr=output, env=self.environment, start_new_session=True
            )

    def start_munge(self) -> None:
        """Start the authentication daemon."""
        parts = {"socket": "munge.socket", "pid-file": "munge.pid", "log-file": "munge.log", "seed-file": "munge.seed"}
        options = [f"--{option}={self.folder / name}" for option, name in {**parts, "key-file": "munge.key"}.items()]
        self.start("munged", shutil.which("munged"), "--foreground", "--force", *options)
        self.wait_until((self.folder / "munge.socket").exists, "munged's socket")

    def stop(self, name: str) -> None:
        """End one daemon."""
        daemon = self.daemons.pop(name)
        daemon.send_signal(signal.SIGTERM)
        try:
            daemon.wait(timeout=15)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()

    def idle(self) -> bool:
        """Whether the node takes jobs."""
        with contextlib.suppress(AssertionError):
            return self.client("sinfo", "-h", "-o", "%T").strip() in ("idle", "mixed")
        return False


@pytest.fixture(scope="session")
def slurm(request: pytest.FixtureRequest) -> Iterator[Slurm]:
    """The cluster, started once; its folder is kept if a test fails."""
    search = os.pathsep.join([os.environ["PATH"], "/usr/sbin", "/sbin"])
    os.environ["PATH"] = search
    absent = sorted({package for program, package in PROGRAMS.items() if shutil.which(program) is None})
    if absent:
        pytest.fail(f"these tests start a Slurm of their own; install the Debian packages: apt-get install {' '.join(absent)}")
    folder = Path(tempfile.mkdtemp(prefix="slurm-"))
    folder.chmod(0o755)
    cluster = Slurm(folder, {**os.environ, "SLURM_CONF": str(folder / "slurm.conf")})
    try:
        _configure(folder)
        cluster.start_munge()
        cluster.start("slurmctld", shutil.which("slurmctld"), "-D", "-f", folder / "slurm.conf")
        cluster.start("slurmd", shutil.which("slurmd"), "-D", "-f", folder / "slurm.conf")
        cluster.wait_until(cluster.idle, "a node that takes jobs")
        yield cluster
    finally:
        with contextlib.suppress(AssertionError, subprocess.TimeoutExpired, OSError):
            cluster.client("scancel", f"--user={getpass.getuser()}")
            time.sleep(1.0)
        for name in reversed(list(cluster.daemons)):
            cluster.stop(name)
    if not request.session.testsfailed:
        shutil.rmtree(folder, ignore_errors=True)


def _configure(folder: Path) -> None:
    """Write the configuration and the key."""
    for name in ("state", "spool"):
        (folder / name).mkdir()
    (folder / "munge.key").write_bytes(secrets.token_bytes(1024))
    (folder / "munge.key").chmod(0o600)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    text = CONFIGURATION.format(
        host=socket.gethostname(),
        user=getpass.getuser(),
        folder=folder,
        controller_port=free_port(),
        node_port=free_port(),
        memory=memory // 2,
    )
    (folder / "slurm.conf").write_text(text)
