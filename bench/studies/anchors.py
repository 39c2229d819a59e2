"""Do nets of published sizes, trained here on data of the published laws, come up to the published errors?

A DeepONet and a Fourier neural operator on Burgers' equation, Darcy flow (Lu et al. 2022, doi:10.1016/j.cma.2022.114778) and the
advected sign of a Gaussian field (arXiv 2203.13181, public logs; arXiv 2304.13202): the same law, resolution, N and class, and as
many parameters within 10 %. Recipes are ours, and short: the published ones took up to 500,000 steps. The branch for Darcy is
fully connected where the published one has two convolutions; the DeepONet on Burgers is trained by Adam and by SOAP. Beside them
a linear map and a kernel on the very same data.
"""

from bench.cell import Cell, Net, Training
from bench.data_sets import data_sets
from bench.preset import Preset
from bench.study import Study

ADAM = {"recipe": "adam", "learning_rate": 1e-3, "decay": "cosine", "initialisation": "glorot"}
FOURIER = {"name": "fourier-operator", "projection": 128, "activation": "relu"}
BURGERS = {"task": "burgers", "functions": 1000, "points": 128, "test_functions": 200}
DARCY = {"task": "darcy", "functions": 1000, "points": 841, "test_functions": 200}
SIGN = {"task": "advection-sign", "points": 200, "test_functions": 2000}

CELLS = tuple(
    Cell.model_validate({**data, "architecture": net, "training": training})
    for data, net, training in (
        (
            BURGERS,
            Net(branch_widths=(128, 128, 128), trunk_widths=(128, 128), q=128),
            Training(epochs=2000, batch=20, **ADAM),
        ),
        (
            BURGERS,
            Net(branch_widths=(128, 128, 128), trunk_widths=(128, 128), q=128),
            Training(recipe="soap", epochs=100, batch=50, learning_rate=1e-2, decay="cosine", l2=1e-6),
        ),
        (BURGERS, {**FOURIER, "width": 64, "modes": 16}, Training(epochs=400, batch=20, **ADAM)),
        (
            DARCY,
            Net(branch_widths=(448, 448), trunk_widths=(128, 128, 128), q=128, activation="relu"),
            Training(epochs=200, batch=20, l2=1e-5, **ADAM),
        ),
        (DARCY, {**FOURIER, "width": 32, "modes": 12}, Training(epochs=60, batch=20, **ADAM)),
        (
            {**SIGN, "functions": 10_000},
            Net(branch_widths=(512, 512, 512), trunk_widths=(512, 512), q=512, activation="relu"),
            Training(epochs=10, batch=16, **ADAM),
        ),
        (
            {**SIGN, "functions": 20_000},
            {**FOURIER, "width": 32, "modes": 12, "projection": 32, "activation": "gelu"},
            Training(epochs=5, batch=20, **ADAM),
        ),
    )
)

STUDY = Study(
    name="anchors",
    question=__doc__ or "",
    cells=CELLS,
    baselines=data_sets(CELLS),
    presets={"smoke": Preset("the DeepONet on Burgers' equation", lambda cell: cell == CELLS[0])},
)
