"""A question for a bracket, with the certified ends of its data: those of other data are stated and not computed."""

from typing import Any

from results.records.manifest import Bracket, Target


def question(**settings: Any) -> Bracket:
    """Relative error 0.1 of the antiderivative on a 16 x 16 grid, by nets with two hidden layers a side, but for `settings`."""
    asked = {
        "task": "antiderivative",
        "parameters": {},
        "design": "grid",
        "functions": 16,
        "points": 16,
        "noise_law": "none",
        "sigma": 0.0,
        "replicate": 0,
        "target": Target(kind="relative", value=0.1),
        "branch_depth": 2,
        "trunk_depth": 2,
        "ends": "linear",
        "activation": "tanh",
        "q_lower": 3,
        "q_bound": "eckart-young",
        "q_status": "certified",
        "d_lower": 140,
        "d_bound": "rank-to-parameters",
        "d_status": "certified",
    }
    return Bracket.model_validate({**asked, **settings})
