"""Contract of every bound: its data, its statuses, and that its two questions answer each other."""

import dataclasses
import functools
import itertools
import math

import numpy as np
import pytest
from repository import REPOSITORY

from operators.architectures.deeponet import DeepONet
from operators.bounds import BOUNDS, Bound, Norms, Setting, vacuity_table
from operators.bounds.eckart_young import floors_of_deeponet
from operators.bounds.vacuity import SIZES, TARGET, as_markdown, informative_from, setting_of, tied

STATUSES = ("certified", "asymptotic", "heuristic", "vacuous")


def size(q: int) -> DeepONet:
    return DeepONet(30, 2, (q + 4,), (q + 4,), q, "relu", "linear")


@functools.cache
def noisy_labels() -> tuple[np.ndarray, np.ndarray]:
    """Labels of rank 2 with Rademacher noise of sigma 1/2, and their certified floors."""
    rng = np.random.default_rng(0)
    labels = rng.standard_normal((50, 2)) @ rng.standard_normal((2, 40)) + 0.5 * np.sign(rng.standard_normal((50, 40)))
    return labels, floors_of_deeponet(labels, 0.0, 1.0)


def setting(n: int = 250_000, **changes) -> Setting:
    """A setting in which every bound but the norm-only one has something to go by."""
    labels, certified = noisy_labels()
    given = {
        "n": n,
        "size": size,
        "shape": (math.isqrt(n), math.isqrt(n)),
        "sigma": 0.5,
        "norms": Norms(radius=2.0, label=4.0),
        "signal": ((3, 0.0),),
        "floors": certified,
        "label_energy": float(np.mean(labels**2)),
        "noise_energy": 0.25,
        "spectrum": 1.5 ** -np.arange(60.0),
    }
    return Setting(**{**given, **changes})


@pytest.mark.parametrize("bound", BOUNDS.values(), ids=lambda bound: bound.name)
def test_every_bound_states_name_title_status_source_and_hypotheses(bound: Bound) -> None:
    assert BOUNDS[bound.name] is bound
    assert bound.title
    assert bound.citation
    assert bound.hypotheses
    assert all(bound.hypotheses)
    assert bound.status in STATUSES[:3]
    assert bound.target in ("absorb", "relative")


@pytest.mark.parametrize("bound", BOUNDS.values(), ids=lambda bound: bound.name)
def test_statements_name_their_bound_and_never_claim_more_than_its_status(bound: Bound) -> None:
    for where in (setting(), setting(100), Setting(n=1000, size=size), Setting(n=10, size=size, law="gaussian")):
        for target in (-0.5, 0.0, 0.3, 0.9, 1.0):
            statement = bound.necessary(where, target)
            assert statement.bound == bound.name
            assert statement.status in (bound.status, "vacuous")
            assert statement.quantity in ("q", "d")
            assert statement.value >= 1.0
        for q in (1, 7, 100):
            statement = bound.attainable(where, q)
            assert statement.status in (bound.status, "vacuous")
            assert statement.quantity == ("rho" if bound.target == "absorb" else "relative error")
            assert statement.value >= 0.0 or bound.name == "noisy-grid"  # below the noise level is then out of reach
            if statement.status != "vacuous":
                assert statement.value < 1.0 if bound.target == "absorb" else statement.value > 0.0


@pytest.mark.parametrize("bound", BOUNDS.values(), ids=lambda bound: bound.name)
@pytest.mark.parametrize("target", [0.05, 0.3, 0.6, 0.9])
def test_the_two_questions_answer_each_other(bound: Bound, target: float) -> None:
    """The necessary q may attain the target, and no smaller q may."""
    where = setting()
    statement = bound.necessary(where, target)
    if statement.status == "vacuous" or statement.quantity != "q":
        return
    assert math.isfinite(statement.value)
    q = int(statement.value)
    here, below = bound.attainable(where, q).value, bound.attainable(where, q - 1).value
    if bound.target == "absorb":
        assert here >= target - 1e-6
        assert below <= target + 1e-6
    else:
        assert here <= target + 1e-9
        assert below >= target - 1e-9


@pytest.mark.parametrize("bound", [bound for bound in BOUNDS.values() if bound.target == "absorb"], ids=lambda bound: bound.name)
def test_bounds_on_absorption_are_monotone_in_target_q_and_samples(bound: Bound) -> None:
    needed = [bound.necessary(setting(), rho).value for rho in (0.0, 0.1, 0.4, 0.7, 0.95)]
    assert needed == sorted(needed)
    reached = [bound.attainable(setting(), q).value for q in (1, 2, 5, 20, 80)]
    assert all(a <= b + 1e-9 for a, b in itertools.pairwise(reached))
    grown = [bound.attainable(setting(n), 4).value for n in (10**4, 10**5, 10**6, 10**8)]
    assert all(a >= b - 1e-9 for a, b in itertools.pairwise(grown))
    unsure = [bound.attainable(setting(failure_probability=delta), 4).value for delta in (0.2, 0.05, 1e-4)]
    assert all(a <= b + 1e-9 for a, b in itertools.pairwise(unsure))
    tried = bound.attainable(setting(configurations=1000), 4).value
    assert tried >= bound.attainable(setting(), 4).value - 1e-9


def test_most_bounds_speak_in_a_setting_made_for_them() -> None:
    silent = {name for name, bound in BOUNDS.items() if bound.attainable(setting(10**12), 2).status == "vacuous"}
    assert silent == {"rademacher-capacity", "rank-to-parameters"}


def test_settings_are_frozen_and_floors_are_looked_up() -> None:
    where = setting()
    with pytest.raises(dataclasses.FrozenInstanceError):
        where.n = 3  # type: ignore[misc]
    certified = noisy_labels()[1]
    assert [where.floor(size(q)) for q in (1, 3, 39)] == [certified[1], certified[3], certified[39]]
    assert certified[3] > 0.0
    assert where.floor(size(10**6)) == Setting(n=1, size=size).floor(size(1)) == 0.0
    with pytest.raises(ValueError, match="floors"):
        Setting(n=1, size=size).least_rank(0.1)


RANK_BOUNDS = ("eckart-young", "population", "noisy-grid", "grid-in-probability", "incomplete-grid", "marchenko-pastur")


def unlimited(q: int) -> DeepONet:
    """Ends of which no limit of the rank is stated."""
    return dataclasses.replace(size(q), ends="softmax")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", RANK_BOUNDS)
def test_no_bound_by_rank_excludes_nets_of_which_no_rank_limit_is_stated(name: str) -> None:
    """In the very setting in which it excludes nets of the same sizes with linear ends."""
    bound, stated, free = BOUNDS[name], setting(), setting(size=unlimited)
    target = 0.9 if bound.target == "absorb" else 0.05
    assert bound.necessary(stated, target).value > 1.0
    assert bound.necessary(stated, target).status == bound.attainable(stated, 4).status == bound.status
    assert (bound.necessary(free, target).status, bound.necessary(free, target).value) == ("vacuous", 1.0)
    assert bound.attainable(free, 4).status == "vacuous"
    assert free.floor(unlimited(3)) == 0.0


def test_vacuity_table_has_one_row_a_bound_a_size_and_a_count() -> None:
    rows = vacuity_table(BOUNDS)
    noise_bounds = {row.bound for row in rows}
    assert len(rows) == len(SIZES) * 3 * len(noise_bounds)
    assert {"paper-shaped", "localised", "bit-counting", "grid-in-probability", "marchenko-pastur"} <= noise_bounds
    for row in rows:
        if row.informative_from is None or row.n < row.informative_from / 2:
            assert row.absorbable == 1.0
        elif row.n >= row.informative_from:
            assert row.absorbable < 1.0
        assert row.note or row.informative_from is not None or row.bound == "paper-shaped"


def test_the_paper_shape_is_silent_where_a_benchmark_can_run_and_others_are_not() -> None:
    first = {
        name: informative_from(bound, tied("tanh", "sigmoid"), 32) for name, bound in BOUNDS.items() if bound.target == "absorb"
    }
    assert first["paper-shaped"] is not None
    assert first["paper-shaped"] > 10**10
    for name in ("localised", "bit-counting", "grid-in-probability"):
        assert first[name] is not None
        assert first[name] <= 2**18
    assert first["marchenko-pastur"] is not None
    assert first["marchenko-pastur"] <= 2**12
    assert setting_of(10**4, tied("tanh", "sigmoid")).shape == (100, 100)
    assert TARGET == 0.5


def test_the_theory_page_holds_the_current_table_and_names_every_bound() -> None:
    page = (REPOSITORY / "docs" / "theory.md").read_text()
    assert as_markdown(vacuity_table(BOUNDS)) in page
    for name in BOUNDS:
        assert f"| {name} |" in page
