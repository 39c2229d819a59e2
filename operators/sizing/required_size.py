"""How big must a DeepONet be for these outputs? Certified ranks and parameter counts for a user's own matrix.

Y: N functions by M common points. A net with output dimension q predicts H = offset + B T^T, rank(B T^T) <= q, so the least q
that is not excluded from |Y - H| <= target |Y| is the least q with tail_q(Y) <= target^2 |Y|^2
(`operators.bounds.eckart_young`): a statement about training error on these very outputs, for any inputs, widths, activations
and optimisers, with real numbers.

    certified   least q whose certified tail, rounding and approximation subtracted, allows the target: no smaller q reaches it
    attained    least q for which some matrix of rank q is known to reach it; equal to `certified` unless a tail is within
                rounding of the target, or only a projection could be afforded. That a net realises this matrix is not claimed.

Parameters: no net of the declared class with fewer than d reaches this rank (`operators.bounds.rank_to_parameters`). Noise:
`operators.sizing.noise`. Nothing here bounds the error on new functions.
"""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from operators.architectures.deeponet import DeepONet
from operators.bounds import rank_to_parameters
from operators.bounds.bound import Answer, Statement
from operators.bounds.eckart_young import Offset
from operators.bounds.lemmas.singular_values import RESOLUTION, Tails, tail_sums
from operators.bounds.rank_to_parameters import NetClass, necessary_parameters
from operators.errors import UserError
from operators.sizing.gram_spectrum import spectrum_by_gram
from operators.sizing.noise import Demand, Noise, NoiseForces, forced_by_noise
from operators.sizing.output_matrix import OutputMatrix, output_matrix
from operators.sizing.spectrum import Spectrum, least_rank, projected, reduced_exactly, spectrum_of

LARGEST_SVD = 1024
LARGEST_SVD_OF_SMALL_TARGETS = 2048
LARGEST_GRAM = 8192
SMALLEST_BY_GRAM = 1e-6
SMALLEST, LARGEST = 1e-12, 1e100
PROJECTION = 128
LARGEST_PROJECTION = 512
NEGLIGIBLE = 1e-4
SAMPLE = 512
LISTED_ALL = 32
LISTED_RATIO = 1.25


@dataclass(frozen=True)
class Rank:
    """The q a target needs with one offset: `certified` <= least sufficient rank <= `attained`."""

    certified: int
    attained: int


@dataclass(frozen=True, eq=False)
class Size:
    """The answer.

    Attributes:
        demand: shape, root mean square and target.
        spectrum: certified relative tails for the three offsets.
        ranks: for each offset, the q the target needs.
        parameters: what that means for d, by name; empty without a nets.
        noise: what the noise forces, if a level is known.
        constant_rows: functions whose outputs do not depend on the point.
    """

    demand: Demand
    spectrum: Spectrum
    ranks: dict[Offset, Rank]
    parameters: dict[str, Statement]
    noise: NoiseForces | None
    constant_rows: int

    def floors(self, offset: Offset = "none") -> list[tuple[int, float]]:
        """Certified floors (q, |Y - H| / |Y|) at the listed q."""
        lower = tails_with(self.spectrum, offset).lower
        return [(q, float(np.sqrt(lower[q]))) for q in self.listed()]

    def unresolved_from(self) -> int:
        """The least q whose floor without offset is not known to a hundredth; m if all but the last, which is 0, are."""
        return int(np.argmin(np.append(self.spectrum.none.resolved[:-1], False)))

    def listed(self) -> list[int]:
        """All q up to 32, then in steps of a quarter, and those next to the certified ones; up to m."""
        side = min(self.demand.shape)
        chosen = set(range(LISTED_ALL + 1))
        steps = int(np.log(side + 1.0) / np.log(LISTED_RATIO)) + 1
        chosen |= {round(LISTED_RATIO**i) for i in range(steps)} | {side}
        chosen |= {rank.certified + i for rank in self.ranks.values() for i in (-1, 0, 1)}
        return sorted(q for q in chosen if 0 <= q <= side)


def required_size(
    outputs: NDArray[Any],
    target: float,
    *,
    absolute: bool = False,
    noise: Noise | None = None,
    nets: NetClass | None = None,
    name: str = "outputs",
) -> Size:
    """What a training error of at most `target` on these outputs demands of a DeepONet.

    Args:
        outputs: Y, (N, M), functions by common points; may be memory-mapped.
        target: global relative L2 error |Y - H| / |Y|, or a root mean square error if `absolute`.
        absolute: see target.
        noise: level of the label noise in Y.
        nets: those whose parameters to count.
        name: of the outputs, for messages.

    Raises:
        UserError: outputs or target that make no sense, or a target too small for what can be computed at this size.
    """
    if not (np.isfinite(target) and target > 0.0):
        raise UserError(f"expected a target > 0, got {target:g}; 0.01 asks for a relative error of one per cent")
    matrix = output_matrix(np.asanyarray(outputs), name)
    rms = matrix.rms
    demand = Demand(matrix.shape, rms, target / rms if absolute else target, absolute)
    if demand.target > LARGEST:
        raise UserError(f"expected a relative target below 1, which H = 0 reaches, got {demand.target:.3g}; ask for less")
    spectrum = spectrum_for(matrix, demand.target)
    tail = demand.target**2
    offsets: tuple[Offset, ...] = ("none", "scalar", "mean-function")
    found = {offset: tails_with(spectrum, offset) for offset in offsets}
    ranks = {offset: Rank(least_rank(tails.lower, tail), least_rank(tails.upper, tail)) for offset, tails in found.items()}
    forced = None
    if noise is not None:
        forced = forced_by_noise(spectrum, noise, demand=demand, q_certified=ranks["none"].certified)
    parameters = {} if nets is None else _parameters(nets, ranks["scalar"].certified, forced)
    return Size(demand, spectrum, ranks, parameters, forced, matrix.constant_rows)


def tails_with(spectrum: Spectrum, offset: Offset) -> Tails:
    """The tails for an offset."""
    return {"none": spectrum.none, "scalar": spectrum.scalar, "mean-function": spectrum.mean_function}[offset]


def spectrum_for(matrix: OutputMatrix, target: float) -> Spectrum:
    """Tails by the cheapest method that settles what q a relative target needs; above m = 8192, by what can be afforded.

    Raises:
        UserError: a target below what can be resolved.
    """
    small = target < SMALLEST_BY_GRAM
    if target < SMALLEST:
        raise UserError(f"expected a relative target of at least {SMALLEST:g}, got {target:.3g}; float64 outputs resolve no less")
    tail = target**2
    if matrix.side <= (LARGEST_SVD_OF_SMALL_TARGETS if small else LARGEST_SVD):
        return spectrum_of(reduced_exactly(matrix), matrix.side, method="svd", tail=tail)
    by_gram = matrix.side <= LARGEST_GRAM
    rank = PROJECTION if by_gram else LARGEST_PROJECTION
    if not small and by_gram and not promises(matrix, rank, tail):
        return spectrum_by_gram(matrix)
    found = spectrum_of(projected(matrix, rank), matrix.side, method="projection", tail=tail)
    if settles(found, tail):
        return found
    if small:
        raise UserError(
            f"expected a relative target of at least {SMALLEST_BY_GRAM:g} for outputs of shape {matrix.shape}, got {target:.3g};"
            f" smaller ones need min(N, M) <= {LARGEST_SVD_OF_SMALL_TARGETS}"
        )
    return spectrum_by_gram(matrix) if by_gram else found


def settles(spectrum: Spectrum, tail: float) -> bool:
    """Whether both sides agree on the q for this tail, and on the floor there to a hundredth, or to 1e-4 of the tail."""
    for found in (spectrum.none, spectrum.mean_function):
        rank = least_rank(found.lower, tail)
        if rank != least_rank(found.upper, tail) or not (found.resolved[rank] or found.upper[rank] <= NEGLIGIBLE * tail):
            return False
    return True


def promises(matrix: OutputMatrix, rank: int, tail: float) -> bool:
    """Whether a projection to this rank is likely to settle the matter, judged by a few rows; only time depends on it."""
    sample = matrix.sample(SAMPLE)
    tails = tail_sums(np.maximum(np.linalg.eigvalsh(sample @ sample.T)[::-1], 0.0))
    needed = least_rank(tails, tail * tails[0])
    return needed < rank < len(tails) and bool(tails[rank] <= max(2 * RESOLUTION * tails[needed], NEGLIGIBLE * tail * tails[0]))


def tied_net(nets: NetClass, q: int) -> DeepONet:
    """The net of a class whose widths all equal q."""
    q = max(q, 1)
    return DeepONet(
        sensors=nets.sensors,
        coordinates=nets.coordinates,
        branch_widths=(q,) * nets.branch_depth,
        trunk_widths=(q,) * nets.trunk_depth,
        q=q,
        ends=nets.ends,
    )


def _parameters(nets: NetClass, rank: int, forced: NoiseForces | None) -> dict[str, Statement]:
    """Parameter counts for a net with a trained scalar bias that must reach this rank."""
    bound, least, vacuous = rank_to_parameters.BOUND, necessary_parameters(nets, rank), not rank > 1
    depths = f"{nets.branch_depth} hidden layers in the branch, {nets.trunk_depth} in the trunk, ends {nets.ends}"
    all_q = tied_net(nets, rank).parameter_count() if math.isfinite(least) else math.inf
    tied = Answer(all_q, vacuous, f"all widths equal to q; {depths}")
    return {
        "d_tied": bound.says("d", tied),
        "d_rank": bound.says("d", Answer(least, vacuous, f"any widths; {depths}")),
        "d_certified": _larger(bound.says("d", Answer(least, vacuous)), forced),
    }


def _larger(ranks: Statement, forced: NoiseForces | None) -> Statement:
    """What the rank demands of d, or what counting bits does if that is more."""
    bits = forced.statements["d_bits"] if forced is not None else None
    larger = ranks if bits is None or bits.vacuous or bits.value <= ranks.value else bits
    return replace(larger, note="the larger of d_rank and d_bits")
