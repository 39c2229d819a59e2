"""Page's statistic for a fall (Page 1963, J. Am. Stat. Assoc. 58, 216-230), tested by permuting points as wholes.

R replicates have an error at each of k points. Page refers L = sum_j j (sum of ranks at point j) to all orders of the errors
within every replicate, each independent of the others. But the replicates of one point share its amount of data, its net and,
where data are few, the data themselves; an unlucky point is then unlucky for all of them, and a test at 0.05 rejects far more
often without any trend. Here the points are exchanged for all replicates at once: under the hypothesis that points do not differ
but by chance the k! orders of the columns are equally likely, whatever the replicates share, and

    p = share of the orders with L at least the observed one,

over all of them up to MOST_ORDERS, beyond that over a sample that counts the observed one (Phipson and Smyth 2010,
doi:10.2202/1544-6115.1585). No p lies below 1 / k!, so it takes four points to reach 0.05.
"""

import itertools
import math

import numpy as np
import scipy

from operators.arrays import Array

MOST_ORDERS = 5040
SAMPLED = 9999
ROUNDING = 1e-9


def fall_p_value(errors: Array) -> float:
    """P-value of the test that errors (replicates, points) fall along the points, against points that are exchangeable."""
    points = errors.shape[1]
    ranks = scipy.stats.rankdata(-errors, axis=1).sum(axis=0)
    weights = np.arange(1.0, points + 1.0)
    if math.factorial(points) <= MOST_ORDERS:
        orders = np.array(list(itertools.permutations(range(points))))
        return float(np.mean(ranks[orders] @ weights >= ranks @ weights - ROUNDING))
    generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(0)))
    orders = generator.permuted(np.tile(np.arange(points), (SAMPLED, 1)), axis=1)
    return float(1 + np.sum(ranks[orders] @ weights >= ranks @ weights - ROUNDING)) / (1 + SAMPLED)


def least_p_value(points: int) -> float:
    """The smallest p-value that so many points allow."""
    orders = math.factorial(points)
    return 1.0 / (orders if orders <= MOST_ORDERS else SAMPLED + 1)
