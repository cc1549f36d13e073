"""What the reproductions share: arguments, training, tables, pictures, and the line that says whether a claim was seen.

A claim of the papers is "seen" if numbers that are named beforehand lie where the paper says they do; the criterion
stands next to each claim's text. Claims that are theorems must be seen: a run in which one is not ends with status 1.
"""

import argparse
import csv
import math
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

# The matrices are small: threads of the linear algebra only get in each other's way.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from images import Images, load_images
from training import train

import polyregions as pr

__all__ = ["Claim", "Experiment", "called", "milestones", "plane_through_origin", "summary", "three_classes"]

#: Examples in an epoch: as many as MNIST has. The digits, 1,347 of them, are passed over as often as it takes.
EPOCH = 60_000
SMOKE_EPOCH = 1_000
#: Where the tables and pictures go unless --output says otherwise; git ignores it.
FOLDER = ".benchmarks/reproductions"


@dataclass(frozen=True)
class Claim:
    """What a paper says, what was measured, and whether the two agree by a criterion that the text names."""

    text: str
    paper: str
    ours: str
    seen: bool
    theorem: bool = False

    def __str__(self) -> str:
        return f"{'seen' if self.seen else 'NOT seen'}: {self.text}\n    paper: {self.paper}\n    ours:  {self.ours}"


@dataclass
class Experiment:
    """One reproduction's settings and findings."""

    name: str
    smoke: bool
    seed: int
    runs: int
    epochs: int
    folder: Path
    mnist: str | None
    claims: list[Claim] = field(default_factory=list)

    @classmethod
    def start(
        cls,
        file: str,
        description: str | None,
        argv: Sequence[str] | None,
        *,
        runs: int,
        epochs: int = 0,
        several: bool = False,
    ) -> "Experiment":
        """From the command line; ``runs`` and ``epochs`` are the defaults, and a smoke run's are 1 and 1.

        One that trains no network has ``epochs`` 0. ``several``: the arguments are for several reproductions,
        each with its own defaults.
        """
        name = Path(file).stem
        title, _, text = (description or "").partition("\n")
        parser = argparse.ArgumentParser(
            prog=f"{name}.py", description=title, epilog=text, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        parser.add_argument("--smoke", action="store_true", help="small networks and few runs, in seconds")
        parser.add_argument("--seed", type=int, default=0, help="of everything random (default: 0)")
        own = "each one's own" if several else ""
        help_runs = f"independent networks (default: {own or runs}, smoke run: 1)"
        help_epochs = f"of {EPOCH:,} examples each (default: {own or epochs}, smoke run: 1 of {SMOKE_EPOCH:,})"
        parser.add_argument("--runs", type=_positive, help=help_runs)
        parser.add_argument("--epochs", type=_positive, help=help_epochs if epochs or own else "(nothing is trained)")
        parser.add_argument(
            "--mnist", metavar="DIR", help="folder of MNIST's four IDX files; without it, scikit-learn's digits"
        )
        parser.add_argument("--output", metavar="DIR", help=f"where to write CSV and PNG files (default: {FOLDER})")
        found = parser.parse_args(argv)
        folder = Path(found.output or (f"{FOLDER}-smoke" if found.smoke else FOLDER))
        folder.mkdir(parents=True, exist_ok=True)
        return cls(
            name,
            found.smoke,
            found.seed,
            found.runs or (1 if found.smoke else runs),
            found.epochs or (1 if found.smoke else epochs),
            folder,
            found.mnist,
        )

    @property
    def images(self) -> Images:
        return _images(self.mnist)

    def train(
        self, widths: Sequence[int], run: int, measure: Callable[[int, pr.Network], None], **settings: Any
    ) -> pr.Network:
        """Train a classifier of the images and measure it at the epochs of :func:`milestones`, the 0th included."""
        wanted = set(milestones(self.epochs))

        def after_epoch(epoch: int, network: pr.Network) -> None:
            if epoch in wanted:
                measure(epoch, network)

        data = {"inputs": self.images.inputs, "labels": self.images.labels}
        data |= {key: settings.pop(key) for key in tuple(settings) if key in data}
        return train(
            widths,
            **data,
            epochs=self.epochs,
            epoch_size=SMOKE_EPOCH if self.smoke else EPOCH,
            seed=self.seed + run,
            after_epoch=after_epoch,
            **settings,
        )

    def random(self, *salt: int) -> np.random.Generator:
        """A generator of its own for each salt."""
        return np.random.default_rng([self.seed, *salt])

    def claim(self, text: str, *, paper: str, ours: str, seen: bool, theorem: bool = False) -> None:
        """Say whether a claim was seen."""
        self.claims.append(Claim(text, paper, ours, bool(seen), theorem))
        print(self.claims[-1], flush=True)

    def write(self, rows: Sequence[dict[str, Any]], suffix: str = "") -> None:
        """Rows with the same keys, as NAME.csv."""
        path = self.folder / f"{self.name}{suffix}.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        print(f"wrote {path}")

    def axes(self, columns: int = 1, rows: int = 1, **settings: Any) -> tuple[Any, Any]:
        """A figure without a screen, and its axes in an array of ``columns``, or of ``rows`` times ``columns``."""
        try:
            from matplotlib.backends.backend_agg import FigureCanvasAgg
            from matplotlib.figure import Figure
        except ImportError:
            raise SystemExit("the reproductions draw with matplotlib: pip install 'polyregions[bench]'") from None
        figure = Figure(figsize=(4.5 * columns, 3.8 * rows), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots(rows, columns, squeeze=False, **settings)
        return figure, axes[0] if rows == 1 else axes

    def save(self, figure: Any) -> None:
        """The figure as NAME.png."""
        path = self.folder / f"{self.name}.png"
        figure.savefig(path, dpi=130)
        print(f"wrote {path}")


@cache
def _images(mnist: str | None) -> Images:
    return load_images(mnist)


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} is not at least 1")
    return value


def milestones(epochs: int) -> list[int]:
    """The epochs at which networks are measured: 0, 1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, ... and the last."""
    found = {0, epochs}
    for power in range(len(str(epochs))):
        found |= {int(part * 10**power) for part in (1, 1.5, 2, 3, 5, 7) if (part * 10**power) % 1 == 0}
    return sorted(epoch for epoch in found if epoch <= epochs)


def summary(
    rows: Sequence[dict[str, Any]], keys: Sequence[str], value: str
) -> dict[tuple[Any, ...], tuple[float, float]]:
    """Mean and standard error of a value over the rows that agree on the keys, in the order of their first rows."""
    groups: dict[tuple[Any, ...], list[float]] = {}
    for row in rows:
        groups.setdefault(tuple(row[key] for key in keys), []).append(row[value])
    return {
        group: (float(np.mean(values)), float(np.std(values, ddof=1)) / math.sqrt(len(values)) if values[1:] else 0.0)
        for group, values in groups.items()
    }


def three_classes(images: Images, random: np.random.Generator) -> list[Any]:
    """Random training examples of the classes 0, 1 and 2."""
    return [images.inputs[random.choice(np.flatnonzero(images.labels == label))] for label in range(3)]


def plane_through_origin(images: Images, random: np.random.Generator) -> pr.Plane:
    """The whole plane through the origin and two random training examples."""
    a, b = images.inputs[random.choice(len(images.inputs), 2, replace=False)]
    return pr.Plane(np.zeros_like(a), a, b, bounded=False)


def called(widths: Sequence[int]) -> str:
    """784-[64]*3-10 and the like."""
    hidden = list(widths[1:-1])
    middle = f"[{hidden[0]}]*{len(hidden)}" if len(set(hidden)) == 1 else "-".join(map(str, hidden))
    return f"{widths[0]}-{middle}-{widths[-1]}"
