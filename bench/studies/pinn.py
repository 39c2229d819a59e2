"""Must a physics-informed net be larger to train below the variance of noisy labels, and how far below can one come?

Bias-free nets A tanh(W x) with A frozen, on Taylor-Green vortices, a Hamilton-Jacobi-Bellman and a Poisson equation with known
solutions, labelled with uniform noise that is drawn once. Every run's unweighted supervision risk stands against the realised
variance V and against the least risk that counting 32 bits per trained number allows, beside the same net without noise and a
polynomial with as many coefficients. The published grid: widths 5 to 200, sigma .3, .4, .5, 10,000 steps of AdamW. L-BFGS trains
the same grid closer to its minima, and the method of Levenberg and Marquardt closer still; L-BFGS trains some of it with a
supervision that outweighs the equations, and DeepXDE's own loop some of it.
"""

from bench.preset import Preset
from bench.study import Study
from results.families.pinn import Cell

EQUATIONS = ("taylor-green", "hjb", "poisson")
WIDTHS = (5, 10, 20, 30, 50, 70, 100, 150, 200)
SIGMAS = (0.0, 0.3, 0.4, 0.5)
ITERATIONS = {"l-bfgs": 1500, "levenberg-marquardt": 500}
TWIN_STEPS, HEAVY = 300, 1e3
FEWER = {"taylor-green": (5, 10, 20, 50, 100, 200), "hjb": (5, 20, 50, 100), "poisson": (5, 10, 20, 50, 100, 200)}
"""Widths of the preset `standard`."""

PUBLISHED = (Cell(equation=equation, width=width, sigma=sigma) for equation in EQUATIONS for width in WIDTHS for sigma in SIGMAS)
CLOSER = (
    Cell(equation=equation, width=width, sigma=sigma, recipe=recipe, iterations=iterations, replicate=replicate)
    for recipe, iterations in ITERATIONS.items()
    for equation in EQUATIONS
    for width in WIDTHS
    for sigma in SIGMAS
    for replicate in range(3)
)
SUPERVISED = (
    Cell(equation="taylor-green", width=width, sigma=sigma, recipe="l-bfgs", iterations=ITERATIONS["l-bfgs"], weight=HEAVY)
    for width in (20, 50, 100)
    for sigma in (0.0, 0.3, 0.5)
)
TWINS = (
    Cell(equation=equation, width=20, sigma=0.3, iterations=TWIN_STEPS, engine=engine)
    for equation in EQUATIONS
    for engine in ("native", "deepxde")
)


def _standard(cell: Cell) -> bool:
    if cell.weight == HEAVY:
        return cell.sigma in (0.0, 0.3)
    if cell.recipe in ITERATIONS:
        return cell.width in FEWER[cell.equation] and cell.sigma != 0.4 and cell.replicate == 0
    return cell.iterations == TWIN_STEPS or (cell.equation == "taylor-green" and cell.width == 20 and cell.sigma in (0.0, 0.3))


STUDY = Study(
    name="pinn",
    question=__doc__ or "",
    cells=(*PUBLISHED, *CLOSER, *SUPERVISED, *TWINS),
    presets={
        "smoke": Preset(
            "L-BFGS, one draw: Poisson's equation at widths 5 and 10, Taylor-Green at width 5, sigma 0 and .3",
            lambda cell: (
                cell.recipe == "l-bfgs"
                and cell.replicate == 0
                and cell.sigma in (0.0, 0.3)
                and (cell.equation, cell.width) in {("poisson", 5), ("poisson", 10), ("taylor-green", 5)}
            ),
        ),
        "standard": Preset(
            "L-BFGS and Levenberg-Marquardt with one draw of three, sigma 0, .3 and .5, at six widths of nine (hjb four); of the"
            " heavy supervision sigma 0 and .3; of the published recipe Taylor-Green at width 20, sigma 0 and .3; the pairs of"
            " both engines",
            _standard,
        ),
    },
)
