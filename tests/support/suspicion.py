"""Reading what is suspected."""

import numpy as np

from bugscope.method.suspects import Beliefs, Bools


def likeliest(beliefs: Beliefs) -> tuple[float, Bools]:
    """The likeliest cause [P] of all sets, and its chance."""
    if not len(beliefs.pairs):
        return 0.0, np.zeros(0, dtype=bool)
    i, j = np.unravel_index(int(np.round(beliefs.pairs, 9).argmax()), beliefs.pairs.shape)
    k = int(np.round(beliefs.weights, 9).argmax()) if len(beliefs.weights) else -1
    if k >= 0 and beliefs.weights[k] > beliefs.pairs[i, j]:
        return float(beliefs.weights[k]), beliefs.larger[k]
    return float(beliefs.pairs[i, j]), np.isin(np.arange(len(beliefs.pairs)), (i, j))
