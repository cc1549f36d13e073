"""What README.md and docs/python.md show is what happens."""

import doctest
import re
import shlex
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

from polyregions.cli import main

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
GUIDE = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")


def blocks(language, text=README):
    found = re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    assert found
    return found


@pytest.mark.parametrize("block", blocks("python"))
def test_python(block):
    run(block, "README.md")


def run(text, name):
    test = doctest.DocTestParser().get_doctest(text, {}, name, name, 0)
    assert test.examples
    failures = []
    doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=failures.append)
    assert not failures, "".join(failures)


@pytest.mark.parametrize("framework", [None, "torch"])
def test_guide(framework, tmp_path, monkeypatch):
    text = "".join(blocks("python", GUIDE))
    if framework:
        pytest.importorskip(framework)
    else:  # what does not need torch is tested everywhere
        text = re.sub(r"^>>> .*(from torch|from_torch).*\n([^>\n].*\n)*", "", text, flags=re.MULTILINE)
        assert "torch" not in text
    monkeypatch.chdir(tmp_path)
    run(text, "docs/python.md")


def test_unbounded_domains():
    text = (ROOT / "docs" / "unbounded.md").read_text(encoding="utf-8")
    run("".join(blocks("python", text)), "docs/unbounded.md")


def test_definitions():
    text = (ROOT / "docs" / "definitions.md").read_text(encoding="utf-8")
    run("".join(blocks("python", text)), "docs/definitions.md")


def test_the_guide_is_short():
    assert len(GUIDE.splitlines()) <= 60


@pytest.mark.parametrize("block", blocks("console"))
def test_console(block, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    prompt, expected = block.split("\n", 1)
    program, *arguments = shlex.split(prompt.removeprefix("$ "))
    assert program == ".venv/bin/polyregions"  # where the set-up puts it
    assert main(arguments) == 0
    assert doctest.OutputChecker().check_output(expected, capsys.readouterr().out, doctest.ELLIPSIS)


def test_the_commands_listed_are_the_commands_there_are():
    from polyregions.cli import COMMANDS

    assert set(re.findall(r"^\| `polyregions ([a-z-]+)", README, re.MULTILINE)) == set(COMMANDS)


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target


def test_the_program_starts_where_the_project_says():
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
    module, function = scripts["polyregions"].split(":")
    assert callable(getattr(import_module(module), function))
