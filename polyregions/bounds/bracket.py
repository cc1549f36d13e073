"""An upper bound of what a depth-first search has still to find, that never rises as the search goes on.

The bounds of a cell's two halves add up to more than the cell's own, so each split remembers the bound of
the cell it split: what is found and still open below it can't exceed that.
"""

from collections.abc import Sequence

__all__ = ["OpenCells"]


class OpenCells:
    """The splits above the open cells of a depth-first stack.

    The open cells below a split are those on the stack from some index on; the split is forgotten when the stack
    is shorter than that.

    Examples
    --------
    >>> cells = OpenCells()
    >>> cells.split(0, bound=10, found=0)       # a cell of at most 10 regions is replaced by two of at most 7
    >>> cells.total([7, 7], found=0), cells.total([7], found=2), cells.total([1], found=2)
    (10, 7, 1)
    """

    def __init__(self) -> None:
        self._splits: list[tuple[int, int, int]] = []

    def split(self, index: int, *, bound: int, found: int) -> None:
        """Record that the cell at ``index``, of at most ``bound`` regions, is replaced by its parts from there on.

        Parameters
        ----------
        found : int
            Regions found so far.
        """
        while self._splits and self._splits[-1][0] > index:
            self._splits.pop()
        self._splits.append((index, bound, found))

    def total(self, bounds: Sequence[int], *, found: int) -> int:
        """The bound of all open cells together.

        Parameters
        ----------
        bounds : of each cell on the stack, bottom to top
        found : int
            Regions found so far.
        """
        while self._splits and self._splits[-1][0] >= len(bounds):
            self._splits.pop()
        total = 0
        remaining = len(self._splits)
        for index in range(len(bounds) - 1, -1, -1):
            total += bounds[index]
            while remaining and self._splits[remaining - 1][0] == index:
                remaining -= 1
                _, bound, before = self._splits[remaining]
                total = min(total, bound - (found - before))
        return total
