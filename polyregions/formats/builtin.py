"""The network that ships with the package."""

from importlib.resources import as_file, files

from polyregions.formats.npz import load_npz
from polyregions.network import Network

__all__ = ["load_demo_network"]


def load_demo_network(*, include_output: bool = False) -> Network:
    """A small trained network: handwritten digits of 8 x 8 pixels in [0, 1], two hidden layers of six, ten logits.

    ``benchmarks/train_digits.py`` made it, with its default settings, from scikit-learn's digits.

    Parameters
    ----------
    include_output : bool, optional
        Treat the output layer as one more ReLU layer.

    Examples
    --------
    >>> load_demo_network()
    Network(64-6-6-10)
    """
    with as_file(files("polyregions") / "data" / "digits_64_6_6_10.npz") as path:
        return load_npz(path, include_output=include_output)
