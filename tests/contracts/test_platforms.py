"""What needs a POSIX system stands where it is known to, and refuses other systems in one sentence."""

import ast
import os
import signal
import sys
from functools import cache
from pathlib import Path

import pytest
from repository import REPOSITORY, tree

from bench.drivers.study_run import STOPPED_BY
from bench.platforms import NEEDS_POSIX, require_posix, usable_cores
from operators.errors import UserError

MODULES = [
    path for name in ("operators", "results", "bench") for path in (REPOSITORY / name).rglob("*.py") if "out" not in path.parts
]
POSIX_MODULES = {"fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "syslog"}
POSIX_NAMES = {
    *(
        "os.fork",
        "os.forkpty",
        "os.killpg",
        "os.setsid",
        "os.getuid",
        "os.geteuid",
        "os.getpgid",
        "os.wait",
        "os.mkfifo",
        "os.nice",
    ),
    *(
        "os.sched_getaffinity",
        "os.sched_setaffinity",
        "os.getloadavg",
        "os.uname",
        "os.fchmod",
        "os.chown",
        "os.pread",
        "os.pwrite",
    ),
    *("os.O_NOFOLLOW", "os.O_NONBLOCK", "os.O_DIRECTORY", "os.O_CLOEXEC"),
    *("signal.SIGHUP", "signal.SIGKILL", "signal.SIGALRM", "signal.SIGUSR1", "signal.alarm", "signal.setitimer", "signal.pause"),
}
POSIX_ARGUMENTS = {"pass_fds", "preexec_fn", "start_new_session", "process_group", "umask"}
OF_RUNS = {  # started by `bench run` alone, which refuses other systems first
    "bench/execution/executors/local.py": {"pass_fds"},
    "bench/execution/executors/worker_process.py": {"signal.SIGHUP"},
}


def used(path: Path) -> set[str]:
    """POSIX-only modules, names and arguments of calls; what `getattr` asks for may be absent."""
    found: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names} & POSIX_MODULES
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= ({node.module} & POSIX_MODULES) | ({f"{node.module}.{alias.name}" for alias in node.names} & POSIX_NAMES)
        elif isinstance(node, ast.Attribute):
            found |= {ast.unparse(node)} & POSIX_NAMES
        elif isinstance(node, ast.keyword):
            found |= {str(node.arg)} & POSIX_ARGUMENTS
    return found


def test_posix_is_used_where_it_is_known_to_be_and_nowhere_else() -> None:
    assert {path.relative_to(REPOSITORY).as_posix(): names for path in MODULES if (names := used(path))} == OF_RUNS


def test_every_text_file_is_read_and_written_in_a_stated_encoding() -> None:
    """The encoding that a system takes by default differs; below /proc, which Linux alone has, nothing needs one."""
    for path in MODULES:
        for node in ast.walk(tree(path)):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in ("read_text", "write_text")
            ):
                stated = {keyword.arg for keyword in node.keywords}
                metadata = node.func.attr == "read_text" and node.args  # of a distribution: the name of one of its files
                assert metadata or "encoding" in stated or node.lineno in linux_lines(path), f"{path}:{node.lineno}"


@cache
def linux_lines(path: Path) -> set[int]:
    """Lines of functions that read below /proc."""
    functions = [node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef)]
    return {line for f in functions if "/proc/" in ast.unparse(f) for line in range(f.lineno, (f.end_lineno or f.lineno) + 1)}


@pytest.mark.parametrize("platform", ["win32", "cygwin", "emscripten"])
@pytest.mark.parametrize("what", NEEDS_POSIX)
def test_another_system_is_refused_in_one_sentence(platform: str, what: str) -> None:
    with pytest.raises(UserError) as refused:
        require_posix(what, platform)
    told = str(refused.value)
    assert told.startswith(f"expected Linux or macOS for {what}, got {platform}: ")
    assert "\n" not in told
    assert told.endswith("`size`, `count`, `verify`, `submit` and `predict` work here")


@pytest.mark.parametrize("platform", ["linux", "darwin", "freebsd14", sys.platform])
@pytest.mark.parametrize("what", NEEDS_POSIX)
def test_posix_systems_are_not_refused(platform: str, what: str) -> None:
    require_posix(what, platform)


def test_cores_are_those_that_this_process_may_use() -> None:
    assert usable_cores() == len(os.sched_getaffinity(0))


def test_a_run_is_stopped_by_the_signals_of_this_system() -> None:
    assert STOPPED_BY == (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
