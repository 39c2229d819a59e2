"""1,000 mutations of files of each kind, of which tests/fuzz/test_fuzz.py tries 300."""

from collections.abc import Callable
from typing import Any

import pytest
from fuzz.kinds import Kind, kinds
from fuzz.test_fuzz import NAMES, require_refusals


@pytest.fixture(scope="module")
def every(new_planted: Callable[[], Any], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Kind]:
    return kinds(new_planted, tmp_path_factory.mktemp("fuzz"))


@pytest.mark.parametrize("name", NAMES)
def test_mutated_files_are_refused_or_read_as_they_were(every: dict[str, Kind], name: str) -> None:
    require_refusals(every[name], 1000, followed=12)
