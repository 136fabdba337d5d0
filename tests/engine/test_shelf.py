"""The cache as the engine sees it: what identifies a generator, whose pictures are kept, and that no fault ends a run."""

import inspect
import io
import os
from hashlib import sha256

import numpy as np
import pytest
from PIL import Image

from bugscope.core import registry
from bugscope.core.errors import StoreError
from bugscope.core.options import Config
from bugscope.core.records import Box, Sample, Specimen, Status, Truth
from bugscope.engine.shelf import identity, opened
from bugscope.media import picture
from bugscope.store.cache import Cache, Drawer
from bugscope.testing import World
from support.engines import SAMPLES, engine_of


class Toy:
    """A generator of a world that counts what it draws."""

    repeats = True
    id = "toy/1"

    def __init__(self):
        self.world, self.drawn = World(), []

    def __call__(self, prompts, seeds):
        self.drawn += zip(prompts, seeds, strict=True)
        return self.world.generator(prompts, seeds)


def engine(path, cache, generator, **options):
    return engine_of(path, config=Config.of({"batch_size": 4, "cache": cache, **options}), generator_as=generator)


def measured(path, cache, generator=None, samples=SAMPLES, **options):
    """The outcomes, the engine, and how many pictures were drawn."""
    generator = generator or Toy()
    made = engine(path, cache, generator, **options)
    try:
        return made.measure(samples), made, len(generator.drawn)
    finally:
        made.close()
        made.store.close()


def entries(cache):
    return sorted(cache.rglob("*.entry"))


# --- reuse ----------------------------------------------------------------------------------------------------------------


def test_another_run_gets_the_same_pictures_without_drawing_them(tmp_path):
    cache = tmp_path / "c"
    first, made, drawn = measured(tmp_path / "a", cache)
    assert (drawn, made.shelf.taken, made.shelf.notice, len(entries(cache))) == (20, set(), "", 20)
    second, made, drawn = measured(tmp_path / "b", cache)
    assert second == first
    assert (drawn, made.shelf.taken) == (0, {s.key for s in SAMPLES})
    assert sorted(p.name for p in (tmp_path / "a" / "images").rglob("*.png")) == sorted(
        p.name for p in (tmp_path / "b" / "images").rglob("*.png")
    )


def test_only_what_the_cache_lacks_is_drawn(tmp_path):
    measured(tmp_path / "a", tmp_path / "c", samples=SAMPLES[::3])
    outcomes, made, drawn = measured(tmp_path / "b", tmp_path / "c")
    assert drawn == 20 - len(SAMPLES[::3]) and len(made.shelf.taken) == len(SAMPLES[::3])
    assert outcomes == measured(tmp_path / "alone", "none")[0]


def test_a_run_that_goes_on_asks_its_own_folder_first(tmp_path):
    measured(tmp_path / "a", tmp_path / "c")
    _, made, drawn = measured(tmp_path / "a", tmp_path / "c")
    assert (drawn, made.shelf.taken) == (0, set())


def test_other_seeds_are_other_pictures(tmp_path):
    measured(tmp_path / "a", tmp_path / "c")
    others = [Sample(s.prompt, s.purpose, s.replicate, run_seed=1) for s in SAMPLES]
    assert measured(tmp_path / "b", tmp_path / "c", samples=others)[2] == 20


def test_a_picture_counts_once_in_a_run_whatever_a_cache_says(tmp_path):
    """Where a generator ignores seeds, the cache repeats its pictures, and the run refuses the repeats as without a cache."""

    class Stuck(Toy):
        def __call__(self, prompts, seeds):
            return super().__call__(prompts, [0] * len(seeds))

    for run in ("a", "b"):
        outcomes, _, _ = measured(tmp_path / run, tmp_path / "c", Stuck())
        assert sum(o.status is not Status.REFUSED for o in outcomes) == 1


def test_truth_regions_and_info_are_kept_as_well(tmp_path):
    class Knowing(Toy):
        def __call__(self, prompts, seeds):
            regions = np.arange(256, dtype=np.uint8).reshape(16, 16) % 3
            truth = Truth("mug", ("pot",), (Box("mug", 0.0, 0.25, 0.5, 1.0),), regions, "one")
            return [Specimen(p.content, truth, {**p.info, "nested": [1, {"a": "ß"}]}) for p in super().__call__(prompts, seeds)]

    measured(tmp_path / "a", tmp_path / "c", Knowing())
    _, made, drawn = measured(tmp_path / "b", tmp_path / "c", Knowing())
    assert drawn == 0
    with made.store.open(tmp_path / "a") as one, made.store.open(tmp_path / "b") as two:
        keys = [s.key for s in SAMPLES]
        was, now = one.get("generator", "toy/1", keys), two.get("generator", "toy/1", keys)
        assert {k: v | {"cached": True} for k, v in was.items()} == now
        assert np.array_equal(one.regions(was[keys[0]]["truth"]), two.regions(now[keys[0]]["truth"]))


def test_refusals_are_asked_again(tmp_path):
    class Shy(Toy):
        def __call__(self, prompts, seeds):
            made = super().__call__(prompts, seeds)
            return [Image.new("RGB", (8, 8)) if s % 2 else p for p, s in zip(made, seeds, strict=True)]

    odd = sum(s.seed % 2 for s in SAMPLES)
    measured(tmp_path / "a", tmp_path / "c", Shy())
    assert measured(tmp_path / "b", tmp_path / "c", Shy())[2] == odd


def test_a_lost_picture_comes_back_from_the_cache(tmp_path):
    """Also where the generator would draw another one now."""
    cache = tmp_path / "c"
    first, _, _ = measured(tmp_path / "a", cache)
    for file in (tmp_path / "a" / "images").rglob("*.png"):
        file.unlink()
    again, _, drawn = measured(tmp_path / "a", cache)
    assert (again, drawn) == (first, 0)
    assert len(list((tmp_path / "a" / "images").rglob("*.png"))) == 20


# --- whose pictures ---------------------------------------------------------------------------------------------------------


def test_a_generator_must_state_that_it_repeats_itself_or_the_user_must_ask(tmp_path):
    class Random(Toy):
        repeats = False

    _, made, drawn = measured(tmp_path / "a", tmp_path / "c", Random())
    assert drawn == 20 and not (tmp_path / "c").exists()
    assert made.shelf.notice.startswith(
        "the cache is not used: the generator toy/1 does not state that the same prompt and seed"
    )
    measured(tmp_path / "b", tmp_path / "c", Random(), cache_all=True)
    assert measured(tmp_path / "d", tmp_path / "c", Random(), cache_all=True)[2] == 0


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({}, {}, True),
        ({}, {"workers": 3}, True),
        ({}, {"samples": 7}, False),
        ({}, {"size": 64}, False),
        ({"size": 64, "samples": 7}, {"samples": 7, "size": 64}, True),
    ],
)
def test_an_option_that_changes_the_picture_makes_another_generator(one, other, same):
    pytest.importorskip("mitsuba")
    ids = [identity(registry.load("Generator", "studio/scalar", given), picture) for given in (one, other)]
    assert (ids[0] == ids[1]) is same
    assert {"numpy", "pillow", "mitsuba"} <= set(ids[0]["packages"])


def test_an_option_that_an_id_forgets_makes_another_generator_too():
    made = Toy()
    found = []
    for options in ({}, {"style": "oil"}, {"style": "ink"}, {"style": "ink", "name": "mine"}):
        made.loaded_as = ("Generator", "toy", options)
        found.append(identity(made, picture))
    assert found[0] != found[1] != found[2] == found[3]
    assert "ink" not in str(found), "an option may be a secret"


def test_what_a_generator_says_of_itself_makes_another_generator():
    made = Toy()
    before = identity(made, picture)
    made.fingerprint = lambda: "weights 2"
    assert identity(made, picture) != before
    made.id = "toy/2"
    assert identity(made, picture)["id"] == "toy/2"


def test_a_function_that_was_edited_is_another_generator(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    source = inspect.cleandoc("""
        def draw(prompts, seeds):
            return []
        draw.repeats = True
    """)
    found = []
    for text in (source, source + "\n# another version"):
        (tmp_path / "drawing_here.py").write_text(text)
        found.append(identity(registry.load("Generator", "python/drawing_here:draw"), picture))
    assert found[0]["source"] == sha256(source.encode()).hexdigest()[:12] and found[0] != found[1]
    found = [identity(registry.load("Generator", draw), picture)["source"] for draw in (measured, engine_of)]
    assert found[0] != found[1] and all(found)


def test_a_function_that_nothing_identifies_is_not_cached(tmp_path):
    scope = {"World": World}
    exec("def draw(prompts, seeds): return World().generator(prompts, seeds)\ndraw.repeats = True", scope)
    draw = registry.load("Generator", scope["draw"])
    draw.drawn = [1] * 20
    _, made, _ = measured(tmp_path / "a", tmp_path / "c", draw)
    assert "nothing tells one version of" in made.shelf.notice and "attribute id" in made.shelf.notice
    assert not (tmp_path / "c").exists()


# --- hostile and broken caches ------------------------------------------------------------------------------------------------


def alter(cache, **changes):
    """Write every entry again with something else in it, well-formed and with the right checksum."""
    made = identity(Toy(), picture)
    drawer = Cache(cache).of(made)
    for s in SAMPLES:
        entry = drawer.get(s.prompt.text, s.seed)
        drawer.put(s.prompt.text, s.seed, entry._replace(**changes))


def eps():
    return b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\nshowpage\n"


def bomb():
    """A PNG of 100 million pixels."""
    file = io.BytesIO()
    Image.new("1", (10_000, 10_000)).save(file, "PNG")
    return file.getvalue()


def blank():
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize(
    "changes",
    [
        {"content": b""}, {"content": b"no picture"}, {"content": eps()}, {"content": bomb()}, {"content": blank()},
        {"truth": {"label": 3}}, {"regions": b"\x93NUMPY junk", "truth": None},
        {"truth": {"label": "a", "others": [], "boxes": [], "regions": None, "answer": ""}, "regions": b"no array"},
    ],
    ids=["empty", "text", "eps", "bomb", "blank", "truth", "regions without truth", "regions"],
)  # fmt: skip
def test_a_hostile_entry_is_a_miss_and_is_replaced(tmp_path, changes):
    first, _, _ = measured(tmp_path / "a", tmp_path / "c")
    alter(tmp_path / "c", **changes)
    again, _, drawn = measured(tmp_path / "b", tmp_path / "c")
    assert again == first
    harmless = "truth" in changes and changes["truth"] is None  # regions that no truth names are not looked at
    assert drawn == (0 if harmless else 20)
    assert measured(tmp_path / "d", tmp_path / "c")[2] == 0


def test_another_format_is_stored_as_the_runs_own(tmp_path):
    """Whatever a file of the cache holds besides pixels does not enter the run."""
    measured(tmp_path / "a", tmp_path / "c")
    file = io.BytesIO()
    Image.effect_noise((16, 16), 90).convert("RGB").save(file, "GIF", comment=b"<script>")
    alter(tmp_path / "c", content=file.getvalue())
    measured(tmp_path / "b", tmp_path / "c")
    stored = [p.read_bytes() for p in (tmp_path / "b" / "images").rglob("*.png")]
    assert stored and all(data.startswith(b"\x89PNG") and b"<script>" not in data for data in stored)


@pytest.mark.parametrize("how", ["unwritable", "full", "unreadable"])
def test_a_cache_that_fails_ends_no_run(tmp_path, monkeypatch, how):
    samples = [Sample(s.prompt, s.purpose, s.replicate, run_seed=5) for s in SAMPLES]
    measured(tmp_path / "a", tmp_path / "c")
    said = {"unwritable": "Read-only file system", "full": "No space left on device", "unreadable": "Input/output error"}[how]
    calls = []

    def fail(*_):
        calls.append(1)
        raise StoreError(f"cannot use it: {said}")

    monkeypatch.setattr(Drawer, "get" if how == "unreadable" else "put", fail)
    outcomes, made, drawn = measured(tmp_path / "b", tmp_path / "c", samples=[*SAMPLES, *samples])
    assert len(outcomes) == 40 and drawn == (40 if how == "unreadable" else 20)
    assert all(o.status.counts for o in outcomes)
    assert len(calls) == 1 and said in made.shelf.notice and "the run goes on" in made.shelf.notice


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_read(tmp_path):
    measured(tmp_path / "a", tmp_path / "c")
    for folder in [tmp_path / "c", *(p for p in (tmp_path / "c").rglob("*") if p.is_dir())]:
        folder.chmod(0o500)
    try:
        assert measured(tmp_path / "b", tmp_path / "c")[2] == 0
        _, made, _ = measured(tmp_path / "d", tmp_path / "c", samples=[Sample(SAMPLES[0].prompt, "confirm", 1)])
        assert "Permission denied" in made.shelf.notice
    finally:
        for folder in [tmp_path / "c", *(p for p in (tmp_path / "c").rglob("*") if p.is_dir())]:
            folder.chmod(0o700)


def test_where_no_folder_can_be_the_run_goes_on(tmp_path):
    outcomes, made, drawn = measured(tmp_path / "a", "/proc/no/such/cache")
    assert drawn == 20 and all(o.status.counts for o in outcomes)
    assert made.shelf.notice.startswith("the cache takes no more pictures, and the run goes on: cannot write")


# --- where it is ------------------------------------------------------------------------------------------------------------


def test_the_default_is_the_users_cache_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    found = opened(Config.of({"cache": True}))
    if os.name == "posix" and os.uname().sysname == "Linux":
        assert found.root == tmp_path / "bugscope" / "pictures"
    assert opened(Config.of({"cache": False})) is opened(Config()) is None
    monkeypatch.setenv("HOME", str(tmp_path))
    assert opened(Config.of({"cache": "~/pictures"})).root == tmp_path / "pictures"
