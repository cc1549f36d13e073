"""What docs/geometry.md shows is what happens."""

import doctest
from pathlib import Path

TEXT = (Path(__file__).parents[2] / "docs" / "geometry.md").read_text(encoding="utf-8")


def test_examples():
    test = doctest.DocTestParser().get_doctest(TEXT.replace("```", ""), {}, "docs/geometry.md", None, 0)
    assert len(test.examples) > 12
    failures = []
    doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=failures.append)
    assert not failures, "".join(failures)
