"""What brackets.csv says of ends of d that stay apart."""

import pytest
from repository import REPOSITORY

from results.tables.brackets import WIDE
from results.tables.csv_files import read_csv


@pytest.mark.parametrize("study", ["brackets", "net-classes", "new-functions"])
def test_a_row_says_why_where_its_ends_stay_apart_and_only_there(study: str) -> None:
    rows = read_csv(REPOSITORY / "results" / "reference" / study / "brackets.csv")
    wide = rows["d_upper"].astype(float) > WIDE * rows["d_lower"].astype(float)
    assert (rows["d_wide"].notna() == wide).all()
    for said, made, tried in rows.loc[wide, ["d_wide", "d_made", "trainings"]].itertuples(index=False):
        assert said.startswith(f"nothing smaller than this {made} net in {tried} trainings")
