"""Compiled: points that are known of a population's cells."""

from polyregions.sampling.descent_metric import CentreWork, Wide
from polyregions.sampling.descent_state import Population
from polyregions.splitting.compiled import compiled
from polyregions.splitting.image_kernel import lies_inside, to_image
from polyregions.splitting.image_state import Image, with_points
from polyregions.splitting.tableau_state import BoxRow, Problem

__all__ = ["between", "put", "replace", "take"]

_LOWER, _EXTENT, _INVERSE, _X = BoxRow.LOWER, BoxRow.EXTENT, BoxRow.INVERSE, Wide.X


@compiled
def put(problem: Problem, population: Population, image: Image | None, p: int, work: CentreWork, new: int) -> bool:
    """Make X, of the box scaled to [0, 1], point ``new`` of a cell; False if it is not certainly in the box."""
    box, x = problem.box, population.x[p]
    if image is None:
        for j in range(x.shape[1]):
            x[new, j] = box[_LOWER, j] + box[_EXTENT, j] * work.wide[_X, j]
    if image is not None:
        own = with_points(image, population.full[p])
        for j in range(own.points.shape[1]):
            own.points[new, j] = own.box[_LOWER, j] + own.box[_EXTENT, j] * work.wide[_X, j]
        if not lies_inside(own, new):
            return False
        to_image(own, x, new)
    return True


@compiled
def take(problem: Problem, population: Population, image: Image | None, p: int, point: int, work: CentreWork) -> None:
    """X of a known point."""
    for j in range(work.wide.shape[1]):
        if image is None:
            inverse = problem.box[_INVERSE, j]
            value = (population.x[p, point, j] - problem.box[_LOWER, j]) * inverse
        if image is not None:
            inverse = image.box[_INVERSE, j]
            value = (population.full[p, point, j] - image.box[_LOWER, j]) * inverse
        # Coordinates that pad the box stay in its middle.
        work.wide[_X, j] = value if inverse > 0.0 else 0.5


@compiled
def between(population: Population, image: Image | None, p: int, inside: int, far: int, share: float, new: int) -> bool:
    """Make point ``new`` of a cell that at a share of the way between two; False if it is not certainly in the box."""
    x = population.x[p]
    if image is None:
        for j in range(x.shape[1]):
            x[new, j] = x[inside, j] + share * (x[far, j] - x[inside, j])
    if image is not None:
        own = with_points(image, population.full[p])
        for j in range(own.points.shape[1]):
            own.points[new, j] = own.points[inside, j] + share * (own.points[far, j] - own.points[inside, j])
        if not lies_inside(own, new):
            return False
        to_image(own, x, new)
    return True


@compiled
def replace(population: Population, p: int, source: int, target: int, count: int) -> None:
    """Make point ``target`` of a cell the same as ``source``, but for what is known of units."""
    for j in range(population.x.shape[2]):
        population.x[p, target, j] = population.x[p, source, j]
    for j in range(population.full.shape[2]):
        population.full[p, target, j] = population.full[p, source, j]
    for i in range(count):
        population.rows[p, target, i] = population.rows[p, source, i]
