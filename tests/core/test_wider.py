"""Names that cover several classes."""

import pytest

from bugscope.core import wider
from bugscope.core.errors import SpecError
from bugscope.core.labels import Names, imagenet, wordnet_ids
from bugscope.providers.studio import objects

COCO = Names(wider.coco())


def right(label):
    return wider.covering(label, COCO)


def test_the_table_has_coco_s_categories_and_only_classes_of_imagenet():
    assert len(wider.coco()) == len(set(wider.coco())) == 80
    assert wider.coco()[:3] == ("person", "bicycle", "car") and wider.coco()[-1] == "toothbrush"
    assert {name for _, covered in wider.table() for name in covered} <= set(wordnet_ids())


@pytest.mark.parametrize(
    ("label", "names"),
    [
        ("goblet", {"wine glass"}), ("coffee mug", {"cup"}), ("pug", {"dog"}), ("robin", {"bird"}), ("timber wolf", set()),
        ("school bus", {"bus"}), ("monitor", {"tv"}), ("teapot", set()), ("wine glass", {"wine glass"}), ("cheetah", set()),
        ("studio couch", {"couch", "bed"}), ("mobile phone", {"cell phone"}),
    ],
)  # fmt: skip
def test_a_label_is_covered_by_wider_names(label, names):
    assert set(right(label)) == names


def test_a_detector_with_open_images_names_is_understood_too():
    names = Names(("Wine glass", "Coffee cup", "Mobile phone", "Television", "Dog", "Teapot"))
    found = {label: wider.covering(label, names) for label in ("goblet", "coffee mug", "cellular telephone", "monitor", "pug")}
    assert found == {
        "goblet": ("Wine glass",), "coffee mug": ("Coffee cup",), "cellular telephone": ("Mobile phone",),
        "monitor": ("Television",), "pug": ("Dog",),
    }  # fmt: skip
    assert wider.covering("teapot", names) == ("Teapot",)


def test_what_a_person_means_is_said_as_the_generator_draws_it():
    drawn = list(objects.load_all())

    def meant(text):
        return wider.meant(text, wider.coco(), drawn, right)

    assert meant("wine glass") == meant("goblet") == meant("Goblet") == ["goblet"]
    assert meant("bus") == ["school bus"] and meant("banana") == ["banana"]
    assert {"soccer ball", "tennis ball"} <= set(meant("sports ball"))
    with pytest.raises(SpecError, match="unknown label 'teapot'"):
        meant("teapot")
    with pytest.raises(SpecError, match="unknown label of the generator 'person'"):
        meant("person")
    with pytest.raises(SpecError, match="unknown label 'bannana'. Did you mean 'banana'"):
        meant("bannana")
    assert wider.meant("person", wider.coco(), (), right) == ["person"]


def test_names_of_imagenet_cover_themselves_alone():
    names = Names(imagenet())
    assert all(wider.covering(label, names) == (label,) for label in imagenet())


def test_the_studio_s_objects_are_called_as_the_table_says():
    stated = {name: model.coco for name, model in objects.load_all().items() if model.coco}
    assert all(coco in right(name) for name, coco in stated.items())
