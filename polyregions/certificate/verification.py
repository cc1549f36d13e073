"""``verify``: the independent checker, asked about a network in memory."""

import os
from fractions import Fraction
from typing import Any

from polyregions.certificate.checker import Verification
from polyregions.certificate.checker import verify as check_layers
from polyregions.domain import Domain
from polyregions.network import Network

__all__ = ["plain_layers", "verify"]


def verify(certificate: str | os.PathLike[str], network: Network, *, domain: Domain | None = None) -> Verification:
    """Whether a certificate proves a count of this network's regions.

    The checker (:mod:`polyregions.certificate.checker`) shares no code with the counters and needs nothing but Python's
    standard library: integers and fractions, and 600 lines to read.

    Parameters
    ----------
    certificate : path to a file
        As written by :func:`polyregions.count`.
    network : Network
    domain : Domain, optional
        Also reject a certificate that is not of this domain; otherwise read off the result what domain it is of.

    Returns
    -------
    Verification
        ``valid``, and then ``count``, ``scope`` ("both": there are so many; "lower": at least so many), the
        ``definition`` of what is counted and the ``domain``; or the ``reason`` why not.

    Raises
    ------
    OSError
        If the file cannot be read.

    Notes
    -----
    About a tenth of a millisecond per region and layer in two dimensions. Memory does not grow with the count.

    Examples
    --------
    >>> import tempfile
    >>> import polyregions as pr
    >>> net = pr.Network.from_arrays([[[1.0], [-1.0]], [[1.0, 1.0]]], [[0.0, 0.0], [0.0]])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     count = pr.count(net, pr.Box(-1, 1), certificate=folder + "/abs.cert")
    ...     result = pr.verify(count.certificate, net)
    >>> result.valid, result.count, result.scope
    (True, 2, 'both')
    """
    layers = plain_layers(network)
    return check_layers(certificate, layers, network.include_output, None if domain is None else domain.to_json())


def plain_layers(network: Network) -> list[Any]:
    """The layers as the checker takes them: (W, b) or (W, b, which units are linear), in lists of exact numbers."""
    layers: list[Any] = [(w.tolist(), b.tolist()) for w, b in zip(network.weights, network.biases, strict=True)]
    if network.exact:
        layers = [
            ([[Fraction(v, q) for v in row] for row in layer.weights], [Fraction(v, q) for v in layer.biases])
            for layer in network.exact
            for q in [layer.denominator]
        ]
    for layer, mask in enumerate(network.linear):
        layers[layer] += (mask.tolist(),)
    return layers
