"""Reading and writing .npz archives."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from polyregions.errors import FormatError
from polyregions.formats.npz import load_npz, save_npz
from polyregions.network import Network

DATA = Path(__file__).parents[1] / "data" / "nets"

ARRAYS = {"W1": np.ones((3, 2)), "b1": np.zeros(3), "W2": np.ones((1, 3)), "b2": np.zeros(1)}


def write(path, **arrays):
    np.savez(path, **arrays)
    return path


class TestRoundTrip:
    @given(
        hnp.arrays(np.float64, (3, 2), elements=st.floats(allow_nan=False, allow_infinity=False)),
        hnp.arrays(np.float64, 3, elements=st.floats(allow_nan=False, allow_infinity=False)),
        st.booleans(),
    )
    @settings(max_examples=30, deadline=None)
    def test_keeps_every_bit(self, tmp_path_factory, w, b, include_output):
        path = tmp_path_factory.mktemp("npz") / "net.npz"
        net = Network.from_arrays([w, [[1.0, 2.0, 3.0]]], [b, [0.1]], include_output=include_output)
        save_npz(net, path)
        again = load_npz(path, include_output=include_output)
        assert again.sha256 == net.sha256
        assert [a.tobytes() for a in (*again.weights, *again.biases)] == [
            a.tobytes() for a in (*net.weights, *net.biases)
        ]

    def test_exactly_the_path_given_and_the_same_bytes(self, tmp_path):
        net = Network.from_arrays([[[1.0]]], [[2.0]])
        save_npz(net, tmp_path / "net.weights")
        save_npz(net, str(tmp_path / "net.npz"))
        assert sorted(p.name for p in tmp_path.iterdir()) == ["net.npz", "net.weights"]
        assert (tmp_path / "net.npz").read_bytes() == (tmp_path / "net.weights").read_bytes()

    def test_more_than_nine_layers_keep_their_order(self, tmp_path):
        net = Network.from_arrays([[[float(i)]] for i in range(1, 13)], [[float(-i)] for i in range(1, 13)])
        save_npz(net, tmp_path / "net.npz")
        assert load_npz(tmp_path / "net.npz") == net

    def test_unwritable(self, tmp_path):
        with pytest.raises(OSError, match="absent"):
            save_npz(Network.from_arrays([[[1.0]]], [[2.0]]), tmp_path / "absent" / "net.npz")


class TestReading:
    def test_network_of_the_test_data(self):
        net = Network.from_npz(DATA / "A1_2d_16x2.npz")
        assert (net.input_dimension, net.widths) == (2, (16, 16))
        with np.load(DATA / "A1_2d_16x2.npz") as archive:
            assert (net.weights[1] == archive["W2"]).all()
        assert Network.from_npz(DATA / "A1_2d_16x2.npz", include_output=True).depth == 3

    def test_other_arrays_are_ignored_and_not_read(self, tmp_path):
        extra = {"P0": np.zeros(2), "E1": np.ones(2), "widths": np.arange(3), "W": np.zeros(1), "notes": np.array([{}])}
        assert load_npz(write(tmp_path / "net.npz", **ARRAYS, **extra)).widths == (3,)

    @pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
    @pytest.mark.parametrize("dtype", [np.float16, np.float32, ">f8", np.int32])
    def test_any_real_type_and_compression(self, tmp_path, save, dtype):
        save(tmp_path / "net.npz", **{name: array.astype(dtype) for name, array in ARRAYS.items()})
        assert load_npz(tmp_path / "net.npz") == load_npz(write(tmp_path / "wide.npz", **ARRAYS))


def without(*names):
    return {name: array for name, array in ARRAYS.items() if name not in names}


BAD = {
    "nothing": ({}, "no entry W1.*it holds nothing"),
    "other arrays only": ({"arr_0": np.zeros(2)}, "no entry W1.*it holds arr_0"),
    "no first layer": (without("W1", "b1"), "no entry W1"),
    "gap": (without("W2", "b2") | {"W3": np.ones((1, 3)), "b3": np.zeros(1)}, "no entry W2"),
    "W without b": (without("b2"), "no entry b2"),
    "b without W": (without("W1"), "no entry W1"),
    "b beyond": (ARRAYS | {"b3": np.zeros(1)}, "unexpected entry b3"),
    "W beyond": (ARRAYS | {"W3": np.ones((1, 1))}, "no entry b3"),
    "numbering from zero": (ARRAYS | {"W0": np.ones((2, 2)), "b0": np.zeros(2)}, "no entry W3|unexpected entry W0"),
    "leading zeros": ({f"{k[0]}0{k[1]}": v for k, v in ARRAYS.items()}, "no entry W1"),
    "objects": (ARRAYS | {"W2": np.array([[1, 2, None]])}, "entry W2 cannot be read: Object arrays"),
    "strings": (ARRAYS | {"b1": np.array(["a", "b", "c"])}, r"layer 1 \(hidden layer\): its numbers: 'a' is not"),
    "complex": (ARRAYS | {"W1": np.ones((3, 2), complex)}, r"layer 1 .*: its weights are of type complex128"),
    "truth values": (ARRAYS | {"b2": np.array([True])}, r"layer 2 \(output layer\): its biases are of type bool"),
    "NaN": (ARRAYS | {"W2": np.array([[1, np.nan, 1]])}, r"W2, b2.*layer 2 .*: its weights hold nan at index \[0, 1\]"),
    "infinity": (ARRAYS | {"b1": np.array([0, 0, -np.inf])}, r"layer 1 .*: its biases hold -inf at index \[2\]"),
    "transposed": (ARRAYS | {"W1": np.ones((2, 3))}, "layer 1 .* 2 rows"),
    "shapes": (ARRAYS | {"W2": np.ones((1, 4))}, "layer 2 .* 4 columns but the layer before has 3"),
    "column of biases": (ARRAYS | {"b1": np.zeros((3, 1))}, "layer 1 .* biases have 2 dimensions"),
    "empty layer": (ARRAYS | {"W1": np.ones((0, 2)), "b1": np.zeros(0)}, "layer 1 .* is empty"),
    "integers beyond 2^53": (ARRAYS | {"b2": np.array([2**53 + 1])}, "layer 2 .* float64 cannot represent"),
}


def fails(path, message):
    with pytest.raises(FormatError, match=message) as caught:
        load_npz(path)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(str(path))


class TestBadArrays:
    @pytest.mark.parametrize("case", BAD)
    def test_one_line_names_file_and_entry(self, tmp_path, case):
        arrays, message = BAD[case]
        fails(write(tmp_path / "net.npz", **arrays), message)


class TestBadFiles:
    def test_missing(self, tmp_path):
        fails(tmp_path / "net.npz", "No such file")

    def test_folder(self, tmp_path):
        fails(tmp_path, "directory|denied")

    @pytest.mark.parametrize("content", [b"", b"P", b"hello", b"\x89HDF\r\n", b"\x80\x04K\x01."])
    def test_something_else(self, tmp_path, content):
        (tmp_path / "net.npz").write_bytes(content)
        fails(tmp_path / "net.npz", "not an .npz archive")

    def test_npy_file(self, tmp_path):
        with open(tmp_path / "net.npz", "wb") as file:
            np.save(file, np.ones(3))
        fails(tmp_path / "net.npz", "not an .npz archive")

    def test_zip_of_something_else(self, tmp_path):
        with zipfile.ZipFile(tmp_path / "net.npz", "w") as archive:
            archive.writestr("W1", "text")
            archive.writestr("b1.npy", "text")
        fails(tmp_path / "net.npz", "entry W1 is not an array|entry b1")

    def test_every_truncation(self, tmp_path):
        buffer = io.BytesIO()
        np.savez(buffer, **ARRAYS)
        content = buffer.getvalue()
        for length in range(2, len(content), 29):
            (tmp_path / "net.npz").write_bytes(content[:length])
            fails(tmp_path / "net.npz", "damaged")

    @pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
    def test_a_flipped_byte_is_an_error_or_harmless(self, tmp_path, save):
        buffer = io.BytesIO()
        save(buffer, **ARRAYS)
        content = bytearray(buffer.getvalue())
        whole = load_npz(write(tmp_path / "whole.npz", **ARRAYS))
        failures = 0
        for i in range(0, len(content), 7):
            damaged = content.copy()
            damaged[i] ^= 0x5A
            (tmp_path / "net.npz").write_bytes(damaged)
            try:
                assert load_npz(tmp_path / "net.npz") == whole
            except FormatError:
                failures += 1
        assert failures > 10

    @pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
    def test_a_directory_that_hides_the_last_layer(self, tmp_path, save):
        buffer = io.BytesIO()
        save(buffer, **ARRAYS)
        content = bytearray(buffer.getvalue())
        # The directory's record of b1 (the second): its comment, at byte 32, swallows the records of W2 and b2.
        first = content.find(b"PK\x01\x02")
        second = content.find(b"PK\x01\x02", first + 1)
        content[second + 33] = 1
        (tmp_path / "net.npz").write_bytes(content)
        with zipfile.ZipFile(tmp_path / "net.npz") as archive:
            assert archive.namelist() == ["W1.npy", "b1.npy"]
        fails(tmp_path / "net.npz", "its directory lists 2 of 4 entries")

    def test_header_that_claims_more_than_memory(self, tmp_path):
        header = io.BytesIO()
        shape = {"descr": "<f8", "fortran_order": False, "shape": (2**40, 2**10)}
        np.lib.format.write_array_header_1_0(header, shape)
        with zipfile.ZipFile(tmp_path / "net.npz", "w") as archive:
            archive.writestr("W1.npy", header.getvalue())
            archive.writestr("b1.npy", header.getvalue())
        fails(tmp_path / "net.npz", "entry W1 cannot be read")
