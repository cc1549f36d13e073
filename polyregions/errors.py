"""One root for every error that polyregions raises on purpose.

Each leaf also inherits the standard exception that a caller would expect, so that ``except ValueError``
keeps working for those who do not know this package.
"""

__all__ = [
    "ArgumentError",
    "ArgumentTypeError",
    "DomainError",
    "EmptyDomainError",
    "EncodingError",
    "FormatError",
    "ImportCheckError",
    "MissingPackageError",
    "NetworkError",
    "NotExactError",
    "OutOfMemoryError",
    "PolyregionsError",
    "ProjectionError",
    "UnboundedDomainError",
    "UnsupportedDomainError",
    "UnsupportedLayerError",
]


class PolyregionsError(Exception):
    """Root of all errors raised by polyregions."""


class ArgumentError(ValueError, PolyregionsError):
    """An option, or a combination of options, that the counters do not have."""


class ArgumentTypeError(TypeError, PolyregionsError):
    """An argument is of another kind than the one needed; the message says how to make that one."""


class NetworkError(ValueError, PolyregionsError):
    """The weights or biases given do not form a ReLU network; the message names the layer."""


class UnsupportedLayerError(NotImplementedError, PolyregionsError):
    """A network to be imported has a layer that is neither affine nor ReLU; the message names the layer."""


class ImportCheckError(RuntimeError, PolyregionsError):
    """An imported network disagrees with its framework's own forward pass."""


class FormatError(ValueError, PolyregionsError):
    """A file does not hold what its format promises; the message names the file and the entry."""


class DomainError(ValueError, PolyregionsError):
    """The domain's numbers do not describe a domain of the network's input space."""


class EmptyDomainError(DomainError):
    """The domain contains no point."""


class UnboundedDomainError(DomainError):
    """The domain is unbounded, and what was asked for needs a bounded one."""


class UnsupportedDomainError(DomainError):
    """An unbounded domain, and a network whose regions over it can't be counted yet."""


class EncodingError(OverflowError, PolyregionsError):
    """A network's numbers are too large for a mixed-integer program in floats; the message names the unit."""


class MissingPackageError(ImportError, PolyregionsError):
    """An optional package is needed that is not installed; the message says how to get it."""


class NotExactError(ValueError, PolyregionsError):
    """A single number was asked of a result that is not exact."""


class OutOfMemoryError(MemoryError, PolyregionsError):
    """A network is too large for this machine; the message names its layers."""


class ProjectionError(ArithmeticError, PolyregionsError):
    """A numerical projection onto a facet failed its check."""
