"""Named random streams: reproducible anywhere, distinct, independent of the global generator."""

import itertools
import subprocess
import sys
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from repository import REPOSITORY

from operators.seeds import StreamName, stream

GOLDEN = [2944293553, 1225817428]
IDENTITY = st.lists(st.one_of(st.text(max_size=5), st.integers(-5, 5)), max_size=3).map(tuple)


@given(identity=IDENTITY)
def test_same_name_and_identity_give_the_same_numbers(identity: tuple[str | int, ...]) -> None:
    first, second = stream("inputs", *identity).random(4), stream("inputs", *identity).random(4)
    assert first.tobytes() == second.tobytes()


@given(one=IDENTITY, other=IDENTITY)
def test_different_identities_give_different_numbers(one: tuple[str | int, ...], other: tuple[str | int, ...]) -> None:
    same = [(type(part), part) for part in one] == [(type(part), part) for part in other]
    assert same == (stream("noise", *one).random(2).tobytes() == stream("noise", *other).random(2).tobytes())


def test_every_name_is_a_stream_of_its_own() -> None:
    draws = {name: stream(name, "task", 0).standard_normal(4000) for name in get_args(StreamName)}
    for one, other in itertools.combinations(draws.values(), 2):
        assert abs(np.corrcoef(one, other)[0, 1]) < 4.5 / np.sqrt(4000)


def test_numbers_are_the_same_in_another_process() -> None:
    program = "from operators.seeds import stream; print(stream('init', 'task', 3).integers(2**62))"
    printed = subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, check=True, capture_output=True, text=True).stdout
    assert int(printed) == stream("init", "task", 3).integers(2**62)


def test_numbers_are_those_of_this_release() -> None:
    """A change of these figures is a change of every data set: it needs a new version of every task."""
    assert stream("inputs", "task", 0, 0).integers(2**32, size=2).tolist() == GOLDEN


def test_global_generator_is_neither_used_nor_changed() -> None:
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    stream("batches", 1).permutation(10)
    assert np.array_equal(np.random.get_state()[1], state)  # noqa: NPY002


@pytest.mark.parametrize("count", [1, 7])
def test_a_stream_starts_at_its_beginning_each_time(count: int) -> None:
    assert stream("points", 2).random(count).tolist() == stream("points", 2).random(10)[:count].tolist()
