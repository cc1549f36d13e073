"""What a node of a graph does: the three kinds of operators, and what each has to know of itself.

Shapes are those of one input, without a batch axis; flattened indices are in C order. An operator knows nothing of
names: the graph adds the node's to every error.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from polyregions.array_likes import as_list, as_number
from polyregions.errors import NetworkError
from polyregions.exact.numbers import as_fraction

__all__ = ["AffineOperator", "MaxOperator", "Operator", "Row", "Shape", "numbers", "size"]

FloatArray = npt.NDArray[np.float64]
Shape: TypeAlias = tuple[int, ...]
#: One output of an affine operator: (index into the inputs, flattened one after another; coefficient), and a constant.
Row: TypeAlias = tuple[Sequence[tuple[int, Fraction]], Fraction]


def size(shape: Shape) -> int:
    """The number of entries of a tensor."""
    result = 1
    for n in shape:
        result *= n
    return result


def numbers(values: Any, what: str) -> npt.NDArray[np.object_]:
    """An array of Fractions of a number, or of nested sequences or an array of them, taken exactly.

    Raises
    ------
    NetworkError
        If something is no finite number.
    """
    try:
        if isinstance(values, np.ndarray) and values.dtype.kind in "fiu":
            array = np.empty(values.shape, dtype=object)
            array.ravel()[:] = [as_fraction(value) for value in values.ravel().tolist()]
            return array
        if isinstance(values, str) or not (hasattr(values, "__len__") or hasattr(values, "detach")):
            array = np.empty((), dtype=object)
            array[()] = as_number(values)
            return array
        entries = np.array(as_list(values), dtype=object)
        array = np.empty(entries.shape, dtype=object)
        for index, value in np.ndenumerate(entries):
            array[index] = as_number(value)
        return array
    except (TypeError, ValueError) as error:
        raise NetworkError(f"{what}: {error}") from None


class Operator(ABC):
    """A map from tensors to a tensor."""

    #: How many inputs: a number, or None for one or more.
    arity: int | None = 1

    @property
    def kind(self) -> str:
        """What messages call it."""
        return type(self).__name__

    @abstractmethod
    def output_shape(self, *shapes: Shape) -> Shape:
        """The shape of the output; raises NetworkError if the inputs' do not fit."""

    @abstractmethod
    def forward(self, *values: FloatArray) -> FloatArray:
        """The output in float64 for a batch of inputs, each (m, *shape)."""


class AffineOperator(Operator):
    """An operator that is affine in all its inputs together."""

    @abstractmethod
    def rows(self, *shapes: Shape) -> Iterator[Row]:
        """The exact affine map, one row per entry of the output."""

    @abstractmethod
    def entries(self, *shapes: Shape) -> int:
        """About how many coefficients :meth:`rows` has."""


class MaxOperator(Operator):
    """An operator each of whose outputs is the largest of some inputs."""

    @abstractmethod
    def groups(self, *shapes: Shape) -> list[list[int]]:
        """Per entry of the output the inputs it is the maximum of, in their order; indices as in :data:`Row`."""
