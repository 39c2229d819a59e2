"""The section of brackets: every class and task has its row of the summary, of the questions those that matter are shown."""

import pandas as pd
from repository import REPOSITORY

from results.report.bracket_section import bracket_section
from results.tables.csv_files import read_csv


def test_every_class_and_task_has_its_row_of_the_summary() -> None:
    """Of more than ten, too: the summary is no part of `brackets.csv`, whose order it does not have."""
    rows = read_csv(REPOSITORY / "results" / "reference" / "brackets" / "brackets.csv")
    classes = ["free", "free-depth", "tied"]
    grown = pd.concat([rows.assign(net_class=name) for name in classes], ignore_index=True)
    asked = grown[["net_class", "nets", "task"]].drop_duplicates()
    assert len(asked) > 10
    summary, questions = bracket_section({"brackets": grown}).split("\n\n")[2:4]
    told = [line.split(" | ")[0].strip("| ") + " " + line.split(" | ")[2] for line in summary.splitlines()[2:]]
    assert sorted(told) == sorted(f"{net_class} {task}" for net_class, _, task in asked.itertuples(index=False))
    assert len(questions.splitlines()) == 2 + 10
