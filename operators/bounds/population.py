"""Floors of the population error: linear reconstruction cannot beat the spectrum of the outputs.

For any branch and trunk (E |G(a) - h(a)|^2)^(1/2) >= (sum_{k > q} lambda_k)^(1/2), norms averaged over the query points,
lambda_k the eigenvalues of the second-moment operator E[G(a) (x) G(a)] (Lanthaler, Mishra, Karniadakis 2022,
doi:10.1093/imatrm/tnac001): h(a) lies in span(t_k), so the error is at least |(I - P) G(a)|, and E of its square, tr((I - P)
C), is at least the tail (Ky Fan). A free mean function: the eigenvalues of the covariance. A scalar bias adds one direction to
the span: tail_{q+1} of the second moment, or the covariance's tail_q.

    tail_q(second moment) >= tail_q(covariance) >= tail_{q+1}(second moment)
    E[training floor of N samples] <= population floor   (a minimum of linear functions is concave; Jensen)

so training floors are optimistic unless N is much larger than q. In L1, with |h| <= C_h and |G| <= C_G, E |G - h|_{L1} >=
tail_q / (C_h + C_G), since |a|^2 <= (C_h + C_G) |a|. Spectra in closed form: `operators.bounds.lemmas.closed_form_spectra`.
One-parameter families (translates) have algebraic tails only for linear reconstruction; nets whose trunk sees the input are not
subject to these floors.
"""

import numpy as np

from operators.arrays import Array
from operators.bounds.bound import Bound, Setting, Statement, at_least_error, at_least_q, not_applicable
from operators.bounds.lemmas.singular_values import tail_sums

NOTE = "needs the spectrum of the outputs in closed form"


def population_floors(spectrum: Array, extra: int = 0) -> Array:
    """Least mean squared population error for q = 0..len(spectrum); `extra` directions beyond q for an offset.

    Raises:
        ValueError: eigenvalues that are negative or not decreasing.
    """
    if (spectrum < 0.0).any() or (np.diff(spectrum) > 0.0).any():
        raise ValueError("expected decreasing eigenvalues >= 0; sort them before taking tails")
    sums = tail_sums(spectrum)
    return np.concatenate([sums[extra:], np.zeros(min(extra, len(sums)))])


def mean_absolute_floors(spectrum: Array, *, prediction: float, output: float, extra: int = 0) -> Array:
    """Least mean L1 population error for |h| <= prediction and |G| <= output."""
    return population_floors(spectrum, extra) / (prediction + output)


def _relative(spectrum: Array) -> Array:
    """Relative floors with a scalar bias, for q = 0..len(spectrum)."""
    return np.sqrt(population_floors(spectrum, 1) / spectrum.sum())


def _necessary(setting: Setting, target: float) -> Statement:
    if setting.spectrum is None:
        return not_applicable(BOUND.name, "q", NOTE)
    rank = int(np.argmax(_relative(setting.spectrum) <= target))
    q = setting.smallest_q(lambda net: net.rank_limit() >= rank)
    return at_least_q(BOUND.name, BOUND.status, q, least=setting.least_q, note="population error, not training error")


def _attainable(setting: Setting, q: int) -> Statement:
    if setting.spectrum is None:
        return not_applicable(BOUND.name, "relative error", NOTE)
    floors = _relative(setting.spectrum)
    value = float(floors[setting.size(q).rank_at_most(len(floors) - 1)])
    return at_least_error(BOUND.name, BOUND.status, value, note="population error, not training error")


BOUND = Bound(
    name="population",
    title="population error >= square root of the tail of the output spectrum (linear reconstruction)",
    status="certified",
    citation="Lanthaler, Mishra, Karniadakis 2022, doi:10.1093/imatrm/tnac001; proof in docs/theory.md",
    hypotheses=("h = scalar bias + <b(u), t(y)>", "output spectrum known in closed form", "error over fresh functions"),
    target="relative",
    necessary=_necessary,
    attainable=_attainable,
)
