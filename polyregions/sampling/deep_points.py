"""Points deep inside polyhedra, where Newton's method for the analytic centre can begin."""

import numpy as np
import numpy.typing as npt
from scipy.optimize import linprog
from scipy.sparse import block_array, diags_array

__all__ = ["deep_point"]

FloatArray = npt.NDArray[np.float64]

#: The least that the solver takes for how far constraints may be missed.
_TOLERANCE = 1e-10


def deep_point(a: FloatArray, c: FloatArray) -> FloatArray | None:
    """About the centre of the largest ball in {x in [0, 1]^d : a x + c >= 0}; None if floats find no ball.

    A linear program (Chebyshev's centre). Nothing is proven of the point.

    Parameters
    ----------
    a, c : (m, d) and (m,) arrays

    Examples
    --------
    >>> deep_point(np.array([[-1.0, 0.0]]), np.array([0.5])).round(3)[0]
    np.float64(0.25)
    """
    d, norms = a.shape[1], np.linalg.norm(a, axis=1)
    used = np.isfinite(norms) & np.isfinite(c) & (norms > 0.0)
    a, c, norms = a[used], c[used], norms[used]
    one, ones = diags_array(np.ones(d)), np.ones((d, 1))
    constraints = block_array([[-a, norms[:, None]], [-one, ones], [one, ones]], format="csr")
    limits = np.concatenate([c, np.zeros(d), np.ones(d)])
    found = linprog(
        np.append(np.zeros(d), -1.0), A_ub=constraints, b_ub=limits, bounds=(0.0, 1.0), method="highs",
        options={"primal_feasibility_tolerance": _TOLERANCE, "dual_feasibility_tolerance": _TOLERANCE},
    )  # fmt: skip
    if found.x is None or not found.x[-1] > 0.0:
        return None
    x: FloatArray = found.x[:-1]
    return x
