"""Files of installed packages: the one that was checked, or a sentence."""

import hashlib

import pytest

from bugscope.core.errors import MissingDependency, ModelError
from bugscope.providers.shared.packages import Pinned, files
from support.weight_files import found

DATA = bytes(range(200))


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package that must not be run, with the file."""
    (tmp_path / "a_package_of_weights" / "inside").mkdir(parents=True)
    (tmp_path / "a_package_of_weights" / "__init__.py").write_text("raise SystemExit('the package is run')\n")
    (tmp_path / "a_package_of_weights" / "inside" / "net.bin").write_bytes(DATA)
    found(tmp_path, monkeypatch)
    return tmp_path / "a_package_of_weights" / "inside" / "net.bin"


def pinned(package="a_package_of_weights", path="inside/net.bin"):
    return Pinned(package, path, len(DATA), hashlib.sha256(DATA).hexdigest(), "a-package==1.2")


def test_it_is_read_and_the_package_is_not_run(package):
    assert pinned().read() == DATA
    assert files("a_package_of_weights", "*/*.bin") == [package]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (DATA[:-1], "it has 199 bytes, expected 200"),
        (b"", "it has 0 bytes, expected 200"),
        (DATA + b"x", "it has more bytes, expected 200"),
        (b"x" + DATA[1:], "its SHA-256 is [0-9a-f]{12}..., expected "),
    ],
    ids=["cut", "empty", "longer", "changed"],
)
def test_another_file_is_an_error_that_says_what_to_do(package, data, said):
    package.write_bytes(data)
    with pytest.raises(ModelError, match=f"net.bin is not the file that was checked: {said}") as error:
        pinned().read()
    assert str(error.value).endswith("; pip install --force-reinstall --no-deps a-package==1.2")


def test_a_missing_package_is_named_with_the_command():
    with pytest.raises(
        MissingDependency, match="no inside/net.bin of the package not_there_at_all: pip install --no-deps a-package==1.2$"
    ):
        pinned("not_there_at_all").read()
    assert files("not_there_at_all", "*") == []


def test_a_missing_file_is_installed_again(package):
    with pytest.raises(MissingDependency, match="no other.bin of the package a_package_of_weights: pip install --force-rein"):
        pinned(path="other.bin").read()


def test_a_folder_in_its_place_is_an_error(package):
    package.unlink()
    package.mkdir()
    with pytest.raises(ModelError, match="cannot read .*net.bin: "):
        pinned().read()
