"""Which eigenvalues that a finite dictionary gives belong to the Koopman operator, and do trunk functions make a good dictionary?

EDMD gives as many eigenvalues as there are observables; a residual tells which to believe. The Gauss map with Legendre functions
reproduces figures computed elsewhere, the rotation of a circle has a closed form, the pendulum has a continuous spectrum. Then a
question of our own: the trunk functions of trained nets, taken as linear observables of the flow that the nets were trained on,
beside principal directions and waves of the same number: is their span closer to invariant?
"""

from bench.preset import Preset
from bench.study import Study
from results.families.koopman import Cell

WITNESSES: dict[str, dict[str, int]] = {
    "heat": {
        "74906a1437bbf9389e97387bf4360012dae5d2842865ef9b200a366506958356": 3,
        "3beb845416126e970911c96eb048c79c7aafe43aa6affe5fe809983667305c93": 3,
        "e900ba5e8bba6bafbcacf38bee50ae2344b09081697d9882fc939b7725a39f40": 3,
        "6c6f12ae403008c764ddbc84087db966f98e8babca8dc16bfd0d0431d5ab5656": 7,
        "f09fd22c29f64f1fa815a3316da6a5c0462e222bc2180d8780e5bbc127cdbbc3": 10,
    },
    "advection": {
        "cc5e9c4716bc16b0dca6285e863de3c97172ab8d4c29a63be2515b977e8ff37d": 7,
        "039425e5d63ecec853264431c18cbada3245b6a0176b72c9db275534f0e6fbdc": 8,
        "0d4796fea5f759c719f653f35ee61f55abec6456af1a4eca1c6fbc03f6ca5703": 9,
        "22346c3d04a0eaf482d431b0f1b0be3a5330e9606dc203cae48485a318ac63a1": 12,
    },
    "burgers-low-viscosity": {
        "aaef47b21bdf102bc6c677b3b5fd60613d460674e71c3e8ad55cbf966f6b51c6": 8,
        "049c0363fd6bfd2cc7f130183b76eb3393723cf46a70c1a59bc373f6f56e5a4a": 9,
        "cd9694c1007b2cafb9cd072d3dec8c8c3dd7f2de1736aa5529b95c8376baca23": 10,
        "1c3bfaea17d1045e136fb72c5930537d777977d44c1bc4ba7029b353251fd9f7": 12,
    },
}
"""System -> published witnesses of the study `brackets` with their q; the last ones were trained on noisy labels."""

MAPS = (
    *(Cell(system="gauss", dictionary="legendre", q=q, grid=41 if q == 40 else 0) for q in (5, 10, 20, 40, 80)),
    *(Cell(system="rotation", dictionary="fourier", q=q) for q in (5, 11, 21)),
    *(
        Cell(system="rotation", dictionary="tanh", q=q, nodes=200, scale=scale, replicate=replicate)
        for scale in (1.0, 3.0)
        for q in (4, 8, 16, 32, 64)
        for replicate in range(5)
    ),
    *(Cell(system="pendulum", dictionary="fourier", q=q, nodes=40) for q in (16, 32, 64)),
    *(
        Cell(system="pendulum", dictionary="tanh", q=q, nodes=40, replicate=replicate)
        for q in (16, 32, 64)
        for replicate in range(5)
    ),
)
FLOWS = (
    Cell.model_validate({"system": system, "q": q, "nodes": 200, "replicate": replicate, **more})
    for system, witnesses in WITNESSES.items()
    for replicate in range(5)
    for q, more in (
        *((q, {"dictionary": name}) for q in sorted(set(witnesses.values())) for name in ("fourier", "pod")),
        *((q, {"dictionary": "trunk", "witness": witness}) for witness, q in witnesses.items()),
    )
)

STUDY = Study(
    name="koopman",
    question=__doc__ or "",
    cells=(*MAPS, *FLOWS),
    presets={
        "smoke": Preset(
            "Gauss map with 40 functions, rotation with 5 waves, heat with 3 functions",
            lambda cell: (
                (cell.system, cell.dictionary, cell.q) in (("gauss", "legendre", 40), ("rotation", "fourier", 5))
                or ((cell.system, cell.q, cell.replicate) == ("heat", 3, 0))
            ),
        ),
        "standard": Preset("three draws of five", lambda cell: cell.replicate < 3),
    },
)
