"""Programs that are written beside a model: plain DeepXDE and plain PyTorch, without a line of this suite."""

from results.models.deeponet_model import DeepONetModel

PYTORCH = '''"""A DeepONet of {parameters} parameters in plain PyTorch: (N, {sensors}) and (P, {coordinates}) to (N, P)."""

import torch
from safetensors.torch import load_file


class DeepONet(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.branch, self.trunk = self.part({branch}), self.part({trunk}{activated})
        self.b = torch.nn.Parameter(torch.zeros(1))

    @staticmethod
    def part(sizes, activated=False):
        pairs = [(torch.nn.Linear(a, b), torch.nn.{activation}()) for a, b in zip(sizes, sizes[1:])]
        return torch.nn.Sequential(*[layer for pair in pairs for layer in pair][: None if activated else -1])

    def forward(self, inputs, points):
        return self.branch(inputs) @ self.trunk(points).T + self.b


def load(path="model.safetensors"):
    net = DeepONet()
    net.load_state_dict(load_file(path))
    return net
'''

DEEPXDE = '''"""A DeepONet of {parameters} parameters (q = {q}) in plain DeepXDE, written by `python -m bench fit`.

python deepxde_model.py                  the error of the weights in model.npz on the test functions of test.npz
python deepxde_model.py --train 10000    Adam from Glorot weights on training.npz, and its error
"""

import argparse
import os
from pathlib import Path

os.environ.setdefault("DDE_BACKEND", "tensorflow")

import deepxde as dde
import numpy as np

FOLDER = Path(__file__).resolve().parent
BRANCH, TRUNK = {branch}, {trunk}


def build():
    """The net, with its variables made."""
    net = dde.nn.{network}(BRANCH, TRUNK, "{activation}", "Glorot normal")
    net((np.zeros((1, BRANCH[0]), np.float32), np.zeros((1, TRUNK[0]), np.float32)))
    return net


def load(path=FOLDER / "model.npz"):
    """The net with the weights of the model set."""
    net, weights = build(), np.load(path)
    for part in ("branch", "trunk"):
        for number, dense in enumerate(getattr(net, part).denses):
            dense.kernel.assign(weights[f"{{part}}_{{number}}_kernel"].astype(np.float32))
            dense.bias.assign(weights[f"{{part}}_{{number}}_bias"].astype(np.float32))
    net.b[0].assign(weights["bias"].astype(np.float32))
    return net


def examples(data):
    """{said}"""
{examples}

def error(net, data):
    """|Y - H| / |Y| over the functions of a file."""
    arguments, outputs = examples(data)
    return float(np.linalg.norm(np.asarray(net(arguments), np.float64) - outputs) / np.linalg.norm(outputs))


def train(steps, seed=0):
    """A net from Glorot weights by Adam. Inputs and outputs are as in the file: scale them if they are far from 1."""
    data, net = np.load(FOLDER / "training.npz"), build()
    generator = np.random.default_rng(seed)
    for dense in [*net.branch.denses, *net.trunk.denses]:  # under Keras 3 kernels of one shape would start equal
        shape = tuple(dense.kernel.shape)
        dense.kernel.assign((np.sqrt(2.0 / sum(shape)) * generator.standard_normal(shape)).astype(np.float32))
    given = examples(data)
    model = dde.Model(dde.data.{triple}(*given, *given), net)
    model.compile("adam", lr=1e-3, loss="MSE", external_trainable_variables=list(net.b))
    model.train(iterations=steps, display_every=max(1, steps // 10))
    return net


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--train", type=int, metavar="STEPS")
    steps = parser.parse_args().train
    trained = load() if steps is None else train(steps)
    print("relative test error", error(trained, np.load(FOLDER / "test.npz")))
'''


ON_A_GRID = {
    "network": "DeepONetCartesianProd",
    "triple": "TripleCartesianProd",
    "said": "Inputs (N, m) and points (P, p) in float32, outputs (N, P).",
    "examples": """    arguments = data["inputs"].astype(np.float32), data["points"].astype(np.float32)
    return arguments, data["outputs"].astype(np.float32)
""",
}
BY_LABELS = {
    "network": "DeepONet",
    "triple": "Triple",
    "said": "Inputs (n, m), points (n, p) and outputs (n, 1) in float32, one row per label.",
    "examples": """    arguments = data["inputs"].astype(np.float32)[data["function"]], data["points"].astype(np.float32)
    return arguments, data["outputs"].astype(np.float32)[:, None]
""",
}


def pytorch_module(model: DeepONetModel) -> str:
    """A module of PyTorch that loads `model.safetensors`."""
    net = model.net
    names = {"tanh": "Tanh", "relu": "ReLU", "sigmoid": "Sigmoid", "gelu": "GELU", "silu": "SiLU"}
    return PYTORCH.format(
        parameters=net.parameter_count(),
        sensors=net.sensors,
        coordinates=net.coordinates,
        branch=list(net.branch_sizes()),
        trunk=list(net.trunk_sizes()),
        activated=", activated=True" if net.ends == "activated-trunk" else "",
        activation=names[net.activation],
    )


def deepxde_script(model: DeepONetModel, *, by_labels: bool) -> str:
    """A program of DeepXDE that loads `model.npz`, or trains a net of the same sizes, on a grid or on a row per label."""
    net = model.net
    return DEEPXDE.format(
        parameters=net.parameter_count(),
        q=net.q,
        branch=list(net.branch_sizes()),
        trunk=list(net.trunk_sizes()),
        activation=net.activation,
        **(BY_LABELS if by_labels else ON_A_GRID),
    )
