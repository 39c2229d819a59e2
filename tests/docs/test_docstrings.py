"""Docstrings become reStructuredText in which layout is kept and nothing else is markup; signatures are what the source says."""

import pytest
from docstrings import as_rest, attribute_notes, first_paragraph, inline
from repository import REPOSITORY
from signatures import assigned_value, plain_arguments, unqualified

MATHS = """Low rank: inf over c.

Rotate, so that a and b
become multiples of e_1,

    F_q = inf_t f_q(t),   A(t) = [[t, w^T]]

    F_q >= 0

is not convex:

 1. f_q is |P A|_F^2
    concave.
 2. `psi` too.
"""


def rest(text: str) -> str:
    return "\n".join(as_rest(text.splitlines())).strip()


def test_formulas_stay_as_they_stand_and_paragraphs_flow() -> None:
    assert rest(MATHS) == (
        "Low rank: inf over c.\n\n"
        "Rotate, so that a and b become multiples of e_1,\n\n"
        "::\n\n        F_q = inf_t f_q(t),   A(t) = [[t, w^T]]\n\n        F_q >= 0\n\n"
        "is not convex:\n\n"
        "1. f_q is \\|P A\\|_F^2 concave.\n2. ``psi``\\  too."
    )


@pytest.mark.parametrize(
    "table",
    [
        "direct     grid: the residual\ngram       grid: a product",
        "q_lower  certified\n         elsewhere 1\nd_lower  the larger",
    ],
)
def test_aligned_columns_are_layout_with_and_without_indentation(table: str) -> None:
    assert rest(table) == "::\n\n" + "\n".join(f"    {line}" for line in table.splitlines())


def test_a_paragraph_that_introduces_a_layout_or_a_list_stands_apart_from_it() -> None:
    assert rest("Proofs.\n Gaussian  E exp(x)") == "Proofs.\n\n::\n\n     Gaussian  E exp(x)"
    assert rest("Traps:\n  - one\n    and more\n  - two\nThe end.") == "Traps:\n\n- one and more\n- two\n\nThe end."


@pytest.mark.parametrize(
    ("text", "markup"),
    [
        ("q* and *args and |y - h|", r"q\* and \*args and \|y - h\|"),
        ("w_ is not a link, w_b is a name", r"w\_ is not a link, w_b is a name"),
        ("a\\b", r"a\\b"),
        ("`a`s `b`", r"``a``\ s \ ``b``"),
        ("see `bench.cell.Cell`.", r"see \ :py:obj:`bench.cell.Cell`\ ."),
        (
            "(doi:10.1016/0041-5553(64)90137-5).",
            r"(\ `doi:10.1016/0041-5553(64)90137-5 <https://doi.org/10.1016/0041-5553(64)90137-5>`__\ ).",
        ),
        ("arXiv 2308.06338 (v3)", r"`arXiv 2308.06338 <https://arxiv.org/abs/2308.06338>`__\  (v3)"),
    ],
)
def test_inline_text_is_literal_but_for_names_and_sources(text: str, markup: str) -> None:
    assert inline(text) == markup


@pytest.mark.parametrize("text", ["- u'' = a", "1. x", "|a| <= 1", "a. b", ":x: y", ".. note", "i) one", "F."])
def test_no_paragraph_begins_as_a_list_a_field_or_a_directive(text: str) -> None:
    assert first_paragraph(text).startswith("\\")


SECTIONED = """A fit.

Attributes:
    steps: taken,
        all of them.
    curve: N.

Args:
    x: of `y`.

Raises:
    UserError: if
        not.
"""


def test_sections_are_fields_and_attributes_go_to_the_attributes() -> None:
    assert rest(SECTIONED) == "A fit.\n\n:param x: of \\ ``y``\\ .\n\n:raises UserError: if not."
    assert attribute_notes(SECTIONED) == {"steps": "taken, all of them.", "curve": "\\N."}
    assert attribute_notes("No section.") == {}


def test_signatures_are_short() -> None:
    assert plain_arguments("out: Annotated[pathlib.Path, typer.Option(help=f'{X}')] = OUT") == "out: Path=OUT"
    assert unqualified("operators.arrays.Array | collections.abc.Sequence[numpy.int_]") == (
        "operators.arrays.Array | Sequence[numpy.int_]"
    )


def test_values_are_those_of_the_source() -> None:
    assert assigned_value("results.families.deeponet.Cell.replicate").startswith("Field(0")
    assert "'tied'" in assigned_value("results.schema.cells.Schedule")
    assert assigned_value("operators.catalogue.TASKS") == "{task.name: task for task in _REGISTERED}"
    with pytest.raises(ValueError, match=f"below a module of {REPOSITORY}"):
        assigned_value("nowhere.at.all")
