"""From patterns to half-spaces: three ways, one result, which the textbook's elimination confirms."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import polyregions as pr
from polyregions.errors import ArgumentError, NetworkError
from polyregions.projection.fourier_motzkin import eliminate
from polyregions.projection.lifted import domain_system, lifted_system
from polyregions.projection.pattern import WAYS, project_pattern
from polyregions.projection.system import LinearSystem
from tests.nets import degenerate, npz, six_definitions
from tests.projection.systems import forms, halfspace_forms
from tests.reference.brute_force import activations, identity, patterns, pre_activations
from tests.reference.projection import has_point, implies, negative, same_set
from tests.strategies import awkward, of_known, tiny_nets


def closed_region(net, pattern):
    """The half-spaces of a pattern in the reference's arithmetic."""
    h = identity(len(net.lower))
    system = [(a, -low) for (a, _), low in zip(h, net.lower, strict=True)]
    system += [(tuple(-v for v in a), high) for (a, _), high in zip(h, net.upper, strict=True)]
    for layer, bits in zip(net.exact, pattern, strict=True):
        found = pre_activations(layer, h)
        system += [form if bit else negative(form) for form, bit in zip(found, bits, strict=True)]
        h = activations(found, bits)
    return system


def three_ways(network, domain, pattern):
    results = [project_pattern(network, domain, pattern, way=way) for way in WAYS]
    assert results[0] == results[1] == results[2]
    return results[0]


@given(net=tiny_nets(max_layers=2))
@settings(max_examples=60)
def test_three_ways_agree_with_the_reference_on_attained_patterns(net):
    for pattern in sorted(patterns(net.exact, net.lower, net.upper))[:6]:
        result = three_ways(net.network, net.box, pattern)
        assert not result.is_empty
        assert same_set(forms(result), closed_region(net, pattern))


@given(net=tiny_nets(), data=st.data())
@settings(max_examples=60)
def test_three_ways_agree_on_any_pattern(net, data):
    pattern = tuple(tuple(data.draw(st.integers(0, 1)) for _ in biases) for _, biases in net.layers)
    result = three_ways(net.network, net.box, pattern)
    assert result.is_empty == (not has_point(closed_region(net, pattern)))


@given(net=tiny_nets(weights=awkward, max_inputs=2, max_layers=2))
@settings(max_examples=40)
def test_three_ways_agree_on_awkward_floats(net):
    for pattern in sorted(patterns(net.exact, net.lower, net.upper))[:4]:
        three_ways(net.network, net.box, pattern)


@pytest.mark.parametrize("known", [*degenerate(), six_definitions()], ids=lambda known: known.name)
def test_three_ways_agree_on_degenerate_networks(known):
    network, box = of_known(known)
    for i, region in enumerate(pr.regions(network, box, definition="patterns", cells="lp")):
        if i == 12:
            break
        result = three_ways(network, box, region.pattern)
        assert result.contains(region.witness)


DOMAINS = [
    pr.Segment([-1, "1/3", 0], [1, 0, "2/7"]),
    pr.Plane([-1, 0, "1/3"], [2, "1/2", 0], [0, 1, "-1/7"]),
    pr.Box([-1, "1/5", 0], [1, "1/5", 2]),
    pr.Polytope([[1, 1, 1], [-1, 0, 0], [0, -1, 0], [0, 0, -1]], [1, "1/3", "1/3", "1/3"]),
    pr.Polytope([[1, 1, 1], [-1, -1, -1], [-1, 0, 0], [0, -1, 0], [0, 0, -1]], [1, -1, 0, 0, "1/9"]),
    pr.Box([1, 2, 3], [1, 2, 3]),
]


@pytest.mark.parametrize("domain", DOMAINS, ids=lambda domain: type(domain).__name__)
def test_domains_of_any_dimension(domain):
    rng = np.random.default_rng(2)
    network = pr.Network.from_arrays(
        [rng.integers(-3, 4, (4, 3)) / 2, rng.integers(-3, 4, (3, 4)) / 2, np.ones((1, 3))],
        [rng.integers(-2, 3, 4) / 4, rng.integers(-2, 3, 3) / 4, np.zeros(1)],
    )
    chart, system = domain.chart(3), domain_system(domain, 3)
    for corner in product((0, 1), repeat=chart.dimension):
        t = [(low, high)[side] for low, high, side in zip(chart.lower, chart.upper, corner, strict=True)]
        inside = all(sum(w * v for w, v in zip(a, t, strict=True)) + c >= 0 for a, c in chart.rows)
        assert system.contains(chart.ambient(t)) == inside
    found = list(pr.regions(network, domain, cells="lp"))
    assert found
    for region in found[:8]:
        result = three_ways(network, domain, region.pattern)
        assert len(result.equations) == 3 - chart.dimension
        a, b = region.halfspaces(exact=True, irredundant=True, include_domain=True)
        assert same_set(halfspace_forms(a, b), forms(result))
        assert len(b) == len(result.inequalities) + 2 * len(result.equations)


@given(net=tiny_nets(max_inputs=2, max_layers=2, max_width=2))
@settings(max_examples=30)
def test_elimination_without_equations(net):
    """The lifted polyhedron with each equation as two inequalities, so that Fourier-Motzkin has the work of Gauss."""
    for pattern in sorted(patterns(net.exact, net.lower, net.upper))[:3]:
        lifted = lifted_system(net.network, net.box, pattern)
        sides = [side for row in lifted.system.equations for side in (row, tuple(-v for v in row))]
        halves = LinearSystem(lifted.system.dimension, (*lifted.system.inequalities, *sides))
        assert eliminate(halves, lifted.auxiliary) == project_pattern(net.network, net.box, pattern)


def test_lifted_points_follow_the_network():
    net = pr.Network.from_arrays([[[1.0, 2.0], [-1.0, 0.5]], [[1.0, -1.0]]], [[0.0, 0.25], [-0.5]], include_output=True)
    point = [Fraction(1, 3), Fraction(1, 7)]
    lifted = lifted_system(net, pr.Box(-1, 1), net.pattern(point))
    g = [value for layer in net.exact_preactivations(point) for value in layer]
    full = [*point, *(max(v, 0) for v in g), *(max(-v, 0) for v in g)]
    assert lifted.names == ("x_0", "x_1", "h_1_0", "h_1_1", "h_2_0", "hbar_1_0", "hbar_1_1", "hbar_2_0")
    assert lifted.system.contains(full)
    for j in range(2, len(full)):
        assert not lifted.system.contains([*full[:j], full[j] + 1, *full[j + 1 :]])


@pytest.mark.parametrize("definition", ["regions", "patterns"])
@given(net=tiny_nets(max_layers=2))
@settings(max_examples=40)
def test_irredundant_halfspaces_of_regions(net, definition):
    full_box = closed_region(net._replace(layers=[]), ())
    for i, region in enumerate(pr.regions(net.network, net.box, definition=definition, cells="lp")):
        if i == 4:
            break
        everything = closed_region(net, region.pattern)
        a, b = region.halfspaces(exact=True, irredundant=True)
        kept = halfspace_forms(a, b)
        assert same_set([*full_box, *kept], everything)
        for k in range(len(kept)):
            assert not implies([*full_box, *kept[:k], *kept[k + 1 :]], kept[k])
        every_a, every_b = region.halfspaces(exact=True)
        assert [row in zip(every_a, every_b, strict=True) for row in zip(a, b, strict=True)] == [True] * len(b)
        a, b = region.halfspaces(exact=True, irredundant=True, include_domain=True)
        alone = halfspace_forms(a, b)
        assert same_set(alone, everything)
        for k in range(len(alone)):
            assert not implies([*alone[:k], *alone[k + 1 :]], alone[k])
        assert alone[: len(kept)] == kept
        float_a, float_b = region.halfspaces(irredundant=True, include_domain=True)
        assert float_a.tolist() == [[float(v) for v in row] for row in a]
        assert float_b.tolist() == [float(v) for v in b]


def test_regions_of_a_trained_network():
    known = npz("A1_2d_16x2")
    network, box = of_known(known)
    sides = 0
    for region in list(pr.regions(network, box, cells="lp"))[::24]:
        result = project_pattern(network, box, region.pattern)
        assert result == project_pattern(network, box, region.pattern, way="substitution")
        a, b = region.halfspaces(irredundant=True)
        whole_a, whole_b = region.halfspaces(irredundant=True, include_domain=True)
        assert len(whole_b) == len(result.inequalities)
        assert (whole_a[: len(b)] == a).all()
        assert (np.abs(whole_a[len(b) :]).sum(axis=1) == 1).all()
        assert (whole_b[len(b) :] == 1).all()
        assert (a @ region.point < b).all()
        sides += len(b)
    assert sides > 60


def test_rows_of_the_domain_without_variables():
    domain = pr.Polytope([[1, 0], [0, 0], [-1, 0], [0, 1], [0, -1]], [1, "1/2", 1, 1, 1])
    region = next(iter(pr.regions(of_known(six_definitions())[0], domain, cells="lp")))
    a, b = region.halfspaces(exact=True, include_domain=True)
    assert ([0, 0], Fraction(1)) in list(zip(a, b, strict=True))
    a, b = region.halfspaces(irredundant=True, include_domain=True)
    assert np.abs(a).sum(axis=1).min() > 0


def test_what_is_asked_of_the_wrong_thing():
    network, box = of_known(six_definitions())
    region = next(pr.regions(network, box, cells="lp"))
    homeless = pr.Region(network, region.pattern, region.witness)
    assert homeless == region
    assert len(homeless.halfspaces()[1]) == network.num_units
    for options in ({"irredundant": True}, {"include_domain": True}):
        with pytest.raises(ArgumentError, match="without its domain"):
            homeless.halfspaces(**options)
    for way in WAYS:
        with pytest.raises(NetworkError, match="the pattern has layers"):
            project_pattern(network, box, ((1,),), way=way)
    with pytest.raises(ArgumentError, match="no way 'guess'"):
        project_pattern(network, box, region.pattern, way="guess")
