"""For which regularised losses does noise help descent find the global minimum, and how much regularisation does it take?

Two layers with a frozen outer layer: the papers ask for lambda above a threshold lambda_c; a short argument gives the growth
condition for any lambda > 0. Rays up to |W| = 1e5 should show no transition at lambda_c. The same is asked of a DeepONet with
frozen and with trained heads and of the residuals of the equations that `pinn` trains on; SGD's final losses over seeds and the
autocorrelation time of Langevin dynamics over widths stand beside.
"""

from bench.preset import Preset
from bench.study import Study
from results.families.villani import Cell

STRENGTHS = (1e-3, 0.01, 0.1, 1.0)
ACTIVATIONS = ("tanh", "sigmoid", "softplus")
OTHERS = ("frozen heads", "trained heads", "poisson residual", "hjb residual", "taylor-green residual")

RAYS = (
    *(
        Cell(activation=activation, strength=strength, replicate=replicate)
        for activation in ACTIVATIONS
        for strength in STRENGTHS
        for replicate in range(3)
    ),
    *(
        Cell(loss=loss, strength=strength, width=8, steps=200, replicate=replicate)
        for loss in OTHERS
        for strength in STRENGTHS[1:]
        for replicate in range(3)
    ),
)
DESCENTS = (
    Cell(experiment="sgd", activation=activation, strength=strength, steps=10_000, replicate=seed)
    for activation in ACTIVATIONS
    for strength in STRENGTHS
    for seed in range(8)
)
CHAINS = (
    Cell(experiment="langevin", activation=activation, strength=0.1, width=width, steps=20_000, replicate=seed)
    for activation in ("tanh", "softplus")
    for width in (4, 8, 16, 32, 64, 128, 256)
    for seed in range(5)
)
KEPT = {"rays": 2, "sgd": 4, "langevin": 3}
"""Replicates of the preset `standard`."""

STUDY = Study(
    name="villani",
    question=__doc__ or "",
    cells=(*RAYS, *DESCENTS, *CHAINS),
    presets={
        "smoke": Preset(
            "lambda = 0.1 lambda_c and tanh: one draw of rays, two seeds of SGD, one chain at widths 4 and 16",
            lambda cell: (
                (cell.strength, cell.activation) == (0.1, "tanh")
                and cell.width in {"rays": (8, 16), "sgd": (16,), "langevin": (4, 16)}[cell.experiment]
                and cell.replicate < {"rays": 1, "sgd": 2, "langevin": 1}[cell.experiment]
            ),
        ),
        "standard": Preset(
            "two draws of rays of three, four seeds of SGD of eight, three chains of five",
            lambda cell: cell.replicate < KEPT[cell.experiment],
        ),
    },
)
