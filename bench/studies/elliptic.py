"""How many functions does it take to learn the solution operator of Poisson's equation: for a net, and for a linear map?

Boulle, Halikias and Townsend (doi:10.1073/pnas.2303904120) prove that elliptic solution operators are learnt from few pairs of
input and output, and show three nets over N. Here are their curves, DeepONets trained on N functions of the same law by the
suite's recipes (a narrow net by descent and by variable projection, one whose branch is wide and starts nearly linear, and one of
so many features on both sides that solved heads reach the least error of its rank untrained), and linear maps and a kernel on the
very same functions. The operator is linear: a net that a linear map beats has learnt less than the data say.
"""

from bench.cell import Cell, Net, Training
from bench.data_sets import data_sets
from bench.preset import Preset
from bench.study import Study

SIZES = (
    *(2, 3, 4, 5, 7, 8, 10, 13, 16, 20, 24, 30, 37, 45, 55, 68, 84, 103, 127, 156, 192, 236, 290, 357, 438, 539, 662, 813),
    1000,
)
NETS = (
    (
        Net(branch_widths=(128, 128), trunk_widths=(128, 128), q=128, activation="relu"),
        Training(recipe="adam", steps=2000, learning_rate=1e-3, decay="cosine", input_scaling="raw", initialisation="glorot"),
    ),
    (
        Net(branch_widths=(64, 64), trunk_widths=(64, 64), q=64),
        Training(recipe="variable-projection", steps=400),
    ),
    (
        Net(branch_widths=(2048,), trunk_widths=(64, 64), q=64),
        Training(recipe="variable-projection", steps=40, input_scaling="raw", initialisation="glorot"),
    ),
    (
        Net(branch_widths=(2048,), trunk_widths=(1024,), q=64),
        Training(recipe="variable-projection", steps=40),
    ),
)

CELLS = tuple(
    Cell(
        task="poisson",
        functions=functions,
        points=841,
        test_functions=200,
        architecture=net,
        training=training,
        replicate=replicate,
    )
    for functions in SIZES
    for net, training in NETS
    for replicate in range(2)
)

STUDY = Study(
    name="elliptic",
    question=__doc__ or "",
    cells=CELLS,
    baselines=data_sets(CELLS),
    presets={
        "smoke": Preset("N = 10 and 20, one replicate", lambda cell: cell.functions in (10, 20) and cell.replicate == 0),
        "standard": Preset("all 29 sizes, one replicate of two", lambda cell: cell.replicate == 0),
    },
)
