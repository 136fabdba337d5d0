"""The libraries that people train with load what was written. Each test needs its library; none needs the network."""

import io
import os
import subprocess
import sys
import textwrap

import pytest
from PIL import Image

import bugscope
from bugscope.testing import World
from bugscope.workflows import dataset

pytestmark = [pytest.mark.slow]
LABELS = ("teapot", "bullet train", "test tube", "dev", "Dev")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    world = World(labels=LABELS, planted={"snow": 1.0, "above": 0.9}, base=0.0, prior=0.1)
    return bugscope.hunt(LABELS, tmp_path_factory.mktemp("runs") / "run", budget=700, explain_budget=120, **world.roles())


def read(tmp_path, code, **names):
    """Run code in a process with an empty cache: what it prints. `datasets` reads its settings when it is imported."""
    home = {"HF_HOME": str(tmp_path / "home"), "HF_HUB_OFFLINE": "1", "HF_DATASETS_DISABLE_PROGRESS_BARS": "1"}
    script = "".join(f"{k} = {v!r}\n" for k, v in names.items()) + textwrap.dedent(code)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env={**os.environ, **home})
    assert done.returncode == 0, done.stderr
    return done.stdout


CHECKED = """
from datasets import ClassLabel, Image, load_dataset
data = load_dataset(folder) if kind == "folder" else load_dataset(kind, **files)
assert {k: len(v) for k, v in data.items()} == {"train": train, "test": test}, data
for part in data.values():
    assert part.features["image"] == Image(), part.features
    if named:
        assert part.features["label"] == ClassLabel(names=classes), part.features["label"]
    assert part.column_names == columns, part.column_names
    for row in part:
        assert row["image"].size == (16, 16) and row["image"].convert("RGB").getpixel((0, 14))[0] == numbers[row["label_name"]]
        assert classes[row["label"]] == row["label_name"]
        assert row["reason"] == "failure" or not row["kept"]
print("good")
"""


def asked(run, folder, format, everything=False, **more):
    made = dataset.dataset(run, folder, format=format, everything=everything, classes=["x", *LABELS])
    labels = dataset.names.classes(made.labels)
    ordered = sorted(labels, key=lambda name: labels[name].index)
    numbers = {name: LABELS.index(name) if name in LABELS else 255 for name in ordered}
    columns = ["image", "label", *dataset.COLUMNS]
    return {"folder": str(folder), "train": made.train, "test": made.test, "classes": ordered, "numbers": numbers,
            "columns": columns, "kind": "folder", "files": {}, "named": True, **more}  # fmt: skip


def test_datasets_loads_an_image_folder_with_class_labels(run, tmp_path):
    pytest.importorskip("datasets")
    assert read(tmp_path, CHECKED, **asked(run, tmp_path / "set", "imagefolder")) == "good\n"


def test_datasets_loads_an_image_folder_by_its_layout_alone(run, tmp_path):
    pytest.importorskip("datasets")
    said = asked(
        run, tmp_path / "set", "imagefolder", kind="imagefolder", files={"data_dir": str(tmp_path / "set")}, named=False
    )
    assert read(tmp_path, CHECKED, **said) == "good\n"


@pytest.mark.parametrize("alone", [False, True])
def test_datasets_loads_parquet_as_pictures_and_class_labels(run, tmp_path, alone, monkeypatch):
    pytest.importorskip("datasets")
    monkeypatch.setattr("bugscope.workflows.dataset.formats.SHARD", 3_000)
    monkeypatch.setattr("bugscope.workflows.dataset.formats.ROWS", 7)
    said = asked(run, tmp_path / "set", "parquet")
    data = tmp_path / "set" / "data"
    assert len(list(data.glob("train-*.parquet"))) > 1
    if alone:
        files = {"data_files": {part: str(data / f"{part}-*.parquet") for part in ("train", "test")}}
        said |= {"kind": "parquet", "files": files}
    assert read(tmp_path, CHECKED, **said) == "good\n"


@pytest.mark.parametrize("format", ["imagefolder", "parquet"])
def test_datasets_loads_everything(run, tmp_path, format):
    pytest.importorskip("datasets")
    code = CHECKED.replace(' and row["image"].convert("RGB").getpixel((0, 14))[0] == numbers[row["label_name"]]', "")
    assert read(tmp_path, code, **asked(run, tmp_path / "set", format, everything=True)) == "good\n"


def test_datasets_loads_webdataset(run, tmp_path):
    pytest.importorskip("datasets")
    made = dataset.dataset(run, tmp_path / "set", format="webdataset", everything=True)
    code = """
    from datasets import load_dataset
    data = load_dataset(folder)
    assert {k: len(v) for k, v in data.items()} == {"train": train, "test": test}, data
    for part in data.values():
        for row in part:
            assert row["png"].size == (16, 16) and row["cls"] == row["json"]["label"], row
    print("good")
    """
    assert read(tmp_path, code, folder=str(made.path), train=made.train, test=made.test) == "good\n"


# it leaves files open
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_webdataset_reads_its_shards(run, tmp_path, monkeypatch):
    webdataset = pytest.importorskip("webdataset")
    monkeypatch.setattr("bugscope.workflows.dataset.formats.SHARD", 30_000)
    made = dataset.dataset(run, tmp_path / "set", format="webdataset")
    shards = sorted(str(path) for path in (tmp_path / "set" / "data").glob("train-*.tar"))
    assert len(shards) > 1
    read = webdataset.WebDataset(shards, shardshuffle=False, empty_check=False).decode("pil").to_tuple("png", "cls", "json")
    rows = list(read)
    assert len(rows) == made.train
    for image, number, values in rows:
        assert image.size == (16, 16) and number == values["label"]
        assert image.convert("RGB").getpixel((0, 14))[0] == LABELS.index(values["label_name"])


def test_torchvision_loads_an_image_folder_with_the_same_numbers_in_both_parts(run, tmp_path):
    folder = pytest.importorskip("torchvision.datasets").ImageFolder
    made = dataset.dataset(run, tmp_path / "set")
    labels = dataset.names.classes(made.labels)
    for part, count in (("train", made.train), ("test", made.test)):
        data = folder(str(tmp_path / "set" / part), allow_empty=True)
        assert len(data) == count
        assert data.class_to_idx == {c.folder: c.index for c in labels.values()}
        for image, number in data:
            name = next(n for n, c in labels.items() if c.index == number)
            assert image.getpixel((0, 14))[0] == LABELS.index(name)


def test_pandas_reads_parquet(run, tmp_path):
    pytest.importorskip("pyarrow")
    pandas = pytest.importorskip("pandas")
    made = dataset.dataset(run, tmp_path / "set", format="parquet")
    frame = pandas.read_parquet(tmp_path / "set" / "data" / "train-00000.parquet")
    assert len(frame) == made.train and list(frame.columns) == ["image", "label", *dataset.COLUMNS]
    with Image.open(io.BytesIO(frame.image[0]["bytes"])) as image:
        assert image.size == (16, 16)
    assert frame.kept.all() and not frame.isna().any().any()


def test_the_front_matter_is_one_that_the_hub_reads(run, tmp_path):
    hub = pytest.importorskip("huggingface_hub")
    for format in dataset.FORMATS:
        if format == "parquet":
            pytest.importorskip("pyarrow")
        dataset.dataset(run, tmp_path / format, format=format)
        card = hub.DatasetCard.load(tmp_path / format / "README.md", ignore_metadata_errors=False)
        assert card.data.license == "unknown" and card.data.task_categories == ["image-classification"]
        assert {d["split"] for d in card.data.configs[0]["data_files"]} == {"train", "test"}
