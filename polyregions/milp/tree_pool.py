"""All solutions of the encoding in one tree over z, on its LP relaxation.

The one-tree idea of Danna, Fenelon, Gu & Wunderling (2007): the branch-and-bound tree is not thrown away at an integer
solution but carried on through it, until every solution is listed. Nodes fix the units' z in the network's order,
so that what a node fixes is a linear system in the inputs, and a relaxation that HiGHS calls empty can be proven
so: by its own multipliers, rounded safely, or else exactly. Nothing is pruned without proof.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from polyregions.bounds.bracket import OpenCells
from polyregions.bounds.serra import open_cell_bound
from polyregions.definition import Definition
from polyregions.enumeration import Leaf
from polyregions.exact.cell import Witness
from polyregions.exact.dual_bound import dual_bound
from polyregions.exact.filter import FloatBox, first_rows
from polyregions.exact.pattern import PatternCertifier
from polyregions.exact.restriction import Restriction
from polyregions.milp.big_m import UnitBounds
from polyregions.milp.encoding import encode
from solvers import SolverError, Status, lp_session

__all__ = ["TreePool"]

FloatArray = npt.NDArray[np.float64]

#: Relaxations with a larger optimum are explored without asking for a proof of emptiness.
_POSITIVE = 1e-9


@dataclass(frozen=True, slots=True)
class _Node:
    """The first ``len(states)`` units' z are fixed; ``x`` is a point believed to attain them, if one is known."""

    states: bytes
    x: FloatArray | None


class TreePool:
    """The patterns of a restricted network from one tree over the MILP's z, each certified.

    Parameters
    ----------
    restriction : Restriction
    definition : Definition
        PATTERNS: all solutions of the MILP. REGIONS: those of them that have full dimension.
    solver : str
        The LP back end.
    bounds : UnitBounds, optional
        Of the units' pre-activations; default: by intervals.

    Attributes
    ----------
    found : int
        Certified patterns so far.
    rejected : int
        Solutions of the relaxation that proved not to be patterns of this definition.
    """

    @np.errstate(all="ignore")
    def __init__(
        self,
        restriction: Restriction,
        definition: Definition,
        *,
        solver: str = "highs",
        bounds: UnitBounds | None = None,
    ) -> None:
        self.restriction = restriction
        self._box = FloatBox.of(restriction)
        self._certifier = PatternCertifier(restriction, self._box, definition, solver=solver)
        self._prefixes = PatternCertifier(restriction, self._box, Definition.PATTERNS, solver=solver)
        self._encoding = encode(restriction, self._box, bounds)
        self._arrays = self._encoding.arrays()
        self._x_columns = self._columns_of_inputs()
        self._objective = np.zeros(len(self._arrays.lower))
        self._objective[self._arrays.objective] = 1.0
        self._session = self._open_session(solver)
        self._lower, self._upper = self._arrays.lower.copy(), self._arrays.upper.copy()
        network, first = restriction.network, first_rows(restriction, self._box)
        later = zip(network.weights[1 : network.depth], network.biases[1 : network.depth], strict=True)
        self._float_layers = [(first.a, first.c), *later]
        self._stack = [_Node(b"", None)]
        self._open = OpenCells()
        self.found = self.rejected = self.nodes = self.programs = 0
        self.pruned_by_bound = self.pruned_exactly = 0

    def _open_session(self, solver: str) -> Any:
        """The relaxation in a solver; None if it refuses the numbers, and then all nodes are decided exactly."""
        arrays = self._arrays
        try:
            session = lp_session(arrays.lower, arrays.upper, name=solver)
            session.add_rows(arrays.matrix, arrays.row_lower, arrays.row_upper)
            session.set_objective(self._objective)
        except (SolverError, ValueError):
            return None
        return session

    def _columns_of_inputs(self) -> npt.NDArray[np.intp]:
        names = {variable.name: j for j, variable in enumerate(self._encoding.problem.variables())}
        return np.array([names.get(variable.name, -1) for variable in self._encoding.x], dtype=np.intp)

    #: Every prune is.
    proven = True

    @property
    def finished(self) -> bool:
        """Whether the tree is explored."""
        return not self._stack

    def statistics(self) -> dict[str, Any]:
        """What was done so far."""
        counts = (self._certifier.counts, self._prefixes.counts)
        return {
            "pool": "tree",
            "leaves": self.found,
            "rejected": self.rejected,
            "nodes": self.nodes,
            "linear_programs": self.programs,
            "pruned_by_bound": self.pruned_by_bound,
            "pruned_exactly": self.pruned_exactly,
            "exact_programs": sum(c.exact_programs for c in counts),
            "exact_pivots": sum(c.exact_pivots for c in counts),
        }

    def open_bound(self) -> int:
        """A proven upper bound of the number of patterns not found yet: Theorem 1 for each open node."""
        return self._open.total([self._node_bound(node.states) for node in self._stack], found=self.found)

    def _node_bound(self, states: bytes) -> int:
        dimension, offset = self.restriction.dimension, 0
        for layer, width in enumerate(self.restriction.widths):
            active = sum(states[offset : offset + width])
            if offset + width > len(states):
                live = offset + width - len(states)
                return open_cell_bound(self.restriction.widths, layer, live, active, dimension)
            dimension = min(dimension, active)
            offset += width
        return 1

    def explore(self, stop: Callable[[], bool] = lambda: False) -> None:
        """Find all regions without listing them, or as many as ``stop`` lets."""
        for _ in self.leaves(stop):
            pass

    def leaves(self, stop: Callable[[], bool] = lambda: False) -> Iterator[Leaf]:
        """Yield the certified patterns.

        May be left and taken up again.

        Parameters
        ----------
        stop : callable, optional
            Asked before each node; True ends the iteration there.
        """
        units = len(self._arrays.binaries)
        with np.errstate(all="ignore"):
            while self._stack and not stop():
                node = self._stack[-1]
                self.nodes += 1
                x = node.x if node.x is not None else self._relax(node.states)
                if x is None:
                    self._stack.pop()
                elif len(node.states) < units:
                    self._open.split(len(self._stack) - 1, bound=self._node_bound(node.states), found=self.found)
                    self._stack[-1:] = self._branch(node.states, x)
                else:
                    witness = self._certifier.certify(node.states, Witness(x))
                    self._stack.pop()
                    if witness is None:
                        self.rejected += 1
                        continue
                    self.found += 1
                    yield Leaf(node.states, witness)

    def _branch(self, states: bytes, x: FloatArray) -> list[_Node]:
        """The node's children; the one that keeps the known point is explored first."""
        signs = self._forward(x)
        attained = bytes(signs[: len(states)]) == states
        first = int(signs[len(states)])
        near = _Node(states + bytes([first]), x if attained else None)
        far = _Node(states + bytes([1 - first]), None)
        return [child for child in (far, near) if self._allowed(child)]

    def _allowed(self, child: _Node) -> bool:
        """Whether the unit just fixed is not known to be stable the other way; its bounds are proven."""
        column = self._arrays.binaries[len(child.states) - 1]
        return bool(self._arrays.lower[column] <= child.states[-1] <= self._arrays.upper[column])

    def _relax(self, states: bytes) -> FloatArray | None:
        """Solve the relaxation of a node: the inputs of a solution, or None with a proof that there is no pattern."""
        if self._session is None:
            return self._attained(states)
        for i, column in enumerate(self._arrays.binaries):
            low, high = (states[i], states[i]) if i < len(states) else self._arrays_bounds(column)
            if low != self._lower[column] or high != self._upper[column]:
                self._lower[column], self._upper[column] = low, high
                self._session.set_column_bounds(int(column), float(low), float(high))
        solution = self._session.solve()
        self.programs += 1
        if solution.status is Status.OPTIMAL and solution.objective > _POSITIVE:
            return self._inputs(solution.x)
        infeasible = solution.status is Status.INFEASIBLE
        multipliers = solution.ray if infeasible else solution.row_duals
        if multipliers is not None:
            arrays = self._arrays
            objective = np.zeros_like(self._objective) if infeasible else self._objective
            bound = dual_bound(
                objective,
                arrays.matrix,
                arrays.row_lower,
                arrays.row_upper,
                arrays.row_error,
                self._lower,
                self._upper,
                multipliers,
            )
            if bound < 0 or (bound == 0 and not infeasible):
                self.pruned_by_bound += 1
                return None
        return self._attained(states)

    def _attained(self, states: bytes) -> FloatArray | None:
        """The same without a relaxation: a point that attains the states, or None if proven that none does."""
        witness = self._prefixes.certify(states)
        if witness is None:
            self.pruned_exactly += 1
            return None
        return witness.x

    def _arrays_bounds(self, column: int) -> tuple[float, float]:
        return float(self._arrays.lower[column]), float(self._arrays.upper[column])

    def _inputs(self, solution: FloatArray) -> FloatArray:
        # An input that no row mentions is no column of the program; any value will do.
        x = np.where(self._x_columns >= 0, solution[self._x_columns], self._box.lower)
        return np.clip(x, self._box.lower, self._box.upper)

    def _forward(self, x: FloatArray) -> npt.NDArray[np.uint8]:
        """The units' states at a point in floats: a guess that only decides the order and saves programs."""
        h, states = x, []
        for w, b in self._float_layers:
            g = w @ h + b
            states.append(g > 0)
            h = np.maximum(g, 0.0)
        return np.concatenate(states).astype(np.uint8)
