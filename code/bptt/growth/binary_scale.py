"""Matrices of any size: a matrix times a power of two, for sums of products too large or too small for float64."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


def exponents(A, axis=None):
    """Whole numbers e such that the largest entry of A / 2^e is between ½ and 1, over some axes; 0 where A is zero."""
    return np.frexp(np.abs(A).max(axis=axis))[1]


@dataclass(frozen=True)
class Scaled:
    """A matrix times 2^exponent, or a stack of matrices with one exponent each.

    The largest entry of a matrix is between ½ and 1, so that nothing over- or underflows but the exponent, a whole
    number. Scaling is exact, and sums and products are rounded as those of the plain matrices would be.

    Examples
    --------
    >>> tiny = Scaled.of(np.array([[2.0**-1000]]))
    >>> tiny
    Scaled(matrix=array([[0.5]]), exponent=-999)
    >>> (tiny @ tiny.value() @ tiny.value()).exponent
    -2999
    """

    matrix: np.ndarray
    exponent: int | np.ndarray

    @classmethod
    def of(cls, matrix, exponent=0):
        """Move the size of one matrix into the exponent. Zero gets an exponent below all others."""
        e = int(exponents(matrix))
        return cls(np.ldexp(matrix, -e), exponent + e if matrix.any() else ZERO)

    @classmethod
    def stack(cls, parts):
        """Stack of scaled matrices."""
        return cls(np.array([part.matrix for part in parts]), np.array([part.exponent for part in parts], np.intc))

    def __add__(self, other):
        """Sum: the smaller one may drown in the larger one, as in every sum of floating-point numbers."""
        top = max(self.exponent, other.exponent)
        return Scaled.of(sum(np.ldexp(part.matrix, part.exponent - top) for part in (self, other)), top)

    def __matmul__(self, M):
        """Product with a matrix on the right, plain or scaled."""
        if isinstance(M, Scaled):
            return Scaled.of(self.matrix @ M.matrix, self.exponent + M.exponent)
        return Scaled.of(self.matrix @ M, self.exponent)

    def __mul__(self, diagonal):
        """Product with a diagonal matrix on the right, given by its diagonal."""
        return Scaled.of(self.matrix * diagonal, self.exponent)

    def value(self):
        """The matrix or matrices themselves, which may under- or overflow."""
        with np.errstate(over="ignore"):
            return np.ldexp(self.matrix, np.expand_dims(self.exponent, (-2, -1)))

    def log_norm(self):
        """Natural logarithm of the spectral norm; -inf for zero."""
        with np.errstate(divide="ignore"):
            return np.log(np.linalg.norm(self.matrix, 2, axis=(-2, -1))) + self.exponent * np.log(2.0)


ZERO = -(10**9)
