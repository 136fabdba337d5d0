"""A hunt that is ended at any instant loses nothing that it has stored: the short form of `bench/kill.py`."""

import os

import pytest

from support.benches import load

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")]


# hunts of other tests may have left idle threads
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_ten_kills_and_three_signals_lose_nothing():
    found = load("kill").measure(kills=10, each=1, seed=1)
    assert (found["kills"], found["signals"]) == (10, 3)
    for what in ("answers_lost", "stored_pictures_made_again", "reports_unequal", "wrong_exit_codes"):
        assert found[what] == 0, found["endings"]
