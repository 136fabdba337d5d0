"""Fuzzers: what comes from outside, altered at random, ends in a result or in a sentence.

    make fuzz                                          # all targets, 30 minutes
    PYTHONPATH=tests python -m fuzz --target labels --minutes 5
    PYTHONPATH=tests python -m fuzz --target labels --replay 17       # one example again, with its traceback

A target is a file of `targets/` with a context manager `ready(folder)`, which gives `example(rng, folder)`: it makes something
hostile with `rng`, uses it below the empty `folder` and returns in a word what came of it. Whatever it raises is a finding, as
are writes and reads outside the folder, programs that are started, hangs and crashes.
"""
