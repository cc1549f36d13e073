"""The synopses in docs/cli.md name the options that each command has, and no others."""

import argparse
import re
from pathlib import Path

import pytest

from polyregions import cli

TEXT = (Path(__file__).parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
BLOCK = "\n".join(line for line in TEXT.splitlines() if line.startswith("    "))


def synopses(command):
    """All that is written of a command, with its domain's options."""
    parts = re.split(r"\n {4}(?=\S)", "\n" + BLOCK)
    named = {part.split(":")[0]: part.split(":", 1)[1] for part in parts if re.match("[A-Z]+:", part)}
    text = " ".join(part for part in parts if part.startswith(f"polyregions {command} "))
    for _ in range(2):
        for name, meaning in named.items():
            text = re.sub(rf"\b{name}\b(?!:)", lambda match, meaning=meaning: meaning, text)
    return text


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_options(command):
    parser = argparse.ArgumentParser(add_help=False)
    cli.COMMANDS[command].configure(parser)
    options = {name for action in parser._actions for name in action.option_strings}
    assert set(re.findall(r"--[a-z-]+", synopses(command))) == options


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_choices(command):
    parser = argparse.ArgumentParser(add_help=False)
    cli.COMMANDS[command].configure(parser)
    text = synopses(command)
    for action in parser._actions:
        if action.choices is not None:
            written = re.search(rf"{action.option_strings[0]} ([a-z|]+)", text)[1]
            assert sorted(written.split("|")) == sorted(action.choices)
