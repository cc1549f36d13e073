"""A sequence of linear programs each of which differs from the last one by a few rows and the objective."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from polyregions.errors import FormatError

__all__ = ["LPSequence", "LPStep", "Program"]

FloatArray = npt.NDArray[np.float64]

_FORMAT, _VERSION = "polyregions LP sequence", 1


@dataclass(frozen=True, eq=False)
class LPStep:
    """What changes, and the answer.

    Attributes
    ----------
    delete : int
        So many of the last rows go first.
    rows : (k, n)
        Then these come: rows . x >= lower.
    lower : (k,)
    objective : (n,)
        To be maximised.
    constant : float
        The question was whether objective . x + constant is positive somewhere.
    optimum : (low, high)
        Floats around the exact maximum of objective . x, without the constant.
    positive : bool
        The answer, exact for the numbers that stand here.
    """

    delete: int
    rows: FloatArray
    lower: FloatArray
    objective: FloatArray
    constant: float
    optimum: tuple[float, float]
    positive: bool


@dataclass(frozen=True, eq=False)
class Program:
    """One of the programs in full: maximise step.objective . x where rows . x >= lower in the sequence's box."""

    rows: FloatArray
    lower: FloatArray
    step: LPStep


@dataclass(frozen=True, eq=False)
class LPSequence:
    """A box lower <= x <= upper, and steps."""

    lower: FloatArray
    upper: FloatArray
    steps: tuple[LPStep, ...]

    def programs(self) -> Iterator[Program]:
        """The programs one after another, each in full."""
        rows, lower = np.zeros((0, len(self.lower))), np.zeros(0)
        for step in self.steps:
            kept = len(lower) - step.delete
            rows = np.concatenate([rows[:kept], step.rows])
            lower = np.concatenate([lower[:kept], step.lower])
            yield Program(rows, lower, step)

    def to_json(self) -> dict[str, Any]:
        """As the file holds it; every float reads back as the same number."""
        return {
            "format": _FORMAT,
            "version": _VERSION,
            "lower": self.lower.tolist(),
            "upper": self.upper.tolist(),
            "steps": [
                {
                    "delete": step.delete,
                    "rows": step.rows.tolist(),
                    "row_lower": step.lower.tolist(),
                    "objective": step.objective.tolist(),
                    "constant": step.constant,
                    "optimum": list(step.optimum),
                    "positive": step.positive,
                }
                for step in self.steps
            ],
        }

    @classmethod
    def from_json(cls, value: Any, name: str = "LP sequence") -> "LPSequence":
        """The sequence of a file.

        Raises
        ------
        FormatError
            If it is none; the message begins with ``name``.
        """
        try:
            if (value["format"], value["version"]) != (_FORMAT, _VERSION):
                raise FormatError(f"{name}: not a {_FORMAT} of version {_VERSION}")
            lower, upper = np.array(value["lower"], dtype=float), np.array(value["upper"], dtype=float)
            steps = tuple(
                LPStep(
                    int(step["delete"]),
                    np.array(step["rows"], dtype=float).reshape(-1, len(lower)),
                    np.array(step["row_lower"], dtype=float),
                    np.array(step["objective"], dtype=float),
                    float(step["constant"]),
                    (float(step["optimum"][0]), float(step["optimum"][1])),
                    bool(step["positive"]),
                )
                for step in value["steps"]
            )
        except (KeyError, TypeError, ValueError, IndexError) as error:
            if isinstance(error, FormatError):
                raise
            raise FormatError(f"{name}: {error}") from None
        return cls(lower, upper, steps)
