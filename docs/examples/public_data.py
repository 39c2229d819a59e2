"""Five data sets that nobody here wrote: `bench fit` beside DeepXDE's documented net and Adam at equal CPU time.

    antiderivative   DeepXDE, demo antiderivative_aligned: u ~ Gaussian process, length 0.2; 150 functions, 100 x 100
    poisson          DeepXDE, demo poisson_1d_pideeponet: -y'' = u, y(0) = y(1) = 0, u = sum_{n < 3} a_n x^n, a_n ~ U(-1, 1)
    advection        DeepXDE, demo advection_aligned_pideeponet: y(x, t) = u(x - t), u a periodic Gaussian process
    burgers          neuraloperator 0.3.0, burgers_lowres.pt, as it comes: 1,200 functions, 16 -> 17 x 16
    darcy            neuraloperator 0.3.0, darcy_train_16.pt and darcy_test_16.pt: 1,050 functions, 16 x 16 -> 16 x 16

    python docs/examples/public_data.py antiderivative --cpu-seconds 30
    python docs/examples/public_data.py burgers --folder FOLDER     # where burgers.npz or darcy.npz with u and y lie

The last two hold PyTorch tensors: save them as .npz with the arrays u and y, functions first, the test functions of Darcy last.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np

from bench.engines.deepxde.engine import load_deepxde
from bench.fit.arrays import FitData, fit_data
from bench.fit.fitting import fit
from bench.fit.report import FitReport
from operators.arrays import Array

NETS = {  # hidden sizes and activation of the documented example; of burgers and darcy, those of the example with two coordinates
    "antiderivative": ((40, 40), "relu"),
    "poisson": ((32, 32), "tanh"),
    "advection": ((128, 128, 128), "tanh"),
    "burgers": ((128, 128, 128), "tanh"),
    "darcy": ((128, 128, 128), "tanh"),
}
TARGETS = {"antiderivative": 1e-3, "poisson": 1e-3, "advection": 0.05, "burgers": 0.02, "darcy": 0.1}
CHECK_EVERY = 50


def process(count: int, covariance: Array) -> Array:
    """Samples of a Gaussian process with mean 0."""
    root = np.linalg.cholesky(covariance + 1e-12 * np.eye(len(covariance)))
    return np.random.default_rng(0).standard_normal((count, len(covariance))) @ root.T


def antiderivative() -> FitData:
    """150 functions of training, 20 of validation, 1,000 of test."""
    x = np.linspace(0.0, 1.0, 1000)
    u = process(1170, np.exp(-((x[:, None] - x) ** 2) / (2 * 0.2**2)))
    y = np.concatenate([np.zeros((1170, 1)), np.cumsum((u[:, 1:] + u[:, :-1]) / 2, axis=1) / 999], axis=1)
    chosen = np.linspace(0, 999, 100).round().astype(int)
    return fit_data(u[:, chosen], y[:, chosen], x[chosen], split=np.repeat([0, 1, 2], [150, 20, 1000]))


def poisson() -> FitData:
    """100 functions of training, 20 of validation, 100 of test; the solution in closed form."""
    x, n = np.linspace(0.0, 1.0, 50), np.arange(3)
    a = np.random.default_rng(0).uniform(-1.0, 1.0, (220, 3))
    y = a @ ((x - x ** (n[:, None] + 2)) / ((n + 1) * (n + 2))[:, None])
    return fit_data(a @ x ** n[:, None], y, x, split=np.repeat([0, 1, 2], [100, 20, 100]))


def advection() -> FitData:
    """1,000 functions of training, 100 of validation, 100 of test, on a grid of 32 x 32; period 1, length 1."""
    x = np.arange(96) / 96
    u = process(1200, np.exp(-2 * np.sin(np.pi * (x[:, None] - x)) ** 2))
    place, moment = np.meshgrid(np.arange(32) * 3, np.arange(32) * 3, indexing="ij")
    points = np.stack([place.ravel(), moment.ravel()], axis=1)
    y = u[:, (points[:, 0] - points[:, 1]) % 96]
    return fit_data(u[:, ::2], y, points / 96, split=np.repeat([0, 1, 2], [1000, 100, 100]))


def stored(name: str, folder: Path) -> FitData:
    """A data set of neuraloperator: the last tenth, or the test functions of Darcy, are the test functions."""
    arrays = np.load(folder / f"{name}.npz")
    test = {"burgers": 200, "darcy": 50}[name]
    count = len(arrays["u"]) - test
    return fit_data(arrays["u"], arrays["y"], split=np.repeat([0, 1, 2], [count - 100, 100, test]))


def adam(name: str, data: FitData, cpu_seconds: float) -> tuple[float, int, int]:
    """Test error, parameters and steps of DeepXDE's net with Adam 1e-3, float32, after this CPU time, compilation left out."""
    dde, _ = load_deepxde(1)
    hidden, activation = NETS[name]
    net = dde.nn.DeepONetCartesianProd(
        [data.inputs.shape[1], *hidden], [data.points.shape[1], *hidden], activation, "Glorot normal"
    )
    points = data.points.astype(np.float32)
    net((np.zeros((1, data.inputs.shape[1]), np.float32), points[:1]))
    generator = np.random.default_rng(0)
    for dense in [*net.branch.denses, *net.trunk.denses]:  # under Keras 3 kernels of one shape would start equal
        shape = tuple(dense.kernel.shape)
        dense.kernel.assign((np.sqrt(2.0 / sum(shape)) * generator.standard_normal(shape)).astype(np.float32))
    training = (data.inputs_of("training").astype(np.float32), points), data.outputs_of("training").astype(np.float32)
    model = dde.Model(dde.data.TripleCartesianProd(*training, *training), net)
    model.compile("adam", lr=1e-3, loss="MSE", external_trainable_variables=list(net.b), verbose=0)

    class Clock(dde.callbacks.Callback):  # type: ignore[misc]
        started = 0.0

        def on_batch_end(self) -> None:
            step = self.model.train_state.step
            self.started = self.started or time.process_time()
            if step % CHECK_EVERY == 0 and time.process_time() - self.started > cpu_seconds:
                self.model.stop_training = True

    model.train(iterations=10**7, display_every=10**8, callbacks=[Clock()], verbose=0)
    truth = data.outputs_of("test")
    found = np.asarray(net((data.inputs_of("test").astype(np.float32), points)), np.float64)
    parameters = sum(int(np.prod(w.shape)) for w in net.trainable_weights) + 1
    return float(np.linalg.norm(found - truth) / np.linalg.norm(truth)), parameters, int(model.train_state.step)


def main() -> None:
    """Print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=sorted(NETS))
    parser.add_argument("--cpu-seconds", type=float, default=30.0)
    parser.add_argument("--folder", type=Path, default=Path())
    asked = parser.parse_args()
    made = {"antiderivative": antiderivative, "poisson": poisson, "advection": advection}
    data = made[asked.name]() if asked.name in made else stored(asked.name, asked.folder)
    fitted = fit(data, TARGETS[asked.name], cpu_seconds=asked.cpu_seconds)
    report = FitReport(fitted, asked.name, "y")
    error, parameters, steps = adam(asked.name, data, fitted.cpu_seconds)
    nets = {"best": fitted.best, "economical": fitted.economical, "smallest": fitted.smallest}
    facts = {
        "data": asked.name,
        "target": fitted.target,
        "verdict": report.verdict(),
        "bracket": report.bracket(),
        "nets": {name: {"d": net.parameters, "q": net.model.net.q, **net.errors} for name, net in nets.items() if net},
        "lines": {line.name: line.test for line in fitted.lines.lines if line.fitted},
        "deepxde": {"d": parameters, "test": error, "steps": steps},
        "cpu_seconds": fitted.cpu_seconds,
    }
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
