"""How sections of the dimerised chain are measured."""

import numpy as np

from bench.families.family import Context
from bench.families.measuring import Measuring
from operators.companions.sci import distance_to_spectrum, injection_modulus, square_eigenvalues
from results.families.sci import Cell, Measured

GAP = 1.0


class SectionsExecution(Measuring):
    """Measures sections."""

    name = "sci"
    cell = Cell

    def measure(self, cell: Cell, context: Context) -> Measured:
        """Eigenvalues of the square section, smallest singular value of the rectangular one."""
        z, cuts_strong = complex(cell.re, cell.im), cell.cut == "strong"
        eigenvalues = square_eigenvalues(cell.n, cuts_strong=cuts_strong)
        return Measured(
            distance=distance_to_spectrum(z),
            square_distance=float(np.abs(eigenvalues - z).min()),
            injection_modulus=injection_modulus(cell.n, z, cuts_strong=cuts_strong),
            gap_eigenvalues=int(np.sum(np.abs(eigenvalues) < GAP)),
            smallest_eigenvalue=float(np.abs(eigenvalues).min()),
        )

    def label(self, cell: Cell) -> str:
        """Size, cut and point."""
        return f"sci n={cell.n}, {cell.cut} bonds cut, z={complex(cell.re, cell.im)}"
