"""Networks as TensorFlow functions of their weights, one architecture per file and one line per entry. Needs TensorFlow."""

from bench.engines.descent.networks.deeponet import DeepONetNetwork
from bench.engines.descent.networks.fourier import FourierOperatorNetwork
from bench.engines.descent.networks.mlp import MLPNetwork
from bench.engines.descent.networks.modified_deeponet import ModifiedDeepONetNetwork
from bench.engines.descent.networks.network import Network
from bench.engines.descent.networks.pod_deeponet import PODDeepONetNetwork
from bench.engines.descent.networks.shift_deeponet import ShiftDeepONetNetwork
from operators.architectures.architecture import Architecture

NETWORKS: dict[str, type[Network]] = {
    "deeponet": DeepONetNetwork,
    "pod-deeponet": PODDeepONetNetwork,
    "shift-deeponet": ShiftDeepONetNetwork,
    "modified-deeponet": ModifiedDeepONetNetwork,
    "mlp": MLPNetwork,
    "fourier-operator": FourierOperatorNetwork,
}


def network_of(net: Architecture) -> Network:
    """The network of an architecture.

    Raises:
        ValueError: none is registered.
    """
    if net.name not in NETWORKS:
        raise ValueError(f"expected an architecture with a network among {sorted(NETWORKS)}, got {net.name!r}")
    return NETWORKS[net.name](net)
