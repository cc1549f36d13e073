"""Performance profiles as a picture; needs matplotlib (the extra ``plot``)."""

import os
from importlib.util import find_spec

from polyregions.bench.report import TITLES, Summary

__all__ = ["can_plot", "plot_profiles"]


def can_plot() -> bool:
    """Whether matplotlib is installed."""
    return find_spec("matplotlib") is not None


def plot_profiles(summary: Summary, path: str | os.PathLike[str]) -> None:
    """Write a picture (its format by the extension) with one pair of axes per kind of instance.

    Raises
    ------
    ImportError
        Without matplotlib.
    """
    from matplotlib.figure import Figure

    kinds = list(summary.profiles)
    columns = min(len(kinds), 2)
    rows = -(-len(kinds) // columns)
    figure = Figure(figsize=(5.5 * columns, 3.8 * rows), layout="constrained")
    # One solver has one colour in all of them.
    solvers = list(dict.fromkeys(name for profiles in summary.profiles.values() for name in profiles))
    for place, kind in enumerate(kinds):
        axes = figure.add_subplot(rows, columns, place + 1)
        profiles = summary.profiles[kind]
        longest = max((tau for steps in profiles.values() for tau, _ in steps), default=1.0)
        for solver, steps in profiles.items():
            taus, shares = zip(*steps, strict=True)
            # To the end of the axis, where the last share still holds.
            axes.step(
                [*taus, 1.2 * longest],
                [*shares, shares[-1]],
                where="post",
                label=solver,
                color=f"C{solvers.index(solver) % 10}",
            )
        axes.set_xscale("log", base=2)
        axes.set_xlim(1.0, 1.2 * longest)
        axes.set_ylim(0.0, 1.03)
        axes.set_title(TITLES[kind], fontsize="medium")
        axes.set_xlabel("time / time of the fastest")
        axes.set_ylabel("share of problems solved")
        axes.legend(fontsize="small", loc="lower right")
    figure.savefig(path, dpi=120)
