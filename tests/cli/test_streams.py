"""Standard output that is closed, full, cut off, narrow or not UTF-8 changes nothing of what a command does."""

import errno
import io
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from repository import REPOSITORY

from bench.cli.streams import Output
from bench.cli.terminal import print_table

ROWS = [
    {"study": f"a-study-with-a-rather-long-name-{number}", "cells": 10**number, "question": "Does [it] fit? " * 12, "ratio": 0.5}
    for number in range(3)
]


def bench(*arguments: str, **streams: Any) -> subprocess.CompletedProcess[str]:
    """A command, its standard error captured; standard output goes where it is told."""
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "PYTHONIOENCODING": "utf-8", **streams.pop("env", {})}
    command = [sys.executable, "-m", "bench", *arguments]
    streams = {"stderr": subprocess.PIPE, **streams}
    return subprocess.run(command, cwd=REPOSITORY, text=True, env=environment, check=False, **streams)


def closed_pipe() -> int:
    reader, writer = os.pipe()
    os.close(reader)
    return writer


def full_disk() -> int:
    return os.open("/dev/full", os.O_WRONLY)


@pytest.mark.parametrize(("opened", "code"), [(closed_pipe, errno.EPIPE), (full_disk, errno.ENOSPC)])
def test_the_first_failure_is_kept_and_the_rest_dropped(opened: Callable[[], int], code: int) -> None:
    descriptor = opened()
    output = Output(descriptor, "w", closefd=False)
    text = io.TextIOWrapper(io.BufferedWriter(output), "utf-8")
    for _ in range(3):
        text.write("x" * 20_000)
        text.flush()
    text.close()
    os.close(descriptor)
    assert output.failure is not None
    assert output.failure.errno == code


def test_what_can_be_written_is_written(tmp_path: Path) -> None:
    with (tmp_path / "out").open("w") as file:
        output = Output(file.fileno(), "w", closefd=False)
        text = io.TextIOWrapper(io.BufferedWriter(output), "ascii", "backslashreplace")
        text.write("q \N{GREATER-THAN OR EQUAL TO} 3")
        text.flush()
    assert (tmp_path / "out").read_text() == r"q \u2265 3"
    assert output.failure is None


@pytest.mark.parametrize(("opened", "words"), [(closed_pipe, "Broken pipe"), (full_disk, "No space left on device")])
def test_output_that_gets_lost_is_one_sentence_and_exit_code_2(opened: Callable[[], int], words: str) -> None:
    descriptor = opened()
    run = bench("bounds", stdout=descriptor)
    os.close(descriptor)
    assert run.returncode == 2
    assert run.stderr.count("\n") == 1
    assert run.stderr.startswith(f"error: expected standard output to take all that is printed, got '{words}'")


def test_closed_streams_are_no_error_and_lend_no_file_their_number() -> None:
    for streams in (">&-", "2>&-", "<&- >&- 2>&-"):
        program = "import os, sys; from bench.cli.streams import standard_streams\n"
        program += "with standard_streams(): print('x'); fd = os.open(os.devnull, os.O_RDONLY)\n"
        program += "sys.exit(fd < 3)"
        command = f'"{sys.executable}" -c "{program}" {streams}'
        assert subprocess.run(["bash", "-c", command], cwd=REPOSITORY, check=False).returncode == 0, streams


def test_without_utf_8_tables_are_ascii() -> None:
    run = bench("list", stdout=subprocess.PIPE, env={"PYTHONIOENCODING": "ascii"})
    assert run.returncode == 0, run.stderr
    assert run.stdout.isascii()
    assert "smoke" in run.stdout


class Screen(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        return True


def printed(stream: io.StringIO, width: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stdout", stream)
    print_table(ROWS, "none")
    return stream.getvalue().splitlines()


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_off_a_terminal_nothing_is_cut_or_broken(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = printed(io.StringIO(), width, monkeypatch)
    for row in ROWS:
        (line,) = [line for line in lines if row["study"] in line]
        assert all(str(value).strip() in line for value in row.values())
    assert len(lines) == 3 + len(ROWS) + 1


@pytest.mark.parametrize("width", [20, 40, 60, 80, 120])
def test_on_a_terminal_every_word_is_there_however_narrow_it_is(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in printed(Screen(), width, monkeypatch)]
    text = "".join("".join(lines).split())
    assert "\N{HORIZONTAL ELLIPSIS}" not in text
    for row in ROWS:
        assert row["study"] in text
        assert f"{row['cells']}" in text
    assert max(map(len, lines)) <= width
