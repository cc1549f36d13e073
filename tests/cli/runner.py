"""The command line in this process and in one of its own."""

import json
import subprocess
import sys
from pathlib import Path

from polyregions.cli import main

NETS = Path(__file__).parents[1] / "data" / "nets"
A1 = str(NETS / "A1_2d_16x2.npz")
#: Takes several seconds to count.
A2 = str(NETS / "A2_2d_32x3.npz")
BOX = ("--box", "-1", "1")


def command(*arguments):
    return [sys.executable, "-m", "polyregions", *arguments]


def run_apart(*arguments, **options):
    return subprocess.run(command(*arguments), capture_output=True, text=True, timeout=120, check=False, **options)


def run_code(code, **options):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, **options)


def run_json(capsys, *arguments):
    """The exit status, and the one JSON object on standard output."""
    status = main([*arguments, "--json"])
    return status, json.loads(capsys.readouterr().out)
