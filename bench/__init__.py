"""Execution: cells, studies, engines, schedules and the command line.

What a study file needs:

    from bench import Cell, Net, Noise, Study, Target, Training
"""

from typing import TYPE_CHECKING

try:
    from operators.public_names import loaded_on_use
except ImportError as error:
    from bench.shadowed import sentence

    raise ImportError(sentence() or str(error)) from error

if TYPE_CHECKING:
    from bench.cell import Cell, Net, Noise, Training
    from bench.study import Study
    from results.records.manifest import Target
else:
    __getattr__ = loaded_on_use(
        __name__,
        {
            "Cell": "bench.cell",
            "Net": "bench.cell",
            "Noise": "bench.cell",
            "Study": "bench.study",
            "Target": "results.records.manifest",
            "Training": "bench.cell",
        },
    )

__all__ = ["Cell", "Net", "Noise", "Study", "Target", "Training"]
