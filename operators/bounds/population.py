"""Floors of the population error: linear reconstruction cannot beat the spectrum of the outputs.

For any branch and trunk (E |G(a) - h(a)|^2)^(1/2) >= (sum_{k > q} lambda_k)^(1/2), norms averaged over the query points,
lambda_k the eigenvalues of the second-moment operator E[G(a) (x) G(a)] (Lanthaler, Mishra, Karniadakis 2022,
doi:10.1093/imatrm/tnac001): h(a) lies in span(t_k), so the error is at least |(I - P) G(a)|, and E of its square, tr((I - P)
C), is at least the tail (Ky Fan). With a free mean function, and so with a scalar bias, the eigenvalues of the covariance: the
mean of G - h only adds to the error, and what is left of h lies in the span of q functions. A scalar bias also adds one direction
to the span, so tail_{q+1} of the second moment holds too; it is the weaker one. A task states its spectrum where its outputs have
mean zero: then covariance and second moment are one, and tail_q holds with or without a bias.

    tail_q(second moment) >= tail_q(covariance) >= tail_{q+1}(second moment)
    E[training floor of N samples] <= population floor   (a minimum of linear functions is concave; Jensen)

so training floors are optimistic unless N is much larger than q. In L1, with |h| <= C_h and |G| <= C_G, E |G - h|_{L1} >=
tail_q / (C_h + C_G), since |a|^2 <= (C_h + C_G) |a|. Spectra in closed form: `operators.bounds.lemmas.closed_form_spectra`.
One-parameter families (translates) have algebraic tails only for linear reconstruction; nets whose trunk sees the input are not
subject to these floors.
"""

import numpy as np

from operators.arrays import Array
from operators.bounds.bound import Answer, Bound, at_least_error, at_least_q
from operators.bounds.lemmas.singular_values import tail_sums
from operators.bounds.setting import Setting, known


def population_floors(spectrum: Array) -> Array:
    """Least mean squared population error for q = 0..len(spectrum), from the eigenvalues of second moment or covariance.

    Raises:
        ValueError: eigenvalues that are negative or not decreasing.
    """
    if (spectrum < 0.0).any() or (np.diff(spectrum) > 0.0).any():
        raise ValueError("expected decreasing eigenvalues >= 0; sort them before taking tails")
    return tail_sums(spectrum)


def _relative(spectrum: Array) -> Array:
    """Relative floors of outputs of mean zero, with or without a scalar bias, for q = 0..len(spectrum)."""
    return np.sqrt(population_floors(spectrum) / spectrum.sum())


def _least_size(setting: Setting, target: float) -> Answer:
    rank = int(np.argmax(_relative(known(setting.spectrum)) <= target))
    q = setting.smallest_q(lambda net: net.rank_limit() >= rank)
    return at_least_q(q, least=setting.least_q, note="population error, not training error")


def _best_target(setting: Setting, q: int) -> Answer:
    floors = _relative(known(setting.spectrum))
    value = float(floors[setting.size(q).rank_at_most(len(floors) - 1)])
    return at_least_error(value, note="population error, not training error")


BOUND = Bound(
    name="population",
    title="population error >= square root of the tail of the output spectrum (linear reconstruction)",
    status="certified",
    citation="Lanthaler, Mishra, Karniadakis 2022, doi:10.1093/imatrm/tnac001; proof in docs/theory.md",
    hypotheses=(
        "h = scalar bias + <b(u), t(y)>",
        "outputs of mean zero, their spectrum known in closed form",
        "error over fresh functions",
    ),
    target="population",
    probability=None,
    assumptions=frozenset({"spectrum"}),
    needs=frozenset({"spectrum"}),
    least_size=_least_size,
    best_target=_best_target,
)
