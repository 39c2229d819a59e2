"""One net of a DeepONet in training: hidden layers, and the state of SOAP for each of their matrices.

Float64 leaves V of components that are zero up to rounding at some 1e-32 of the largest: an epsilon of 1e-20 of it keeps them at
rest, so the bases can start from the first gradient, as in the paper. Inputs come reduced to their rank, so no side is too long.
"""

from bench.engines.soap import MatrixSoap, SoapRule
from bench.engines.variable_projection.hidden_layers import HiddenNet
from operators.arrays import Array

RULE = SoapRule(from_first_gradient=True, epsilon=1e-20, relative=True)


class Subnet:
    """A hidden net whose weights descend.

    Attributes:
        net: the hidden net.
    """

    def __init__(self, net: HiddenNet) -> None:
        self.net = net
        self._soaps = [MatrixSoap(matrix.shape, RULE) for matrix in net.matrices]

    def descend(self, outer: Array, rate: float) -> None:
        """Make one step of SOAP, given the derivative of the loss in the features (n, w)."""
        pairs = zip(self.net.matrices, self._soaps, self.net.gradients(outer), strict=True)
        self.net.matrices = [matrix + soap.update(gradient, rate) for matrix, soap, gradient in pairs]
