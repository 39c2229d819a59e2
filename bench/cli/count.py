"""`python -m bench count`: how large is a net, and what do its sizes limit?"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli import terminal
from bench.cli.arguments import Json
from operators.errors import UserError

if TYPE_CHECKING:
    from results.models.count import Count

ENDS = ("activated-trunk", "linear", "sigmoid")


def count(
    model: Annotated[
        Path | None, typer.Argument(help="A .npz of this suite, .keras, .pt, .pth, .safetensors or .onnx file.")
    ] = None,
    branch: Annotated[
        str, typer.Option(help="Sizes of the branch instead of a file: inputs, hidden widths, q; '100,64,64,16'.")
    ] = "",
    trunk: Annotated[str, typer.Option(help="Sizes of the trunk: coordinates, hidden widths, q; '1,64,64,16'.")] = "",
    ends: Annotated[str, typer.Option(help="What ends the net: activated-trunk (DeepXDE's), linear or sigmoid.")] = ENDS[0],
    labels: Annotated[
        int | None, typer.Option(help="Training labels n = N M: what noise such a net could absorb.", min=1)
    ] = None,
    bits: Annotated[int, typer.Option(help="Bits of a parameter, for sizes on the command line.", min=1, max=128)] = 32,
    as_json: Json = False,
) -> None:
    """Count parameters of a net, from a file or its sizes, and say which lower bounds apply.

    Nothing in a file is run.

    For example `python -m bench count model.pt --labels 20000`, or, of sizes,
    `python -m bench count --branch 100,64,64,16 --trunk 1,64,64,16`.
    """
    from results.models.count import count_file, count_net

    if ends not in ENDS:
        raise UserError(f"expected ends among {', '.join(ENDS)}, got {ends!r}")
    if (model is None) == (not (branch and trunk)):
        raise UserError("expected a file, or both --branch and --trunk, got neither or all; see `python -m bench count --help`")
    if model is not None:
        found = count_file(model, ends)  # type: ignore[arg-type]
    else:
        from operators.architectures.deeponet import DeepONet

        (m, *widths, q), (p, *others, last) = _sizes(branch, "branch"), _sizes(trunk, "trunk")
        if q != last:
            raise UserError(f"expected branch and trunk with one q, got {q} and {last}; the last sizes must be equal")
        found = count_net(DeepONet(m, p, tuple(widths), tuple(others), q, ends=ends), bits)  # type: ignore[arg-type]
    if as_json:
        terminal.print_json(found.as_json() | ({} if labels is None else {"noise": found.absorbs(labels)}))
    else:
        print("\n".join(_text(found, labels)))


def _sizes(text: str, part: str) -> list[int]:
    try:
        sizes = [int(size) for size in text.split(",")]
    except ValueError:
        sizes = []
    if len(sizes) < 2 or min(sizes) < 1 or max(sizes) > 2**24:
        raise UserError(f"expected --{part} with at least two sizes, as in '100,64,16', got {text[:80]!r}")
    return sizes


def _fraction(value: float) -> str:
    """To four digits; near 1 by what is missing."""
    return f"{value:.4g}" if value < 0.9995 or value == 1.0 else f"1 - {1.0 - value:.1g}"


def _text(found: "Count", labels: int | None) -> list[str]:
    facts = found.as_json()
    rank = "no limit of rank is stated" if found.rank is None else f"q_eff = {found.rank}"
    kind = (
        "a net that is not recognised" if found.net is None else f"a DeepONet, branch {facts['branch']}, trunk {facts['trunk']}"
    )
    if found.net is not None and found.net.name != "deeponet":
        kind = found.net.name
    lines = [
        f"net     {kind}",
        f"d       {found.parameters:,} real parameters in {found.arrays} arrays",
        f"d_eff   {found.effective_parameters:,}",
        f"rank    {rank}" + (f", q = {facts['q']}" if facts["q"] else ""),
        f"bits    {found.bits:,}",
    ]
    if found.complex_numbers:
        once = found.parameters - found.complex_numbers
        lines.insert(2, f"        {found.complex_numbers:,} complex numbers count twice; counted once there would be {once:,}")
    if found.buffers:
        lines.append(f"not counted: {found.buffers:,} whole numbers (counters, indices)")
    if labels is not None:
        noise = found.absorbs(labels)
        lines += [
            f"noise   at n = {labels:,} labels: absorbs at most {_fraction(noise['at_most'])} of {noise['law']} noise"
            f" ({noise['at_most_status']}, probability {noise['probability']}); about {noise['expected']:.3g} (heuristic)"
        ]
    return [*lines, *(f"{name}: {said}" for name, said in found.floors().items())]
