"""How weights were made is what their author declares; `explicit` is checked by constructing them again, no size rests on it."""

import dataclasses
import datetime
from pathlib import Path

import pandas as pd
import pytest

from bench.cell import Cell, Net, Noise
from bench.question import Question
from bench.search.constructed import explicit_witness, pruned_witnesses
from bench.search.lower_ends import lower_ends
from operators.data.dataset import BlockCache
from operators.errors import UserError
from results.records.manifest import Manifest, Target
from results.tables.brackets import MADE, brackets
from results.witnesses.file import Witness, decode, encode
from results.witnesses.header import Origin
from results.witnesses.submissions import enter, entries
from results.witnesses.verification import verify

CELL = Cell(task="antiderivative", functions=14, points=12, architecture=Net(branch_widths=(4, 4), trunk_widths=(4, 4)))
NOISY = CELL.model_copy(update={"noise": Noise(law="rademacher", sigma=0.4)})
ASKED = (Question(CELL, Target(kind="relative", value=0.05)), Question(NOISY, Target(kind="absorb", value=0.5)))
CACHE = BlockCache(None)


def constructed(asked: Question) -> Witness:
    found = explicit_witness(asked, lower_ends(asked, CACHE).q_lower, CACHE)
    assert found is not None
    return found


def declared(witness: Witness, made: str | None) -> Witness:
    origin = witness.header.origin.model_copy(update={"made": made})
    return dataclasses.replace(witness, header=witness.header.model_copy(update={"origin": origin}))


@pytest.mark.parametrize("asked", ASKED, ids=["clean", "noisy"])
def test_the_explicit_net_closes_the_bracket_of_q_and_verifies_when_entering(asked: Question, tmp_path: Path) -> None:
    witness = constructed(asked)
    assert witness.header.architecture.model_dump()["q"] == lower_ends(asked, CACHE).q_lower
    assert enter(witness, tmp_path).header.origin.kind == "explicit"


def test_weights_of_other_values_or_sizes_are_no_explicit_net() -> None:
    witness = constructed(ASKED[0])
    moved = witness.weights.changed(lambda array: array * (1.0 + 1e-5))
    other = dataclasses.replace(witness, weights=moved)
    assert verify(declared(other, "trained")).passed
    said = verify(other)
    assert not said.passed
    assert "constructed again" in said.reason
    (smaller, *_) = pruned_witnesses(ASKED[0], witness.header.architecture.model_dump()["q"], CACHE, cpu_seconds=1.0)
    assert verify(smaller).passed
    assert "sizes of the explicit net" in verify(declared(smaller, "explicit")).reason
    with pytest.raises(UserError, match="sizes of the explicit net"):
        enter(declared(smaller, "explicit"), Path("nowhere"))


def test_signs_of_singular_vectors_do_not_matter() -> None:
    witness = constructed(ASKED[1])
    named = dict(witness.weights.named)
    for part in ("branch", "trunk"):
        for name in (f"{part}_2_kernel", f"{part}_2_bias"):
            named[name] = -named[name]
    assert verify(dataclasses.replace(witness, weights=type(witness.weights)(named))).passed


def test_an_origin_that_does_not_say_keeps_its_bytes_and_is_trained_where_it_names_a_record() -> None:
    plain = Origin(author="A", method="m", created=datetime.date(2026, 1, 1))
    assert "made" not in plain.model_dump(mode="json")
    assert (plain.kind, plain.model_copy(update={"record": "0" * 64}).kind) == (None, "trained")
    witness = declared(constructed(ASKED[0]), None)
    assert decode(encode(witness)).header == witness.header
    assert b'"made"' not in witness.header.text()


def test_tables_show_the_smallest_of_each_and_no_size_or_standing_depends_on_it(tmp_path: Path) -> None:
    asked = ASKED[1]
    bracket = lower_ends(asked, CACHE)
    explicit = constructed(asked)
    found = [explicit, *pruned_witnesses(asked, bracket.q_lower, CACHE, cpu_seconds=1.0)]
    assert len(found) > 1
    for witness in found:
        enter(witness, tmp_path)
    manifest = Manifest(name="x", question="?", targets=(asked.target,), expected=(), brackets=(bracket,))
    held = entries(tmp_path).accepted
    (row,) = brackets(manifest, held, {}).to_dict("records")
    assert (row["d_explicit"], row["d_explicit_witness"]) == (explicit.header.net().parameter_count(), explicit.sha256)
    assert row["d_pruned"] == row["d_upper"] < row["d_explicit"]
    assert pd.isna(row["d_trained"])
    renamed = [
        dataclasses.replace(
            one, header=one.header.model_copy(update={"origin": one.header.origin.model_copy(update={"made": None})})
        )
        for one in held
    ]
    (other,) = brackets(manifest, renamed, {}).to_dict("records")
    depends = {f"{size}_made" for size in "qd"} | {f"d_{made}" for made in MADE} | {f"d_{made}_witness" for made in MADE}
    assert {name for name in row if not (pd.isna(row[name]) and pd.isna(other[name])) and row[name] != other[name]} <= depends
    assert pd.isna(other["d_explicit"])
