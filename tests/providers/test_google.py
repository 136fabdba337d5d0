"""google/MODEL behind a server that answers as Google's does, or as no server should."""

import json
import logging
import subprocess
import sys

import pytest

from bugscope.core import registry
from bugscope.core.errors import Declined, ModelError, SpecError, Transient
from bugscope.core.records import Refused, Specimen, Usage
from bugscope.providers.google import Generator
from bugscope.testing import check_generator, check_pickle
from support.fake_server import (
    BUSY,
    KEY,
    STRANGE,
    TROUBLES,
    VARIABLE,
    b64,
    fails,
    gives,
    nobody,
    picture,
    png,
    readable,
    running,
)
from support.google_answers import GEMINI, IMAGEN, USED, candidate, drawn

MUG = picture(10)


@pytest.fixture(scope="module")
def up():
    with running() as server:
        yield server


@pytest.fixture
def server(up):
    return up.say(drawn())


def generator(server, model=GEMINI, **options):
    return Generator(model, **{"base_url": f"{server.root}/v1beta", "key_variable": VARIABLE, **options})


def draw(server, *script, model=GEMINI, **options):
    (made,) = generator(server.say(*script), model, **options)(["a mug"], [7])
    return made


# --- what is asked, and what comes -------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", [GEMINI, IMAGEN])
def test_a_picture(server, model, caplog):
    caplog.set_level(logging.DEBUG)
    model_ = generator(server.say(drawn(model=model)), model, price_image=0.04)
    (made,) = model_(["кружка"], [7])
    assert isinstance(made, Specimen) and made.content.tobytes() == MUG.tobytes() and made.content.mode == "RGB"
    ((path, headers, body),) = server.seen
    assert path == f"/v1beta/models/{model}:{'predict' if model == IMAGEN else 'generateContent'}"
    assert headers["x-goog-api-key"] == KEY and "Authorization" not in headers
    assert "кружка" in json.dumps(body, ensure_ascii=False) and "seed" not in json.dumps(body)
    tokens = (0, 0) if model == IMAGEN else (20, 1290)
    assert model_.usage == Usage(1, *tokens, 1, 0.04) and model_.priced
    assert model_.id == f"google/{model}@127.0.0.1:{server.server_port}"
    assert KEY not in f"{model_.id} {model_!r} {vars(model_)} {vars(model_.client)} {caplog.text}"


def test_what_gemini_is_asked(server):
    draw(server, drawn(), aspect_ratio="16:9", size="2K", seeds=True)
    assert server.seen[0][2] == {
        "contents": [{"role": "user", "parts": [{"text": "a mug"}]}],
        "generationConfig": {
            "responseModalities": ["IMAGE"],
            "imageConfig": {"aspectRatio": "16:9", "imageSize": "2K"},
            "seed": 7,
        },
    }
    assert generator(server, aspect_ratio="16:9", size="2K", seeds=True).id.endswith("?aspect_ratio=16:9&size=2K&seeds=True")


def test_what_imagen_is_asked(server):
    draw(server, drawn(model=IMAGEN), model=IMAGEN, aspect_ratio="16:9", size="2K")
    shape = {"sampleCount": 1, "includeRaiReason": True, "aspectRatio": "16:9", "sampleImageSize": "2K"}
    assert server.seen[0][2] == {"instances": [{"prompt": "a mug"}], "parameters": shape}
    with pytest.raises(SpecError, match="leave out seeds"):
        generator(server, IMAGEN, seeds=True)


def test_imagen_says_how_it_read_the_prompt(server):
    assert draw(server, drawn(model=IMAGEN, prompt="a red\n mug"), model=IMAGEN).info == {"revised_prompt": "a red mug"}


def test_drafts_that_a_model_thinks_of_are_not_the_picture(server):
    parts = [{"thought": True, "inlineData": {"data": b64(picture(1))}}, {"text": "here"}, {"inlineData": {"data": b64(MUG)}}]
    used = {"promptTokenCount": 1, "candidatesTokenCount": 2, "thoughtsTokenCount": 3}
    model = generator(server.say(gives({**candidate(*parts), "usageMetadata": used})), price_input=1.0, price_output=2.0)
    (made,) = model(["a mug"], [1])
    assert made.content.tobytes() == MUG.tobytes() and model.usage == Usage(1, 1, 5, 1, pytest.approx(11e-6))


def test_conformance(server):
    def answer(body):
        asked = body["contents"][0]["parts"][0]["text"]
        if "forbidden" in asked:
            return gives({"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": USED})
        return drawn(sum(f"{asked}|{body['generationConfig']['seed']}".encode()) % 256)

    model = generator(server.say(answer=answer), seeds=True, concurrency=3)
    check_generator(model, ["a red mug", "кружка", "a red mug", "forbidden", ""])
    assert server.most <= 3
    check_pickle(registry.load("Generator", f"google/{GEMINI}", {"base_url": server.base_url, "key_variable": VARIABLE}))


@pytest.mark.parametrize(
    ("model", "data", "reason"),
    [
        (GEMINI, {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}, "prompt blocked: PROHIBITED_CONTENT"),
        (
            GEMINI,
            {"promptFeedback": {"blockReason": "SAFETY", "blockReasonMessage": f"no {KEY}"}},
            "prompt blocked: SAFETY: no ***",
        ),
        (GEMINI, {"candidates": [{"finishReason": "IMAGE_SAFETY", "index": 0}]}, "no picture: IMAGE_SAFETY"),
        (GEMINI, candidate({"text": "I\ncannot"}, finish="NO_IMAGE"), "no picture: NO_IMAGE: I cannot"),
        (GEMINI, candidate(finish="IMAGE_RECITATION", finishMessage="too like"), "no picture: IMAGE_RECITATION: too like"),
        (
            IMAGEN,
            {"predictions": [{"raiFilteredReason": "Filtered: 58061214"}]},
            "no picture: safety filter: Filtered: 58061214",
        ),
        (IMAGEN, {}, "no picture: safety filter"),
        (IMAGEN, {"predictions": []}, "no picture: safety filter"),
    ],
)
def test_a_filter_refuses_one_picture_and_says_why(server, model, data, reason):
    model_ = generator(server.say(gives(data)), model)
    (made,) = model_(["a mug"], [1])
    assert made == Refused(reason) and model_.usage.images == 0


def test_pictures_around_a_refused_one_are_kept(server):
    def answer(body):
        asked = body["contents"][0]["parts"][0]["text"]
        return gives(candidate(finish="SAFETY")) if asked == "b" else drawn()

    kinds = [type(made) for made in generator(server.say(answer=answer))(["a", "b", "c"], [1, 2, 3])]
    assert kinds == [Specimen, Refused, Specimen]


# --- servers in trouble ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "reply", "options"), TROUBLES)
@pytest.mark.parametrize("model", [GEMINI, IMAGEN])
def test_a_server_in_trouble(server, model, kind, reply, options):
    model_ = generator(server.say(reply), model, **options)
    if model == IMAGEN and reply is STRANGE["object"]:  # what its filter leaves
        assert isinstance(model_(["a mug"], [1])[0], Refused)
        return
    with pytest.raises(kind) as error:
        model_(["a mug"], [1])
    readable(error.value, f"generator google/{model}")
    if reply in BUSY.values():
        assert error.value.retry_after == 7
    if kind is Transient and not options:
        server.say(drawn(model=model))
        assert isinstance(model_(["a mug"], [1])[0], Specimen)


def test_a_quota_says_how_long_to_wait(server):
    info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34s"}
    error = {"code": 429, "message": "quota exceeded", "status": "RESOURCE_EXHAUSTED", "details": [{"@type": "x"}, info]}
    with pytest.raises(Transient, match="quota exceeded") as raised:
        draw(server, gives({"error": error}, 429))
    assert raised.value.retry_after == 34


def test_errors_in_googles_words(server):
    def error(status, message):
        return gives({"error": {"code": status, "message": message, "status": "X"}}, status)

    with pytest.raises(ModelError, match="answered 400: 'API key not valid"):
        draw(server, error(400, "API key not valid. Please pass a valid API key."))
    with pytest.raises(ModelError, match=f"refused the key in {VARIABLE} .403.: 'blocked'"):
        draw(server, error(403, "blocked"))
    with pytest.raises(ModelError, match=f"no model '{GEMINI}' at .*generateContent .404.: 'models/x is not found"):
        draw(server, error(404, "models/x is not found"))
    with pytest.raises(ModelError, match="cannot be reached"):
        Generator(GEMINI, base_url=nobody())(["a"], [1])


@pytest.mark.parametrize(
    "data",
    [
        candidate({"text": "What a nice idea!"}),
        candidate(),
        candidate({"inlineData": {"data": "!!!"}}),
        candidate({"inlineData": {"data": "aGVsbG8="}}),
        candidate({"inlineData": {"data": None}}),
        candidate({"inlineData": {}}),
        {"candidates": [None], "usageMetadata": USED},
    ],
)
def test_an_answer_without_a_picture_is_declined_and_a_model_that_draws_none_given_up(server, data):
    model = generator(server.say(gives(data)))
    for kind in (Declined, Declined, ModelError):
        with pytest.raises(kind) as error:
            model(["a mug"], [1])
        readable(error.value, f"generator google/{GEMINI}")


def test_imagen_predictions_that_are_none(server):
    for data in ({"predictions": {"a": 1}}, {"predictions": "x"}, {"answer": 1}, [{}]):
        with pytest.raises(ModelError, match="expected predictions"):
            draw(server, gives(data), model=IMAGEN)
    with pytest.raises(Declined):
        draw(server, gives({"predictions": [7, {"bytesBase64Encoded": "aGVsbG8="}]}), model=IMAGEN)


def test_an_interrupted_batch_is_not_drawn_twice(server):
    left = [2]

    def answer(body):
        if body["contents"][0]["parts"][0]["text"] == "b" and left[0]:
            left[0] -= 1
            return fails(503, "overloaded")
        return drawn()

    model = generator(server.say(answer=answer))
    for _ in range(2):
        with pytest.raises(Transient):
            model(["a", "b", "c"], [1, 2, 3])
    assert len(model(["a", "b", "c"], [1, 2, 3])) == 3 and len(server.seen) == 5 == model.usage.requests


# --- options and keys --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "options", "says"),
    [
        ("", {}, "should name a model, as in google/gemini"),
        ("../x", {}, "should name a model"),
        ("a:b?c", {}, "should name a model"),
        (GEMINI, {"aspect_ratio": "wide"}, "aspect_ratio 'wide' should read like 16:9"),
        (GEMINI, {"size": "8K"}, "size '8K' should be 1K, 2K or 4K"),
        (GEMINI, {"timeout": 0}, "timeout 0 should be above 0"),
        (GEMINI, {"price_image": -1}, "price_image -1 should be"),
        (GEMINI, {"base_url": "localhost"}, "base_url 'localhost' should read"),
    ],
)
def test_what_means_nothing(server, model, options, says):
    with pytest.raises(SpecError, match=says):
        generator(server, model, **options)


def test_googles_key_goes_to_google_alone(server, monkeypatch):
    for name in ("GOOGLE_API_KEY", "GEMINI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SpecError, match=f"generator google/{GEMINI} needs a key: set the environment variable GEMINI_API_KEY"):
        Generator(GEMINI)
    monkeypatch.setenv("GEMINI_API_KEY", KEY)
    official = Generator(GEMINI)
    assert official.id == f"google/{GEMINI}" and official.client.key_variable == "GEMINI_API_KEY"
    monkeypatch.setenv("GOOGLE_API_KEY", "another-key-0123")
    assert Generator(GEMINI).client.key_variable == "GOOGLE_API_KEY"
    assert Generator(GEMINI, key_variable=VARIABLE).client.key_variable == VARIABLE
    draw(server, drawn(), key_variable="")
    assert "x-goog-api-key" not in server.seen[0][1]


# --- the real client library understands our server, and asks as we do --------------------------------------------------

SDK = """
import sys, warnings
warnings.simplefilter("ignore")
from google import genai
from google.genai import types
root, key, kind = sys.argv[1:]
options = types.HttpOptions(base_url=root, api_version="v1beta")
if kind == "gemini":
    client = genai.Client(api_key=key, http_options=options)
    shape = types.ImageConfig(aspect_ratio="16:9", image_size="2K")
    config = types.GenerateContentConfig(response_modalities=["IMAGE"], image_config=shape, seed=7)
    answer = client.models.generate_content(model="gemini-3.1-flash-image", contents="a mug", config=config)
    if answer.prompt_feedback:
        print(answer.prompt_feedback.block_reason.value)
    elif answer.candidates[0].content and answer.candidates[0].content.parts:
        print(len(answer.candidates[0].content.parts[0].inline_data.data), answer.usage_metadata.candidates_token_count)
    else:
        print(answer.candidates[0].finish_reason.value)
else:  # the library asks Imagen through Google Cloud only
    client = genai.Client(vertexai=True, api_key=key, http_options=options)
    config = types.GenerateImagesConfig(number_of_images=1, include_rai_reason=True, aspect_ratio="16:9", image_size="2K")
    (made,) = client.models.generate_images(model="imagen-4.0-generate-001", prompt="a mug", config=config).generated_images
    print(made.rai_filtered_reason or len(made.image.image_bytes))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "reply", "understood"),
    [
        (GEMINI, drawn(), "{size} 1290"),
        (GEMINI, gives({"promptFeedback": {"blockReason": "SAFETY"}}), "SAFETY"),
        (GEMINI, gives({"candidates": [{"finishReason": "IMAGE_SAFETY", "index": 0}]}), "IMAGE_SAFETY"),
        (IMAGEN, drawn(model=IMAGEN), "{size}"),
        (IMAGEN, gives({"predictions": [{"raiFilteredReason": "Filtered: 58061214"}]}), "Filtered: 58061214"),
    ],
)
def test_googles_own_library_sends_what_we_send(server, model, reply, understood):
    pytest.importorskip("google.genai")
    more = {"seeds": True} if model == GEMINI else {}
    draw(server, reply, model=model, aspect_ratio="16:9", size="2K", **more)
    ((path, headers, body),) = server.seen
    server.say(reply)
    sent = [sys.executable, "-c", SDK, server.root, KEY, model.split("-")[0]]
    done = subprocess.run(sent, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    ((their_path, their_headers, their_body),) = server.seen
    assert their_body == body and their_path.endswith(path.removeprefix("/v1beta"))
    assert {k.lower(): v for k, v in their_headers.items()}["x-goog-api-key"] == headers["x-goog-api-key"]
    if model == GEMINI:
        assert their_path == path
    assert done.stdout.strip() == understood.format(size=len(png(MUG)))
