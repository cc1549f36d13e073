"""Bounds of the number of regions that need no enumeration, and exact numbers where they are known.

>>> from polyregions.bounds import arrangement_regions, folding_network
>>> arrangement_regions([[1, 0], [0, 1], [1, 1]], [0, 0, 1])
7
"""

from typing import TYPE_CHECKING

from polyregions.lazy import lazy_names

if TYPE_CHECKING:
    from polyregions.bounds.architecture import (
        TheoryBound,
        architecture_bounds,
        bounded_hyperplane_regions,
        hyperplane_regions,
    )
    from polyregions.bounds.arrangement import (
        arrangement_regions,
        bounded_arrangement_regions,
        characteristic_polynomial,
    )
    from polyregions.bounds.attained import (
        arora_family,
        attained_bounds,
        best_folding,
        montufar_lower_bound,
        one_input_maximum,
        pascanu_lower_bound,
        serra_family,
        serra_lower_bound,
    )
    from polyregions.bounds.cnn import (
        cnn_attained_bounds,
        cnn_lower_bound,
        cnn_upper_bound,
        cnn_upper_bounds,
        one_layer_cnn_formula,
        one_layer_cnn_upper_bound,
        shared_filters_bound,
    )
    from polyregions.bounds.coefficients import coefficient_bound
    from polyregions.bounds.convolution import (
        ConvolutionLayer,
        convolution_layers,
        convolution_normals,
        generic_convolution_regions,
    )
    from polyregions.bounds.expectation import expected_regions_bound, typical_regions
    from polyregions.bounds.histograms import histogram_bound
    from polyregions.bounds.networks import folding_network, telgarsky_network
    from polyregions.bounds.piecewise import maxout_upper_bound, piecewise_layer_regions, piecewise_upper_bound
    from polyregions.bounds.serra import architecture_bound

_HOMES = {
    "ConvolutionLayer": "convolution",
    "TheoryBound": "architecture",
    "architecture_bound": "serra",
    "architecture_bounds": "architecture",
    "arora_family": "attained",
    "arrangement_regions": "arrangement",
    "attained_bounds": "attained",
    "best_folding": "attained",
    "bounded_arrangement_regions": "arrangement",
    "bounded_hyperplane_regions": "architecture",
    "characteristic_polynomial": "arrangement",
    "cnn_attained_bounds": "cnn",
    "cnn_lower_bound": "cnn",
    "cnn_upper_bound": "cnn",
    "cnn_upper_bounds": "cnn",
    "coefficient_bound": "coefficients",
    "convolution_layers": "convolution",
    "convolution_normals": "convolution",
    "expected_regions_bound": "expectation",
    "folding_network": "networks",
    "generic_convolution_regions": "convolution",
    "histogram_bound": "histograms",
    "hyperplane_regions": "architecture",
    "maxout_upper_bound": "piecewise",
    "montufar_lower_bound": "attained",
    "one_input_maximum": "attained",
    "one_layer_cnn_formula": "cnn",
    "one_layer_cnn_upper_bound": "cnn",
    "pascanu_lower_bound": "attained",
    "piecewise_layer_regions": "piecewise",
    "piecewise_upper_bound": "piecewise",
    "serra_family": "attained",
    "serra_lower_bound": "attained",
    "shared_filters_bound": "cnn",
    "telgarsky_network": "networks",
    "typical_regions": "expectation",
}

__all__ = [
    "ConvolutionLayer",
    "TheoryBound",
    "architecture_bound",
    "architecture_bounds",
    "arora_family",
    "arrangement_regions",
    "attained_bounds",
    "best_folding",
    "bounded_arrangement_regions",
    "bounded_hyperplane_regions",
    "characteristic_polynomial",
    "cnn_attained_bounds",
    "cnn_lower_bound",
    "cnn_upper_bound",
    "cnn_upper_bounds",
    "coefficient_bound",
    "convolution_layers",
    "convolution_normals",
    "expected_regions_bound",
    "folding_network",
    "generic_convolution_regions",
    "histogram_bound",
    "hyperplane_regions",
    "maxout_upper_bound",
    "montufar_lower_bound",
    "one_input_maximum",
    "one_layer_cnn_formula",
    "one_layer_cnn_upper_bound",
    "pascanu_lower_bound",
    "piecewise_layer_regions",
    "piecewise_upper_bound",
    "serra_family",
    "serra_lower_bound",
    "shared_filters_bound",
    "telgarsky_network",
    "typical_regions",
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
