"""The two tables of docs/tasks.md: our tasks, from their cards, and the data sets of others, constant by constant.

    python docs/data_sets.py     # prints both

A set of others is stated by those of its constants that ours has too, so that the verdict is computed; what our constants cannot
express (another law, another domain) is stated in words, with its source.
"""

from dataclasses import dataclass, field

from operators import TASKS


@dataclass(frozen=True)
class Outside:
    """A data set in use.

    Attributes:
        name: whose it is, and what of.
        task: ours that comes nearest.
        source: paper, or file of a public repository, that states it.
        constants: its values of our task's constants.
        law: how its inputs are drawn, if not by our law with these constants.
        otherwise: what else is different.
    """

    name: str
    task: str
    source: str
    constants: dict[str, float] = field(default_factory=dict)
    law: str = ""
    otherwise: str = ""

    def differences(self) -> list[str]:
        """Constants with other values than ours: ours, theirs."""
        ours = TASKS[self.task]
        return [
            f"{name} {getattr(ours, name):g}, theirs {value:g}"
            for name, value in self.constants.items()
            if getattr(ours, name) != value
        ]

    def verdict(self) -> str:
        """Same law and same constants, or what is not."""
        different = self.differences()
        law = "no: another law" if self.law else "yes" if not different else "same law, other constants"
        return f"{law} ({'; '.join(different)})" if different else law


BURGERS = {"viscosity": 0.1, "amplitude": 625.0, "tau": 5.0, "alpha": 2.0}
DARCY = {"high": 12.0, "low": 3.0, "tau": 3.0, "alpha": 2.0}

OUTSIDE: tuple[Outside, ...] = (
    Outside(
        "Li et al. 2021 (FNO), Burgers",
        "burgers",
        "arXiv 2010.08895, section 5.1",
        BURGERS,
        otherwise="8,192 points, strided; the paper does not say whether the constant mode is kept (ours keeps it), and the"
        " generator shipped with the data states another viscosity and law",
    ),
    Outside(
        "Lu et al. 2022, Burgers",
        "burgers",
        "lu-group/deeponet-fno, src/burgers/deeponet.py",
        {**BURGERS, "sensor_count": 128, "point_count": 128},
        otherwise="the file of Li et al., every 64th point; trunk inputs made periodic",
    ),
    Outside(
        "Wang, Wang, Perdikaris 2021, Burgers",
        "burgers-low-viscosity",
        "doi 10.1126/sciadv.abi8605",
        {"viscosity": 0.01, "amplitude": 390625.0, "tau": 5.0, "alpha": 4.0, "point_count": 101, "time_count": 101},
        otherwise="101 sensors, of which the last repeats the first",
    ),
    Outside(
        "PDEBench, Burgers",
        "burgers-low-viscosity",
        "pdebench/PDEBench, data_gen_NLE/BurgersEq/burgers_multi_solution_Hydra.py, config/multi/1e-2.yaml",
        {"viscosity": 0.01 / 3.141592653589793},
        law="sums of a few sines with random amplitudes and phases",
        otherwise="what its files call nu is divided by pi in the equation; t up to 2, 1,024 cells, second-order finite volumes",
    ),
    Outside(
        "Li et al. 2021 (FNO), Darcy",
        "darcy",
        "arXiv 2010.08895, section 5.2",
        DARCY,
        otherwise="a on 421 x 421 nodes, strided, so that the sensors do not determine it; a public demo has 12 and 4",
    ),
    Outside(
        "Lu et al. 2022, Darcy",
        "darcy",
        "lu-group/deeponet-fno, src/darcy_rectangular_pwc/deeponet.py",
        {**DARCY, "side": 29},
        otherwise="the file of Li et al., every 15th node; boundary values set to 0, inputs and outputs scaled",
    ),
    Outside(
        "PDEBench, Darcy",
        "darcy",
        "pdebench/PDEBench, data_gen_NLE/ReactionDiffusionEq/reaction_diffusion_2D_multi_solution_Hydra.py",
        {"high": 1.0, "low": 0.1, "side": 128},
        law="five Gaussian bumps of random place and width, cut at their mean",
        otherwise="the state at t = 2 of a reaction-diffusion equation with source beta = 0.01 to 100, at cell centres",
    ),
    Outside(
        "de Hoop, Huang, Qian, Stuart 2022, advection",
        "advection-sign",
        "Zhengyu-Huang/Operator-Learning, advection-dc-low/src/adv_model.jl",
        {"tau": 3.0, "smoothness": 2.0, "pairs": 50, "shift": 0.5, "sensor_count": 200, "point_count": 200},
        otherwise="their other sets are Navier-Stokes, Helmholtz and structural mechanics: neither Burgers nor Darcy",
    ),
    Outside(
        "Lu et al. 2022, advection, case I",
        "advection-box",
        "doi 10.1016/j.cma.2022.114778",
        {"speed": 1.0, "sensor_count": 40, "point_count": 40},
        otherwise="40 x 40 points in space-time; ours at one time",
    ),
    Outside(
        "Boulle, Halikias, Townsend 2023, Poisson",
        "poisson",
        "NBoulle/pde-learning, data/generate_datasets.m, data/GRF.m",
        {"tau": 3.0, "alpha": 2.0, "side": 29, "refinement": 15, "modes": 421},
        otherwise="f on cell centres, interpolated to the nodes; 1,000 and 200 functions",
    ),
)


def tasks_table() -> str:
    """Our tasks: equation, law, sensors and points, truth, error, whether the spectrum is known."""
    lines = ["| task | equation | law of the input | sensors, points | checked against | error | spectrum |", "|---" * 7 + "|"]
    for name, task in TASKS.items():
        card = task.card
        error = f"{card.solver_error:g}" if card.solver_error else "exact"
        known = "closed form" if task.output_spectrum() is not None else "-"
        sizes = f"{len(task.sensors()):,}, {len(task.points()):,}"
        row = (f"`{name}`", card.equation, card.input_law, sizes, card.truth, error, known)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |")
    return "\n".join(lines)


def outside_table() -> str:
    """The data sets of others against ours."""
    lines = ["| theirs | ours | same law, same constants? | law | otherwise | source |", "|---" * 6 + "|"]
    for other in OUTSIDE:
        row = (other.name, f"`{other.task}`", other.verdict(), other.law or "ours", other.otherwise or "-", other.source)
        lines.append("| " + " | ".join(row) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(tasks_table(), outside_table(), sep="\n\n")
