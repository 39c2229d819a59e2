"""Whether the error falls along n = c q^alpha at a fixed budget, alpha by alpha."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from results.answers.answer import Answer, listed, not_done_each, parts
from results.tables.series import noise_label, task_label
from results.tables.study_tables import StudyTables

CHANGED = "more replicates or points, or another budget d: a trend is no monotony at each step, and no evidence is no rise"
WORTH = "Page's trend test, p corrected by Holm"


def answers(study: StudyTables) -> Iterator[Answer]:
    """One sentence for the noise-free rays and one for the noisy ones, with a verdict for each alpha."""
    rows = study["rays"]
    for noisy, part in rows.groupby(rows["sigma"] > 0, sort=True):
        tasks = dict.fromkeys(task_label(*pair) for pair in zip(part["task"], part["parameters"], strict=True))
        noise = listed(noise_label(*row) for row in part[["noise_law", "sigma", "control"]].itertuples(index=False))
        trained = listed(f"{engine} {recipe}" for engine, recipe in zip(part["engine"], part["recipe"], strict=True))
        where = f"{listed(tasks)}; {noise if noisy else 'noise-free'}; {listed(part['sizes'])}; trained by {trained}"
        told = "; ".join(f"alpha = {alpha:g} {_verdict(rays)}" for alpha, rays in part.groupby("alpha", sort=True))
        text = f"Along n = c q^alpha at fixed d the training error: {told}{not_done_each(part)}"
        task = next(iter(tasks)) if len(tasks) == 1 else ""
        yield Answer(text, CHANGED, "rays.csv", "rays", task, setting=f"{where}; {WORTH}")


def _verdict(rays: pd.DataFrame) -> str:
    """The verdict on one ray with its p-value and its fall, or verdicts counted."""
    if len(rays) == 1:
        row = rays.iloc[0]
        worth = f" (p = {row['p_holm']:.2g}, by a factor {np.exp(row['fall']):.3g})" if pd.notna(row["p_holm"]) else ""
        return f"{row['verdict']}{worth}"
    falls, none = (int((rays["verdict"] == verdict).sum()) for verdict in ("falls", "no evidence of a fall"))
    rest = parts([(none, "without evidence of a fall"), (len(rays) - falls - none, "not testable")])
    return f"falls on {falls} of {len(rays)} rays" + (f" ({rest})" if rest else "")
