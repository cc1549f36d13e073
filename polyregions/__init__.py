"""Exact counts of the regions of ReLU networks.

A ReLU network cuts its input space into convex pieces and is affine on each. This package counts them, lists them
and proves the number.

>>> import polyregions as pr
>>> net = pr.Network.from_arrays([[[1.0, 1.0], [1.0, -1.0]], [[1.0, 1.0]]], [[0.0, 0.0], [0.0]])
>>> int(pr.count(net, pr.Box(-1, 1)))
4
"""

from typing import TYPE_CHECKING

from polyregions.lazy import lazy_names

if TYPE_CHECKING:
    from polyregions.bounding import stable_units, unit_bounds, upper_bound
    from polyregions.certificate.checker import Verification
    from polyregions.certificate.verification import verify
    from polyregions.counting import count, count_all, regions
    from polyregions.cross_checking import CrossCheck, cross_check
    from polyregions.definition import Definition
    from polyregions.domain import Box, Domain, Line, Plane, Polytope, Segment, Space
    from polyregions.errors import PolyregionsError
    from polyregions.estimating import estimate, lower_bound
    from polyregions.formats import load, save
    from polyregions.formats.export import Export, export
    from polyregions.geometry.boundary import BoundaryVolume, boundary_volume
    from polyregions.geometry.boundary_estimates import (
        BoundaryEstimate,
        estimate_boundary_volume,
        expected_boundary_volume,
    )
    from polyregions.geometry.distances import Distances, distances
    from polyregions.geometry.region import Region
    from polyregions.joining import LinearRegion, LinearRegions, linear_regions, region_graph
    from polyregions.network import Network
    from polyregions.result import Count, Counts, Status
    from polyregions.sampling.result import Estimate, LowerBound
    from polyregions.slices.line import LineRegions, line
    from polyregions.slices.plane import PlaneRegions, plane
    from polyregions.slices.polyline import PolylineRegions, polyline

__version__ = "0.1.0"

_HOMES = {
    "BoundaryEstimate": "geometry.boundary_estimates",
    "BoundaryVolume": "geometry.boundary",
    "Box": "domain",
    "Count": "result",
    "Counts": "result",
    "CrossCheck": "cross_checking",
    "Definition": "definition",
    "Distances": "geometry.distances",
    "Domain": "domain",
    "Estimate": "sampling.result",
    "Export": "formats.export",
    "Line": "domain",
    "LineRegions": "slices.line",
    "LinearRegion": "joining",
    "LinearRegions": "joining",
    "LowerBound": "sampling.result",
    "Network": "network",
    "Plane": "domain",
    "PlaneRegions": "slices.plane",
    "PolylineRegions": "slices.polyline",
    "PolyregionsError": "errors",
    "Polytope": "domain",
    "Region": "geometry.region",
    "Segment": "domain",
    "Space": "domain",
    "Status": "result",
    "Verification": "certificate.checker",
    "boundary_volume": "geometry.boundary",
    "count": "counting",
    "count_all": "counting",
    "cross_check": "cross_checking",
    "distances": "geometry.distances",
    "estimate": "estimating",
    "estimate_boundary_volume": "geometry.boundary_estimates",
    "expected_boundary_volume": "geometry.boundary_estimates",
    "export": "formats.export",
    "line": "slices.line",
    "linear_regions": "joining",
    "load": "formats",
    "lower_bound": "estimating",
    "plane": "slices.plane",
    "polyline": "slices.polyline",
    "region_graph": "joining",
    "regions": "counting",
    "save": "formats",
    "stable_units": "bounding",
    "unit_bounds": "bounding",
    "upper_bound": "bounding",
    "verify": "certificate.verification",
}

__all__ = [
    "BoundaryEstimate",
    "BoundaryVolume",
    "Box",
    "Count",
    "Counts",
    "CrossCheck",
    "Definition",
    "Distances",
    "Domain",
    "Estimate",
    "Export",
    "Line",
    "LineRegions",
    "LinearRegion",
    "LinearRegions",
    "LowerBound",
    "Network",
    "Plane",
    "PlaneRegions",
    "PolylineRegions",
    "PolyregionsError",
    "Polytope",
    "Region",
    "Segment",
    "Space",
    "Status",
    "Verification",
    "boundary_volume",
    "count",
    "count_all",
    "cross_check",
    "distances",
    "estimate",
    "estimate_boundary_volume",
    "expected_boundary_volume",
    "export",
    "line",
    "linear_regions",
    "load",
    "lower_bound",
    "plane",
    "polyline",
    "region_graph",
    "regions",
    "save",
    "stable_units",
    "unit_bounds",
    "upper_bound",
    "verify",
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
