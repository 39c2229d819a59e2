"""Mutated files of every kind: read as they were written, refused in one sentence, or believed where only they can say.

Here 300 mutations of each kind, 1,000 in `tox -e long`; `python tests/fuzz/test_fuzz.py 100000` tries more and prints the counts
by outcome, of all kinds or of those named after the number.
"""

import random
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from fuzz.kinds import REFUSALS, Kind, kinds
from fuzz.mutations import damaged

pytestmark = pytest.mark.system

NAMES = ("record", "study", "entry", "measurement", "card", "edition", "contradiction", "lower-ends", "witness", "block")
MUTATIONS, FOLLOWED = 1000, 6


def outcomes(kind: Kind, mutations: int, *, followed: int, seed: int = 0) -> Counter[str]:
    """Counts by outcome; every second mutation is a forgery.

    Args:
        kind: of file.
        mutations: how many.
        followed: how many that were believed are followed into tables.
        seed: of all of them.
    """
    counts, original = Counter[str](), kind.read(kind.whole)
    for number in range(mutations):
        chance = random.Random(f"{seed}:{kind.name}:{number}")
        forgery = number % 2 == 1
        data = kind.forge(chance) if forgery else damaged(kind.whole, chance)
        try:
            found = kind.read(data)
        except REFUSALS as error:
            require_sentence(str(error))
            counts["forged, refused" if forgery else "damaged, refused"] += 1
            continue
        same = found == original or (kind.name == "witness" and found[0] == original[0])
        if same:
            counts["forged, read as it was" if forgery else "damaged, read as it was"] += 1
            continue
        if not forgery:
            assert kind.name == "witness", (kind.name, number, data)  # it has another address, and so lies under a wrong name
            counts["damaged, another address"] += 1
            continue
        if counts["forged, followed"] + counts["forged, refused by the tables"] < followed:
            counts[_followed(kind, found)] += 1
        else:
            counts["forged, believed"] += 1
    return counts


def require_sentence(text: str) -> None:
    """A reason is one line of printable text, however long what it speaks of."""
    assert text.isprintable()
    assert len(text) < 1000


def _followed(kind: Kind, found: Any) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        try:
            kind.follow(found)
        except REFUSALS as error:
            require_sentence(str(error))
            return "forged, refused by the tables"
    return "forged, followed"


@pytest.fixture(scope="module")
def every(new_planted: Callable[[], Any], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Kind]:
    return kinds(new_planted, tmp_path_factory.mktemp("fuzz"))


def require_refusals(kind: Kind, mutations: int, *, followed: int) -> None:
    """All mutations are accounted for, and of those of most kinds so many are refused that little is left to belief."""
    counts = outcomes(kind, mutations, followed=followed)
    assert counts.total() == mutations
    if kind.name == "block":  # whatever the cache holds, the functions are those of the task
        assert set(counts) == {"damaged, read as it was", "forged, read as it was"}
    else:
        assert counts["damaged, refused"] > 0.4 * mutations, counts
        assert counts["forged, refused"] > 0.2 * mutations, counts


@pytest.mark.parametrize("name", NAMES)
def test_mutated_files_are_refused_or_read_as_they_were(every: dict[str, Kind], name: str) -> None:
    assert set(every) == set(NAMES)
    require_refusals(every[name], MUTATIONS, followed=FOLLOWED)


if __name__ == "__main__":
    from conftest import Planted

    count = int(sys.argv[1]) if len(sys.argv) > 1 else MUTATIONS
    with tempfile.TemporaryDirectory() as place:
        for label, one in kinds(Planted, Path(place)).items():
            if label in (sys.argv[2:] or NAMES):
                print(f"{label}: {dict(sorted(outcomes(one, count, followed=count // 100).items()))}", flush=True)
