"""One probe: an unbiased estimate of the number of leaves of the splitting tree, by a population of bounded size.

Derivation, and why it is unbiased: docs/estimates.md.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from polyregions.sampling.descent import Descent
from polyregions.sampling.guide import BoolArray, Choice, Guide, IntArray
from polyregions.sampling.resampling import FloatArray, keep_probabilities, systematic

__all__ = ["Probe", "RandomChoice", "probe"]


class RandomChoice:
    """Systematic sampling along the tree, the two halves of each cell in random order.

    Were their order fixed, and all cells cut, every second candidate would be kept: the same half of every cell.
    """

    def __init__(self, random: np.random.Generator) -> None:
        self._random = random

    def __call__(self, parents: IntArray, probabilities: FloatArray) -> BoolArray:
        order = np.arange(len(parents))
        first = np.flatnonzero(parents[1:] == parents[:-1])
        swapped = first[self._random.integers(0, 2, len(first)) > 0]
        order[swapped], order[swapped + 1] = swapped + 1, swapped
        keep = np.zeros(len(parents), dtype=np.bool_)
        keep[order] = systematic(self._random.random(), probabilities[order])
        return keep

    def proposals(self, cells: int, each: int, below: int) -> IntArray:
        return self._random.integers(0, below, (cells, each))

    def coins(self, cells: int, each: int, ratios: FloatArray) -> FloatArray:
        return self._random.random((cells, each))


@dataclass(frozen=True)
class Probe:
    """What a probe found: ``mantissa`` 2^``exponent`` regions on average.

    ``regions`` is how many different ones it came down to; if ``complete``, it never left one out and these are all.
    """

    mantissa: float
    exponent: int
    regions: int
    complete: bool


def probe(
    descent: Descent, guide: Guide, choice: Choice, *, cells: int, stop: Callable[[], bool] = lambda: False
) -> Probe:
    """Estimate the number of leaves once.

    Parameters
    ----------
    descent : Descent
    guide : Guide
    choice : Choice
    cells : int
        How many cells go on at most. With 1 this is Knuth's estimate (1975).

    Raises
    ------
    Stopped
        If ``stop`` says so.
    """
    descent.start()
    guide.start()
    weights, exponent, complete = np.ones(1), 0, True
    for width in descent.widths:
        descent.enter()
        for unit in range(width):
            answers = descent.settle(unit, stop, guide.ask(unit))
            parents = np.repeat(np.arange(len(answers)), 1 + (answers == 0))
            states = answers[parents]
            second = np.flatnonzero(parents[1:] == parents[:-1])
            states[second], states[second + 1] = -1, 1
            guesses = guide.guesses(parents, states)
            weights = weights[parents]
            kept = np.arange(len(parents))
            if len(parents) > cells:
                logarithms = np.log2(weights) + guesses
                # The least priority is not 0: what seems to have no leaf may have many.
                priorities = np.exp2(np.maximum(logarithms - logarithms.max(), -1000.0))
                probabilities = keep_probabilities(priorities, cells)
                kept = np.flatnonzero(choice(parents, probabilities))
                complete = complete and len(kept) == len(parents)
                weights = weights[kept] / probabilities[kept]
                # Powers of two are taken out without rounding.
                power = math.frexp(float(weights.max()))[1]
                weights = np.ldexp(weights, -power)
                exponent += power
            descent.go_on(unit, answers, list(zip(parents[kept].tolist(), states[kept].tolist(), strict=True)))
            guide.keep(kept)
            if not complete:
                # Of all cells none is to be found twice.
                weights = weights * guide.move(choice, stop)
    mantissa, power = math.frexp(math.fsum(weights))
    return Probe(mantissa, exponent + power, descent.distinct(), complete)
