"""All tables of a study, computed once."""

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Tables:
    """What the figures draw.

    Attributes:
        frame: the tidy frame with series.
        scaling: scaling.csv, with series.
        located: thresholds.csv, with series.
        exponents: exponents.csv, with series and intercept.
        rays: rays.csv, with series.
        demanded: what bounds demand (`results.tables.demands`).
    """

    frame: pd.DataFrame
    scaling: pd.DataFrame
    located: pd.DataFrame
    exponents: pd.DataFrame
    rays: pd.DataFrame
    demanded: pd.DataFrame
