"""How layers cut a plane one after the other."""

from typing import TYPE_CHECKING, Any

from polyregions.domain import Domain
from polyregions.enumeration import check_kinds, check_unmerged
from polyregions.errors import ArgumentError
from polyregions.geometry.plain import plain_network
from polyregions.network import Network
from polyregions.plot.canvas import need_matplotlib
from polyregions.plot.plane import check_color, plot_plane, show_view

if TYPE_CHECKING:
    from polyregions.slices.plane import PlaneRegions

__all__ = ["first_layers", "plot_layers"]


def plot_layers(
    network: Network,
    domain: Domain,
    *,
    axes: Any = None,
    color: str = "region",
    edges: bool = True,
    time_limit: float | None = None,
    memory_limit: int | None = None,
) -> list[Any]:
    """Draw a row of planes: the regions of the first layer, of the first two, and so on to those of the network.

    Parameters
    ----------
    network : Network
        Of one made from a graph, the layers that it is lowered to.
    domain : Plane, or any bounded domain of two dimensions
        Of unbounded ones an infinite Plane, or Space of two inputs: all pictures show the part that shows most regions
        of the network.
    axes : sequence of matplotlib.axes.Axes, optional
        One per ReLU layer. Default: a new figure's.
    color, edges
        As for :func:`plot_plane`; "affine" tells by the pre-activations of the next layer.
    time_limit, memory_limit
        For each search, as for :func:`polyregions.count`. The titles tell which counts are exact.

    Returns
    -------
    list of matplotlib.collections.PolyCollection

    Raises
    ------
    ArgumentError
        If there is no ReLU layer, or another number of them than of axes.
    DomainError
        If the domain has not two dimensions.
    MissingPackageError
        Without matplotlib.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import polyregions as pr
    >>> from polyregions.plot import plot_layers
    >>> polygons = plot_layers(pr.Network.random([2, 8, 8, 1], seed=0, bias_std=0.5), pr.Box(-2, 2))
    >>> [drawn.axes.get_title() for drawn in polygons]
    ['layer 1: 31 regions (exact)', 'layers 1 to 2: 84 regions (exact)']
    """
    from polyregions.slices.plane import plane_around

    check_color(color)
    need_matplotlib()
    check_kinds(network, domain)
    depth = network.depth
    if not depth:
        raise ArgumentError("the network has no ReLU layer, so that there is nothing to draw")
    check_unmerged(network, "plot_layers() draws")
    if axes is not None and len(axes) != depth:
        raise ArgumentError(f"the network has {depth} ReLU layers, each drawn on axes of its own; {len(axes)} given")
    # All searches before the first axes: one that fails leaves no half of a picture.
    found: list[PlaneRegions] = []
    for count in range(depth, 0, -1):
        # Unbounded regions of the first layers reach as far as those of all.
        window = found[-1].window if found else None
        limits = {"time_limit": time_limit, "memory_limit": memory_limit}
        found.append(plane_around(first_layers(network, count), domain, window, **limits))
    whole = found[0]
    found.reverse()
    if axes is None:
        import matplotlib.pyplot as plt

        _, grid = plt.subplots(1, depth, figsize=(4.2 * depth, 4.4), layout="constrained", squeeze=False)
        axes = grid[0]
    result = []
    for count, (part, ax) in enumerate(zip(found, axes, strict=True), start=1):
        result.append(plot_plane(part, ax=ax, color=color, edges=edges))
        show_view(ax, whole)
        ax.set_title(f"{'layer 1' if count == 1 else f'layers 1 to {count}'}: {part.count}", fontsize="medium")
    return result


def first_layers(network: Network, count: int) -> Network:
    """The network of the first ``count`` ReLU layers, exactly; the next layer's pre-activations are its output.

    Examples
    --------
    >>> first_layers(Network.random([2, 5, 4, 3, 1], seed=0), 2)
    Network(2-5-4-3)
    """
    if count == network.depth:
        return network
    plain = plain_network(network)
    return Network.from_exact(plain.exact_layers[: count + 1], linear=plain.linear[:count])
