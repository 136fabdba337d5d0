"""A key that is written where the name of its variable belongs, or into an address, is refused and never repeated."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bugscope.core import keys, registry
from bugscope.core.errors import SpecError

KEYS = [
    "sk-proj-0A1b2C3d4E5f6G7h8I9j",
    "sk-or-v1-0a1b2c3d4e5f6a7b8c9d",
    "AIzaSyD3m0K3yXx0123456789abcdefghijkl",
    "gsk_AbCdEfGhIjKlMnOpQrStUvWxYz012345",
    "hf_abcdefghijklmnopqrstuvwxyzabcdef",
    "AKIAIOSFODNN7EXAMPLE",
    "0123456789abcdef0123456789abcdef",
    "DEADBEEFDEADBEEFDEADBEEF",
    "MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43UOVZHG5DS",
    "me:correct-horse",
    "hunter",
    "correcthorsebatterystaple",
    "with blanks in it",
    "half a \x00 and = too",
]


@pytest.mark.parametrize("key", KEYS)
def test_a_key_in_the_place_of_its_variable_is_refused_and_not_repeated(key):
    with pytest.raises(SpecError, match="should be the name of the environment variable that holds the key") as error:
        keys.variable(key)
    assert key not in str(error.value) and key[:6] not in str(error.value) and "\n" not in str(error.value)


def test_the_variable_that_holds_what_was_given_is_named(monkeypatch):
    monkeypatch.setenv("MY_SERVERS_KEY", "SOME_VALUE_OF_IT")
    with pytest.raises(SpecError, match="as in MY_SERVERS_KEY") as error:
        keys.variable("SOME_VALUE_OF_IT")
    assert "SOME_VALUE" not in str(error.value)


@pytest.mark.parametrize("name", ["", "OPENAI_API_KEY", "KEY", "TOKEN2_X", "MODEL_KEY", "BUGSCOPE_NO_SUCH_KEY", "HF_TOKEN"])
def test_names_need_not_be_set(name, monkeypatch):
    monkeypatch.delenv(name or "X", raising=False)
    assert keys.variable(name) == name


def test_a_variable_that_is_set_may_have_any_name(monkeypatch):
    monkeypatch.setenv("mykey9x", "secret")
    assert keys.variable("mykey9x") == "mykey9x"


@pytest.mark.parametrize("value", [7, True, ["OPENAI_API_KEY"], {"a": 1}, 1.5])
def test_what_is_no_text_is_refused(value):
    with pytest.raises(SpecError, match="key_variable should be"):
        keys.variable(value)


@given(st.text(st.characters(codec="ascii"), min_size=16, max_size=60).filter(lambda key: any(c.isdigit() for c in key[2:-4])))
def test_no_random_key_is_taken_for_a_name(key):
    """Of letters and digits mixed, as keys are."""
    mixed = f"a{key}"
    with pytest.raises(SpecError) as error:
        keys.variable(mixed)
    assert mixed not in str(error.value)


@pytest.mark.parametrize("name", ["bearer", "basic", "x-goog-api-key", "X-API-Key", "Ocp-Apim-Subscription-Key", "api_key"])
def test_names_of_headers(name):
    assert keys.header(name, ("bearer", "basic")) == name


@pytest.mark.parametrize("key", [*KEYS[:4], KEYS[5], "X-Key: 1", "", "a\r\nb"])
def test_a_key_in_the_place_of_a_header_is_refused(key):
    with pytest.raises(SpecError, match="key_as should be bearer, basic, or the name of a header") as error:
        keys.header(key, ("bearer", "basic"))
    assert not key or key not in str(error.value)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://me:s3cret@host/v1", "https://***@host/v1"),
        ("http/https://s3cret@host", "http/https://***@host"),
        ("https://host/v1?key=s3cret", "https://host/v1?key=***"),
        ("http/me:s3cret@host:8000", "http/***@host:8000"),
        ("https://host/?a=1&api_key=s3cret&b=2", "https://host/?a=1&api_key=***&b=2"),
        ("https://host/?X-Amz-Signature=s3cret", "https://host/?X-Amz-Signature=***"),
        ("?access_token=s3cret#x", "?access_token=***#x"),
        ("?apikey=s3cret", "?apikey=***"),
        ("?design=modern&monkey=7", "?design=modern&monkey=7"),
        ("timm/hf-hub:owner/name@main", "timm/hf-hub:owner/name@main"),
        ("https://host/a@b", "https://host/a@b"),
    ],
)
def test_keys_in_addresses_are_hidden(text, shown):
    assert keys.hidden(text) == shown


@pytest.mark.parametrize(
    ("spec", "options"),
    [
        ("http/https://me:s3cret@127.0.0.1:1", {}),
        ("http/127.0.0.1:1?api_key=s3cret", {}),
        ("http/me:s3cret@127.0.0.1:1", {"nonsense": 1}),
        ("openai/small", {"base_url": "http://me:s3cret@127.0.0.1:1/v1"}),
        ("openai/small", {"base_url": "http://127.0.0.1:1/v1?key=s3cret"}),
        ("openai/small", {"base_url": "http://127.0.0.1:1/v1", "key_variable": "sk-s3cret-0123456789"}),
        ("openai/small", {"base_url": "http://127.0.0.1:1/v1", "key_variable": "sk-s3cret-0123456789", "labell": "x"}),
        ("google/gemini-x", {"key_variable": "AIzas3cret0123456789"}),
        ("google/gemini-x", {"base_url": "https://127.0.0.1:1/?key=s3cret"}),
        ("http/127.0.0.1:1", {"key_variable": "sk-s3cret-0123456789", "api": "automatic1111"}),
        ("http/127.0.0.1:1", {"key_as": "sk-s3cret-0123456789"}),
    ],
)
def test_every_provider_refuses_them_before_it_does_anything_else(spec, options, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    with pytest.raises(SpecError) as error:
        registry.load("Generator", spec, options)
    assert "s3cret" not in str(error.value) and error.value.__cause__ is None
