"""EDMD's eigenvalues against PyDMD: exact dynamic mode decomposition of the dictionary's values is EDMD, transposed.

With Y = A X in least squares, X and Y the values of q functions here and at the images, A = (Psi_X^+ Psi_Y)^T.
"""

import numpy as np
import pytest
from numpy.typing import NDArray
from pydmd import DMD

from operators.companions.koopman import snapshots


def chebyshev(x: NDArray[np.float64], q: int) -> NDArray[np.complex128]:
    return np.cos(np.arange(q) * np.arccos(x)[:, None]).astype(np.complex128)


def waves(x: NDArray[np.float64], q: int) -> NDArray[np.complex128]:
    return np.asarray(np.exp(2j * np.pi * np.outer(x, np.arange(q) - q // 2)))


MAPS = {
    "logistic": (lambda x: 1.0 - 1.7 * x**2, chebyshev, 0.7),
    "cubic": (lambda x: 0.4 * x + 0.3 * x**3, chebyshev, 1.0),
    "circle": (lambda x: x + 0.2 + 0.05 * np.sin(2.0 * np.pi * x), waves, 1.0),
}


@pytest.mark.parametrize("name", MAPS)
@pytest.mark.parametrize("q", [3, 8, 12])
def test_eigenvalues_are_those_of_pydmd(name: str, q: int) -> None:
    step, dictionary, reach = MAPS[name]
    x = reach * np.random.default_rng(q).uniform(-1.0, 1.0, 400)
    here, moved = dictionary(x, q), dictionary(step(x), q)
    ours = snapshots(here, moved, np.full(len(x), 1.0 / len(x))).edmd()[0]
    theirs = DMD(svd_rank=q, exact=True).fit(here.T, moved.T).eigs
    assert len(ours) == len(theirs) == q
    distances = np.abs(ours[:, None] - theirs[None, :])
    assert max(distances.min(axis=0).max(), distances.min(axis=1).max()) <= 1e-8 * np.abs(theirs).max()
