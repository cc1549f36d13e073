"""Architectures that the command `bounds` takes in place of a network: widths, other units, convolutions."""

import re
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from polyregions.commands import CommandError, options

if TYPE_CHECKING:
    from polyregions.bounds.architecture import TheoryBound

__all__ = ["OF_UNITS", "Architecture", "add_architecture", "read_architecture"]

#: Options of `bounds` that are about a network's units over a domain.
OF_UNITS = ("units", "joint", "method", "time_limit", "time_limit_per_unit")

_INPUT = re.compile(r"(\d+)x(\d+)x(\d+)")
_LAYER = re.compile(r"(\d+)x(\d+)x(\d+)(?:s(\d+))?")


@dataclass(frozen=True, slots=True)
class Architecture:
    """What is known of all networks of an architecture, and of one of them.

    Attributes
    ----------
    what : str
        "these widths", "these layers".
    upper : list of TheoryBound
        From weak to strong: no such network has more regions.
    attained : list of TheoryBound
        Some such network has as many.
    json : dict
        The architecture, as it was asked for.
    """

    what: str
    upper: list["TheoryBound"]
    attained: list["TheoryBound"]
    json: dict[str, Any]


def add_architecture(parser: ArgumentParser) -> None:
    """Add the network or widths, and the options that say more of an architecture."""
    parser.add_argument("network", metavar="NET|WIDTHS", nargs="?", help="network file, or widths such as 2,16,16")
    parser.add_argument(
        "--cnn",
        nargs="+",
        metavar=("HxWxD", "HxWxCsS"),
        help="in place of widths: the input, and each convolution's filter, channels and stride, such as "
        "--cnn 28x28x1 3x3x8s1 3x3x8s2",
    )
    units = parser.add_mutually_exclusive_group()
    units.add_argument("--maxout", type=int, metavar="K", help="with widths: maxout units of K affine forms, no ReLUs")
    units.add_argument(
        "--pieces", type=int, metavar="K", help="with widths: units whose activation has K affine pieces, no ReLUs"
    )


def read_architecture(arguments: Namespace) -> Architecture | None:
    """The architecture asked for, with its bounds; None if a network file is.

    Raises
    ------
    CommandError
        If it can't be read, or options are for something else.
    """
    widths = None if arguments.network is None else options.read_widths(arguments.network)
    if widths is None:
        options.refuse(arguments, ("maxout", "pieces"), "widths such as 2,16,16")
    if (arguments.network is None) == (arguments.cnn is None):
        raise CommandError("give one of a network file, widths such as 2,16,16, and --cnn")
    if arguments.cnn is None and widths is None:
        options.check_no_widths(arguments.network)
        return None
    names = (*options.OF_NETWORKS, *OF_UNITS)
    options.refuse(arguments, names, f"a network file, not {'widths' if widths else '--cnn'}")
    return _convolutional(arguments.cnn) if widths is None else _of_widths(widths, arguments)


def _of_widths(widths: list[int], arguments: Namespace) -> Architecture:
    from polyregions.bounding import upper_bounds
    from polyregions.bounds.architecture import TheoryBound
    from polyregions.bounds.attained import attained_bounds
    from polyregions.bounds.piecewise import maxout_upper_bound, piecewise_upper_bound

    upper = upper_bounds(widths)
    inputs, layers = widths[0], widths[1:]
    if arguments.maxout is not None:
        value = maxout_upper_bound(inputs, layers, rank=arguments.maxout)
        bound = TheoryBound("maxout", value, f"maxout units of rank {arguments.maxout} (Serra et al. 2018)")
        return Architecture("these widths", [bound], [], {"widths": widths, "maxout": arguments.maxout})
    if arguments.pieces is not None:
        value = piecewise_upper_bound(inputs, layers, pieces=arguments.pieces)
        bound = TheoryBound("pieces", value, f"layer by layer, {arguments.pieces - 1} parallel hyperplanes per unit")
        return Architecture("these widths", [bound], [], {"widths": widths, "pieces": arguments.pieces})
    return Architecture("these widths", upper, attained_bounds(inputs, layers), {"widths": widths})


def _convolutional(words: Sequence[str]) -> Architecture:
    from polyregions.bounds.cnn import cnn_attained_bounds, cnn_upper_bounds
    from polyregions.bounds.convolution import convolution_layers

    first = _INPUT.fullmatch(words[0])
    if first is None:
        raise CommandError(f"argument --cnn: the input is height x width x depth, such as 28x28x1, not {words[0]!r}")
    shapes = []
    for word in words[1:]:
        match = _LAYER.fullmatch(word)
        if match is None:
            raise CommandError(
                f"argument --cnn: a layer is filter height x width x channels, and a stride: 3x3x8s1; not {word!r}"
            )
        height, width, channels, stride = (int(number) for number in match.groups("1"))
        shapes.append((height, width, channels, stride))
    height, width, depth = (int(number) for number in first.groups())
    layers = convolution_layers((height, width, depth), shapes)
    json = {
        "inputs": [height, width, depth],
        "convolutions": [
            {"filter": list(layer.filters), "channels": layer.channels, "stride": layer.stride} for layer in layers
        ],
    }
    return Architecture("these convolutional layers", cnn_upper_bounds(layers), cnn_attained_bounds(layers), json)
