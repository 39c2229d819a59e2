"""One net of a DeepONet in training: hidden layers, and SOAP's state for each of their matrices."""

from bench.engines.variable_projection.hidden_layers import HiddenNet
from bench.engines.variable_projection.soap import Soap
from operators.arrays import Array


class Part:
    """A hidden net whose weights descend.

    Attributes:
        net: the hidden net.
    """

    def __init__(self, net: HiddenNet) -> None:
        self.net = net
        self._soaps = [Soap(matrix.shape) for matrix in net.matrices]

    def descend(self, outer: Array, rate: float) -> None:
        """Make one step of SOAP, given the derivative of the loss in the features (n, w)."""
        pairs = zip(self.net.matrices, self._soaps, self.net.gradients(outer), strict=True)
        self.net.matrices = [matrix + soap.update(gradient, rate) for matrix, soap, gradient in pairs]
