"""Whether a witness that its author declares `explicit` is: the net of Theorem U is constructed again, and its values compared.

Weights of one function differ between machines by signs of singular vectors and by rounding, its values on the grid do not:
they are those of the best matrix of that rank, less what two searches for the bias may differ by.
"""

import numpy as np

from operators.architectures.deeponet import DeepONet
from operators.constructions.explicit import explicit_sizes, explicit_weights
from operators.data.dataset import Dataset
from operators.data.normalisation import predict, scaled
from results.witnesses.file import Witness

TOLERANCE = 1e-6  # relative to the root mean square of the labels


def not_as_constructed(witness: Witness, dataset: Dataset) -> str | None:
    """Why a witness declared `explicit` is none; None for one that is, and for any other."""
    if witness.header.origin.made != "explicit":
        return None
    net, scaling = witness.header.net(), witness.header.scaling
    problem = scaled(dataset, scaling.inputs, scaling.coordinates, scaling.outputs)
    if not isinstance(net, DeepONet) or problem.design != "grid":
        return "expected a DeepONet on a grid, as it is declared 'explicit'; declare 'trained' or 'pruned'"
    try:
        if net != explicit_sizes(net, len(problem.labels), problem.labels.shape[1], net.q):
            return "expected the sizes of the explicit net of this q, as it is declared 'explicit'; declare 'trained' or 'pruned'"
        again = predict(net, explicit_weights(net, problem), problem)
    except ValueError as error:
        return f"declared 'explicit', but no such net can be constructed: {error}"
    difference = predict(net, witness.weights, problem) - again
    if not np.sqrt(np.mean(difference**2)) <= TOLERANCE * np.sqrt(np.mean(problem.labels**2)):
        return "expected the values of the net that is constructed again, as it is declared 'explicit', got others"
    return None
