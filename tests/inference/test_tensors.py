"""What a tensor's numbers stand for is the same in whatever way they are looked through."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgevision.inference.tensors import Tensor

KINDS = {
    "softmax in uint8": Tensor(0, "scores", (1, 500), "uint8", 1 / 256, 0),
    "softmax in int8": Tensor(0, "scores", (1, 500), "int8", 1 / 256, -128),
    "another scale": Tensor(0, "scores", (1, 500), "uint8", 0.0123, 77),
    "16 bits": Tensor(0, "scores", (1, 500), "int16", 1 / 32768, 0),
    "floats": Tensor(0, "scores", (1, 500), "float32"),
}


@pytest.mark.parametrize("tensor", KINDS.values(), ids=KINDS)
@given(least=st.one_of(st.floats(-0.1, 1.1), st.integers(0, 256).map(lambda step: step / 256)), seed=st.integers(0, 99))
def test_what_reaches_a_threshold_is_found_with_its_place_and_real_value(
    tensor: Tensor, least: float, seed: int
) -> None:
    chance = np.random.default_rng(seed)
    if tensor.scale:
        limits = np.iinfo(tensor.dtype)
        values = chance.integers(limits.min, limits.max, 500, endpoint=True).astype(tensor.dtype)
    else:
        values = chance.random(500, dtype=np.float32)
    real = tensor.dequantize(values).tolist()
    found = tensor.reaching(values, least)
    assert sorted(found) == sorted((value, place) for place, value in enumerate(real) if value >= least)
    # The sort by score that follows keeps equal ones in their order: of two classes alike the first is the better.
    same = {value: [place for one, place in found if one == value] for value, _ in found}
    assert all(places == sorted(places) for places in same.values())
