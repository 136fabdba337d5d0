"""What several test files share."""

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# a slow machine is no fault of the code
settings.register_profile(
    "fast", derandomize=True, max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("search", deadline=None, print_blob=True)

# the suite makes and removes some hundred thousand small files: in memory where there is enough of it
MEMORY, ENOUGH = Path("/dev/shm"), 4 * 2**30
if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ENOUGH:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


def pytest_configure(config):
    """The same examples at every run, so that nobody's fast run fails by chance; the slow suite searches for new ones.

    HYPOTHESIS_PROFILE or --hypothesis-profile names another profile.
    """
    if config.getoption("--hypothesis-profile", None):
        return
    marks = config.getoption("markexpr", "") or ""
    searching = "slow" in marks and "not slow" not in marks
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("search" if searching else "fast"))


@pytest.fixture(scope="session", autouse=True)
def quick_disk():
    """What tests write need not survive a power cut."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda file: None)
        yield


@pytest.fixture(scope="module")
def torch():
    torch = pytest.importorskip("torch")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the networks of the tests are too small for more
    yield torch
    torch.set_num_threads(threads)
