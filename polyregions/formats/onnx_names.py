"""Types of ONNX nodes, by what a graph makes of them."""

__all__ = ["AFTER", "MOVING", "REASONS", "TRAILING"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Types that only move entries.
MOVING = _words(
    """
    Concat DepthToSpace Expand Flatten Gather GatherElements GatherND Pad Reshape Slice SpaceToDepth Split Squeeze Tile
    Transpose Unsqueeze
    """
)

#: What may stand at a model's very end: it makes probabilities, labels or scores of the logits, and no region.
TRAILING = _words("ArgMax ArgMin Hardmax LogSoftmax Sigmoid Softmax Tanh TopK")

#: What may follow that.
AFTER = TRAILING | _words(
    "ArrayFeatureExtractor Cast Concat Flatten Identity LabelEncoder Reshape Squeeze Sub Unsqueeze ZipMap"
)

_SMOOTH = _words(
    """
    Attention Celu Cos Elu Erf Exp GRU Gelu HardSwish InstanceNormalization LRN LSTM LayerNormalization Log LogSoftmax
    LpNormalization Mish Pow RMSNormalization RNN Selu Sigmoid Sin Softmax Softplus Softsign Sqrt Swish Tanh
    """
)
_JUMPS = _words("ArgMax Ceil Equal Floor Greater Less Round Sign ThresholdedRelu Where")

#: Why what is not here can't be read.
REASONS = dict.fromkeys(_SMOOTH, "is not piecewise linear") | dict.fromkeys(_JUMPS, "may jump: it is not continuous")
