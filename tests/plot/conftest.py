"""Pictures in memory, each test with its own."""

import matplotlib
import pytest

matplotlib.use("Agg")


@pytest.fixture
def ax():
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots()
    yield ax
    plt.close(figure)


@pytest.fixture(autouse=True)
def _no_pictures_left():
    import matplotlib.pyplot as plt

    yield
    plt.close("all")
