"""Commands in this process say nothing of their progress: whether a run takes two seconds depends on the machine."""

import pytest

from polyregions import progress


@pytest.fixture(autouse=True)
def no_progress(request, monkeypatch):
    if request.path.name != "test_progress.py":
        monkeypatch.setattr(progress, "DELAY", float("inf"))
