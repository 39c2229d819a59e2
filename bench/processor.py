"""What rounding depends on: the model of the processor and the instruction sets by which libraries choose their kernels.

Virtual machines of several generations may name one model, so the model alone does not say whether bits are the same.
"""

import platform
from functools import cache
from pathlib import Path

CHOSEN_BY = frozenset(
    (
        *(
            "sse4_2",
            "avx",
            "avx2",
            "fma",
            "avx512f",
            "avx512bw",
            "avx512cd",
            "avx512dq",
            "avx512vl",
            "avx512_vnni",
            "avx512_bf16",
        ),
        *("avx512_fp16", "avx_vnni", "amx_tile", "amx_int8", "amx_bf16", "asimd", "asimddp", "sve", "sve2", "bf16", "i8mm"),
    )
)
"""Sets among which OpenBLAS, Eigen, XLA and oneDNN choose; names as Linux has them."""


def model() -> str:
    """Model name."""
    return _stated("model name") or platform.processor()


def instructions() -> str:
    """The sets of CHOSEN_BY that there are, sorted, separated by blanks; empty where the system does not tell."""
    return " ".join(sorted(CHOSEN_BY & flags()))


def flags() -> frozenset[str]:
    """Everything that the system says the processor can do."""
    return frozenset((_stated("flags") or _stated("Features")).split())


@cache
def _stated(name: str) -> str:
    """The first value of a name in /proc/cpuinfo; empty where there is none."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return ""
    pairs = (line.partition(":") for line in lines)
    return next((value.strip() for key, _, value in pairs if key.strip() == name), "")
