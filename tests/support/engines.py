"""Engines on a folder whose models are a world's, or any function."""

from bugscope.core.options import Config
from bugscope.core.records import Sample
from bugscope.engine.engine import Engine
from bugscope.engine.models import Models
from bugscope.store.folder import Store
from bugscope.testing import World

from .words import WORDS

SAMPLES = [Sample(WORDS.neutral("mug"), "explore", i) for i in range(20)]


class Role:
    """Any function as a model."""

    def __init__(self, call, name, labels=()):
        self.call, self.id, self.labels = call, name, labels

    def __call__(self, *inputs):
        return self.call(*inputs)


def engine_of(path, world=None, sleep=None, config=None, generator_as=None, **changed):
    """`changed`: functions in the place of a world's roles; `generator_as`: a generator as it is; `sleep`: for waiting."""
    roles = (world or World()).roles()
    roles |= {"generator": generator_as} if generator_as else {}
    models = Models(**{**roles, **{r: Role(c, f"test/{r}", roles[r].labels) for r, c in changed.items()}})
    store = Store.create(path, {})
    return Engine(models, store, config or Config(batch_size=4), sleep=sleep or (lambda seconds: None))
