"""Small data with known answers, and one fit of them that several tests look at."""

from pathlib import Path

import numpy as np
import pytest
from planted_operators import nonlinear

from bench.fit.arrays import FitData, fit_data
from bench.fit.fitting import Fitted, fit


@pytest.fixture(scope="session")
def data() -> FitData:
    return fit_data(*nonlinear())


@pytest.fixture(scope="session")
def fitted(data: FitData) -> Fitted:
    return fit(data, 0.05, cpu_seconds=3.0, depth=1)


@pytest.fixture(scope="session")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("fit") / "mine.npz"
    inputs, outputs = nonlinear()
    split = np.repeat([0, 1, 2], [60, 10, 10])
    np.savez(path, u=inputs, f=inputs[:, :5] ** 2, y=outputs, x=np.linspace(2.0, 3.0, 30), split=split)
    return path
