"""The density of a random network's boundary at a random point: the integrand of Hanin & Rolnick's Theorem 3."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
import numpy.typing as npt

from polyregions.geometry.uniform import UniformPoints

__all__ = ["boundary_densities"]

FloatArray = npt.NDArray[np.float64]

#: Numbers that a batch of networks holds at once: 64 MB.
BATCH = 2**23


def boundary_densities(
    widths: Sequence[int],
    uniform: UniformPoints,
    bias_std: float,
    codimension: int,
    good: bool,
    samples: int,
    rng: np.random.Generator,
) -> FloatArray:
    """One draw of the density of the boundary's piece of that codimension for each sample, (samples,).

    Its mean over random networks and points, times the domain's volume, is the mean volume of the piece; see
    :func:`polyregions.geometry.boundary_estimates.expected_boundary_volume`, which has the formula.
    """
    hidden = list(widths[1:-1])
    weights = sum(n * m for n, m in pairwise(widths[:-1]))
    size = max(1, BATCH // max(1, weights + 2 * sum(hidden) * uniform.dimension))
    results = []
    for begin in range(0, samples, size):
        batch = _Batch(widths, uniform, bias_std, min(size, samples - begin), rng)
        if codimension == 1 and not good:
            results.append(batch.all_single_units())
            continue
        total = np.zeros(batch.count)
        for units in combinations([(layer, unit) for layer, n in enumerate(hidden) for unit in range(n)], codimension):
            total += batch.density(units, good)
        results.append(total)
    return np.concatenate(results)


@dataclass(frozen=True)
class _Layer:
    """One layer of every network: pre-activations without the biases, (m, n), and their Jacobians, (m, n, d)."""

    z: FloatArray
    jacobian: FloatArray


class _Batch:
    """Random networks, each with a random point."""

    def __init__(
        self, widths: Sequence[int], uniform: UniformPoints, bias_std: float, count: int, rng: np.random.Generator
    ) -> None:
        self.count = count
        self._std = bias_std
        self._points = uniform.points(count, rng)
        self._frame = uniform.frame
        self._weights, self._biases = [], []
        for n, width in pairwise(widths[:-1]):
            self._weights.append(rng.normal(size=(count, width, n)) * np.sqrt(2 / n))
            self._biases.append(rng.normal(size=(count, width)) * bias_std)

    def all_single_units(self) -> FloatArray:
        """The sum of |grad z| rho(-z) over all units: what comes behind a unit does not matter, so one pass does."""
        total = np.zeros(self.count)
        for layer, _ in self._layers({}):
            lengths = np.sqrt((layer.jacobian**2).sum(axis=2))
            total += (lengths * self._rho(layer.z)).sum(axis=1)
        return total

    def density(self, units: Sequence[tuple[int, int]], good: bool) -> FloatArray:
        """|J| rho(-z) for one set of units, times whether all are good."""
        at: dict[int, list[int]] = {}
        for number, unit in units:
            at.setdefault(number, []).append(unit)
        rows: list[FloatArray] = []
        result = np.ones(self.count)
        for number, (layer, active) in enumerate(self._layers(at)):
            chosen = at.get(number, [])
            if good and rows:
                # Units of earlier layers reach the output only by way of this one.
                result *= active.any(axis=1) | bool(chosen)
            if chosen:
                rows.append(layer.jacobian[:, chosen])
                result *= self._rho(layer.z[:, chosen]).prod(axis=1)
        jacobian = np.concatenate(rows, axis=1)
        gram = np.linalg.det(jacobian @ jacobian.transpose(0, 2, 1))
        return np.asarray(result * np.sqrt(np.maximum(gram, 0.0)))

    def _layers(self, at: dict[int, list[int]]) -> Iterator[tuple[_Layer, npt.NDArray[np.bool_]]]:
        """The layers, and which of their units are active; the units ``at`` a layer are at 0, and inactive."""
        h, jacobian = self._points, self._frame
        for number, (w, b) in enumerate(zip(self._weights, self._biases, strict=True)):
            z = np.matmul(w, h[:, :, None])[:, :, 0]
            jacobian = np.matmul(w, jacobian)
            active = z + b > 0
            active[:, at.get(number, [])] = False
            yield _Layer(z, jacobian), active
            h = np.where(active, z + b, 0.0)
            jacobian = np.where(active[:, :, None], jacobian, 0.0)

    def _rho(self, z: FloatArray) -> FloatArray:
        """The density of the biases at -z, which is that at z."""
        return np.asarray(np.exp(-0.5 * (z / self._std) ** 2) / (self._std * np.sqrt(2 * np.pi)))
