"""Train a small ReLU network on scikit-learn's handwritten digits and write it as .npz.

    python benchmarks/train_digits.py --hidden 6 6 --seed 0 --output FILE

The inputs are 8 x 8 pixels scaled to [0, 1]. The trained weights are rounded to multiples of 2^-16 that are float32
numbers; the accuracy printed is that of the rounded network. Without the grid the weights of pixels that are always
blank, which training shrinks to 1e-27, would make the exact integers four times as long and a MILP badly scaled.
With the default settings the script writes the network that the package ships, polyregions/data/digits_64_6_6_10.npz.
Training amplifies every rounding of the linear algebra underneath, so another processor or version of numpy or
scikit-learn may give another network; the same ones give the same.
"""

import argparse
import warnings
from typing import Any

import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

from polyregions.formats.npz import save_npz
from polyregions.network import Network


def digits() -> list[Any]:
    """Training inputs, test inputs, training labels, test labels; the same split every time."""
    inputs, labels = load_digits(return_X_y=True)
    return train_test_split(inputs / 16.0, labels, test_size=0.25, random_state=0, stratify=labels)


def rounded(array: Any) -> Any:
    """The nearest multiples of 2^-16, as float32 (exactly those, up to a magnitude of 2^8)."""
    return (np.round(array * 2.0**16) / 2.0**16).astype(np.float32)


def train(hidden: tuple[int, ...], seed: int) -> Network:
    """A network with the given hidden widths, its weights rounded."""
    inputs, _, labels, _ = digits()
    classifier = MLPClassifier(hidden, learning_rate_init=0.01, max_iter=400, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        classifier.fit(inputs, labels)
    trained = Network.from_sklearn(classifier)
    return Network.from_arrays([rounded(w) for w in trained.weights], [rounded(b) for b in trained.biases])


def accuracy(network: Network, inputs: Any, labels: Any) -> float:
    """The share of the inputs whose largest output is at their label."""
    return float((network(inputs).argmax(axis=1) == labels).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description="Train a small ReLU network on scikit-learn's digits.")
    parser.add_argument("--hidden", type=int, nargs="+", default=[6, 6], help="widths of the hidden layers")
    parser.add_argument("--seed", type=int, default=0, help="of the initial weights and the order of the examples")
    parser.add_argument("--output", required=True, help="the .npz file to write")
    arguments = parser.parse_args()
    network = train(tuple(arguments.hidden), arguments.seed)
    save_npz(network, arguments.output)
    train_inputs, test_inputs, train_labels, test_labels = digits()
    print(f"{network!r} written to {arguments.output}, sha256 {network.sha256}")
    print(f"accuracy: training {accuracy(network, train_inputs, train_labels):.3f}, ", end="")
    print(f"test {accuracy(network, test_inputs, test_labels):.3f}")


if __name__ == "__main__":
    main()
