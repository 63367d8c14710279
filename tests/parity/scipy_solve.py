"""What `scipy.linalg.solve` does with values that are not finite: an error, or NaN in scipy 1.15 and 1.16."""

import numpy as np
from scipy.linalg import solve


def solve_checks_values() -> bool:
    """Whether this scipy refuses them. A compiled Gaussian process always refuses them."""
    try:
        solve(np.tril(np.ones((2, 2))), np.array([[np.inf], [1.0]]))
    except ValueError:
        return True
    return False
