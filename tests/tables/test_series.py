"""Series have distinct names, and controls are told apart from what they control wherever a study is shown."""

from pathlib import Path
from typing import Any

import pytest

from results.charts.evidence import RECORDS
from results.report.write import write_tables
from results.tables.frame import build_frame
from results.tables.series import noise_label, series_names, with_series

CONTROLS = ("none", "permuted-noise", "permuted-labels")


def controlled(study: Any, controls: tuple[str, ...] = CONTROLS) -> Any:
    """The same thresholds with and without controls."""
    for control in controls:
        for size, first in ((8, 4), (16, 6), (32, 8)):
            for q in (2, 4, 6, 8, 12):
                noise = {"law": "rademacher", "sigma": 0.5} | ({} if control == "none" else {"control": control})
                net = {"schedule": "tied", "branch_widths": [q], "trunk_widths": [q]}
                study.add(q=q, functions=size, points=size, absorbed=0.6 if q >= first else 0.3, noise=noise, **net)
    return study


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (("none", 0.0, "none"), "noise-free"),
        (("none", 0.0, "permuted-labels"), "noise-free, permuted labels"),
        (("uniform", 0.25, "none"), "uniform noise, sigma = 0.25"),
        (("rademacher", 2.0, "permuted-noise"), "rademacher noise, sigma = 2, permuted noise"),
    ],
)
def test_noise_and_control_in_words(row: tuple[str, float, str], text: str) -> None:
    assert noise_label(*row) == text


def test_a_name_tells_the_settings_in_which_series_differ_and_no_others(planted: Any) -> None:
    for recipe, law, ends in (
        ("adam", "rademacher", "linear"),
        ("best", "rademacher", "linear"),
        ("best", "gaussian", "sigmoid"),
    ):
        planted.add(absorbed=0.5, recipe=recipe, ends=ends, noise={"law": law, "sigma": 0.5})
    frame = with_series(build_frame(planted.manifest(), planted.records))
    sizes = f"free: {frame['sizes'].iloc[0]}"
    names = series_names(frame)
    assert sorted(names.values()) == sorted(
        [
            f"{sizes}, rademacher noise, sigma = 0.5, linear ends, adam",
            f"{sizes}, rademacher noise, sigma = 0.5, linear ends, best",
            f"{sizes}, gaussian noise, sigma = 0.5, sigmoid ends, best",
        ]
    )
    assert list(series_names(frame[frame["recipe"] == "adam"]).values()) == [sizes]


def test_a_control_is_named_in_report_page_and_printed_tables(planted: Any, tmp_path: Path) -> None:
    folder = controlled(planted).save(tmp_path / "study")
    write_tables(folder, figures=False)
    page = (folder / "report.html").read_text()
    report = (folder / "report.md").read_text()
    printed = (folder / "tables" / "thresholds.md").read_text()
    assert "control" in RECORDS
    for control in CONTROLS[1:]:
        assert f"rademacher noise, sigma = 0.5, {control.replace('-', ' ')}" in page
        assert f"| {control} |" in report
        assert f"| {control} |" in printed
    assert (folder / "tables" / "exponents.tex").read_text().count("control") > 0


def test_without_controls_no_column_is_spent_on_them(planted: Any, tmp_path: Path) -> None:
    folder = controlled(planted, ("none",)).save(tmp_path / "study")
    write_tables(folder, figures=False)
    assert "control" not in (folder / "report.md").read_text().split("## Bounds")[0].split("## Cells by outcome")[1]
    assert "control" not in (folder / "tables" / "thresholds.md").read_text()
