"""What users import from `polyregions` and `polyregions.bounds`."""

import subprocess
import sys

import pytest

import polyregions
from polyregions import bounds


@pytest.mark.parametrize("package", [polyregions, bounds])
def test_every_name_is_there(package):
    assert dir(package) == sorted(package.__all__)
    for name in package.__all__:
        assert getattr(package, name).__name__ == name
        assert vars(package)[name] is getattr(package, name)
    with pytest.raises(AttributeError, match=f"module '{package.__name__}' has no attribute 'nothing'"):
        package.nothing  # noqa: B018


def test_importing_the_package_imports_no_bounds():
    code = "import sys, polyregions; print([m for m in sys.modules if m.startswith('polyregions.bounds')])"
    printed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert printed.strip() == "[]"
