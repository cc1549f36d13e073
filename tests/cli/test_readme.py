"""What README.md shows is what happens."""

import doctest
import re
import shlex
from pathlib import Path

import pytest

from polyregions.cli import main

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language):
    found = re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    assert found
    return found


@pytest.mark.parametrize("block", blocks("python"))
def test_python(block):
    test = doctest.DocTestParser().get_doctest(block, {}, "README.md", "README.md", 0)
    assert test.examples
    failures = []
    doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=failures.append)
    assert not failures, "".join(failures)


@pytest.mark.parametrize("block", blocks("console"))
def test_console(block, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    prompt, expected = block.split("\n", 1)
    program, *arguments = shlex.split(prompt.removeprefix("$ "))
    assert program == "polyregions"
    assert main(arguments) == 0
    assert doctest.OutputChecker().check_output(expected, capsys.readouterr().out, doctest.ELLIPSIS)


def test_the_commands_listed_are_the_commands_there_are():
    from polyregions.cli import COMMANDS

    assert set(re.findall(r"^\| `polyregions ([a-z-]+)", README, re.MULTILINE)) == set(COMMANDS)


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target
