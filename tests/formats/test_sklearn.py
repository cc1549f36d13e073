"""Importing fitted scikit-learn estimators."""

import warnings

import numpy as np
import pytest

from polyregions.errors import ImportCheckError, NetworkError, UnsupportedLayerError
from polyregions.formats.sklearn import network_from_sklearn
from polyregions.network import Network

pytest.importorskip("sklearn")

from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

GENERATOR = np.random.default_rng(0)
X = GENERATOR.standard_normal((60, 3))
TARGETS = {
    "one output": (MLPRegressor, X[:, 0] * X[:, 1]),
    "two outputs": (MLPRegressor, X[:, :2] ** 2),
    "two classes": (MLPClassifier, (X[:, 0] > 0).astype(int)),
    "classes with names": (MLPClassifier, np.where(X[:, 0] > 0, "yes", "no")),
    "four classes": (MLPClassifier, np.digitize(X[:, 0], [-0.5, 0, 0.5])),
    "three labels": (MLPClassifier, (X > 0).astype(int)),
}


def fitted(target="one output", dtype=np.float64, **options):
    kind, y = TARGETS[target]
    options = {"hidden_layer_sizes": (5, 4), "max_iter": 20, "random_state": 0} | options
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return kind(**options).fit(X.astype(dtype), y)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("target", TARGETS)
class TestTargets:
    def test_weights_are_those_of_the_estimator_exactly(self, target, dtype):
        estimator = fitted(target, dtype)
        assert estimator.coefs_[0].dtype == dtype
        net = network_from_sklearn(estimator)
        assert net.widths == (5, 4)
        for w, b, theirs, their_b in zip(net.weights, net.biases, estimator.coefs_, estimator.intercepts_, strict=True):
            assert (w == theirs.T).all()
            assert (b == their_b).all()

    def test_decisions_are_those_of_the_estimator(self, target, dtype):
        estimator = fitted(target, dtype)
        output = network_from_sklearn(estimator)(X)
        predicted = estimator.predict(X)
        if isinstance(estimator, MLPRegressor):
            assert np.allclose(output.reshape(predicted.shape), predicted, rtol=1e-5, atol=1e-6)
        elif target == "three labels":
            assert ((output > 0) == predicted).all()
        elif output.shape[1] == 1:
            assert (estimator.classes_[(output[:, 0] > 0).astype(int)] == predicted).all()
        else:
            assert (estimator.classes_[output.argmax(axis=1)] == predicted).all()


class TestOptions:
    def test_include_output(self):
        net = Network.from_sklearn(fitted("four classes"), include_output=True)
        assert net.widths == (5, 4, 4)

    @pytest.mark.parametrize("sizes", [(), (3,), 7])
    def test_hidden_sizes(self, sizes):
        widths = (sizes,) if isinstance(sizes, int) else sizes
        assert network_from_sklearn(fitted(hidden_layer_sizes=sizes)).widths == widths

    @pytest.mark.filterwarnings("error")
    def test_column_names_do_not_warn(self):
        estimator = fitted()
        estimator.feature_names_in_ = np.array(["a", "b", "c"], dtype=object)
        assert network_from_sklearn(estimator).input_dimension == 3

    @pytest.mark.filterwarnings("error")
    def test_saturated_probabilities(self):
        for target in ("two classes", "four classes"):
            estimator = fitted(target)
            estimator.coefs_[-1] *= 1e4
            network_from_sklearn(estimator)

    def test_the_estimator_is_left_alone(self):
        estimator = fitted()
        before = [w.copy() for w in estimator.coefs_]
        net = network_from_sklearn(estimator)
        estimator.coefs_[0] += 1
        assert (net.weights[0] == before[0].T).all()
        assert estimator.coefs_[0].flags.writeable


class TestRefusals:
    @pytest.mark.parametrize("activation", ["identity", "logistic", "tanh"])
    def test_other_activations(self, activation):
        with pytest.raises(UnsupportedLayerError, match=rf"layer 1 .*MLPRegressor.*'{activation}'.*'relu'"):
            network_from_sklearn(fitted(activation=activation))

    def test_other_output_activation(self):
        estimator = fitted()
        estimator.out_activation_ = "exp"  # MLPRegressor(loss="poisson") of scikit-learn 1.7
        with pytest.raises(UnsupportedLayerError, match=r"layer 3 \(output layer\).*'exp'"):
            network_from_sklearn(estimator)

    @pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
    def test_unfitted(self, kind):
        with pytest.raises(NetworkError, match=f"the {kind.__name__} is not fitted: call its fit method"):
            network_from_sklearn(kind())

    def test_pipeline(self):
        pipeline = make_pipeline(StandardScaler(), fitted())
        with pytest.raises(UnsupportedLayerError, match=r"last step, pipeline\[-1\].*fold the scaler"):
            network_from_sklearn(pipeline)
        assert network_from_sklearn(pipeline[-1]).input_dimension == 3

    def test_the_advice_on_folding_a_scaler_is_right(self):
        scaler = StandardScaler().fit(X * 5 + 2)
        net = network_from_sklearn(fitted())
        first = net.weights[0] / scaler.scale_
        offset = net.biases[0] - net.weights[0] @ (scaler.mean_ / scaler.scale_)
        folded = Network.from_arrays([first, *net.weights[1:]], [offset, *net.biases[1:]])
        assert np.allclose(folded(X), net(scaler.transform(X)))

    @pytest.mark.parametrize("thing", [LogisticRegression(), GridSearchCV(MLPRegressor(), {}), None, 3, MLPRegressor])
    def test_something_else(self, thing):
        with pytest.raises(UnsupportedLayerError, match="MLPClassifier or MLPRegressor is needed, not"):
            network_from_sklearn(thing)

    def test_diverged_training(self):
        estimator = fitted()
        estimator.coefs_[1][2, 1] = np.nan
        with pytest.raises(NetworkError, match=r"layer 2 \(hidden layer\): its weights hold nan at index \[1, 2\]"):
            network_from_sklearn(estimator)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
class TestSelfCheck:
    @pytest.mark.parametrize("change", [1.0, 1e-6])
    def test_regressor_that_predicts_otherwise(self, change):
        class Shifted(MLPRegressor):
            def predict(self, points):
                return super().predict(points) + change

        with pytest.raises(ImportCheckError, match=f"Shifted's own predictions by up to {change:.3g}"):
            network_from_sklearn(Shifted(hidden_layer_sizes=(2,)).fit(X[:, :1], X[:, 0]))

    def test_classifier_that_predicts_otherwise(self):
        class Turned(MLPClassifier):
            def predict_proba(self, points):
                return super().predict_proba(points)[:, ::-1]

        with pytest.raises(ImportCheckError, match="Turned's own predictions"):
            network_from_sklearn(Turned((2,)).fit(X, X[:, 0] > 0))

    def test_a_changed_weight_is_noticed(self, monkeypatch):
        estimator = fitted("four classes")
        right = estimator.predict_proba
        w = estimator.coefs_[1][0, 0]

        def stale(points):
            estimator.coefs_[1][0, 0] = w
            return right(points)

        monkeypatch.setattr(estimator, "predict_proba", stale)
        estimator.coefs_[1][0, 0] = w + 1e-4
        with pytest.raises(ImportCheckError, match="rounding explains at most"):
            network_from_sklearn(estimator)
