"""Names of PyTorch's modules and functions, by what a graph makes of them."""

__all__ = ["AFTER", "ASKING", "MOVING", "MOVING_MODULES", "PADDING_MODULES", "REASONS", "TRAILING"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Functions that only move entries, and are applied to the entries' numbers.
MOVING = _words(
    """
    _unsafe_view cat channel_shuffle chunk concat concatenate constant_pad_nd expand expand_as flatten flip getitem
    hstack index_select moveaxis movedim narrow pad permute pixel_shuffle pixel_unshuffle repeat repeat_interleave
    reshape reshape_as roll select slice split split_with_sizes squeeze stack swapaxes t tensor_split tile transpose
    unbind unflatten unsafe_split unsqueeze view view_as vstack
    """
)

#: Modules that do.
MOVING_MODULES = _words(
    """
    ChannelShuffle CircularPad1d CircularPad2d CircularPad3d Flatten PixelShuffle PixelUnshuffle ReflectionPad1d
    ReflectionPad2d ReflectionPad3d ReplicationPad1d ReplicationPad2d ReplicationPad3d Unflatten
    """
)

#: Modules that pad by a constant.
PADDING_MODULES = _words("ConstantPad1d ConstantPad2d ConstantPad3d ZeroPad1d ZeroPad2d ZeroPad3d")

#: What asks for a tensor's shape and the like.
ASKING = _words("dim getattr numel size sym_size")

#: What may stand at the very end: it makes probabilities or labels of the logits, and no region.
TRAILING = _words(
    """
    LogSigmoid LogSoftmax Sigmoid Softmax Softmin Tanh _log_softmax _softmax argmax argmin log_softmax logsigmoid
    sigmoid softmax softmin tanh
    """
)

#: What may follow that.
AFTER = TRAILING | _words("flatten getitem reshape squeeze unsqueeze view")

_SMOOTH = _words(
    """
    CELU ELU GELU GRU GroupNorm Hardswish InstanceNorm1d InstanceNorm2d InstanceNorm3d LSTM LayerNorm LocalResponseNorm
    LogSoftmax Mish MultiheadAttention RMSNorm RNN SELU SiLU Sigmoid Softmax Softplus Softsign Tanh cos elu exp gelu
    group_norm hardswish layer_norm log log_softmax mish norm pow scaled_dot_product_attention selu sigmoid silu sin
    softmax softplus sqrt tanh
    """
)
_JUMPS = _words("Hardshrink argmax ceil eq floor ge gt le lt round sign topk where")

#: Why what is not here can't be read.
REASONS = dict.fromkeys(_SMOOTH, "is not piecewise linear") | dict.fromkeys(_JUMPS, "may jump: it is not continuous")
