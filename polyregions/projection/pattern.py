"""From an activation pattern to the half-spaces of its region in input space, in three ways that agree."""

from collections.abc import Sequence
from fractions import Fraction

from polyregions.domain import Domain
from polyregions.errors import ArgumentError
from polyregions.network import Network
from polyregions.projection.canonical import canonical
from polyregions.projection.fourier_motzkin import eliminate
from polyregions.projection.lifted import domain_system, lifted_system
from polyregions.projection.redundancy import irredundant
from polyregions.projection.system import LinearSystem, echelon, over_free_columns

__all__ = ["WAYS", "PatternSystem", "project_pattern"]

WAYS = ("lp", "substitution", "elimination")


def project_pattern(
    network: Network, domain: Domain, pattern: Sequence[Sequence[int]], *, way: str = "lp", solver: str = "highs"
) -> LinearSystem:
    """The closure of a pattern's region over a domain as irredundant half-spaces, in canonical form.

    Parameters
    ----------
    pattern : nested sequence of 0/1
        Of every counted unit; it need not be attained.
    way : {"lp", "substitution", "elimination"}, optional
        How; the result is the same. "lp": the exact affine maps of the pattern give one half-space per unit, and linear
        programs of ``solver``, every answer proven, tell which are facets. "substitution": the same with the exact
        simplex method alone. "elimination": from the lifted polyhedron in x, h and hbar of Serra, Tjandraatmadja &
        Ramalingam (2018), by Gauss and Fourier-Motzkin elimination, without the affine maps.

    Returns
    -------
    LinearSystem
        Over the inputs; see :func:`polyregions.projection.canonical.canonical`. It is
        :meth:`LinearSystem.empty` for a pattern whose closed half-spaces have no point in common.

    Raises
    ------
    NetworkError
        If the pattern does not fit the network.
    ArgumentError
        If there is no such way.

    Examples
    --------
    >>> from polyregions.domain import Box
    >>> net = Network.from_arrays([[[1.0, 1.0], [1.0, 2.0]], [[1.0, 1.0]]], [[0.0, 3.0], [0.0]])
    >>> project_pattern(net, Box(-1, 1), ((0, 1),)).halfspaces()       # x_0 + x_1 <= 0, and the box
    ([[1, 1], [0, -1], [-1, 0]], [0, 1, 1])
    """
    if way not in WAYS:
        raise ArgumentError(f"no way {way!r} to project a pattern; there are {', '.join(map(repr, WAYS))}")
    if way == "elimination":
        lifted = lifted_system(network, domain, network.unit_states(pattern))
        return eliminate(lifted.system, lifted.auxiliary, solver=None)
    system = PatternSystem(network, domain, pattern).system
    return canonical(system, solver=solver if way == "lp" else None)


class PatternSystem:
    """The half-spaces of a pattern's region: one per unit, then the domain's.

    Attributes
    ----------
    system : LinearSystem
        Its first inequalities are those of the ReLU units in the network's order, the others those of the domain, whose
        hull is the equations.
    num_units : int
    """

    def __init__(self, network: Network, domain: Domain, pattern: Sequence[Sequence[int]]) -> None:
        inside = domain_system(domain, network.input_dimension)
        a, c = network.region_forms(pattern, exact=True)
        rows: list[list[Fraction]] = [[*row, constant] for row, constant in zip(a, c, strict=True)]
        units = LinearSystem.of(inside.dimension, rows).inequalities
        self.num_units = len(units)
        self.system = LinearSystem(inside.dimension, (*units, *inside.inequalities), inside.equations)

    def irredundant(self, start: Sequence[Fraction], *, domain: bool, solver: str = "highs") -> list[int]:
        """The indices of the inequalities that can't be left out.

        Parameters
        ----------
        start : point of the region
        domain : bool
            Whether the domain's inequalities, too, may be left out. A unit's goes first where either could.
        """
        pivots = echelon(self.system.equations, range(self.system.dimension)) or {}
        free, rows = over_free_columns(self.system, pivots)
        units, others = range(self.num_units), range(self.num_units, len(rows))
        candidates = [*reversed(units), *(reversed(others) if domain else ())]
        inside = [start[j] for j in free]
        return list(irredundant(rows, len(free), inside, candidates=candidates, solver=solver).kept)
