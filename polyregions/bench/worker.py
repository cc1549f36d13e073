"""One solver in a process of its own: reads a task per line, writes an answer per line, both JSON.

``python -m polyregions.bench.worker SOLVER``. The first line that it writes is {"ready": true} once the solver has
solved a tiny program, so that neither imports nor licences are part of a time. Whatever a solver prints goes nowhere.
"""

import json
import os
import sys
from typing import Any

__all__ = ["main"]


def main(argv: list[str] | None = None) -> int:
    """Serve tasks until standard input ends."""
    from polyregions.bench.approaches import approach

    (solver,) = sys.argv[1:] if argv is None else argv
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)

    def tell(answer: dict[str, Any]) -> None:
        answers.write(json.dumps(answer) + "\n")
        answers.flush()

    try:
        chosen = approach(solver)
        chosen.warm_up()
    except Exception as error:  # every solver has errors of its own
        tell({"ready": False, "error": _one_line(error)})
        return 1
    tell({"ready": True})
    for line in sys.stdin:
        try:
            tell(chosen.solve(json.loads(line)))
        except Exception as error:
            tell({"error": _one_line(error)})
    return 0


def _one_line(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


if __name__ == "__main__":
    sys.exit(main())
