"""What a probe goes by: a guess of how many leaves each cell has, and where cells move.

Neither has any influence on what the estimate is on average, only on how much it varies (docs/estimates.md). Both are
functions of the cells and of random numbers alone.
"""

from collections.abc import Callable
from typing import Protocol

import numpy as np
import numpy.typing as npt

__all__ = ["BoolArray", "Choice", "FloatArray", "Guide", "IntArray", "PlainGuide"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


class Choice(Protocol):
    """What is left to chance."""

    def __call__(self, parents: IntArray, probabilities: FloatArray) -> BoolArray:
        """Which candidates are kept, each with its own probability; how those of different ones depend is free.

        The two halves of one cell stand side by side, with the same parent.
        """

    def proposals(self, cells: int, each: int, below: int) -> IntArray:
        """Whole numbers from 0 to ``below`` - 1, independent and equally probable, (cells, each)."""

    def coins(self, cells: int, each: int, ratios: FloatArray) -> FloatArray:
        """Numbers in [0, 1), (cells, each), independent and below each of the ratios with just that probability."""


class Guide(Protocol):
    """Goes along with a population of cells and is told of each of its steps."""

    name: str

    def start(self) -> None:
        """The whole domain is the only cell."""

    def ask(self, unit: int) -> IntArray | None:
        """All cells are asked about a unit of their layer: per slot what it is there, where that is proven, or 0."""

    def guesses(self, parents: IntArray, states: IntArray) -> FloatArray:
        """log2 of about how many leaves each candidate has, up to a constant that all have in common.

        Parameters
        ----------
        parents : index of the cell of which each candidate is a part
        states : that the unit last asked about has there, -1 or 1
        """

    def keep(self, kept: IntArray) -> None:
        """Which candidates are the cells now; called after the population has gone on."""

    def move(self, choice: Choice, stop: Callable[[], bool]) -> FloatArray:
        """Move the cells, and say by what their weights are to be multiplied.

        However the sum over a population of weight times f(cell) is distributed, its mean must stay that of f over all
        cells, for all f at once.

        Raises
        ------
        Stopped
            If ``stop``, asked now and then, says so.
        """


class PlainGuide:
    """No cell has more leaves than another, and none moves."""

    name = "order"

    def __init__(self) -> None:
        self._cells = 1

    def start(self) -> None:
        self._cells = 1

    def ask(self, unit: int) -> None:
        """Nothing is proven."""

    def guesses(self, parents: IntArray, states: IntArray) -> FloatArray:
        return np.zeros(len(parents))

    def keep(self, kept: IntArray) -> None:
        self._cells = len(kept)

    def move(self, choice: Choice, stop: Callable[[], bool]) -> FloatArray:
        """No cell moves."""
        return np.ones(self._cells)
