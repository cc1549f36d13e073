"""ONNX files: each node type against ONNX's reference evaluator, whole models against onnxruntime; refusals."""

import logging
from fractions import Fraction

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")

from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

import polyregions as pr
from polyregions.cli import main
from polyregions.errors import FormatError, NetworkError, UnsupportedLayerError
from polyregions.formats.onnx import load_onnx, network_from_onnx
from polyregions.graph import GraphNetwork
from tests.formats.onnx_models import dense, model, one_node, save

RNG = np.random.default_rng(7)


def f32(*shape):
    return (RNG.integers(-8, 9, shape) / 4).astype(np.float32)


def i64(*values):
    return np.array(values, dtype=np.int64)


IMAGE = (1, 2, 5, 4)
NODES = {
    "Abs": ((1, 3), [], {}),
    "Add": ((1, 3), [f32(3)], {}),
    "Add that broadcasts the input": ((1, 2, 1), [f32(1, 2, 3)], {}),
    "AveragePool": (IMAGE, [], {"kernel_shape": [3, 2], "strides": [2, 1], "pads": [1, 0, 1, 1]}),
    "AveragePool with padding": (IMAGE, [], {"kernel_shape": [2, 2], "pads": [1, 1, 1, 1], "count_include_pad": 1}),
    "AveragePool up": (IMAGE, [], {"kernel_shape": [2, 2], "strides": [2, 2], "ceil_mode": 1}),
    "BatchNormalization": (IMAGE, [f32(2), f32(2), f32(2), np.abs(f32(2)) + 1], {"epsilon": 1e-3}),
    "Cast": ((1, 3), [], {"to": TensorProto.DOUBLE}),
    "Clip": ((1, 4), [np.float32(-0.5), np.float32(0.75)], {}),
    "Clip below": ((1, 4), [np.float32(-0.5)], {}),
    "Clip above": ((1, 4), [None, np.float32(0.25)], {}),
    "Clip neither": ((1, 4), [np.float32(-3.4028235e38), np.float32(3.4028235e38)], {}),
    "Concat": ((1, 3), ["x", f32(1, 2), "x"], {"axis": 1}),
    "Conv": (IMAGE, [f32(4, 1, 3, 2), f32(4)], {"group": 2, "strides": [2, 1], "pads": [1, 0, 0, 1]}),
    "Conv dilated": (IMAGE, [f32(3, 2, 2, 2)], {"dilations": [2, 3], "kernel_shape": [2, 2]}),
    "Conv same upper": (IMAGE, [f32(1, 2, 2, 2)], {"auto_pad": "SAME_UPPER", "strides": [2, 1]}),
    "Conv same lower": (IMAGE, [f32(1, 2, 2, 2)], {"auto_pad": "SAME_LOWER", "strides": [2, 1]}),
    "Conv valid": (IMAGE, [f32(1, 2, 2, 2)], {"auto_pad": "VALID"}),
    "Conv of one axis": ((1, 2, 6), [f32(3, 2, 3), f32(3)], {}),
    "Conv of three axes": ((1, 1, 3, 3, 2), [f32(2, 1, 2, 2, 2)], {}),
    "DepthToSpace": ((1, 8, 2, 2), [], {"blocksize": 2}),
    "Div": ((1, 3), [np.array([2, 3, 7], dtype=np.float32)], {}),
    "Dropout": ((1, 3), [], {}),
    "Expand": ((1, 3), [i64(1, 2, 3)], {}),
    "Flatten": (IMAGE, [], {}),
    "Flatten from 2": (IMAGE, [], {"axis": 2}),
    "Gather": ((1, 4), [i64(3, 0, 0)], {"axis": 1}),
    "Gather one": ((1, 4), [np.int64(-1)], {"axis": 1}),
    "Gemm": ((1, 3), [f32(3, 2), f32(2)], {}),
    "Gemm turned": ((1, 3), [f32(2, 3), f32(1, 2)], {"transB": 1, "alpha": 0.5, "beta": 3.0}),
    "Gemm without biases": ((1, 3), [f32(2, 3)], {"transB": 1, "alpha": 0.5}),
    "Gemm from the left": ((3, 2), [f32(4, 3), "x", f32(4, 2)], {}),
    "Gemm from the left, turned": ((2, 3), [f32(3, 4), "x", np.float32(2)], {"transA": 1, "transB": 1}),
    "GlobalAveragePool": (IMAGE, [], {}),
    "GlobalMaxPool": (IMAGE, [], {}),
    "HardSigmoid": ((1, 5), [], {"alpha": 0.25, "beta": 0.5}),
    "Identity": ((1, 3), [], {}),
    "LeakyRelu": ((1, 3), [], {"alpha": 0.125}),
    "MatMul": ((1, 2, 3), [f32(3, 4)], {}),
    "MatMul from the left": ((3, 1), [f32(2, 3), "x"], {}),
    "MatMul from the left, of a stack": ((1, 2, 3, 2), [f32(4, 3), "x"], {}),
    "MatMul of a vector": ((3,), [f32(3, 2)], {}),
    "MatMul by a vector": ((1, 3), [f32(3)], {}),
    "MatMul by a vector from the left": ((3, 2), [f32(3), "x"], {}),
    "MatMul of vectors": ((3,), [f32(3), "x"], {}),
    "Max": ((1, 3), ["x", f32(3)], {}),
    "MaxPool": (IMAGE, [], {"kernel_shape": [2, 2], "strides": [2, 1], "pads": [0, 1, 1, 0]}),
    "MaxPool up": (IMAGE, [], {"kernel_shape": [2, 3], "strides": [2, 2], "ceil_mode": 1}),
    "MaxPool same": (IMAGE, [], {"kernel_shape": [2, 2], "strides": [2, 2], "auto_pad": "SAME_UPPER"}),
    "Mean": ((1, 3), ["x", f32(3), "x"], {}),
    "Min": ((1, 3), ["x", f32(3)], {}),
    "Mul": (IMAGE, [f32(2, 1, 1)], {}),
    "Neg": ((1, 3), [], {}),
    "PRelu": (IMAGE, [f32(2, 1, 1)], {}),
    "Pad": (IMAGE, [i64(0, 0, 1, 0, 0, 0, 0, 2), np.float32(1.5)], {}),
    "Pad by zeros": ((1, 3), [i64(0, 1, 0, 2)], {}),
    "Pad mirrored": ((1, 3), [i64(0, 1, 0, 2)], {"mode": "reflect"}),
    "ReduceMax": (IMAGE, [], {"axes": [2, 3], "keepdims": 0}),
    "ReduceMean": (IMAGE, [], {"axes": [-1, 1]}),
    "ReduceMean of everything": ((1, 2, 3), [], {"keepdims": 0}),
    "ReduceSum": (IMAGE, [i64(2, 3)], {"keepdims": 0}),
    "Relu": ((1, 3), [], {}),
    "Reshape": (IMAGE, [i64(0, -1, 5)], {}),
    "Slice": (IMAGE, [i64(4, 0), i64(0, 9), i64(2, 3), i64(-2, 1)], {}),
    "SpaceToDepth": ((1, 2, 4, 2), [], {"blocksize": 2}),
    "Squeeze": ((1, 1, 3), [i64(1)], {}),
    "Sub": ((1, 3), [f32(3)], {}),
    "Sub from a constant": ((1, 3), [f32(3), "x"], {}),
    "Sum": ((1, 3), ["x", f32(1, 3), "x"], {}),
    "Tile": ((1, 3), [i64(1, 2)], {}),
    "Transpose": (IMAGE, [], {"perm": [0, 3, 1, 2]}),
    "Unsqueeze": ((1, 3), [i64(1, 3)], {}),
}


def numbers_of(network, points):
    """Its outputs in floats and, at the first two points, those of the lowered network in rationals."""
    floats = np.asarray(network(points))
    for row, point in zip(floats, points[:2].tolist(), strict=False):
        exact = network.exact_preactivations([Fraction(v) for v in point])[-1]
        assert np.allclose([float(value) for value in exact], row, atol=1e-12)
    return floats


@pytest.mark.parametrize("case", NODES)
def test_node(case):
    shape, constants, attributes = NODES[case]
    made = one_node(case.split()[0], shape, constants, **attributes)
    points = (RNG.integers(-16, 17, (5, int(np.prod(shape)))) / 8).astype(np.float32)
    evaluator = ReferenceEvaluator(made)
    expected = [np.ravel(evaluator.run(None, {"x": point.reshape(shape)})[0]) for point in points]
    assert np.allclose(numbers_of(network_from_onnx(made), points), expected, atol=1e-5)


@pytest.mark.parametrize("case", NODES)
def test_node_against_onnxruntime(case):
    runtime = pytest.importorskip("onnxruntime", reason="the package onnxruntime is not installed")
    shape, constants, attributes = NODES[case]
    made = one_node(case.split()[0], shape, constants, **attributes)
    session = runtime.InferenceSession(made.SerializeToString())
    points = RNG.standard_normal((5, int(np.prod(shape)))).astype(np.float32)
    expected = [np.ravel(session.run(None, {"x": point.reshape(shape)})[0]) for point in points]
    assert np.allclose(network_from_onnx(made)(points), expected, atol=1e-5)


def test_tensors_of_both_sides():
    nodes = [
        helper.make_node("Split", ["x"], ["a", "b"], axis=1),
        helper.make_node("Max", ["a", "b"], ["m"]),
        helper.make_node("Min", ["a", "b", "m"], ["n"]),
        helper.make_node("Sub", ["m", "n"], ["s"]),
        helper.make_node("Concat", ["s", "a"], ["y"], axis=1),
    ]
    network = network_from_onnx(model(nodes, [1, 4]))
    a, b = np.array([[0.5, -2.0], [-1.0, 1.0]])
    assert network([*a, *b]).tolist() == [*abs(a - b), *a]


def a_model_of_many_nodes():
    """Convolutions, batch norm, a residual sum, pooling, shapes computed from shapes, and a softmax."""
    shapes = {"k1": (2, 1, 3, 3), "c1": (2,), "k2": (2, 2, 3, 3), "w": (8, 5), "d": (5,), "v": (3, 5), "e": (3,)}
    constants = {name: f32(*shape) for name, shape in shapes.items()}
    constants |= {name: f32(2) for name in ("gamma", "beta", "mean")}
    constants |= {"variance": np.abs(f32(2)) + np.float32(0.5), "zero": i64(0), "minus": i64(-1)}
    make = helper.make_node
    nodes = [
        make("Conv", ["x", "k1", "c1"], ["a"], "conv1", pads=[1, 1, 1, 1]),
        make("BatchNormalization", ["a", "gamma", "beta", "mean", "variance"], ["n"], "norm"),
        make("Relu", ["n"], ["r"], "relu1"),
        make("Conv", ["r", "k2"], ["b"], "conv2", pads=[1, 1, 1, 1]),
        make("LeakyRelu", ["b"], ["l"], "leaky"),
        make("Add", ["r", "l"], ["s"], "residual"),
        make("MaxPool", ["s"], ["p"], "pool", kernel_shape=[2, 2], strides=[2, 2]),
        make("Shape", ["p"], ["shape"]),
        make("Gather", ["shape", "zero"], ["batch"]),
        make("Concat", ["batch", "minus"], ["wanted"], axis=0),
        make("Reshape", ["p", "wanted"], ["f"]),
        make("MatMul", ["f", "w"], ["g"], "fc1"),
        make("Add", ["g", "d"], ["h"], "fc1_biases"),
        make("Relu", ["h"], ["i"], "relu2"),
        make("Gemm", ["i", "v", "e"], ["logits"], "fc2", transB=1),
        make("Softmax", ["logits"], ["y"], "softmax"),
    ]
    return model(nodes, ["batch", 1, 4, 4], constants)


class TestWholeModels:
    def test_against_onnxruntime_at_a_hundred_points(self, tmp_path):
        runtime = pytest.importorskip("onnxruntime", reason="the package onnxruntime is not installed")
        path = save(a_model_of_many_nodes(), tmp_path / "net.onnx")
        network = load_onnx(path)
        session = runtime.InferenceSession(path)
        points = RNG.standard_normal((100, 1, 4, 4)).astype(np.float32)
        logits = network(points)
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        mine = powers / powers.sum(axis=1, keepdims=True)
        # Logits of some hundreds in float32 are known to some 1e-5.
        assert np.allclose(session.run(None, {"x": points})[0], mine, atol=1e-3)

    def test_names_and_the_softmax_at_the_end(self, caplog):
        with caplog.at_level(logging.WARNING):
            network = network_from_onnx(a_model_of_many_nodes())
        assert network.pattern_nodes == ("relu1", "leaky", "pool", "relu2")
        assert network.input_shape == (1, 4, 4)
        assert "node 'softmax' (Softmax) at the end is left out" in caplog.text

    def test_a_label_and_probabilities(self):
        # What classifiers have: two outputs, made of the same logits.
        made = dense([f32(3, 2), f32(2, 3)], [f32(3), f32(2)])
        made.graph.node[-1].output[0] = "logits"
        made.graph.node.extend(
            [
                helper.make_node("Sigmoid", ["logits"], ["p"]),
                helper.make_node("Sub", ["one", "p"], ["q"]),
                helper.make_node("Concat", ["q", "p"], ["y"], axis=1),
                helper.make_node("ArgMax", ["y"], ["label"]),
            ]
        )
        made.graph.initializer.append(onnx.numpy_helper.from_array(np.float32(1), "one"))
        made.graph.output.append(helper.make_empty_tensor_value_info("label"))
        assert network_from_onnx(made).widths == (3,)

    def test_dense_layers_are_a_plain_network(self, tmp_path):
        weights, biases = [f32(4, 3), f32(5, 4), f32(2, 5)], [f32(4), f32(5), f32(2)]
        path = save(dense(weights, biases), tmp_path / "NET.ONNX")
        expected = pr.Network.from_arrays(weights, biases)
        for include_output in (False, True):
            network = pr.load(path, include_output=include_output)
            assert not isinstance(network, GraphNetwork)
            assert network.sha256 == expected.including_output(include_output).sha256

    def test_a_graph_with_its_output_counted(self):
        made = one_node("Conv", (1, 1, 3), [np.ones((1, 1, 2), np.float32), np.zeros(1, np.float32)])
        network = network_from_onnx(made, include_output=True)
        assert network.pattern([1, -2, 3]) == ((0, 1),)
        made.graph.node[0].output[0] = "g"
        made.graph.node.append(helper.make_node("Relu", ["g"], ["y"]))
        assert network_from_onnx(made, include_output=True).pattern([1, -2, 3]) == ((0, 1),)
        assert network_from_onnx(made).pattern([1, -2, 3]) == ((0, 1),)

    def test_nodes_that_no_output_needs(self):
        made = one_node("Relu", (1, 2))
        made.graph.node.append(helper.make_node("Gelu", ["x"], ["z"]))
        assert network_from_onnx(made).num_units == 2

    def test_constants_made_of_constants(self):
        nodes = [
            helper.make_node("Constant", [], ["one"], value_floats=[1.0, 2.0]),
            helper.make_node("Neg", ["one"], ["minus"]),
            helper.make_node("Add", ["x", "minus"], ["y"]),
        ]
        assert network_from_onnx(model(nodes, [1, 2]))([0.0, 0.0]).tolist() == [-1.0, -2.0]

    def test_weights_beside_the_file(self, tmp_path):
        weights, biases = [f32(4, 3), f32(2, 4)], [f32(4), f32(2)]
        path = tmp_path / "net.onnx"
        onnx.save_model(
            dense(weights, biases), path, save_as_external_data=True, location="weights.bin", size_threshold=0
        )
        assert load_onnx(path) == pr.Network.from_arrays(weights, biases)
        (tmp_path / "weights.bin").unlink()
        with pytest.raises(FormatError, match=r"net\.onnx: .*weights") as caught:
            load_onnx(path)
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize("kind", ["float64", "float16", "bfloat16"])
    def test_other_floats(self, kind):
        types = pytest.importorskip("ml_dtypes") if kind == "bfloat16" else np
        w = f32(2, 3).astype(getattr(types, kind))
        tensor = helper.make_tensor("c1", helper.np_dtype_to_tensor_dtype(w.dtype), w.shape, w.tobytes(), raw=True)
        made = one_node("MatMul", (1, 2), [f32(2, 3)])
        made.graph.initializer[0].CopyFrom(tensor)
        assert network_from_onnx(made).weights[0].tolist() == w.astype(np.float64).T.tolist()


def chain(*kinds, shape=(1, 2)):
    """Nodes in a row, without constants, named a0, a1, ..."""
    values = ["x", *(f"v{i}" for i in range(1, len(kinds))), "y"]
    return model([helper.make_node(k, [values[i]], [values[i + 1]], f"a{i}") for i, k in enumerate(kinds)], shape)


class TestRefusals:
    def refused(self, made, error, match):
        with pytest.raises(error, match=match) as caught:
            network_from_onnx(made)
        assert "\n" not in str(caught.value)

    def test_all_unsupported_nodes_in_one_error(self):
        nodes = [
            helper.make_node("Gelu", ["x"], ["g"], "gelu"),
            helper.make_node("Sigmoid", ["x"], ["s"], "sigmoid"),
            helper.make_node("Relu", ["x"], ["r"], "relu"),
            helper.make_node("Mul", ["x", "r"], ["m"], "product"),
            helper.make_node("Sum", ["g", "s", "m"], ["y"], "sum"),
        ]
        match = (
            r"^3 nodes .*: node 'gelu' \(Gelu\) is not .*'sigmoid' \(Sigmoid\).*'product' \(Mul\): it multiplies two"
        )
        self.refused(model(nodes, [1, 2], opset=20), UnsupportedLayerError, match)
        self.refused(
            chain("Exp", "Relu", "Erf", "Neg"), UnsupportedLayerError, r"^2 nodes .*'a0' \(Exp\).*'a2' \(Erf\)"
        )

    @pytest.mark.parametrize("kind", ["Softmax", "Sigmoid", "Tanh"])
    def test_in_the_middle(self, kind):
        match = rf"^a node can't be read: node 'a1' \({kind}\) is not piecewise linear\. .*: replace them"
        self.refused(chain("Relu", kind, "Neg"), UnsupportedLayerError, match)

    @pytest.mark.parametrize("kind", ["Sign", "ThresholdedRelu", "Floor"])
    def test_jumps(self, kind):
        self.refused(chain(kind), UnsupportedLayerError, r"'a0' .*not continuous")

    def test_logits_and_probabilities_of_others(self):
        nodes = [
            helper.make_node("Relu", ["x"], ["r"]),
            helper.make_node("Softmax", ["r"], ["s"]),
            helper.make_node("Concat", ["s", "x"], ["y"], "both", axis=1),
        ]
        self.refused(model(nodes, [1, 2]), UnsupportedLayerError, "'both' .*joins what comes after the logits")

    def test_two_outputs(self):
        nodes = [helper.make_node("Relu", ["x"], ["r"]), helper.make_node("Abs", ["x"], ["y"])]
        self.refused(model(nodes, [1, 2], outputs=["r", "y"]), NetworkError, "'r', 'y' are 2 different functions")

    def test_dynamic_shapes(self):
        nodes = [helper.make_node("Relu", ["x"], ["y"])]
        assert network_from_onnx(model(nodes, ["N", 3])).num_units == 3
        self.refused(model(nodes, ["N", "height"]), NetworkError, r"input 'x': axis 1 \('height'\) has no fixed size")

    def test_a_batch_that_is_fixed(self):
        made = one_node("Gemm", (32, 3), [f32(3, 2)])
        self.refused(made, NetworkError, r"node 'it' \(Gemm\): .*\(32, 3\).*batch of 1")
        made = one_node("Conv", (8, 2, 3, 3), [f32(3, 2, 2, 2)])
        self.refused(made, NetworkError, r"node 'it' \(Conv\): .*batch of 1")

    def test_missing_weights(self):
        made = dense([f32(2, 2), f32(1, 2)], [f32(2), f32(1)])
        del made.graph.initializer[0]
        self.refused(made, NetworkError, r"node 'fc1' \(Gemm\): its input 'W1' is nowhere in the file")
        made.graph.input.append(helper.make_tensor_value_info("W1", TensorProto.FLOAT, [2, 2]))
        self.refused(made, NetworkError, r"2 inputs without values \('x', 'W1'\).*export_params")

    def test_shapes_that_do_not_fit(self):
        made = one_node("Gemm", (1, 4), [f32(3, 2)])
        self.refused(made, NetworkError, r"^node 'it' \(Dense\): the weights have 3 columns")
        self.refused(one_node("Reshape", (1, 4), [i64(3, 2)]), NetworkError, r"^node 'it' \(Reshape\): it does not fit")
        self.refused(one_node("Add", (1, 4), [f32(3)]), NetworkError, r"^node 'it' \(Add\): ")

    def test_attributes_that_are_missing(self):
        match = (
            r"^node 'it' \(MaxPool\): its inputs and attributes are not those of its type \(KeyError: 'kernel_shape'"
        )
        self.refused(one_node("MaxPool", (1, 1, 3)), NetworkError, match)

    def test_weights_that_are_no_numbers(self):
        made = one_node("Gemm", (1, 1), [np.array([[np.nan]], np.float32)])
        self.refused(made, NetworkError, r"^node 'it' \(Gemm\): the weights hold nan")

    def test_inputs_that_are_no_floats(self):
        made = model([helper.make_node("Abs", ["x"], ["y"])], [1, 2], kind=TensorProto.INT64)
        self.refused(made, NetworkError, "input 'x' is no tensor of floating-point numbers")

    def test_damaged_files(self, tmp_path):
        path = save(dense([f32(4, 3), f32(2, 4)], [f32(4), f32(2)]), tmp_path / "net.onnx")
        content = path.read_bytes()
        read = load_onnx(path)
        for kept in range(0, len(content), 7):
            path.write_bytes(content[:kept])
            with pytest.raises((FormatError, NetworkError, UnsupportedLayerError), match=r"^[^\n]*net\.onnx: [^\n]*$"):
                load_onnx(path)
        path.write_bytes(content)
        assert load_onnx(path) == read

    def test_training_mode(self):
        made = one_node("BatchNormalization", (1, 2), [f32(2), f32(2), f32(2), np.abs(f32(2)) + 1], training_mode=1)
        self.refused(made, UnsupportedLayerError, r"'it' .*model\.eval\(\)")


class TestExporters:
    """Models as other programs write them."""

    @pytest.mark.parametrize("labels", [2, 3])
    def test_a_classifier_of_scikit_learn(self, tmp_path, labels):
        skl2onnx = pytest.importorskip("skl2onnx", reason="the package skl2onnx is not installed")
        from sklearn.neural_network import MLPClassifier

        x = RNG.standard_normal((60, 3)).astype(np.float32)
        fitted = MLPClassifier((5, 4), max_iter=5, random_state=0)
        with pytest.warns(UserWarning, match="hasn't converged"):
            fitted.fit(x, np.arange(60) % labels)
        path = tmp_path / "net.onnx"
        path.write_bytes(skl2onnx.to_onnx(fitted, x[:1]).SerializeToString())
        network = load_onnx(path)
        assert network.widths == (5, 4)
        # The file has the float32 numbers nearest to scikit-learn's.
        weights = [np.float32(w).T for w in fitted.coefs_]
        assert network == pr.Network.from_arrays(weights, [np.float32(b) for b in fitted.intercepts_])

    def test_a_regressor_of_scikit_learn(self):
        skl2onnx = pytest.importorskip("skl2onnx", reason="the package skl2onnx is not installed")
        from sklearn.neural_network import MLPRegressor

        x = RNG.standard_normal((40, 2)).astype(np.float32)
        fitted = MLPRegressor(hidden_layer_sizes=(4,), solver="lbfgs", random_state=0).fit(x, np.abs(x[:, 0]))
        network = network_from_onnx(skl2onnx.to_onnx(fitted, x[:1]))
        assert np.allclose(network(x)[:, 0], fitted.predict(x), atol=1e-5)

    @pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
    @pytest.mark.parametrize("dynamic", [False, True])
    def test_a_module_of_torch(self, tmp_path, dynamic):
        torch = pytest.importorskip("torch")
        nn = torch.nn
        torch.manual_seed(1)
        head = [nn.Flatten(), nn.Linear(8, 4), nn.ReLU(), nn.Linear(4, 2)]
        module = nn.Sequential(
            nn.Conv2d(1, 2, 3, padding=1), nn.BatchNorm2d(2), nn.LeakyReLU(), nn.MaxPool2d(2), nn.Dropout(), *head
        )
        module(torch.randn(9, 1, 4, 4))
        path = tmp_path / "net.onnx"
        axes = {"input_names": ["x"], "dynamic_axes": {"x": {0: "N"}}} if dynamic else {}
        # Without constants folded: the exporter would multiply the batch norm into the filters, in float32.
        options = {"dynamo": False, "do_constant_folding": False, "training": torch.onnx.TrainingMode.PRESERVE}
        torch.onnx.export(module.eval(), (torch.zeros(1, 1, 4, 4),), path, **options, **axes)
        network, expected = load_onnx(path), pr.Network.from_torch(module, input_shape=(1, 4, 4))
        assert network.digest == expected.digest
        assert network == expected
        segment = pr.Segment([-1] * 16, range(16))
        assert int(pr.count(network, segment)) == int(pr.count(expected, segment))
        folded = tmp_path / "folded.onnx"
        torch.onnx.export(module.eval(), (torch.zeros(1, 1, 4, 4),), folded, dynamo=False, **axes)
        points = RNG.standard_normal((100, 16))
        assert np.allclose(load_onnx(folded)(points), expected(points), atol=1e-4)


class TestCommandLine:
    BOX = ("--box", "-1", "1")

    def test_a_softmax_at_the_end(self, capsys, tmp_path):
        made = dense([f32(2, 1), f32(2, 2)], [f32(2), f32(2)])
        made.graph.node[-1].output[0] = "logits"
        made.graph.node.append(helper.make_node("Softmax", ["logits"], ["y"], "probabilities"))
        path = str(save(made, tmp_path / "net.onnx"))
        for more, remarks in ([], 1), (["--quiet"], 0):
            assert main(["bounds", path, *self.BOX, *more]) == 0
            captured = capsys.readouterr()
            assert captured.err.count("polyregions: node 'probabilities' (Softmax) at the end is left out") == remarks
            assert "probabilities" not in captured.out

    def test_nodes_that_cannot_be_read(self, capsys, tmp_path):
        path = str(save(chain("Gelu", "Relu"), tmp_path / "net.onnx"))
        assert main(["count", path, *self.BOX]) == 2
        captured = capsys.readouterr()
        assert captured.err.startswith(f"polyregions: error: {path}: a node can't be read: node 'a0' (Gelu) is not")
        assert captured.err.count("\n") == 1
        assert captured.out == ""

    def test_a_box_of_another_size(self, capsys, tmp_path):
        path = str(save(dense([f32(2, 3)], [f32(2)]), tmp_path / "net.onnx"))
        (tmp_path / "box.json").write_text('{"lower": [0, 0], "upper": [1, 1]}')
        assert main(["count", path, "--domain", str(tmp_path / "box.json")]) == 2
        assert "2 dimensions, the network has 3 inputs" in capsys.readouterr().err

    def test_graphs_in_every_command(self, capsys, tmp_path):
        path = str(save(one_node("MaxPool", (1, 1, 3), kernel_shape=[2]), tmp_path / "net.onnx"))
        for command in (["count"], ["regions"], ["cross-check"], ["bounds"], ["bounds", "--units"]):
            assert main([command[0], path, *self.BOX, *command[1:], "--quiet"]) == 0, command
        assert capsys.readouterr().err == ""
        assert main(["count", path, *self.BOX, "--certificate", str(tmp_path / "c.json"), "--json"]) == 0
        assert '"count": 4,' in capsys.readouterr().out
        assert main(["verify", str(tmp_path / "c.json"), path]) == 0
