"""What brackets.csv says of ends of d that stay apart, and whose q answers a question."""

from pathlib import Path

import pytest
from repository import REPOSITORY

from bench.cell import Cell, Net
from bench.question import Question
from bench.search.constructed import constructed_witness
from bench.search.lower_ends import lower_ends
from operators.architectures.deeponet import Ends
from operators.data.dataset import BlockCache
from results.records.manifest import Manifest, Target
from results.tables.brackets import WIDE, brackets, size_of
from results.tables.csv_files import read_csv
from results.witnesses.submissions import enter


@pytest.mark.parametrize("study", ["brackets", "net-classes", "new-functions"])
def test_a_row_says_why_where_its_ends_stay_apart_and_only_there(study: str) -> None:
    rows = read_csv(REPOSITORY / "results" / "reference" / study / "brackets.csv")
    wide = rows["d_upper"].astype(float) > WIDE * rows["d_lower"].astype(float)
    assert (rows["d_wide"].notna() == wide).all()
    for said, made, tried in rows.loc[wide, ["d_wide", "d_made", "trainings"]].itertuples(index=False):
        assert said.startswith(f"nothing smaller than this {made} net in {tried} trainings")


def test_q_of_other_ends_answers_no_question_about_sigmoid_ends(tmp_path: Path) -> None:
    def asked(ends: Ends) -> Question:
        net = Net(branch_widths=(8, 8), trunk_widths=(8, 8), ends=ends)
        return Question(Cell(task="heat", functions=12, points=12, architecture=net), Target(kind="relative", value=0.05))

    cache = BlockCache(None)
    sigmoid, activated = (lower_ends(asked(ends), cache) for ends in ("sigmoid", "activated-trunk"))
    assert sigmoid.q_bound == "bounded-ends"
    assert activated.q_lower < sigmoid.q_lower
    held = []
    for ends, bracket in (("sigmoid", sigmoid), ("activated-trunk", activated)):
        witness = constructed_witness(asked(ends), bracket.q_lower, cache)
        assert witness is not None
        held.append(enter(witness, tmp_path, cache=cache))
    manifest = Manifest(name="a", question="", targets=(), expected=(), brackets=(sigmoid, activated))
    by_ends = {row["nets"]: row for row in brackets(manifest, held, {}).to_dict("records")}
    assert by_ends["2+2 activated-trunk tanh"]["q_upper"] == activated.q_lower
    assert by_ends["2+2 sigmoid tanh"]["q_upper"] == held[0].header.architecture.q >= sigmoid.q_lower
    assert [size_of(one, sigmoid, "q") for one in held] == [held[0].header.architecture.q, None]
