"""The style of figures for print, and their bytes. It is a context, so nothing global changes; equal figures are equal bytes."""

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import seaborn as sns
from matplotlib.figure import Figure as Figure

STYLE: Mapping[Any, Any] = {
    "figure.dpi": 100,
    "savefig.dpi": 150,
    "svg.hashsalt": "deeponet-size-bounds",
    "pdf.fonttype": 42,
    "font.size": 9,
    "axes.titlesize": 9,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 7,
    "legend.framealpha": 0.8,
    "legend.handlelength": 2.8,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
METADATA: Mapping[str, dict[str, Any]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
GREY_OF_PALETTE = 7
COLOURS: list[Any] = [colour for place, colour in enumerate(sns.color_palette("colorblind")) if place != GREY_OF_PALETTE]


@contextmanager
def style() -> Iterator[None]:
    """The suite's style, for the length of the block."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)
        yield


def rendered(figure: Figure, kind: str) -> bytes:
    """The figure as bytes, without dates: kind `png`, `svg` or `pdf`."""
    buffer = io.BytesIO()
    with style():
        figure.savefig(buffer, format=kind, metadata=METADATA[kind])
    return buffer.getvalue()
