"""Lower bounds on the size of a DeepONet, one per file: pure functions, and all that is known of them as data."""

from operators.bounds import (
    bit_counting,
    bounded_ends,
    eckart_young,
    effective_parameters,
    first_layer,
    grid_in_probability,
    incomplete_grid,
    linear_heads,
    localised,
    localised_iid,
    marchenko_pastur,
    noisy_grid,
    paper_shaped,
    population,
    pseudo_dimension,
    rademacher,
    rank_block,
    rank_to_parameters,
    sign_patterns,
    unseen_modes,
)
from operators.bounds.bound import Bound, Statement
from operators.bounds.lemmas.covering import Norms
from operators.bounds.setting import Setting
from operators.bounds.vacuity import Row, vacuity_table

BOUNDS: dict[str, Bound] = {
    bound.name: bound
    for bound in (
        eckart_young.BOUND,
        bounded_ends.BOUND,
        rank_to_parameters.BOUND,
        population.BOUND,
        first_layer.BOUND,
        unseen_modes.BOUND,
        noisy_grid.BOUND,
        grid_in_probability.BOUND,
        marchenko_pastur.BOUND,
        incomplete_grid.BOUND,
        bit_counting.BOUND,
        linear_heads.BOUND,
        rank_block.BOUND,
        localised.BOUND,
        localised_iid.BOUND,
        pseudo_dimension.BOUND,
        sign_patterns.BOUND,
        rademacher.BOUND,
        paper_shaped.BOUND,
        effective_parameters.BOUND,
    )
}

__all__ = ["BOUNDS", "Bound", "Norms", "Row", "Setting", "Statement", "vacuity_table"]
