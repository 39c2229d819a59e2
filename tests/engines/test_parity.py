"""From equal weights and batches the native engine follows the DeepXDE engine: 100 steps within 1e-5 relative.

Ten of the 24 pairs of `paired_trainings`: every form of the loss of every design, every kind of ends and every kind of form with
and without minibatches. `tox -e long` runs all.
"""

import pytest
from paired_trainings import FORMS, batched, require_equal_training

from operators.architectures.deeponet import ENDS

pytestmark = pytest.mark.system

CHOSEN = [(0, 0), (0, 1), (1, 1), (1, 2), (2, 2), (3, 0), (4, 1), (5, 2), (6, 0), (7, 1)]


def test_the_pairs_cover_forms_of_designs_and_kinds_and_forms_with_and_without_minibatches() -> None:
    both = (True, False)
    kinds = {(kind, batched(number, kind)) for number, kind in CHOSEN}
    forms = {(FORMS[number][0], batched(number, kind)) for number, kind in CHOSEN}
    assert {number for number, _ in CHOSEN} == set(range(len(FORMS)))
    assert kinds == {(kind, minibatches) for kind in range(len(ENDS)) for minibatches in both}
    assert forms == {(form, minibatches) for form, _, _ in FORMS for minibatches in both}


@pytest.mark.parametrize(("number", "kind"), CHOSEN, ids=[f"{FORMS[n][1]['design']}-{FORMS[n][0]}-{ENDS[k]}" for n, k in CHOSEN])
def test_a_hundred_steps_follow_the_reference_engine(number: int, kind: int) -> None:
    require_equal_training(number, kind)
