"""scikit-learn: a fitted ``MLPClassifier`` or ``MLPRegressor``. Does not import sklearn; the caller did."""

import sys
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from polyregions.errors import NetworkError, UnsupportedLayerError
from polyregions.formats.self_check import check_points, check_same_outputs, rounding_bound
from polyregions.network import Network

__all__ = ["network_from_sklearn"]

FloatArray = npt.NDArray[np.float64]


def network_from_sklearn(estimator: Any, *, include_output: bool = False) -> Network:
    """The network of a fitted ``MLPClassifier`` or ``MLPRegressor`` with ReLU hidden layers.

    A classifier's output layer is the affine one that gives the logits, before softmax (one logit per class)
    or the logistic function (a single logit for two classes, one per label for multilabel targets).

    Parameters
    ----------
    estimator : fitted sklearn.neural_network.MLPClassifier or MLPRegressor
    include_output : bool, optional
        Treat the output layer as one more ReLU layer.

    Raises
    ------
    UnsupportedLayerError
        If the estimator's activation is not "relu", or it is another kind of estimator, such as a Pipeline.
    NetworkError
        If it is not fitted, or its weights do not form a network.
    ImportCheckError
        If its own predictions at 32 random points are not those of the network.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.neural_network import MLPRegressor
    >>> x = np.linspace(-1, 1, 50)[:, None]
    >>> fitted = MLPRegressor(hidden_layer_sizes=(4,), solver="lbfgs", random_state=0).fit(x, abs(x[:, 0]))
    >>> network_from_sklearn(fitted)
    Network(1-4-1)
    """
    name = type(estimator).__name__
    _check_kind(estimator, name)
    if estimator.activation != "relu":
        raise UnsupportedLayerError(
            f"layer 1 (hidden layer): the {name}'s activation is {estimator.activation!r}; only 'relu' is supported"
        )
    if not hasattr(estimator, "coefs_"):
        raise NetworkError(f"the {name} is not fitted: call its fit method first")
    if estimator.out_activation_ not in ("identity", "logistic", "softmax"):
        raise UnsupportedLayerError(
            f"layer {len(estimator.coefs_)} (output layer): the {name}'s output activation is "
            f"{estimator.out_activation_!r}; supported are 'identity', 'logistic' and 'softmax'"
        )
    # scikit-learn multiplies from the right: its matrices are (inputs, units).
    weights = [coefficients.T for coefficients in estimator.coefs_]
    network = Network.from_arrays(weights, estimator.intercepts_, include_output=include_output)
    _check(network, estimator, name)
    return network


def _check_kind(estimator: Any, name: str) -> None:
    pipeline = sys.modules.get("sklearn.pipeline")
    if pipeline is not None and isinstance(estimator, pipeline.Pipeline):
        raise UnsupportedLayerError(
            "a Pipeline is more than a network: pass its last step, pipeline[-1], and take its inputs, the transformed "
            "ones, as the domain; or fold the scaler x -> (x - mean) / scale into the first layer, W1 / scale and "
            "b1 - W1 (mean / scale), and use Network.from_arrays"
        )
    module = sys.modules.get("sklearn.neural_network")
    if module is None or not isinstance(estimator, module.MLPClassifier | module.MLPRegressor):
        raise UnsupportedLayerError(f"a fitted MLPClassifier or MLPRegressor is needed, not {name}")


def _check(network: Network, estimator: Any, name: str) -> None:
    points = check_points(network)
    ours = network.preactivations(points)[-1]
    is_classifier = hasattr(estimator, "predict_proba")
    with warnings.catch_warnings():
        # An estimator fitted on a data frame warns that these points have no column names.
        warnings.filterwarnings("ignore", message="X does not have valid feature names")
        theirs = np.asarray((estimator.predict_proba if is_classifier else estimator.predict)(points))
    allowed = rounding_bound(network, points, theirs.dtype)
    if is_classifier:
        ours, allowed = _probabilities(ours, estimator.out_activation_), _of_probabilities(allowed, theirs.dtype)
    elif theirs.ndim == 1:
        theirs = theirs[:, None]
    check_same_outputs(ours, theirs, allowed, f"the {name}'s own predictions")


def _probabilities(logits: FloatArray, output_activation: str) -> FloatArray:
    if output_activation == "softmax":
        exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
        softmax: FloatArray = exponentials / exponentials.sum(axis=1, keepdims=True)
        return softmax
    # The logistic function, by way of tanh, which does not overflow.
    logistic: FloatArray = (1.0 + np.tanh(logits / 2.0)) / 2.0
    return np.hstack([1.0 - logistic, logistic]) if logits.shape[1] == 1 else logistic


def _of_probabilities(allowed: FloatArray, dtype: npt.DTypeLike) -> FloatArray:
    """The bound on probabilities that follows from one on logits.

    Both functions have a derivative of at most 1/2 in the maximum norm; k terms are summed and divided.
    """
    rounding = 4 * (allowed.shape[1] + 4) * float(np.finfo(np.dtype(dtype)).eps)
    bound: FloatArray = allowed.max(axis=1, keepdims=True) + rounding
    return bound
