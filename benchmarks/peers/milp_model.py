"""The big-M program of Serra, Tjandraatmadja & Ramalingam (2018) in arrays, the same for each MILP solver.

All solvers get the encoding that polyregions.milp uses (constants by interval bounds for each unit, units scaled to 1),
as a feasibility problem: objective 0 and f >= EPSILON. Maximising f takes them about twice as long.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

import polyregions as pr
from polyregions.exact.restriction import Restriction
from polyregions.milp.encoding import encode

__all__ = ["EPSILON", "Rows", "distinct", "milp"]

#: What "positive" means to a program with tolerances.
EPSILON = 1e-6


@dataclass(frozen=True)
class Rows:
    """Find all z: A x (<=, >=, =) right, lower <= x <= upper, z = x[binaries] in {0, 1}.

    ``sense[i]`` is "<", ">" or "=".
    """

    matrix: csr_matrix
    sense: list[str]
    right: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    binaries: np.ndarray

    @property
    def integer(self) -> np.ndarray:
        """Which columns are binary, (n,) bool."""
        mask = np.zeros(len(self.lower), dtype=bool)
        mask[self.binaries] = True
        return mask

    def row(self, i: int) -> tuple[list[int], list[float]]:
        """The columns of row i with coefficients, and these."""
        part = slice(self.matrix.indptr[i], self.matrix.indptr[i + 1])
        return self.matrix.indices[part].tolist(), self.matrix.data[part].tolist()


def milp(network: pr.Network, domain: pr.Domain) -> Rows:
    """The program for a network over a domain."""
    arrays = encode(Restriction(network, domain)).arrays()
    lower = arrays.lower.copy()
    lower[arrays.objective] = EPSILON
    equal = arrays.row_lower == arrays.row_upper
    below = np.isfinite(arrays.row_upper)
    sense = ["=" if e else "<" if b else ">" for e, b in zip(equal, below, strict=True)]
    right = np.where(below, arrays.row_upper, arrays.row_lower)
    return Rows(csr_matrix(arrays.matrix), sense, right, lower, arrays.upper, arrays.binaries)


def distinct(solutions: list[np.ndarray]) -> int:
    """The number of distinct vectors of zeros and ones, up to the solver's tolerance."""
    return len({np.rint(z).astype(np.int8).tobytes() for z in solutions})
