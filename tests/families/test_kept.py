"""What cells of one process share: the same objects, the last used ones kept, and nothing that changes a result."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bench.cell import Cell, Net
from bench.families.deeponet.trial import open_trial
from bench.families.family import KEPT, Kept
from operators.data.dataset import BlockCache

CELL = Cell(task="antiderivative", functions=6, points=5, test_functions=3)


@given(st.lists(st.integers(0, 2 * KEPT), max_size=60))
def test_the_values_used_last_are_kept_and_all_others_made_again(keys: list[int]) -> None:
    kept, made = Kept(), []
    for position, key in enumerate(keys):
        value = kept.get("data", key, lambda position=position: made.append(position) or position)
        recent = list(dict.fromkeys(reversed(keys[:position])))[:KEPT]
        assert (value == position) == (key not in recent)
        assert keys[value] == key


def test_kinds_of_values_are_apart() -> None:
    kept = Kept()
    assert [kept.get(kind, 0, lambda kind=kind: kind) for kind in ("data", "floors", "data")] == ["data", "floors", "data"]


def test_trials_on_equal_requests_share_data_and_floors_and_are_as_if_alone() -> None:
    kept, cache = Kept(), BlockCache(None)
    small, large = (CELL.model_copy(update={"architecture": Net(q=q)}) for q in (1, 3))
    first, second = open_trial(small, cache, kept), open_trial(large, cache, kept)
    assert first.dataset is second.dataset
    alone = open_trial(large, cache, Kept())
    assert alone.floor == second.floor != first.floor
    assert alone.data_sha256() == second.data_sha256()
    np.testing.assert_array_equal(alone.problem.labels, second.problem.labels)
    other = open_trial(small.model_copy(update={"replicate": 1}), cache, kept)
    assert other.data_sha256() != first.data_sha256()
