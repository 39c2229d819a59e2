"""The array type of the whole project: float64, real."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
