"""Networks that are graphs of affine and piecewise-linear nodes, lowered exactly to what the counters know.

See docs/graphs.md. A :class:`Graph` is built node by node; :meth:`Graph.network` lowers it.
"""

from polyregions.graph.affine import Add, Dense, Elementwise, batch_norm
from polyregions.graph.convolution import Convolution
from polyregions.graph.graph import Graph
from polyregions.graph.maximum import Maximum, Maxout, MaxPool
from polyregions.graph.network import GraphNetwork
from polyregions.graph.operator import AffineOperator, MaxOperator, Operator
from polyregions.graph.piecewise import (
    PiecewiseLinear,
    absolute,
    clip,
    hard_tanh,
    leaky_relu,
    prelu,
    relu,
    relu6,
)
from polyregions.graph.pooling import AveragePool
from polyregions.graph.shaping import Concatenate, Flatten, Identity, Pad, Reshape, Select, Transpose

__all__ = [
    "Add",
    "AffineOperator",
    "AveragePool",
    "Concatenate",
    "Convolution",
    "Dense",
    "Elementwise",
    "Flatten",
    "Graph",
    "GraphNetwork",
    "Identity",
    "MaxOperator",
    "MaxPool",
    "Maximum",
    "Maxout",
    "Operator",
    "Pad",
    "PiecewiseLinear",
    "Reshape",
    "Select",
    "Transpose",
    "absolute",
    "batch_norm",
    "clip",
    "hard_tanh",
    "leaky_relu",
    "prelu",
    "relu",
    "relu6",
]
