"""Steps on large grids, which never form the residual: the same loss and gradients, and a fit as good."""

from dataclasses import replace

import numpy as np

from bench.engines.variable_projection.hidden_layers import HiddenNet
from bench.engines.variable_projection.phases import LARGE, LEAST_SHARE, Run
from bench.engines.variable_projection.rank_targets import Labels, grid_labels
from bench.engines.variable_projection.subnet import Subnet
from operators.arrays import Array
from operators.seeds import stream

RANK, WIDTH = 6, 8


def labels() -> Labels:
    """A matrix of rank 3 under noise."""
    generator = stream("inputs", "test", "large-grids")
    left, right = generator.normal(size=(70, 3)), generator.normal(size=(50, 3))
    return grid_labels(left @ right.T + generator.normal(size=(70, 50)), RANK)


def run_on(known: Labels) -> Run:
    """A run from fixed hidden weights."""
    generator = stream("init", "test", "large-grids")

    def subnet(rows: int) -> Subnet:
        inputs: Array = generator.normal(size=(rows, 4))
        matrices = [generator.normal(size=(5, WIDTH)) / 2, generator.normal(size=(WIDTH + 1, WIDTH)) / 3]
        return Subnet(HiddenNet(inputs, matrices, "tanh"))

    return Run(subnet(70), subnet(50), known, count=lambda loss: True)


def test_loss_and_gradients_are_those_of_the_residual_to_single_precision() -> None:
    plain = labels()
    large = replace(plain, count=LARGE)
    small_run, large_run = run_on(plain), run_on(large)
    for _ in range(3):
        (loss, *outer), (other, *others) = small_run.joint(), large_run.joint()
        assert abs(other / loss - 1.0) < 1e-6
        for one, two in zip(outer, others, strict=True):
            assert np.abs(one - two).max() < 1e-4 * np.abs(one).max()


def test_trainings_with_and_without_the_residual_end_alike() -> None:
    plain = labels()
    runs = [run_on(plain), run_on(replace(plain, count=LARGE))]
    for run in runs:
        run.together([1e-2] * 60)
    assert runs[0].loss < 0.9 * run_on(plain).joint()[0]
    assert abs(runs[1].loss / runs[0].loss - 1.0) < 1e-2


def test_labels_of_nearly_this_rank_keep_the_residual_and_its_digits() -> None:
    plain = labels()
    exact = (plain.left * plain.singular) @ plain.right.T
    known = replace(grid_labels(exact, RANK), bias=0.0, matrix=np.asfortranarray(exact), count=LARGE)
    assert known.tail < LEAST_SHARE * float(np.sum(known.singular**2))
    bits = [run_on(one).joint()[0] for one in (known, replace(known, count=known.matrix.size))]
    assert bits[0] == bits[1]
