"""A largest independent set of integer rows: found modulo a prime, proven in integers."""

from collections.abc import Iterator, Sequence

from polyregions.exact.arithmetic import Arithmetic

__all__ = ["independent_rows"]


def independent_rows(
    rows: Sequence[Sequence[int]], preferred: int, arithmetic: Arithmetic
) -> tuple[list[int], list[int]]:
    """Rows that span all rows, and as many columns in which they are independent.

    Parameters
    ----------
    rows : m rows of n integers
    preferred : int
        The first so many rows are spanned by those of them that are chosen.

    Returns
    -------
    chosen : indices of rows, ascending
        Earlier rows first.
    columns : indices of columns, ascending

    Notes
    -----
    Elimination modulo a prime. What is independent there is independent; that the other rows depend on the chosen ones
    is checked in integers, and if it is not so, which no prime but a divisor of a minor does, the next prime is tried.

    Examples
    --------
    >>> from polyregions.exact.arithmetic import default_arithmetic
    >>> independent_rows([[0, 2, 4], [0, 1, 2], [1, 0, 0]], 1, default_arithmetic())
    ([0, 2], [0, 1])
    """
    for prime in _primes():
        chosen, columns = _eliminated(rows, prime)
        few = sum(i < preferred for i in chosen)
        if _spans(rows, chosen, columns, arithmetic) and _spans(
            rows[:preferred], chosen[:few], columns[:few], arithmetic
        ):
            return chosen, sorted(columns)
    raise ArithmeticError("unreachable")


def _primes() -> Iterator[int]:
    """Mersenne primes: a minor can't be divisible by all of them."""
    for exponent in (61, 89, 107, 127, 521, 607, 1279, 2203, 2281, 3217, 4253, 4423):
        yield (1 << exponent) - 1
    raise ArithmeticError("integers of millions of digits")


def _eliminated(rows: Sequence[Sequence[int]], prime: int) -> tuple[list[int], list[int]]:
    """The rows that are independent modulo the prime of those before them, and a pivot column for each."""
    chosen: list[int] = []
    columns: list[int] = []
    reduced: list[list[int]] = []
    for index, given in enumerate(rows):
        row = [value % prime for value in given]
        for pivot, other in zip(columns, reduced, strict=True):
            factor = row[pivot]
            if factor:
                row = [(a - factor * b) % prime for a, b in zip(row, other, strict=True)]
        lead = next((j for j, value in enumerate(row) if value), None)
        if lead is not None:
            inverse = pow(row[lead], -1, prime)
            chosen.append(index)
            columns.append(lead)
            reduced.append([value * inverse % prime for value in row])
            if len(chosen) == len(row):
                break
    return chosen, columns


def _spans(rows: Sequence[Sequence[int]], chosen: list[int], columns: list[int], arithmetic: Arithmetic) -> bool:
    """Whether all rows are combinations of the chosen ones, decided exactly."""
    if not chosen:
        return not any(any(row) for row in rows)
    k = len(chosen)
    if k == len(rows[0]):
        return True
    base = arithmetic.matrix([[rows[i][j] for i in chosen] for j in columns], k)
    right = arithmetic.matrix([[row[j] for row in rows] for j in columns], len(rows))
    solved = arithmetic.solve(base, right)
    if solved is None:
        return False
    numerators, denominator = solved
    shares = arithmetic.matrix([list(column) for column in zip(*numerators, strict=True)], k)
    product = arithmetic.multiply(shares, arithmetic.matrix([list(rows[i]) for i in chosen]))
    return all(
        all(value == denominator * wanted for value, wanted in zip(row, given, strict=True))
        for row, given in zip(arithmetic.rows(product), rows, strict=True)
    )
