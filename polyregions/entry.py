"""Where the process starts: quiet if Ctrl-C comes while the rest of the program is still being imported."""

import sys

__all__ = ["main"]


def main() -> int:
    """Import and run the command line; see :func:`polyregions.cli.main`."""
    try:
        from polyregions.cli import main as run

        return run()
    except KeyboardInterrupt:
        sys.stderr.write("polyregions: interrupted before anything was counted\n")
        return 130
