"""The tasks by name: those registered here, and users' own data."""

from typing import Any

from operators.errors import UserError
from operators.external.task import PREFIX, find_external
from operators.tasks.advection import Advection
from operators.tasks.advection_box import AdvectionBox
from operators.tasks.advection_sign import AdvectionSign
from operators.tasks.advection_speed import AdvectionSpeed
from operators.tasks.antiderivative import Antiderivative
from operators.tasks.burgers import Burgers
from operators.tasks.darcy import Darcy, DarcyLognormal
from operators.tasks.diffusion_reaction import AdvectionDiffusionReaction
from operators.tasks.heat import Heat
from operators.tasks.heat_square import HeatSquare
from operators.tasks.korteweg_de_vries import KortewegDeVries
from operators.tasks.kuramoto_sivashinsky import KuramotoSivashinsky
from operators.tasks.poisson import Poisson
from operators.tasks.shallow_shock import ShallowShock
from operators.tasks.task import Task
from operators.tasks.wave import Wave

_REGISTERED: tuple[Task, ...] = (
    Burgers("burgers"),
    Burgers(
        "burgers-low-viscosity",
        viscosity=0.01,
        amplitude=25.0**4,
        alpha=4.0,
        mean_mode=0,
        sensor_count=100,
        point_count=101,
        time_count=101,
        steps=2,
    ),
    Darcy("darcy"),
    DarcyLognormal("darcy-lognormal"),
    Advection("advection"),
    Advection("advection-space-time", point_count=100, time_count=100, horizon=1.0),
    AdvectionBox("advection-box"),
    AdvectionSign("advection-sign"),
    AdvectionSpeed("advection-speed"),
    AdvectionDiffusionReaction("advection-diffusion-reaction"),
    Antiderivative("antiderivative"),
    Heat("heat"),
    HeatSquare("heat-square"),
    KortewegDeVries("korteweg-de-vries"),
    KuramotoSivashinsky("kuramoto-sivashinsky"),
    Poisson("poisson"),
    ShallowShock("shallow-shock"),
    Wave("wave"),
)
TASKS: dict[str, Task] = {task.name: task for task in _REGISTERED}


def find_task(name: str, parameters: dict[str, Any] | None = None) -> Task:
    """Return the task of this name, with some constants replaced; `external-...` is a user's own data.

    Raises:
        UserError: an unknown name or constant.
    """
    if name.startswith(PREFIX):
        return find_external(name, parameters or {})
    if name not in TASKS:
        raise UserError(f"expected a task among {sorted(TASKS)}, got {name!r}; `python -m bench list` describes them")
    return TASKS[name].with_parameters(parameters or {})
