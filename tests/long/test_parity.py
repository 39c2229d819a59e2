"""All 24 trainings of `paired_trainings` on both engines, of which tests/engines/test_parity.py runs ten."""

import pytest
from paired_trainings import FORMS, require_equal_training

from operators.architectures.deeponet import ENDS


@pytest.mark.parametrize("kind", range(3), ids=ENDS)
@pytest.mark.parametrize("number", range(len(FORMS)), ids=[f"{data['design']}-{form}" for form, data, _ in FORMS])
def test_a_hundred_steps_follow_the_reference_engine(number: int, kind: int) -> None:
    require_equal_training(number, kind)
