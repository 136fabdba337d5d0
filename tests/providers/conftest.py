"""Tiny checkpoints that several test files load."""

import pytest

from support.hf_models import LABELS


@pytest.fixture(scope="module")
def tiny(torch):
    pytest.importorskip("transformers")
    from support import tiny  # noqa: PLC0415 - it needs torch

    return tiny


@pytest.fixture(scope="module")
def folders(tiny, tmp_path_factory):
    """The folder of a tiny checkpoint by its family, made when first asked for."""
    made = {}

    def folder(name):
        if name not in made:
            given = (LABELS,) if name in ("vit", "resnet") else ()
            made[name] = getattr(tiny, f"tiny_{name}")(tmp_path_factory.mktemp(name), *given)
        return made[name]

    return folder
