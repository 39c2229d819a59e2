"""Whether a net lies above the certified line, from which width on risks fall below the variance, and what both engines give."""

from collections.abc import Iterator

import pandas as pd

from results.answers.answer import Answer, counted, listed, not_done
from results.programme import STRANDS
from results.tables.frame import counted as by_outcome
from results.tables.numbers import decimal_text
from results.tables.study_tables import StudyTables


def answers(study: StudyTables) -> Iterator[Answer]:
    """The line, then where risks fall, equation by equation, then the engines."""
    rows, sought = study["pinn"], study["pinn_thresholds"]
    noisy = rows[rows["sigma"] > 0.0]
    if len(noisy):
        yield Answer(_line(noisy) + not_done(by_outcome(study.frame["status"])), STRANDS["pinn"].falsified_by, *RISKS)
    for (equation, weight), same in sought.groupby(["equation", "weight"], sort=True):
        how, part = _closest(same)
        if part["widths"].max() > 1:
            yield Answer(
                _threshold(str(equation), part),
                "another draw, as V differs from sigma^2 by as much as is absorbed; longer training or another recipe: that no"
                " risk below sigma^2 was found is no limit",
                "pinn_thresholds.csv",
                "companion",
                task=str(equation),
                setting=f"measured, {how}, lambda_s = {weight:g}",
            )
    both = _both(rows)
    if len(both):
        yield Answer(_engines(both), "a run of the two that parts by more", *RISKS, setting="measured, float32")


RISKS = ("pinn.csv", "companion")


def _line(noisy: pd.DataFrame) -> str:
    above, runs = int(noisy["above"].sum()), int(noisy["runs"].sum())
    told = []
    for equation, part in noisy.groupby("equation", sort=False):
        most = part.sort_values("absorbed").iloc[-1]
        share, allowed = most["absorbed"], decimal_text(most["allowed"], "allowed", 3)
        found = f"at most {share:.3g} of V is absorbed" if share > 0.0 else f"every risk is above V, by {-share:.3g} V at least"
        told.append(f"{equation}: {found}, at d = {most['d']:.0f}, where {allowed} is allowed")
    first = noisy[noisy["equation"] == noisy["equation"].iloc[-1]].groupby("width", sort=True)["allowed"].max()
    figures = listed(f"{decimal_text(share, 'allowed', 3)} at width {width}" for width, share in first.items())
    return (
        f"{above or 'None'} of {counted(runs, 'trained net')} has a risk below what counting 32 bits per trained number allows"
        f" (certified with probability 1 - 1e-12 each; the line of {noisy['equation'].iloc[-1]}: {figures}); {'; '.join(told)}"
    )


def _closest(same: pd.DataFrame) -> tuple[str, pd.DataFrame]:
    """The trainings that absorb most, and in words what they were."""
    ways = list(same.groupby(["engine", "recipe", "iterations"], sort=True))
    (engine, recipe, iterations), part = max(ways, key=lambda way: (way[1]["widths"].max(), way[1]["most_absorbed"].max()))
    among = f", which absorb most of {len(ways)} ways of training" if len(ways) > 1 else ""
    return f"{iterations} steps of {recipe}, {engine}{among}", part


def _threshold(equation: str, part: pd.DataFrame) -> str:
    told = []
    for row in part.to_dict("records"):
        if row["width"] == row["width"]:
            found = f"first at width {row['width']:.0f} (d = {row['d']:.0f})"
            found += f", not at {row['width_not']:.0f}" if row["width_not"] == row["width_not"] else ", the least tried"
            found += f" and not at {counted(row['wider_above'], 'larger width')}" if row["wider_above"] else ""
            if row["clean_width"] == row["clean_width"]:
                found += f" (without noise it errs by {row['clean_width']:.2g} there)"
        else:
            found = f"at no width up to {row['width_not']:.0f} (not found)"
        realised = row["width_realised"]
        found += f", below V {f'first at {realised:.0f}' if realised == realised else 'nowhere'}"
        line = f"first at d = {row['line_d']:.0f}" if row["line_d"] == row["line_d"] else "at no d tried"
        told.append(f"sigma = {row['sigma']:g} {found}; least squares by polynomials {line}")
    return f"{equation}: the risk falls below sigma^2 for {'; for '.join(told)}"


def _both(rows: pd.DataFrame) -> pd.DataFrame:
    """Risks of both engines, where both have trained the same cells."""
    names = ["equation", "recipe", "iterations", "weight", "sigma", "width"]
    sides = [rows[rows["engine"] == engine].set_index(names)["risk"] for engine in ("native", "deepxde")]
    return pd.concat(sides, axis=1, keys=["native", "deepxde"]).dropna().reset_index()


def _engines(both: pd.DataFrame) -> str:
    apart = ((both["deepxde"] - both["native"]) / both["native"]).abs()
    return (
        f"DeepXDE's loop and the suite's own give the same risks to {apart.max():.2g} of themselves in"
        f" {counted(len(both), 'cell')}, up to {both['iterations'].max()} steps"
    )
