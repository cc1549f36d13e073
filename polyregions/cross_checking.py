"""Both counters on one network, their sets of patterns compared, every difference explained by proof."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from polyregions.definition import Definition
from polyregions.domain import Domain
from polyregions.enumeration import Leaf, Run
from polyregions.geometry.region import pattern_text
from polyregions.network import Network, Pattern
from polyregions.result import Count, ProgressCallback, Status
from solvers.errors import SolverError

__all__ = ["CrossCheck", "Difference", "cross_check"]


@dataclass(frozen=True)
class Difference:
    """A pattern that one counter found and the other did not.

    Attributes
    ----------
    pattern : tuple of tuples of 0/1
    found_by : {"split", "milp"}
    explanation : str
        What an independent exact evaluation of the witness says, and so who is wrong.
    """

    pattern: Pattern
    found_by: str
    explanation: str


@dataclass(frozen=True)
class CrossCheck:
    """The outcome of a cross-check; ``str(check)`` says it in one line.

    Attributes
    ----------
    split, milp : Count
    differences : tuple of Difference
        Only between runs that claim to be complete: what a stopped run had not yet reached is no difference.
    """

    split: Count
    milp: Count
    differences: tuple[Difference, ...]

    @property
    def complete(self) -> bool:
        """Whether both counters finished."""
        return Status.BRACKET not in (self.split.status, self.milp.status)

    @property
    def agree(self) -> bool | None:
        """True if both counters finished with the same set of patterns, False if they differ, None if undecided.

        A difference is proven even where one of the two was stopped; that there is none needs both to be complete.
        """
        if self.differences:
            return False
        return True if self.complete else None

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C or SIGTERM stopped a counter."""
        return self.split.interrupted or self.milp.interrupted

    def __str__(self) -> str:
        number = len(self.differences)
        differ = f"differ on {number:,} pattern{'s' * (number != 1)}"
        verdict = {True: "agree", False: differ, None: "undecided"}[self.agree]
        return f"{verdict}: split {self.split}; milp {self.milp}"

    def to_json(self) -> dict[str, Any]:
        """The object that the command line prints with --json."""
        return {
            "agree": self.agree,
            "complete": self.complete,
            "split": self.split.to_json(),
            "milp": self.milp.to_json(),
            "differences": [
                {
                    "pattern": pattern_text(difference.pattern),
                    "found_by": difference.found_by,
                    "explanation": difference.explanation,
                }
                for difference in self.differences
            ],
        }


def cross_check(
    network: Network,
    domain: Domain,
    *,
    definition: Definition | str = Definition.REGIONS,
    solver: str = "highs",
    workers: int = 1,
    bounds: str = "interval",
    time_limit: float | None = None,
    memory_limit: int | None = None,
    progress: ProgressCallback | None = None,
) -> CrossCheck:
    """Count with the splitting counter and with the MILP, and compare the sets of patterns, not only the numbers.

    Parameters
    ----------
    solver : str, optional
        The MILP's; see :func:`polyregions.counting.count`.
    workers : int, optional
        Threads of the splitting counter.
    bounds : {"interval", "lp", "milp"}, optional
        The MILP's; see :func:`polyregions.counting.count`.
    time_limit : float, optional
        Seconds for each of the two.
    memory_limit : int, optional
        Bytes that the process may hold; it keeps all patterns.

    Other parameters as for :func:`polyregions.counting.count`. Memory is O(regions). Ctrl-C or SIGTERM during the first
    count stops both. Look at ``agree``: True, False, or None where a limit or Ctrl-C left the question open.

    Examples
    --------
    >>> from polyregions.domain import Box
    >>> net = Network.from_arrays([[[1.0, 0.0], [0.0, 1.0]], [[1.0, 1.0]]], [[0.0, 0.0], [0.0]])
    >>> cross_check(net, Box(-1, 1)).agree
    True
    """
    # Both are made before the first one starts, so that what is wrong with the second is known at once.
    runs = [
        Run(
            network,
            domain,
            definition=definition,
            method=method,
            solver=back_end,
            workers=workers,
            bounds=how,
            time_limit=time_limit,
            memory_limit=memory_limit,
            progress=progress,
        )
        for method, back_end, how in (("split", "highs", "interval"), ("milp", solver, bounds))
    ]
    found: list[dict[bytes, Leaf]] = []
    counts: list[Count] = []
    for run in runs:
        if runs[0].interrupted:
            run.skip(runs[0].stopped or "stopped")
        leaves: dict[bytes, Leaf] = {}
        try:
            leaves.update((network.pattern_key(leaf.states), leaf) for leaf in run.leaves())
        except SolverError as error:
            # What the other counter found must not be lost by it.
            run.fail(f"the solver failed: {error}")
        found.append(leaves)
        counts.append(run.result())
    differences: list[Difference] = []
    for own, other in ((0, 1), (1, 0)):
        if counts[other].status is not Status.BRACKET:
            missing = (leaf for key, leaf in found[own].items() if key not in found[other])
            differences.extend(_explain(runs[own], counts[other], missing))
    return CrossCheck(counts[0], counts[1], tuple(differences))


def _explain(run: Run, other: Count, missing: Iterable[Leaf]) -> Iterable[Difference]:
    for leaf in missing:
        region = run.region(leaf)
        # Evaluated by the network alone, with none of the counters' code.
        attained = run.network.pattern(region.witness)
        if attained != region.pattern:
            who = f"the {run.method} counter is wrong: its witness does not have this pattern"
        elif other.status is Status.NUMERICAL:
            who = (
                f"the {other.method} counter missed it, within its solver's tolerances: the witness has this pattern, "
                f"and the smallest active pre-activation there is {_smallest(run.network, region.witness):.3g}"
            )
        else:
            who = f"the {other.method} counter missed it although it claims to be exact: please report this as a bug"
        yield Difference(region.pattern, run.method, who)


def _smallest(network: Network, witness: Any) -> float:
    layers = zip(network.exact_preactivations(witness)[: network.depth], network.linear_masks, strict=False)
    values = [g for layer, linear in layers for g, passes in zip(layer, linear, strict=True) if g > 0 and not passes]
    return float(min(values)) if values else 0.0
