"""The plain network that a graph's network is lowered to."""

from polyregions.network import Network

__all__ = ["plain_network"]


def plain_network(network: Network) -> Network:
    """The network itself, or for one made of a graph its lowered one, whose ReLU units are what has walls."""
    if type(network) is Network:
        return network
    return Network(
        network.weights,
        network.biases,
        include_output=network.include_output,
        linear=network.linear,
        exact=network.exact,
    )
