"""What users import from `polyregions.bounds`."""

import subprocess
import sys

import pytest

from polyregions import bounds


def test_every_name_is_there():
    assert dir(bounds) == sorted(bounds.__all__)
    for name in bounds.__all__:
        assert getattr(bounds, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        bounds.nothing  # noqa: B018


def test_importing_the_package_imports_no_bounds():
    code = "import sys, polyregions; print([m for m in sys.modules if m.startswith('polyregions.bounds')])"
    printed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert printed.strip() == "[]"
