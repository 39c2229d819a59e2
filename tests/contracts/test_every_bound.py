"""Contract of every bound: its data, its statuses, and that its two questions answer each other."""

import ast
import dataclasses
import functools
import itertools
import math
from collections.abc import Callable, Mapping
from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest
from repository import REPOSITORY, tree

from operators.architectures.deeponet import DeepONet
from operators.bounds import BOUNDS, Bound, Norms, Setting, vacuity_table
from operators.bounds.bound import TRIVIAL, Assumption, Status, Target
from operators.bounds.eckart_young import floors_of_deeponet
from operators.bounds.setting import NEEDS, OF_DATA, Need
from operators.bounds.vacuity import SIZES, TARGET, as_markdown, informative_from, setting_of, tied
from results.records.manifest import Manifest
from results.tables.bounds import against_theory
from results.tables.demands import demand_columns, demanded_q, with_demands
from results.tables.predicted_exponents import predicted_exponents
from results.tables.scaling import scaling_table
from results.tables.series import with_series
from results.tables.thresholds import thresholds

TARGETS = (0.05, 0.3, 0.6, 0.9)
SPEAKING: dict[str, tuple[float, ...]] = {
    **dict.fromkeys(("noisy-grid", "marchenko-pastur", "bit-counting", "localised", "effective-parameters"), TARGETS),
    **dict.fromkeys(("linear-heads", "rank-block"), TARGETS),
    **dict.fromkeys(("eckart-young", "population"), (0.05, 0.3, 0.6)),
    "grid-in-probability": (0.3, 0.6, 0.9),
    **dict.fromkeys(("pseudo-dimension", "sign-patterns"), (0.6, 0.9)),
    "incomplete-grid": (0.9,),
    **dict.fromkeys(("localised-iid", "paper-shaped"), ()),
    "bounded-ends": (),  # these ends are linear
}


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
        "labels": labels.ravel(),
        "spectrum": 1.5 ** -np.arange(60.0),
    }
    return Setting(**{**given, **changes})


EVERY_BOUND = pytest.mark.parametrize("bound", BOUNDS.values(), ids=lambda bound: bound.name)
OF_Q = [bound for bound in BOUNDS.values() if bound.limits == "q"]
LACKING: dict[Need, dict[str, Any]] = {
    "grid": {"shape": None},
    "signal": {"signal": ()},
    "floors": {"floors": None},
    "noise": {"noise_energy": 0.0},
    "labels": {"labels": None},
    "spectrum": {"spectrum": None},
    "rademacher": {"law": "gaussian"},
    "relu": {"size": lambda q: dataclasses.replace(size(q), activation="tanh")},
}


@EVERY_BOUND
def test_every_bound_states_name_title_status_source_and_hypotheses(bound: Bound) -> None:
    assert BOUNDS[bound.name] is bound
    assert bound.title
    assert bound.citation
    assert bound.hypotheses
    assert all(bound.hypotheses)
    assert bound.status in get_args(Status)
    assert bound.target in get_args(Target)
    assert bound.probability in (None, 1.0 - 1e-12)
    assert bound.assumptions <= set(get_args(Assumption))
    assert bound.needs <= set(get_args(Need))


@EVERY_BOUND
def test_statements_carry_what_their_bound_is_worth_and_exclude_something_or_say_that_they_do_not(bound: Bound) -> None:
    for where in (setting(), setting(100), Setting(n=1000, size=size), Setting(n=10, size=size, law="gaussian")):
        asked = [bound.necessary(where, target) for target in (-0.5, 0.0, 0.3, 0.9, 1.0)]
        given = [bound.attainable(where, q) for q in (1, 7, 100)]
        for statement in (*asked, *given):
            assert (statement.bound, statement.status, statement.assumptions) == (bound.name, bound.status, bound.assumptions)
            assert statement.probability == bound.probability
            assert statement.worth == ("vacuous" if statement.vacuous else bound.status)
        for statement in asked:
            assert statement.quantity == bound.limits
            assert statement.value >= TRIVIAL[bound.limits]
        for statement in given:
            assert statement.quantity == ("rho" if bound.target == "absorb" else "relative error")
            assert statement.value >= 0.0 or bound.of_labels  # below the noise level is then out of reach
            assert statement.vacuous == (statement.value >= 1.0 if bound.target == "absorb" else statement.value <= 0.0)


@pytest.mark.parametrize("bound", OF_Q, ids=lambda bound: bound.name)
@pytest.mark.parametrize("target", TARGETS)
def test_the_two_questions_answer_each_other(bound: Bound, target: float) -> None:
    """The necessary q may attain the target, and no smaller q may; where nothing is excluded, the least q may attain it."""
    where = setting()
    statement = bound.necessary(where, target)
    assert math.isfinite(statement.value)
    q = int(statement.value)
    assert statement.vacuous == (q == where.least_q)
    here = bound.attainable(where, q).value
    below = [bound.attainable(where, q - 1).value] * (q > 1)
    if bound.target == "absorb":
        assert here >= target - 1e-6
        assert all(value <= target + 1e-6 for value in below)
    else:
        assert here <= target + 1e-9
        assert all(value >= target - 1e-9 for value in below)


def test_which_bounds_exclude_a_q_in_the_setting_of_this_file() -> None:
    """A bound that turns vacuous would pass the test above with ease."""
    speaking = {
        bound.name: tuple(target for target in TARGETS if not bound.necessary(setting(), target).vacuous) for bound in OF_Q
    }
    assert speaking == SPEAKING


@EVERY_BOUND
def test_a_bound_is_silent_where_the_setting_lacks_what_it_needs_and_asks_for_nothing_else(bound: Bound) -> None:
    for need, change in LACKING.items():
        where = setting(**change)
        missing = (need,) if need in bound.needs else ()
        assert where.missing(bound.needs, 4) == where.missing(bound.needs, where.least_q) == missing
        statements = bound.necessary(where, 0.5), bound.attainable(where, 4)
        for statement in statements if missing else ():
            assert statement.vacuous
            assert statement.value == TRIVIAL[statement.quantity]
            assert NEEDS[need] in statement.note
    assert LACKING.keys() == NEEDS.keys() == set(get_args(Need))


@pytest.mark.parametrize("bound", [bound for bound in BOUNDS.values() if bound.best_target], ids=lambda bound: bound.name)
def test_numbers_depend_on_norms_labels_and_chance_exactly_where_the_fields_say_so(bound: Bound) -> None:
    tried = itertools.product((10**8, 10**12), (2, 1))
    ends = {"size": lambda q: dataclasses.replace(size(q), ends="sigmoid")} if bound.name == "bounded-ends" else {}
    n, q = next((n, q) for n, q in tried if not bound.attainable(setting(n, **ends), q).vacuous)

    def value(**changes: Any) -> float:
        return bound.attainable(setting(n, **{"failure_probability": 0.05, **ends, **changes}), q).value

    plain = value()
    assert (plain != value(norms=Norms(radius=4.0, label=4.0))) == ("norms" in bound.assumptions)
    assert (plain != value(norms=Norms(radius=2.0, label=4.0, input_norm=3.0))) == ("norms" in bound.assumptions)
    assert (plain != value(norms=Norms(radius=2.0, label=5.0))) == ("labels" in bound.assumptions)
    assert (plain != value(failure_probability=1e-9)) == (bound.probability is not None)
    assert bound.attainable(setting(failure_probability=0.2), 2).probability == (None if bound.probability is None else 0.8)


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
    silent = {name for name, bound in BOUNDS.items() if bound.attainable(setting(10**12), 2).vacuous}
    assert silent == {"rademacher-capacity", "rank-to-parameters", "first-layer", "unseen-modes", "bounded-ends"}


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
    assert not bound.necessary(stated, target).vacuous
    assert not bound.attainable(stated, 4).vacuous
    assert (bound.necessary(free, target).vacuous, bound.necessary(free, target).value) == (True, 1.0)
    assert bound.attainable(free, 4).vacuous
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


# Copies: a bound under another name is asked, tabulated and judged alike


def renamed(table: pd.DataFrame, name: str) -> list[dict[str, Any]]:
    """The rows of a bound without its name."""
    rows = table[table["bound"] == name].drop(columns="bound")
    return rows.astype(object).where(rows.notna(), None).to_dict("records")


@dataclasses.dataclass(frozen=True, eq=False)
class Tabulated:
    """A planted study on which q = 4 absorbs half the noise at up to 9 million labels, where many bounds demand more."""

    frame: pd.DataFrame
    manifest: Manifest

    def compared(self, bounds: Mapping[str, Bound]) -> tuple[pd.DataFrame, pd.DataFrame]:
        """What the bounds demand, and bounds.csv."""
        demanded = demanded_q(self.frame, self.manifest, bounds)
        return demanded, against_theory(self.frame, thresholds(self.frame, self.manifest), demanded)


@pytest.fixture(scope="module")
def tabulated(new_planted: Callable[[], Any]) -> Tabulated:
    study = new_planted()
    for q, size, (ends, activation) in itertools.product((2, 4), (1000, 3000), (("sigmoid", "tanh"), ("linear", "relu"))):
        net = {"schedule": "fixed-width", "ends": ends, "activation": activation, "branch_widths": [16], "trunk_widths": [16]}
        study.add(task="antiderivative", q=q, functions=size, points=size, absorbed=0.2 * q, floor={2: 0.14, 4: 0.04}[q], **net)
        study.add(task="antiderivative", q=q, functions=size, points=size, relative=0.3 / q, floor={2: 0.02, 4: 0.005}[q], **net)
    values = {"signal_tail_0": 1.0, "signal_tail_2": 0.01, "signal_tail_4": 1e-5}
    for place in range(len(study.records)):
        study.name(place, values)
    return Tabulated(with_series(study.frame()), study.manifest())


@EVERY_BOUND
def test_a_copy_of_a_bound_under_another_name_gets_the_same_rows_and_verdicts(bound: Bound, tabulated: Tabulated) -> None:
    both = {bound.name: bound, "twin": dataclasses.replace(bound, name="twin")}
    demanded, compared = tabulated.compared(both)
    for table in (demanded, compared):
        assert renamed(table, bound.name) == renamed(table, "twin")
    columns = demand_columns(both)
    wide = with_demands(with_series(scaling_table(tabulated.frame, tabulated.manifest)), demanded, both)
    for mine, other in [tuple(columns)] if columns else []:
        assert columns[other] == columns[mine].replace(f"`{bound.name}`", "`twin`")
        assert wide[other].equals(wide[mine])
    mine, other = ([dataclasses.replace(row, bound="") for row in vacuity_table(both) if row.bound == name] for name in both)
    assert mine == other
    for prediction in predicted_exponents("tied", design="grid", noisy=True, shapes=[(8, 8), (16, 16)], bounds=both):
        assert prediction.name == f"{bound.name}, twin"


def test_every_bound_of_q_has_rows_in_the_planted_study_unless_no_record_can_tell_what_it_needs(tabulated: Tabulated) -> None:
    demanded, _ = tabulated.compared(BOUNDS)
    assert set(demanded["bound"]) == {bound.name for bound in OF_Q if bound.target != "population" and not bound.needs & OF_DATA}


def test_only_certified_bounds_that_assume_nothing_are_contradicted_by_the_planted_study(tabulated: Tabulated) -> None:
    _, compared = tabulated.compared(BOUNDS)
    above = compared[compared["q_demanded"] > compared["q_high"].astype(float)]
    certain = {"bit-counting", "linear-heads", "rank-block", "grid-in-probability"}
    assuming = {"localised", "localised-iid", "pseudo-dimension"}
    assert set(above["bound"]) == certain | assuming | {"marchenko-pastur", "effective-parameters"}
    contradicted = set(compared["bound"][compared["agrees"] == "no"])
    assert contradicted == certain
    assert all(BOUNDS[name].status == "certified" and not BOUNDS[name].assumptions for name in contradicted)


def test_nobody_outside_the_folder_of_the_bounds_knows_one_by_its_name() -> None:
    """No string of the code equals a name of the registry; prose that mentions one decides nothing.

    `population` is also what a kind of target is called, which has nothing to do with the bound of that name.
    """
    names = set(BOUNDS) - set(get_args(Target))
    for folder in ("operators", "results", "bench"):
        for path in (REPOSITORY / folder).rglob("*.py"):
            if (REPOSITORY / "operators" / "bounds") not in path.parents:
                constants = {node.value for node in ast.walk(tree(path)) if isinstance(node, ast.Constant)}
                assert not constants & names, f"{path} names {constants & names}"
    for script in (REPOSITORY / "results" / "page" / "assets").glob("*.js"):
        assert not [name for name in BOUNDS if f'"{name}"' in script.read_text()]
