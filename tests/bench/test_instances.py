"""The certified answers of the instances, against brute force and against HiGHS on the files."""

import itertools
import json
from fractions import Fraction

import numpy as np
import pytest

import polyregions as pr
from polyregions.bench.index import INDEX, build, read_index
from polyregions.bench.lp_sequence import LPSequence
from polyregions.bench.programs import DOMAIN, THRESHOLD, bound_instance, count_instance
from polyregions.bench.recipes import KINDS, SETS, Recipe, draw_network
from polyregions.bench.record import exact_optimum, record_sequence
from polyregions.definition import Definition
from polyregions.errors import FormatError
from polyregions.exact.restriction import Restriction
from polyregions.milp.parity import ParityConstraint
from polyregions.splitting.tree import SplittingTree
from solvers import MILPModel, Status, milp_solver
from tests.bench.conftest import TINY
from tests.reference.brute_force import patterns
from tests.reference.extrema import extrema


def exact_layers(network):
    """The ReLU layers as the reference programs take them."""
    return [
        ([[Fraction(v) for v in row] for row in w.tolist()], [Fraction(v) for v in b.tolist()])
        for w, b in zip(network.weights[: network.depth], network.biases[: network.depth], strict=True)
    ]


# -- linear programs -------------------------------------------------------------------------------------------------


def test_an_optimum_by_hand():
    rows, lower = np.array([[-1.0, -1.0]]), np.array([-0.1])
    box = np.zeros(2), np.ones(2)
    assert exact_optimum(rows, lower, np.array([2.0, 1.0]), box) == 2 * Fraction(0.1)


def test_recording_does_not_change_the_count_and_misses_no_program():
    network = draw_network(Recipe(kind="lp", inputs=2, widths=(4, 4)), 3)
    tree = SplittingTree(Restriction(network, DOMAIN), Definition.REGIONS)
    tree.explore()
    sequence = record_sequence(network, DOMAIN, count=10**6)
    assert len(sequence.steps) == tree.lps.programs > 10


def test_optima_are_those_that_highs_finds(instances):
    sequence = instances["lp"].sequence()
    assert 0 < sum(step.positive for step in sequence.steps) < len(sequence.steps)
    for program in sequence.programs():
        step = program.step
        model = MILPModel(
            objective=step.objective,
            matrix=program.rows,
            row_lower=program.lower,
            row_upper=np.full(len(program.lower), np.inf),
            lower=sequence.lower,
            upper=sequence.upper,
            integer=np.zeros(len(sequence.lower), dtype=bool),
        )
        found = milp_solver("highs").solve(model).objective
        low, high = step.optimum
        assert low - 1e-8 <= found <= high + 1e-8
        assert 0 <= high - low <= 1e-15
        assert step.positive == (
            exact_optimum(program.rows, program.lower, step.objective, (sequence.lower, sequence.upper))
            + Fraction(step.constant)
            > 0
        )


def test_the_window_begins_with_all_rows_of_its_first_program():
    network = draw_network(TINY[0], 1)
    all_of_them = list(record_sequence(network, DOMAIN, count=10**6).programs())
    window = list(record_sequence(network, DOMAIN, count=12).programs())
    assert window[0].step.delete == 0
    for one, other in zip(window, all_of_them[12:24], strict=True):
        assert (one.rows == other.rows).all()
        assert (one.lower == other.lower).all()
        assert (one.step.objective == other.step.objective).all()
        assert one.step.constant == other.step.constant


def test_a_sequence_reads_back_as_it_was(instances):
    sequence = instances["lp"].sequence()
    again = LPSequence.from_json(json.loads(json.dumps(sequence.to_json())))
    assert json.dumps(again.to_json()) == json.dumps(sequence.to_json())
    for value in ({}, {**sequence.to_json(), "version": 2}, {**sequence.to_json(), "steps": [{"delete": 0}]}):
        with pytest.raises(FormatError):
            LPSequence.from_json(value)


# -- mixed-integer programs ------------------------------------------------------------------------------------------


def test_patterns_are_all_there_are(instances):
    assert instances["infeasible"].truth["patterns"] == 0
    for kind in ("count", "parity", "infeasible"):
        instance = instances[kind]
        network = pr.load(instance.file.parent / instance.entry["weights"])
        n = network.input_dimension
        parity = [ParityConstraint(tuple(units), right) for units, right in instance.entry["parity"]]
        found = (
            [state for layer in pattern for state in layer]
            for pattern in patterns(exact_layers(network), [-1] * n, [1] * n)
        )
        expected = {"".join(map(str, s)) for s in found if all(row.holds(s) for row in parity)}
        assert instance.patterns() == expected
        assert instance.truth["patterns"] == len(expected)


def test_the_solutions_of_the_file_are_the_patterns(instances):
    """Fix every z in turn: HiGHS on the file as it was written."""
    import highspy

    instance = instances["count"]
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.readModel(str(instance.file))
    names = list(highs.getLp().col_names_)
    places = [names.index(name) for name in instance.entry["binaries"]]
    assert highs.getLp().col_lower_[names.index("f")] == THRESHOLD
    solutions = set()
    lower, upper = (np.array(side) for side in (highs.getLp().col_lower_, highs.getLp().col_upper_))
    for states in itertools.product((0, 1), repeat=len(places)):
        if any(not lower[place] <= state <= upper[place] for place, state in zip(places, states, strict=True)):
            continue
        for place, state in zip(places, states, strict=True):
            highs.changeColBounds(place, state, state)
        highs.run()
        if highs.getModelStatus() == highspy.HighsModelStatus.kOptimal:
            solutions.add("".join(map(str, states)))
    assert solutions - set(instance.truth["thin"]) == instance.patterns() - set(instance.truth["thin"])


def test_the_bound_is_the_largest_pre_activation(instances):
    instance = instances["bound"]
    network = pr.load(instance.file.parent / instance.entry["weights"])
    n = network.input_dimension
    made = bound_instance(TINY[2], 1)
    exact = float(extrema(exact_layers(network), [-1] * n, [1] * n)[-1][0][1])
    low, high = instance.truth["optimum"]
    # The program is scaled by a power of two.
    factor = 2.0 ** round(np.log2(high / exact))
    assert low <= factor * exact <= high
    assert high - low <= 1e-6
    assert made.optimum == (low, high)


def test_files_are_reread_by_highs_with_the_certified_answers(instances):
    solver = milp_solver("highs")
    low, high = instances["bound"].truth["optimum"]
    assert low - 1e-6 <= solver.solve(instances["bound"].file).objective <= high + 1e-6
    assert solver.solve(instances["parity"].file).status is Status.OPTIMAL
    assert solver.solve(instances["infeasible"].file).status is Status.INFEASIBLE
    sequence = instances["lp"]
    for name, (low, high) in zip(sequence.entry["programs"], sequence.truth["optima"], strict=True):
        assert low - 1e-7 <= solver.solve(sequence.file.parent / name).objective <= high + 1e-7


def test_thin_patterns_are_told_apart(monkeypatch):
    # With a threshold that most regions do not reach, some patterns become thin, and none is lost.
    recipe = TINY[1]
    usual = count_instance(recipe, 1)
    assert usual.thin == ()
    monkeypatch.setattr("polyregions.bench.programs.THRESHOLD", 0.05)
    made = count_instance(recipe, 1)
    assert made.patterns == usual.patterns
    assert 0 < len(made.thin) < len(made.patterns)


# -- the folder ------------------------------------------------------------------------------------------------------


def test_the_same_seed_makes_the_same_files(index, tmp_path):
    again = build(tmp_path, TINY[1:], seed=1, set_name="tiny")
    assert [i.sha256 for i in again.instances] == [i.sha256 for i in index.instances[1:]]
    other = build(tmp_path, TINY[1:2], seed=2, set_name="tiny")
    assert other.instances[0].sha256 != again.instances[0].sha256


def test_an_index_says_where_its_instances_come_from(index):
    read = read_index(index.folder)
    assert (read.set_name, read.seed) == ("tiny", 1)
    for instance, recipe in zip(read.instances, TINY, strict=True):
        assert instance.name == recipe.name
        assert instance.entry["recipe"]["bias"] == recipe.bias
        network = pr.load(index.folder / instance.entry["weights"])
        assert network.sha256 == instance.entry["network"]["sha256"]


def test_an_index_does_not_vouch_for_other_files(tmp_path):
    made = build(tmp_path, TINY[1:2], seed=1, set_name="tiny")
    file = made.instances[0].file
    for part in file.with_suffix(".patterns"), file:
        text = part.read_text()
        part.write_text(text + text)
        with pytest.raises(FormatError, match=rf"{part.name}: not the file that the index was written for"):
            read_index(tmp_path)
        part.write_text(text)
    file.unlink()
    with pytest.raises(FormatError, match="No such file"):
        read_index(tmp_path)
    (tmp_path / INDEX).write_text("{}")
    with pytest.raises(FormatError, match="not an index"):
        read_index(tmp_path)


def test_the_sets_have_every_kind_and_no_name_twice():
    for recipes in SETS.values():
        assert {recipe.kind for recipe in recipes} == set(KINDS)
        assert len({recipe.name for recipe in recipes}) == len(recipes)
