"""Classes of numbers for colours: few, with bounds a reader can say aloud."""

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Classes:
    """Numbers in classes.

    Attributes
    ----------
    lower
        The least number of each class, rising; a class ends where the next begins.
    most
        The largest number of all.
    member
        The class of each number, from 0; -1 where the number is missing.
    whole
        Whether all numbers are whole.
    """

    lower: tuple[float, ...]
    most: float
    member: npt.NDArray[np.int64]
    whole: bool

    def counts(self) -> tuple[int, ...]:
        """Return how many numbers each class holds."""
        return tuple(int((self.member == rank).sum()) for rank in range(len(self.lower)))

    def spans(self) -> tuple[tuple[float, float | None], ...]:
        """Return the first and last number to print for each class; the last class is open above (None)."""
        if not self.lower:
            return ()
        step = 1 if self.whole else 0
        ends = [bound - step for bound in self.lower[1:]]
        last = self.most if self.most == self.lower[-1] else None
        return tuple(zip(self.lower, [*ends, last], strict=True))


def classify(values: Sequence[float] | Numbers, most: int, *, quantiles: bool = False) -> Classes:
    """Put numbers (not negative) into at most `most` classes: natural breaks, or quantiles.

    Natural breaks (Fisher and Jenks) are those of log(1 + x), since a few metropolises would otherwise put
    all other areas into one class. The bounds are rounded down to two significant digits and the numbers
    are counted by the rounded bounds, so that the legend says exactly what is drawn; no class is empty.
    """
    numbers = np.asarray(values, dtype=float)
    known = numbers[np.isfinite(numbers)]
    if not known.size:
        return Classes((), math.nan, np.full(numbers.shape, -1), True)
    whole = bool((known == np.round(known)).all())
    lower = _lower_bounds(known, most, quantiles=quantiles)
    member = np.searchsorted(np.asarray(lower), numbers, side="right") - 1
    most_of_all = float(known.max())
    return Classes(lower, most_of_all, np.where(np.isfinite(numbers), np.maximum(member, 0), -1), whole)


def _lower_bounds(known: Numbers, most: int, *, quantiles: bool) -> tuple[float, ...]:
    distinct = np.unique(known)
    if len(distinct) <= most:
        return tuple(map(float, distinct))
    if quantiles:
        starts = np.quantile(known, np.arange(1, most) / most, method="higher")
    else:
        starts = np.expm1(_natural_starts(np.log1p(distinct), np.log1p(known), most))
    bounds = {float(distinct[0]), *(_rounded(float(start)) for start in starts)}
    lower = np.array(sorted(bound for bound in bounds if bound >= distinct[0]))
    filled = np.unique(np.searchsorted(lower, known, side="right") - 1)
    return tuple(map(float, lower[filled]))


def _natural_starts(distinct: Numbers, known: Numbers, most: int) -> Numbers:
    import mapclassify  # a slow import, needed by nobody who only checks

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Numba not installed")
        upper = mapclassify.FisherJenks(known, k=most).bins[:-1]
    starts: Numbers = distinct[np.searchsorted(distinct, upper, side="right")]
    return starts


def _rounded(value: float) -> float:
    if value <= 0:
        return 0.0
    scale = 10.0 ** (math.floor(math.log10(value) + 1e-9) - 1)
    return float(f"{math.floor(value / scale + 1e-9) * scale:.12g}")
