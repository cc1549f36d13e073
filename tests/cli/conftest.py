"""Commands in this process say nothing of their progress or of compilation: both depend on the machine."""

import logging

import pytest

from polyregions import progress


@pytest.fixture(autouse=True)
def no_progress(request, monkeypatch):
    if request.path.name != "test_progress.py":
        monkeypatch.setattr(progress, "DELAY", float("inf"))
        monkeypatch.setattr(logging.getLogger("polyregions.splitting.compiled"), "disabled", True)
