"""Stacks of groups are joined by the names of the groups: no function ever meets the inputs, noise or grid of another."""

from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np
import pytest

from operators import UserError
from operators.external.part import find_part
from operators.external.task import external
from results.sizing.request import SizeRequest, size_report


def groups(path: Path, names: Sequence[str], *, no_inputs: Sequence[str] = (), no_outputs: Sequence[str] = ()) -> Path:
    """A group per function, whose numbers say which one it is: inputs a, outputs u = a + (0, 1, ..., 4) / 10."""
    with h5py.File(path, "w") as file:
        for number, name in enumerate(names):
            if name not in no_inputs:
                file[f"{name}/a"] = number + np.arange(4.0) / 1000
            if name not in no_outputs:
                file[f"{name}/u"] = number + np.arange(5.0) / 10
            file[f"{name}/grid/x"] = np.linspace(0.0, 1.0, 5)
        file["about"] = 1.0
    return path


PADDED = [f"{number:04d}" for number in range(10)]


def asked(path: Path, array: str, inputs: str) -> SizeRequest:
    return SizeRequest(path, 0.05, array=array, inputs=inputs)


@pytest.mark.parametrize("names", [[f"run{number}" for number in range(12)], [f"{number}" for number in range(101)], PADDED])
def test_functions_stand_in_the_natural_order_of_their_names(names: list[str], tmp_path: Path) -> None:
    path = groups(tmp_path / "data.h5", names)
    np.testing.assert_array_equal(find_part(path, "*/u").values()[:, 0], np.arange(len(names)))
    assert find_part(path, "*/u[2:5]").functions == tuple(names[2:5])


def test_numbers_of_equal_size_and_names_without_numbers_have_a_definite_order(tmp_path: Path) -> None:
    path = groups(tmp_path / "data.h5", ["b", "a10b2", "a2b10", "a02b1", "a2b9", "9" * 5000])
    assert find_part(path, "*/u").functions == ("9" * 5000, "a02b1", "a2b9", "a2b10", "a10b2", "b")


@pytest.mark.parametrize(
    ("inputs", "outputs", "lacking"),
    [
        ("*/a", "*/u", r"'0007' in \*/u and '0003' in \*/a"),
        ("*/a[:5]", "*/u[:4]", r"'0004', '0005' in \*/u\[:4\] and '0003' in \*/a\[:5\]"),
        ("*/a[8:]", "*/u[7:]", r"'0008' in \*/a\[8:\]"),
    ],
)
def test_functions_without_a_partner_are_refused_by_name(inputs: str, outputs: str, lacking: str, tmp_path: Path) -> None:
    path = groups(tmp_path / "data.h5", PADDED, no_inputs=["0003"], no_outputs=["0007"])
    message = rf"expected a partner of the same name for every function .* got none for {lacking} of .*data.h5; add the missing"
    with pytest.raises(UserError, match=message):
        external("external-groups", path, inputs=inputs, outputs=outputs)


def test_both_commands_refuse_and_read_alike(tmp_path: Path) -> None:
    path = groups(tmp_path / "data.h5", PADDED, no_inputs=["0003"], no_outputs=["0007"])
    with pytest.raises(UserError, match=r"got none for '0003' in \*/a and '0007' in \*/u"):
        external("external-groups", path, inputs="*/u", outputs="*/a")
    with pytest.raises(UserError, match=r"got none for '0007' in \*/u and '0003' in \*/a"):
        size_report(asked(path, "*/u", "*/a"))
    whole = groups(tmp_path / "whole.h5", PADDED)
    assert size_report(asked(whole, "*/u[2:]", "*/a[2:]")).size.demand.shape == (8, 5)
    task = external("external-groups", whole, inputs="*/a[2:]", outputs="*/u[2:]")
    rows = np.array([[0.0], [7.0]])
    np.testing.assert_array_equal(task.inputs(rows)[:, 0], task.outputs(rows)[:, 0])


def test_many_functions_without_a_partner_are_counted(tmp_path: Path) -> None:
    path = groups(tmp_path / "data.h5", PADDED, no_inputs=PADDED[:8])
    with pytest.raises(UserError, match=r"got none for '0000', '0001', '0002', '0003', '0004' and 3 more in \*/a of"):
        size_report(asked(path, "*/u", "*/a"))


def test_replicates_are_joined_by_name_too(tmp_path: Path) -> None:
    path = groups(tmp_path / "data.h5", PADDED, no_inputs=["0003"], no_outputs=["0007"])
    with pytest.raises(UserError, match=r"got none for '0003' in \*/a and '0007' in \*/u"):
        size_report(SizeRequest(path, 0.05, array="*/u", replicates="*/a"))


def test_a_grid_of_one_function_stands_for_all_only_if_all_have_it(tmp_path: Path) -> None:
    path = groups(tmp_path / "data.h5", PADDED)
    declared = {"inputs": "*/a", "outputs": "*/u", "points": "0000/grid/x"}
    assert len(external("external-groups", path, **declared).points()) == 5
    with h5py.File(path, "r+") as file:
        file["0004/grid/x"][1] = 0.3
    with pytest.raises(UserError, match=r"got 0000/grid/x of .*, from which 0004/grid/x differs; interpolate the functions"):
        external("external-groups", path, **declared)
    assert len(external("external-groups", path, inputs="*/a[5:]", outputs="*/u[5:]", points="0005/grid/x").points()) == 5
