"""What verifying a witness takes, from its header alone, so that a stranger's file of 17 kB cannot ask for hours unseen.

    generation    blocks of functions as the task states (`Task.work`): those of the constants, of N, of one held-out function
    sampling      query points and noise, drawn at all P points of a function
    evaluation    the net twice, as the architecture states, and the floor: singular values and a search over the offset

CPU seconds are operations over `operators.work.RATE`, bytes are those of all arrays at once. Both err on the costly side (by how
much, tests/speed/test_verification_cost.py measures) and grow with N, M, the constants that refine a task, and every width.
Limits refuse before anything is generated.
"""

import math
from dataclasses import dataclass

from operators.architectures import Architecture
from operators.data.dataset import BLOCK, REFERENCE_FUNCTIONS, Request
from operators.errors import UserError
from operators.work import PRODUCT, TRANSCENDENTAL, Work, elementwise

OVERHEAD = 5e6  # of a block, and of an array of the search: calls of Python
SEARCHED, EVALUATIONS, SEARCH = 1000, 600, 1e9  # as `operators.bounds.lemmas.offset`
EVALUATED = 2.0  # on entering, with data rounded and all sums reversed
PYTHON = 50.0  # a multiply-add by `results.witnesses.independent`


@dataclass(frozen=True)
class Limits:
    """What verifying a witness may take by its header; what lies above is refused before it begins."""

    cpu_seconds: float = 600.0
    memory_bytes: float = 2.0 * 2**30

    def require(self, work: Work) -> None:
        """Refuse what takes more.

        Raises:
            UserError: with the figure and the option to raise.
        """
        if work.seconds > self.cpu_seconds:
            raise UserError(
                f"expected at most {self.cpu_seconds:,.0f} CPU seconds to verify this witness, got about {work.seconds:,.0f} by"
                " its header; raise --cpu-seconds"
            )
        if 8.0 * work.numbers > self.memory_bytes:
            raise UserError(
                f"expected at most {self.memory_bytes / 2**30:,.1f} GiB of arrays to verify this witness, got about"
                f" {8.0 * work.numbers / 2**30:,.1f} by its header; raise --memory"
            )


def cost(request: Request, net: Architecture, *, independent: bool = False, new_functions: int = 0) -> Work:
    """What verifying a net on these data takes.

    Args:
        request: the data.
        net: the hypothesis class.
        independent: with the evaluation that shares no line with the first, which leaders and contradictions get.
        new_functions: drawn to measure the net on.
    """
    evaluated = _evaluation(request, net)
    total = _generation(request) + _sampling(request) + evaluated.times(EVALUATED)
    if request.design == "grid" and net.output_rank() is not None:
        total += _floors(request.functions, request.points)
    blocks = -(-new_functions // BLOCK)
    if blocks:
        values = len(request.task.sensors()) + len(request.task.points())
        total += (request.task.work(BLOCK) + elementwise(BLOCK * values, 40.0) + Work(OVERHEAD)).times(blocks)
        total += Work(EVALUATED * net.operations(new_functions, request.points, request.points))
    if independent:
        total += Work(PYTHON / PRODUCT * evaluated.operations)
    return total


def _generation(request: Request) -> Work:
    """All blocks one after another, and the functions that are kept of them."""
    task = request.task
    values = len(task.sensors()) + len(task.points())
    blocks = -(-REFERENCE_FUNCTIONS // BLOCK) + -(-request.functions // BLOCK) + 1
    block = task.work(BLOCK) + elementwise(BLOCK * values, 20.0) + Work(OVERHEAD)
    kept = elementwise(request.functions * (len(task.sensors()) + request.points), 6.0)
    return block.times(blocks) + elementwise(REFERENCE_FUNCTIONS * values, 6.0, copies=4.0) + kept


def _sampling(request: Request) -> Work:
    """A permutation per function where each has points of its own, and noise at all points."""
    functions, available, labels = request.functions, len(request.task.points()), request.functions * request.points
    own = functions if request.design == "scattered" else 1
    noisy = 0 if request.noise_law == "none" else functions * (1 if request.design == "triples" else available)
    drawn = Work(TRANSCENDENTAL * own * available + 2.0 * TRANSCENDENTAL * noisy, 4.0 * 256 * available)
    return drawn + elementwise(labels, 10.0, copies=3.0)


def _evaluation(request: Request, net: Architecture) -> Work:
    """The net at all labels, and residuals."""
    functions, distinct, labels = request.functions, len(request.task.points()), request.points
    own = request.design != "grid"
    held = 4.0 * net.largest_array(functions, distinct, labels, own=own) + 2.0 * net.parameter_count()
    scaled = elementwise(functions * net.sensors + distinct * net.coordinates, 10.0, copies=4.0)
    residuals = elementwise(functions * labels, 20.0, copies=8.0)
    return Work(net.operations(functions, distinct, labels), held) + scaled + residuals


def _floors(functions: int, points: int) -> Work:
    """A triangle, singular values of it and of five parts, and a search over the offset of at most SEARCHED dimensions."""
    small, large = min(functions, points), max(functions, points)
    found = Work(6.0 * 0.5 * small**3 + 4.0 * PRODUCT * large * small**2 + 20.0 * large * small, 8.0 * functions * points)
    if small > SEARCHED:
        return found
    kept = min(small, 129)
    evaluations = min(EVALUATIONS, math.ceil(SEARCH / kept**3))
    return found + Work(2.5 * small**3 + evaluations * (2.0 * kept**3 + 0.1 * OVERHEAD), evaluations * 8.0 * kept)
