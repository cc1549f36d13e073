"""A pool behind a first step that tightens the bounds, so that limits and Ctrl-C stop that step too."""

import time
from collections.abc import Callable, Iterator
from typing import Any

from polyregions.bounds.open_cells import open_cell_bounds
from polyregions.enumeration import Enumerator, Leaf
from polyregions.exact.filter import FloatBox
from polyregions.exact.restriction import Restriction
from polyregions.milp.big_m import UnitBounds, interval_bounds
from polyregions.milp.tightening import tightened_bounds

__all__ = ["TightenedPool"]


class TightenedPool:
    """An enumerator that bounds the units' pre-activations when it is first asked for regions.

    Parameters
    ----------
    restriction : Restriction
    make : callable
        Makes the pool from the bounds.
    method : {"lp", "milp"}
    proven : bool
        Whether the pool's end is proven.

    Raises
    ------
    EncodingError
        If a bound overflows.
    """

    def __init__(
        self, restriction: Restriction, make: Callable[[UnitBounds], Enumerator], method: str, *, proven: bool
    ) -> None:
        self._restriction = restriction
        self._box = FloatBox.of(restriction)
        self._make = make
        self._method = method
        self._pool: Enumerator | None = None
        self._statistics: dict[str, Any] = {"bounds": method}
        self.proven = proven
        interval_bounds(restriction, self._box)

    def _tightened(self, stop: Callable[[], bool]) -> Enumerator:
        if self._pool is None:
            start = time.monotonic()
            bounds = tightened_bounds(self._restriction, self._box, method=self._method, expired=stop)
            stable = sum(int(units.sum()) for units in (*bounds.stably_active, *bounds.stably_inactive))
            self._statistics |= {
                "bounds_seconds": time.monotonic() - start,
                "bounds_stopped": bounds.stopped,
                "stable_units": stable,
            }
            self._pool = self._make(bounds)
        return self._pool

    @property
    def found(self) -> int:
        """Certified patterns so far."""
        return self._pool.found if self._pool is not None else 0

    @property
    def finished(self) -> bool:
        """Whether the pool has no more."""
        return self._pool is not None and self._pool.finished

    def open_bound(self) -> int | None:
        """A proven upper bound of the number of patterns not found yet, where the pool has one."""
        if self._pool is not None:
            return self._pool.open_bound()
        return open_cell_bounds(self._restriction).whole() if self.proven else None

    def statistics(self) -> dict[str, Any]:
        """What was done so far."""
        return self._statistics | (self._pool.statistics() if self._pool is not None else {})

    def explore(self, stop: Callable[[], bool] = lambda: False) -> None:
        """Find all regions without listing them, or as many as ``stop`` lets."""
        self._tightened(stop).explore(stop)

    def leaves(self, stop: Callable[[], bool] = lambda: False) -> Iterator[Leaf]:
        """Yield the certified patterns."""
        yield from self._tightened(stop).leaves(stop)
