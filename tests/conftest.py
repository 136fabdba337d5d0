"""What several test files share."""

import pytest


@pytest.fixture(scope="module")
def torch():
    torch = pytest.importorskip("torch")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the networks of the tests are too small for more
    yield torch
    torch.set_num_threads(threads)
