"""All reproductions, one after the other, and a table of their claims.

    python benchmarks/reproductions/run_all.py --smoke              # a minute: everything runs
    python benchmarks/reproductions/run_all.py --mnist ~/mnist      # the figures, on MNIST

Takes the arguments that all of them take. Prints a Markdown table at the end, and writes it to claims.md. The status
is 1 if a claim that is a theorem was not seen; what networks do in training is a finding, whatever it is.
"""

import sys
import time
from collections.abc import Sequence
from importlib import import_module

from experiment import Claim, Experiment

REPRODUCTIONS = [
    "lines",
    "boundary_distance",
    "theorem3",
    "plane_in_training",
    "sawtooth",
    "depth_and_width",
    "memorisation",
    "learning_rate",
    "initialisation",
    "zero_bias",
    "activation_and_linear",
]


def table(claims: dict[str, list[Claim]]) -> str:
    """The claims as a Markdown table."""
    lines = ["| reproduction | claim (criterion) | paper | ours | |", "| --- | --- | --- | --- | --- |"]
    for name, found in claims.items():
        for i, claim in enumerate(found):
            cells = [
                "" if i else f"`{name}`",
                claim.text,
                claim.paper,
                claim.ours,
                "seen" if claim.seen else "**not seen**",
            ]
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    arguments = list(sys.argv[1:] if argv is None else argv)
    # Checked here for all of them; --help describes the options.
    experiment = Experiment.start(__file__, __doc__, arguments, runs=1, several=True)
    claims: dict[str, list[Claim]] = {}
    for name in REPRODUCTIONS:
        start = time.perf_counter()
        print(f"=== {name}", flush=True)
        claims[name] = import_module(name).main(arguments)
        print(f"({time.perf_counter() - start:.0f} s)", flush=True)
    text = f"Images: {experiment.images.name}. Seed: {experiment.seed}.\n\n{table(claims)}\n"
    (experiment.folder / "claims.md").write_text(text, encoding="utf-8")
    print(text)
    if experiment.smoke:
        print("A smoke run shows that all programs run. Its networks are too small and too few for findings.")
    broken = [claim.text for found in claims.values() for claim in found if claim.theorem and not claim.seen]
    for text in broken:
        print(f"a theorem was not seen: {text}", file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
