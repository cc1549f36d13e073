"""Instances in a folder: MPS files, and an index with the certified answers and where they come from."""

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from polyregions.bench.lp_sequence import LPSequence, Program
from polyregions.bench.programs import (
    DOMAIN,
    THRESHOLD,
    MilpInstance,
    bound_instance,
    count_instance,
    parity_instance,
)
from polyregions.bench.recipes import KINDS, Recipe, draw_network
from polyregions.bench.record import record_sequence
from polyregions.errors import ArgumentError, FormatError
from polyregions.network import Network, Pattern
from polyregions.result import network_json, versions
from solvers import MILPModel

__all__ = ["INDEX", "Index", "Instance", "build", "read_index", "sequence_model"]

INDEX = "index.json"
_FORMAT, _VERSION = "polyregions bench", 1

_MAKERS: dict[str, Callable[[Recipe, int], MilpInstance]] = {
    "count": count_instance,
    "bound": bound_instance,
    "parity": parity_instance,
}


@dataclass(frozen=True, eq=False)
class Instance:
    """One entry of the index.

    Attributes
    ----------
    name, kind : str
    file : Path
        The MPS file, or for "lp" the sequence.
    sha256 : str
        Of that file.
    truth : dict
        The certified answer, by kind. "lp": ``optima``, pairs of floats around each maximum, ``constants`` and
        ``positive``. "count" and "parity": ``patterns``, their number, which also are lines of the file
        ``patterns_file``; ``thin``, those of them that may be missed, for f hardly reaches the threshold there; and for
        "parity" ``feasible``. "bound": ``optimum``, a pair of floats around the maximum.
    entry : dict
        All of the entry as it stands in the index.
    """

    name: str
    kind: str
    file: Path
    sha256: str
    truth: dict[str, Any]
    entry: dict[str, Any]

    def patterns(self) -> frozenset[str]:
        """All solutions z of a program of the kinds "count" and "parity": a string of 0 and 1 each."""
        return frozenset((self.file.parent / self.truth["patterns_file"]).read_text(encoding="ascii").split())

    def sequence(self) -> LPSequence:
        """The sequence of an instance of the kind "lp"."""
        return LPSequence.from_json(json.loads(self.file.read_text(encoding="utf-8")), str(self.file))


@dataclass(frozen=True, eq=False)
class Index:
    """The instances of a folder, and what was drawn."""

    folder: Path
    set_name: str
    seed: int
    instances: tuple[Instance, ...]


def build(
    folder: str | os.PathLike[str],
    recipes: Sequence[Recipe],
    *,
    seed: int,
    set_name: str,
    progress: Callable[[str], None] = lambda text: None,
) -> Index:
    """Draw the instances of some recipes and write them to a folder, which is made where there is none.

    Parameters
    ----------
    progress : callable
        Told the name of each instance before it is made.

    Raises
    ------
    OSError
        If a file cannot be written.
    """
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    entries = []
    for recipe in recipes:
        progress(recipe.name)
        entries.append(_write_lp(target, recipe, seed) if recipe.kind == "lp" else _write_milp(target, recipe, seed))
    index = {
        "format": _FORMAT,
        "version": _VERSION,
        "set": set_name,
        "seed": seed,
        "domain": DOMAIN.to_json(),
        "versions": versions(),
        "instances": entries,
    }
    (target / INDEX).write_text(json.dumps(index, indent=1) + "\n", encoding="utf-8")
    return read_index(target)


def _write_lp(folder: Path, recipe: Recipe, seed: int) -> dict[str, Any]:
    from solvers.model_files import write_model

    network = draw_network(recipe, seed)
    sequence = record_sequence(network, DOMAIN, count=recipe.programs)
    if not sequence.steps:
        raise ArgumentError(f"{recipe.name}: the counter asks no linear program; take another seed")
    file = folder / f"{recipe.name}.json"
    file.write_text(json.dumps(sequence.to_json()) + "\n", encoding="utf-8")
    parts = folder / recipe.name
    parts.mkdir(exist_ok=True)
    names = []
    for number, program in enumerate(sequence.programs()):
        model = sequence_model(sequence, program)
        path = parts / f"{number:04d}.mps"
        columns = [f"x_{j}" for j in range(len(sequence.lower))]
        rows = [f"cell_{i}" for i in range(len(program.lower))]
        comment = f"program {number} of {recipe.name}"
        write_model(model, path, "mps", columns=columns, rows=rows, name="cell", comments=[comment])
        names.append(f"{recipe.name}/{path.name}")
    truth = {
        "optima": [list(step.optimum) for step in sequence.steps],
        "constants": [step.constant for step in sequence.steps],
        "positive": [step.positive for step in sequence.steps],
    }
    return {**_entry(recipe, seed, 0, network, folder, file), "truth": truth, "programs": names}


def _write_milp(folder: Path, recipe: Recipe, seed: int) -> dict[str, Any]:
    from solvers.model_files import write_model

    made = _MAKERS[recipe.kind](recipe, seed)
    file = folder / f"{recipe.name}.mps"
    comments = [f"{recipe.name}, seed {seed}", f"network sha256 {made.network.sha256}"]
    write_model(made.model, file, "mps", columns=made.columns, rows=made.rows, name=recipe.kind, comments=comments)
    truth: dict[str, Any] = {}
    if made.optimum is not None:
        truth["optimum"] = list(made.optimum)
    else:
        patterns = folder / f"{recipe.name}.patterns"
        patterns.write_text("".join(_text(pattern) + "\n" for pattern in made.patterns), encoding="ascii")
        thin = [_text(pattern) for pattern in made.thin]
        truth = {
            "patterns": len(made.patterns),
            "patterns_file": patterns.name,
            "patterns_sha256": _digest(patterns),
            "thin": thin,
        }
    if recipe.kind == "parity":
        truth["feasible"] = bool(made.patterns)
    return {
        **_entry(recipe, seed, made.attempt, made.network, folder, file),
        "truth": truth,
        "binaries": list(made.z),
        "parity": [[list(row.units), row.right] for row in made.parity],
        "unstable_units": made.unstable,
        "threshold": THRESHOLD,
        "size": [len(made.rows), len(made.columns), int(made.model.integer.sum())],
    }


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _text(pattern: Pattern) -> str:
    return "".join(str(state) for layer in pattern for state in layer)


def _entry(recipe: Recipe, seed: int, attempt: int, network: Network, folder: Path, file: Path) -> dict[str, Any]:
    from polyregions.formats import save

    weights = folder / f"{recipe.name}.npz"
    save(network, weights)
    return {
        "name": recipe.name,
        "kind": recipe.kind,
        "file": file.name,
        "sha256": _digest(file),
        "recipe": {**asdict(recipe), "widths": list(recipe.widths)},
        "seed": seed,
        "attempt": attempt,
        "network": network_json(network),
        "weights": weights.name,
    }


def sequence_model(sequence: LPSequence, program: Program) -> MILPModel:
    """One program of a sequence, without its constant."""
    n = len(sequence.lower)
    return MILPModel(
        objective=program.step.objective,
        matrix=program.rows,
        row_lower=program.lower,
        row_upper=np.full(len(program.lower), np.inf),
        lower=sequence.lower,
        upper=sequence.upper,
        integer=np.zeros(n, dtype=np.bool_),
    )


def read_index(folder: str | os.PathLike[str]) -> Index:
    """The instances that :func:`build` wrote to a folder.

    Raises
    ------
    FormatError
        If there is no index, it is another kind of file, or a file is missing or not the one that the index means.
    """
    path = Path(folder) / INDEX
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        if (value["format"], value["version"]) != (_FORMAT, _VERSION):
            raise FormatError(f"{path}: not an index of {_FORMAT}, version {_VERSION}")
        instances = tuple(_instance(path, entry) for entry in value["instances"])
        return Index(path.parent, str(value["set"]), int(value["seed"]), instances)
    except OSError as error:
        raise FormatError(f"{error.filename or path}: {error.strerror or error}") from None
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, FormatError):
            raise
        raise FormatError(f"{path}: not an index of {_FORMAT}: {error!r}") from None


def _instance(path: Path, entry: dict[str, Any]) -> Instance:
    file = path.parent / entry["file"]
    if entry["kind"] not in KINDS:
        raise FormatError(f"{path}: {entry['name']} is of an unknown kind, {entry['kind']!r}")
    digests = {file: entry["sha256"]}
    if "patterns_file" in entry["truth"]:
        digests[path.parent / entry["truth"]["patterns_file"]] = entry["truth"]["patterns_sha256"]
    for part, digest in digests.items():
        if _digest(part) != digest:
            raise FormatError(f"{part}: not the file that the index was written for; its answers need not hold")
    return Instance(entry["name"], entry["kind"], file, entry["sha256"], entry["truth"], entry)
