"""Something for a model to look at that isn't a picture."""

import numpy as np
from numpy.typing import NDArray

SEED = 1


def show_noise(view: NDArray[np.generic]) -> None:
    """Fill an input tensor with numbers of all sizes, always the same: on zeros alone some processors are faster."""
    random = np.random.default_rng(SEED)
    if np.issubdtype(view.dtype, np.floating):
        view[...] = random.uniform(-1, 1, view.shape).astype(view.dtype)
    elif np.issubdtype(view.dtype, np.integer):
        view[...] = random.integers(0, 128, view.shape).astype(view.dtype)
