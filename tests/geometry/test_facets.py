"""Facets, largest balls and conversions of regions."""

import sys
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings

import polyregions as pr
from polyregions.errors import ArgumentError, MissingPackageError
from polyregions.geometry.region import Region
from tests.nets import npz
from tests.reference.closures import closure as closed_rows
from tests.reference.closures import dimension_of, unit_forms, vertices
from tests.strategies import of_known, tiny_nets


def value(form, point) -> Fraction:
    return sum((a * x for a, x in zip(form[0], point, strict=True)), Fraction(form[1]))


@given(net=tiny_nets(max_layers=2))
@settings(max_examples=60)
def test_facets(net):
    """A facet is a set of vertices of dimension d - 1 where a form is 0; whose forms are 0 there is looked up."""
    d = len(net.lower)
    names = [(layer, unit) for layer, (_, bs) in enumerate(net.layers) for unit in range(len(bs))]
    for i, region in enumerate(pr.regions(net.network, net.box, cells="lp")):
        if i == 4:
            break
        corners = vertices(closed_rows(net.exact, region.pattern, net.lower, net.upper))
        forms = unit_forms(net.exact, region.pattern)
        expected: dict = {}
        for kind, index, form in [
            *(("unit", name, form) for name, form in zip(names, forms, strict=True)),
            *(("domain", 2 * j, (axis(d, j), -low)) for j, low in enumerate(net.lower)),
            *(("domain", 2 * j + 1, (axis(d, j), -high)) for j, high in enumerate(net.upper)),
        ]:
            flat = frozenset(corner for corner in corners if value(form, corner) == 0)
            if len(flat) < len(corners) and dimension_of(set(flat)) == d - 1:
                expected.setdefault(flat, {"unit": [], "domain": []})[kind].append(index)
        got = {}
        for facet in region.facets:
            on = frozenset(
                c for c in corners if sum(a * x for a, x in zip(facet.normal, c, strict=True)) == facet.bound
            )
            got[on] = {"unit": list(facet.units), "domain": list(facet.domain)}
            assert all(sum(a * x for a, x in zip(facet.normal, c, strict=True)) <= facet.bound for c in corners)
        assert len(got) == len(region.facets)
        assert got == expected


def axis(d: int, j: int) -> tuple[int, ...]:
    return tuple(int(i == j) for i in range(d))


UNITS = pr.Network.from_arrays([[[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]], [[1.0, 1.0]]], [[0.0, 0.0], [0.0]])


@pytest.mark.parametrize(
    ("domain", "numbers"),
    [
        (pr.Segment([-1, 0, -1], [1, 0, 1]), {0, 1}),
        (pr.Plane([-1, -1, 0], [2, 0, 1], [0, 2, 0]), {0, 1, 2, 3}),
        (pr.Polytope([[1, 0, 0], [0, 1, 0], [0, 0, 1], [-1, -1, -1]], [1, 1, 1, 1]), {0, 1, 2, 3}),
        (pr.Box([-1, 0, -1], [1, 0, 1]), {0, 1, 4, 5}),
    ],
    ids=["segment", "plane", "polytope", "box"],
)
def test_the_domain_s_constraints_are_named(domain, numbers):
    found = {number for region in pr.regions(UNITS, domain, cells="lp") for f in region.facets for number in f.domain}
    assert found == numbers


def test_facets_on_a_slice_where_units_coincide():
    """On z = 0, y = 0 the units x + z and x + y + z have the same wall."""
    network = pr.Network.from_arrays([[[1.0, 0.0, 1.0], [1.0, 1.0, 1.0]], [[1.0, 1.0]]], [[0.0, 0.0], [0.0]])
    for region in pr.regions(network, pr.Segment([-1, 0, 0], [1, 0, 0]), cells="lp"):
        assert region.facets[0].units == ((0, 0), (0, 1))
        assert len(region.facets) == 2


def test_facets_need_full_dimension():
    network = pr.Network.from_arrays([[[1.0], [-1.0]], [[1.0, 1.0]]], [[0.0, 0.0], [0.0]])
    with pytest.raises(ArgumentError, match="full dimension"):
        _ = Region(network, ((0, 0),), (Fraction(0),), pr.Box(-1, 1)).facets
    with pytest.raises(ArgumentError, match="without its domain"):
        _ = Region(network, ((1, 0),), (Fraction(1, 2),)).bounded


@given(net=tiny_nets(max_layers=2))
@settings(max_examples=40)
def test_largest_ball(net):
    """The ball lies inside, and by its size touches at least one facet."""
    for i, region in enumerate(pr.regions(net.network, net.box, cells="lp")):
        if i == 4:
            break
        centre, radius = region.chebyshev()
        normals = np.array([facet.normal for facet in region.facets], dtype=float)
        bounds = np.array([facet.bound for facet in region.facets], dtype=float)
        distances = (bounds - normals @ centre) / np.linalg.norm(normals, axis=1)
        assert distances.min() == pytest.approx(radius, abs=1e-7)
        assert radius > 0
        assert region.bounded


def test_largest_ball_on_a_slice():
    """Distances are those of the input space, within the slice; a point has none."""
    (region,) = pr.regions(pr.Network.from_arrays([[[1.0, 1.0]], [[1.0]]], [[9.0], [0.0]]), pr.Segment([0, 0], [3, 4]))
    centre, radius = region.chebyshev()
    assert centre == pytest.approx([1.5, 2.0])
    assert radius == pytest.approx(2.5)
    (point,) = pr.regions(UNITS, pr.Box(1, 1), cells="lp")
    assert (point.chebyshev()[0].tolist(), point.chebyshev()[1]) == ([1.0] * 3, 0.0)


def test_conversions_agree():
    network, box = of_known(npz("A1_2d_16x2"))
    for i, region in enumerate(pr.regions(network, box)):
        if i == 20:
            break
        corners = region.vertices()
        assert region.to_convex_hull().volume == pytest.approx(region.volume())
        inside = region.to_halfspace_intersection()
        assert len(inside.halfspaces) == len(corners)
        assert np.sort(inside.intersections, axis=0) == pytest.approx(np.sort(corners, axis=0), abs=1e-6)


def test_conversions_on_a_plane():
    plane = pr.Plane([-1, -1, 0], [2, 0, 1], [0, 2, 0])
    areas = [region.to_convex_hull().volume for region in pr.regions(UNITS, plane, cells="lp")]
    assert sum(areas) == pytest.approx(1.0)  # in s and t
    for region in pr.regions(UNITS, plane, cells="lp"):
        assert len(region.to_halfspace_intersection().intersections) == len(region.vertices())


def test_shapely():
    shapely = pytest.importorskip("shapely")
    network, box = of_known(npz("A1_2d_16x2"))
    polygons = [region.to_shapely() for region in pr.regions(network, box)]
    assert all(polygon.is_valid for polygon in polygons)
    assert sum(polygon.area for polygon in polygons) == pytest.approx(4.0)
    assert shapely.union_all(polygons).buffer(1e-9).area == pytest.approx(4.0, abs=1e-6)
    plane = pr.Plane([-1, -1, 0], [2, 0, 1], [0, 2, 0])
    assert sum(region.to_shapely().area for region in pr.regions(UNITS, plane, cells="lp")) == pytest.approx(1.0)


def test_shapely_is_optional(monkeypatch):
    network, box = of_known(npz("A1_2d_16x2"))
    region = next(pr.regions(network, box))
    monkeypatch.setitem(sys.modules, "shapely", None)
    monkeypatch.setattr("polyregions.geometry.conversions.find_spec", lambda name: None)
    with pytest.raises(MissingPackageError, match="pip install shapely"):
        region.to_shapely()


def test_conversions_need_dimensions():
    (region, *_) = pr.regions(UNITS, pr.Segment([-1, 0, -1], [1, 0, 1]), cells="lp")
    for convert in (region.to_convex_hull, region.to_halfspace_intersection):
        with pytest.raises(ArgumentError, match="need 2 dimensions, and the domain has 1"):
            convert()
    with pytest.raises(ArgumentError, match="two dimensions"):
        region.to_shapely()


def parsed(text: str) -> tuple[list[str], list[list[Fraction]]]:
    lines = text.splitlines()
    start, end = lines.index("begin"), lines.index("end")
    rows = [[Fraction(word) for word in line.split()] for line in lines[start + 2 : end]]
    assert lines[start + 1].split() == [str(len(rows)), str(len(rows[0])), "rational"]
    return lines[:start], rows


@pytest.mark.parametrize(
    "domain", [pr.Box(-1, "1/3"), pr.Plane([-1, -1, 0], [2, 0, 1], [0, 2, 0])], ids=["box", "plane"]
)
def test_text_formats_describe_the_same_polyhedron(domain):
    """Each vertex satisfies each row, and each facet's row with equality at as many as the dimension."""
    for region in pr.regions(UNITS, domain, cells="lp"):
        head, rows = parsed(region.to_ine())
        assert head[1] == "H-representation"
        equations = [int(word) - 1 for word in head[2].split()[2:]] if len(head) > 2 else []
        head, points = parsed(region.to_ext())
        assert head[1] == "V-representation"
        assert [tuple(point[1:]) for point in points] == region.vertices(exact=True)
        for i, row in enumerate(rows):
            values = [sum(a * x for a, x in zip(row, point, strict=True)) for point in points]
            assert min(values) == 0
            assert (max(values) == 0) == (i in equations)
            assert values.count(0) >= domain.chart(3).dimension
