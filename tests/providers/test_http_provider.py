"""http/ADDRESS against servers that do anything: the example server as a process, and fakes of three APIs that draw from
prompt and seed."""

import io
import json
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image

from bugscope.core import registry
from bugscope.core.errors import AnswerError, Declined, ModelError, SpecError, Transient
from bugscope.core.options import Config
from bugscope.core.records import Prompt, Refused, Sample, Status
from bugscope.engine.engine import Engine
from bugscope.engine.models import Models
from bugscope.engine.standing import Unanswered
from bugscope.media.picture import Picture
from bugscope.providers.http import Classifier, Generator, protocol
from bugscope.store.folder import Store
from bugscope.testing import check_captioner, check_classifier, check_generator, check_judge, check_pickle, images
from support.fake_server import KEY, TROUBLES, VARIABLE, b64, endless, nobody, png, readable, running
from support.picture_servers import App, Own, code, draw

ROOT = Path(__file__).parent.parent.parent
PROMPTS = ["a photo of a mug", "a photo of a red mug", "ein Foto: Straße (雪) [nachts] \\", "a photo of a mug on snow"]


@pytest.fixture(scope="module")
def server():
    with running() as server:
        yield server


@contextmanager
def loaded(role, app, **options):
    model = registry.load(role, f"http/{app.address}", options)
    try:
        yield model
    finally:
        model.close()


def engine_of(tmp_path, sleep=lambda seconds: None, **roles):
    others = {role: registry.load(role.capitalize(), call) for role, call in OTHERS.items()}
    store = Store.create(tmp_path / "run", {}, {})
    models = Models(**{**others, "target": registry.load("Classifier", nothing, {"labels": ["mug", "bowl"]}), **roles})
    return Engine(models, store, Config(batch_size=4), sleep=sleep), store


def nothing(images):
    return [[1.0, 0.0]] * len(images)


OTHERS = {
    "generator": lambda prompts, seeds: [Picture(draw(*pair)) for pair in zip(prompts, seeds, strict=True)],
    "captioner": lambda images: ["a photo of a mug"] * len(images),
    "judge": lambda pictures, labels: [1.0] * len(pictures),
}


def samples(n, label="mug", words="a photo of a mug"):
    return [Sample(Prompt(words, label), "explore", i) for i in range(n)]


# --- Bugscope's own protocol ----------------------------------------------------------------------------------------------


@pytest.fixture
def own(server):
    return Own(server)


def test_every_role_fits(own):
    with loaded("Generator", own) as generator:
        check_generator(generator, PROMPTS)
        check_pickle(generator)
        shown = generator(PROMPTS, [1, 2, 3, 2**31 - 1])
        assert [p.content.tobytes() for p in shown[:2]] == [draw(PROMPTS[0], 1).tobytes(), draw(PROMPTS[1], 2).tobytes()]
        assert shown[0].info == {"visible": 1.0}
    with loaded("Classifier", own) as target:
        check_classifier(target)
        check_pickle(target)
        assert target.labels == ("mug", "bowl", "vase")
    with loaded("Captioner", own) as captioner:
        check_captioner(captioner)
        check_pickle(captioner)
    with loaded("Judge", own) as judge:
        check_judge(judge, shown, ["mug", "bowl", "Straße 雪", "mug"])
        check_pickle(judge)
        half = Picture(shown[0].content, info={"visible": 0.5})
        assert judge([half], ["mug"])[0] == pytest.approx(judge([shown[0]], ["mug"])[0] / 2)


def test_a_batch_is_one_request_and_none_is_no_request(own):
    with loaded("Classifier", own) as target:
        target(images())
        assert [len(body["images"]) for body in own.asked("/classify")] == [3]
        own.server.seen.clear()
        assert target([]).shape == (0, 3) and not own.server.seen


def test_what_the_server_says_of_itself_is_in_the_id(own):
    with loaded("Classifier", own) as target, loaded("Judge", own) as judge:
        assert target.id.startswith(f"http/{own.address}?id=net-1&labels=") and judge.id == f"http/{own.address}?id=net-1"
    own.wrong = {"/info": (200, {"labels": ["mug", "bowl", "cup"]})}
    with loaded("Classifier", own) as other:
        assert "id=" not in other.id and other.id.split("labels=")[1] != target.id.split("labels=")[1]


def test_another_model_in_the_middle_of_a_run_stops_it(own):
    with loaded("Captioner", own) as captioner:
        captioner(images()[:1])
        own.wrong = {"/caption": (200, {"id": "net-2", "captions": ["a photo of a mug"]})}
        with pytest.raises(ModelError, match=r"id=net-1 is now 'net-2'.*must not be mixed"):
            captioner(images()[:1])


@pytest.mark.parametrize("status", [404, 405, 501])
def test_info_may_be_absent_and_labels_given(own, status):
    own.wrong = {"/info": (status, b"no such page")}
    with loaded("Classifier", own, labels="mug, bowl, vase") as target:
        assert target.labels == ("mug", "bowl", "vase") and target(images()).shape == (3, 3)
    with loaded("Captioner", own) as captioner:
        assert captioner.id == f"http/{own.address}"
    with pytest.raises(SpecError, match=r"/info states no labels.*--target-arg labels=a,b,c"):
        registry.load("Classifier", f"http/{own.address}")


@pytest.mark.parametrize(
    ("said", "match"),
    [
        ((200, b"<!doctype html><title>It works!</title>"), r"gave '<!doctype html>.*expected JSON from http://127.*/info"),
        ((200, ["mug", "bowl"]), r"/info answered \['mug', 'bowl'\]; expected a JSON object"),
        ((200, {"labels": ["mug"]}), "expected at least two label names"),
        ((200, {"labels": ["mug", "mug"]}), "all different"),
        ((200, {"labels": ["mug", None]}), "at least two label names.*None is not text"),
        ((200, {"labels": {"mug": 0, "bowl": 2}}), "at least two label names.*none for class 1"),
        ((200, {"labels": 7}), "at least two label names"),
        ((200, {"id": ["a"], "labels": ["a", "b"]}), "expected a short text as its id"),
        ((200, {"id": "\x1b[31mred", "labels": ["a", "b"]}), "expected a short text as its id"),
        ((500, {"error": "loading"}), "answered 500: 'loading'"),
        ((400, {"error": "bad"}), "answered 400: 'bad'"),
    ],
)
def test_an_info_of_no_use_is_a_sentence(own, said, match):
    own.wrong = {"/info": said}
    with pytest.raises(ModelError, match=match):
        registry.load("Classifier", f"http/{own.address}")


def test_labels_come_in_any_usual_form(own, tmp_path):
    own.wrong = {"/info": (200, {"labels": {"vase": 2, "mug": 0, "bowl": 1}})}
    with loaded("Classifier", own) as target:
        assert target.labels == ("mug", "bowl", "vase")
    (tmp_path / "names.json").write_text('{"0": "a", "1": "b", "2": "c"}')
    with loaded("Classifier", own, labels=str(tmp_path / "names.json")) as target:
        assert target.labels == ("a", "b", "c")
    # a server names no file of this machine
    own.wrong = {"/info": (200, {"labels": str(tmp_path / "names.json")})}
    with pytest.raises(ModelError, match="at least two label names"):
        registry.load("Classifier", f"http/{own.address}")


def numbers(*rows):
    return 200, {"scores": [list(row) for row in rows]}


@pytest.mark.parametrize(
    ("role", "path", "said", "match"),
    [
        ("Classifier", "/classify", numbers([1, 2, 3]), r"expected 2 scores, one for each item, not 1"),
        ("Classifier", "/classify", numbers([1, 2, 3], [1, 2]), r"expected 3 finite numbers per picture, one per label, not 2"),
        ("Classifier", "/classify", (200, b'{"scores": [[1, 2, 3], [1, NaN, 3]]}'), "one per label, not nan"),
        ("Classifier", "/classify", numbers([1, 2, 3], [1, "2", 3]), "one per label, not '2'"),
        ("Classifier", "/classify", numbers([1, 2, 3], [1, 10**400, 3]), "one per label, not 1000"),
        ("Classifier", "/classify", numbers([1, 2, 3], [1, True, 3]), "one per label, not True"),
        ("Classifier", "/classify", (200, {"scores": [1, 2]}), "one per label, not 1"),
        ("Classifier", "/classify", (200, {"scores": 3}), r"expected \{\"scores\": \[...\]\}"),
        ("Classifier", "/classify", (200, [[1, 2, 3], [1, 2, 3]]), r"expected \{\"scores\": \[...\]\}"),
        ("Classifier", "/classify", (200, b"<html>login</html>"), "expected JSON from"),
        (
            "Classifier",
            "/classify",
            (404, b"<html>nothing</html>"),
            "no answer of Bugscope's HTTP protocol at .*/classify .404",
        ),
        ("Classifier", "/classify", (422, {"detail": "images: field required"}), "answered 422: 'images: field required'"),
        ("Captioner", "/caption", (200, {"captions": ["a mug", ""]}), "/caption answered ''; expected a sentence"),
        ("Captioner", "/caption", (200, {"captions": ["a mug", 3]}), "/caption answered 3; expected a sentence"),
        ("Captioner", "/caption", (200, {"captions": "ab"}), "expected"),
        ("Judge", "/judge", (200, {"probabilities": [0.5, 1.5]}), r"answered 1.5; expected a probability in \[0, 1\]"),
        ("Judge", "/judge", (200, {"probabilities": [0.5, "yes"]}), "answered 'yes'; expected a probability"),
        ("Judge", "/judge", (200, b'{"probabilities": [0.5, NaN]}'), "answered nan; expected a probability"),
        ("Generator", "/generate", (200, {"images": [{"png": "!!"}] * 2}), "/generate sent '!!' as a picture; expected base64"),
        (
            "Generator",
            "/generate",
            (200, {"images": [{"png": code(b"GIF")}] * 2}),
            "/generate sent b'GIF' as a picture: not a pict",
        ),
        ("Generator", "/generate", (200, {"images": [{"png": 5}] * 2}), "sent 5 as a picture; expected base64"),
        ("Generator", "/generate", (200, {"images": ["abc"] * 2}), r"for each prompt \{\"png\": base64"),
        ("Generator", "/generate", (200, {"images": [{"png": b64(draw("", 0)), "info": [1]}] * 2}), "for each prompt"),
        ("Generator", "/generate", (200, {"images": []}), "expected 2 images, one for each item, not 0"),
    ],
)
def test_an_answer_of_no_use_names_the_server_and_what_was_expected(own, role, path, said, match):
    inputs = {"Judge": ([Picture(i) for i in images()[:2]], ["a", "b"]), "Generator": (["a", "b"], [1, 2])}
    with loaded(role, own) as model:
        own.wrong = {path: said}
        with pytest.raises(ModelError, match=match) as caught:
            model(*inputs.get(role, (images()[:2],)))
    assert own.address in str(caught.value) and "\n" not in str(caught.value)


def test_what_an_item_may_be_instead_of_an_answer(own):
    draw("", 0).save(webp := io.BytesIO(), "WEBP")
    with loaded("Generator", own) as generator, loaded("Classifier", own) as target:
        own.wrong = {"/generate": (200, {"images": [{"refused": "safety filter"}, {"png": code(webp.getvalue())}]})}
        refused, made = generator(["a", "b"], [1, 2])
        assert refused == Refused("safety filter") and made.content.size == (8, 8)
        own.wrong = {"/classify": (200, {"scores": [[1, 2, 3], None]})}
        with pytest.raises(Declined, match="no answer for 1 of 2 items"):
            target(images()[:2])
        own.wrong = {"/classify": (413, b"Request Entity Too Large")}
        with pytest.raises(MemoryError, match="413"):
            target(images()[:2])


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_busy_server_is_asked_again_later(own, status):
    with loaded("Captioner", own) as captioner:
        own.wrong = {"/caption": (status, {"error": "busy"}, ("Retry-After", "7"))}
        with pytest.raises(Transient, match=f"answered {status}: 'busy'") as caught:
            captioner(images()[:1])
        assert caught.value.retry_after == 7


def test_a_run_goes_through_a_server_that_is_busy_picky_and_small(own, tmp_path):
    """Busy once; takes no more than two pictures; has no answer for one prompt."""
    waits = []

    def picky(method, path, query, body):
        if path == "/generate":
            if len(body["prompts"]) > 2:
                return 413, b"too large"
            made = Own.right(own, method, path, query, body)[1]["images"]
            return 200, {"images": [None if "bad" in p else item for p, item in zip(body["prompts"], made, strict=True)]}
        return Own.right(own, method, path, query, body)

    with loaded("Generator", own) as generator:
        engine, store = engine_of(tmp_path, waits.append, generator=generator)
        asked = [*samples(5), *samples(1, words="a photo of a bad mug")]
        own.wrong, own.right = {"/generate": [(503, b"", ("Retry-After", "3")), None]}, picky
        outcomes = engine.measure(asked)
        assert [o.status is Status.ERROR for o in outcomes] == [False] * 5 + [True]
        assert "no answer for 1 of 1" in outcomes[-1].detail and 3 <= waits[0] <= 4
        own.server.seen.clear()
        assert engine.measure(asked[:5]) == outcomes[:5] and not own.server.seen
        store.close()


@pytest.fixture
def small_limits(monkeypatch):
    monkeypatch.setattr(protocol, "PICTURES", 100_000)
    monkeypatch.setattr(protocol, "EACH", 10_000)


def test_a_run_goes_through_an_answer_that_never_ends(own, tmp_path, small_limits):
    """The batch is asked for in halves, and nothing is lost."""
    with loaded("Generator", own) as generator:
        engine, store = engine_of(tmp_path, generator=generator)
        own.wrong = {"/generate": [None, endless, None]}
        outcomes = engine.measure(samples(8))
        assert not any(o.status is Status.ERROR for o in outcomes)
        assert [len(body["prompts"]) for body in own.asked("/generate")] == [4, 4, 2, 2]
        store.close()


@pytest.mark.parametrize("reply", [endless, (200, b"<html>login</html>"), (200, {"images": "none"})])
def test_a_server_of_which_nothing_else_comes_stops_the_run(own, tmp_path, small_limits, reply):
    waits = []
    with loaded("Generator", own) as generator:
        engine, store = engine_of(tmp_path, waits.append, generator=generator)
        own.wrong = {"/generate": reply}
        with pytest.raises(Unanswered, match="sent more than|expected") as error:
            engine.measure(samples(8))
        assert own.address in str(error.value) and not waits and len(own.asked("/generate")) <= 6
        store.close()


def test_what_is_said_about_a_picture_is_bounded(own):
    with loaded("Generator", own) as generator:
        own.wrong = {"/generate": (200, {"images": [{"png": b64(draw("", 0)), "info": {"a": ["b" * 1000] * 200}}]})}
        with pytest.raises(AnswerError, match="expected an info of at most 100000 characters") as error:
            generator(["a"], [1])
        readable(error.value)


def test_the_key_is_sent_and_never_shown(own):
    with loaded("Captioner", own, key_variable=VARIABLE) as captioner:
        captioner(images()[:1])
        assert {headers.get("Authorization") for _, headers, _ in own.server.seen} == {f"Bearer {KEY}"}
        assert KEY not in captioner.id and KEY not in repr(vars(captioner)) + repr(vars(captioner.client))
        own.wrong = {"/caption": (400, {"error": f"key {KEY} is bad"})}
        with pytest.raises(ModelError) as caught:
            captioner(images()[:1])
        assert KEY not in str(caught.value)
    own.wrong = {}
    with loaded("Captioner", own, key_variable=VARIABLE, key_as="X-API-Key"):
        assert own.server.seen[-1][1]["X-API-Key"] == KEY


@pytest.mark.parametrize(
    ("spec", "match"),
    [
        ("http", "names no server: it should read http/HOST:PORT"),
        ("http/", "names no server"),
        ("http/ftp://host", r"server's address 'ftp://host' should read"),
        ("http/user:secret@host:80", r"without user, password or query"),
        ("http/host:80?key=secret", r"without user, password or query"),
    ],
)
def test_an_address_that_means_nothing(spec, match):
    with pytest.raises(SpecError, match=match) as caught:
        registry.load("Captioner", spec)
    assert "secret" not in str(caught.value)


def test_addresses_and_options(own):
    for spec in (f"http/{own.address}", f"http/http://{own.address}/", f"http/{own.address}/"):
        assert registry.load("Judge", spec).id == f"http/{own.address}?id=net-1"
    own.wrong = {"/deep/er/info": (200, {"id": "far"})}
    assert registry.load("Judge", f"http/{own.address}/deep/er").id == f"http/{own.address}/deep/er?id=far"
    with pytest.raises(SpecError, match="Did you mean 'labels'"):
        registry.load("Classifier", f"http/{own.address}", {"label": "a,b"})
    with pytest.raises(SpecError, match="Did you mean 'comfyui'"):
        registry.load("Generator", f"http/{own.address}", {"api": "comfy"})
    address = nobody().removeprefix("http://").removesuffix("/v1")
    for spec in (f"http/{address}", f"http/https://{address}/deep"):
        with pytest.raises(ModelError, match=f"cannot be reached at {address}"):
            registry.load("Judge", spec)


ASKED = {
    "Classifier": ({}, "/classify", (images()[:2],)),
    "Captioner": ({}, "/caption", (images()[:2],)),
    "Judge": ({}, "/judge", ([Picture(i) for i in images()[:2]], ["mug", "mug"])),
    "Generator": ({}, "/generate", (PROMPTS[:2], [1, 2])),
}


@pytest.mark.parametrize(("error", "reply", "options"), TROUBLES)
@pytest.mark.parametrize("role", ["Classifier", "Generator"])
def test_every_trouble_of_a_server_is_a_sentence(own, role, error, reply, options):
    _, path, inputs = ASKED[role]
    with loaded(role, own, key_variable=VARIABLE, **options) as model:
        own.wrong = {path: reply}
        with pytest.raises(error) as caught:
            model(*inputs)
    readable(caught.value)


# --- the example server ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def example():
    command = [sys.executable, str(ROOT / "examples" / "http_server.py"), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def test_the_example_server_is_a_classifier(example, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    target = registry.load("Classifier", f"http/{example}")
    check_classifier(target)
    check_pickle(target)
    shown = [Image.new("RGB", (9, 5), colour) for colour in ("#a00", "#0a0", "#00a")]
    assert [target.labels[row.argmax()] for row in target(shown)] == ["red", "green", "blue"]
    target.close()


def test_the_example_server_in_the_engine(example, monkeypatch, tmp_path):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    def generator(prompts, seeds):
        made = [Image.new("RGB", (8, 8), (200, seed % 250, 30)) for seed in seeds]
        for image in made:
            image.putpixel((0, 0), (200, 0, 30))  # one of one colour would count for nothing
        return [Picture(image) for image in made]

    target = registry.load("Classifier", f"http/{example}")
    engine, store = engine_of(tmp_path, target=target, generator=registry.load("Generator", generator))
    asked = samples(10, "red", "a photo of a red")
    outcomes = engine.measure(asked)
    wrong = [s.seed % 250 * 63 / 64 > 200 for s in asked]
    assert [o.status for o in outcomes] == [Status.FAILURE if w else Status.SUCCESS for w in wrong]
    assert {o.taken_for for o in outcomes} <= {"red", "green"}
    store.close()
    target.close()


def test_the_example_server_is_short_and_says_what_is_wrong(example, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert len((ROOT / "examples" / "http_server.py").read_text().splitlines()) < 80
    captioner = registry.load("Captioner", f"http/{example}")
    client = captioner.client
    with pytest.raises(ModelError, match=r"no answer of Bugscope's HTTP protocol at .*/caption \(404\): 'nothing at /caption'"):
        captioner(images()[:1])
    for body in ({}, {"images": 3}, {"images": ["é"]}, {"images": [code(b"no picture")]}, [1]):
        with pytest.raises(ModelError, match="answered 400: .no list of pictures in images"):
            client.post("/classify", body)
    client.close()


def test_the_page_shows_what_is_sent_and_understood(own):
    """Every request and answer on the page is one that the code sends or takes."""
    text = (ROOT / "docs" / "http-protocol.md").read_text(encoding="utf-8")
    parts = {part.split("\n")[0]: part for part in text.split("\n### ")[1:]}
    blocks = {name: [json.loads(b.split("```")[0]) for b in part.split("```json\n")[1:]] for name, part in parts.items()}
    blocks["POST /generate"] = blocks["POST /generate"][:2]  # the page goes on with ComfyUI's
    own.wrong = {"/info": (200, blocks["GET /info"][0])}
    with loaded("Classifier", own) as target:
        assert target.labels == ("cat", "dog") and "id=resnet50-v3" in target.id
    two = [Picture(images()[0]), Picture(images()[1], info={"visible": 0.8})]
    for role, path, inputs in (
        ("Classifier", "classify", ([p.content for p in two],)),
        ("Captioner", "caption", ([p.content for p in two],)),
        ("Judge", "judge", (two, ["cat", "cat"])),
        ("Generator", "generate", (["a photo of a cat on grass", "a photo of a cat"], [1804289383, 846930886])),
    ):
        request, answer = blocks[f"POST /{path}"]
        for item in answer.get("images", ()):
            if "png" in item:
                item["png"] = b64(draw("", 0))
        own.wrong = {"/info": (200, {"labels": ["cat", "dog"]}), f"/{path}": (200, answer)}
        with loaded(role, own) as model:
            own.server.seen.clear()
            assert len(model(*inputs)) == 2
        (sent,) = own.asked(f"/{path}")
        assert sent.keys() == request.keys()
        assert all(sent[name] == request[name] for name in request if name != "images")


# --- AUTOMATIC1111 --------------------------------------------------------------------------------------------------------

V1, XL = "v1-5-pruned-emaonly.safetensors [6ce0161689]", "sd_xl_base_1.0.safetensors [31e35c80fc]"


class WebUI(App):
    """As the web UI answers: `info` is JSON in a string, an override that it does not know is passed over."""

    def __init__(self, server):
        super().__init__(server)
        self.checkpoint = V1

    def right(self, method, path, query, body):
        if path == "/sdapi/v1/options":
            return 200, {"samples_save": True, "sd_model_checkpoint": self.checkpoint}
        if path == "/sdapi/v1/sd-models":
            return 200, [{"title": t, "model_name": t.split(".safetensors")[0], "hash": t[-11:-1]} for t in (V1, XL)]
        if (method, path) != ("POST", "/sdapi/v1/txt2img"):
            return 404, {"detail": "Not Found"}
        wanted = (body.get("override_settings") or {}).get("sd_model_checkpoint")
        title = wanted if wanted in (V1, XL) else self.checkpoint
        settings = [body.get(k) for k in ("steps", "cfg_scale", "sampler_name", "negative_prompt")]
        image = draw(f"{title}{settings}{body['prompt']}", body["seed"])
        image = image.resize((body.get("width", 512) // 32, body.get("height", 512) // 32))
        info = {"prompt": body["prompt"], "seed": body["seed"], "all_seeds": [body["seed"]], "sd_model_hash": title[-11:-1]}
        info |= {"index_of_first_image": 0, "sampler_name": body.get("sampler_name", "Euler a"), "steps": body.get("steps", 50)}
        return 200, {"images": [b64(image)], "parameters": body, "info": json.dumps(info)}


@pytest.fixture
def webui(server):
    return WebUI(server)


def test_automatic1111_fits(webui):
    with loaded("Generator", webui, api="automatic1111") as generator:
        check_generator(generator, PROMPTS)
        check_pickle(generator)
        made = generator(PROMPTS[:2], [5, 6])
        assert made[0].info == {"seed": 5, "sd_model_hash": "6ce0161689", "sampler_name": "Euler a", "steps": 50}
        assert made[0].content.size == (16, 16)


def test_what_automatic1111_is_asked(webui):
    options = {"steps": 20, "guidance": 7, "sampler": "DPM++ 2M", "width": 640, "height": 384, "negative_prompt": "blurry"}
    with loaded("Generator", webui, api="automatic1111", **options) as generator:
        (made,) = generator(["a fly (an insect) [on] <lora:x:1> a\\b"], [2**31 - 1])
        assert made.content.size == (20, 12)
        (sent,) = webui.asked("/sdapi/v1/txt2img")
        assert sent == {
            "prompt": "a fly \\(an insect\\) \\[on\\] <lora:x:1> a\\\\b", "seed": 2**31 - 1, "steps": 20, "cfg_scale": 7.0,
            "sampler_name": "DPM++ 2M", "width": 640, "height": 384, "negative_prompt": "blurry", "batch_size": 1, "n_iter": 1,
            "disable_extra_networks": True, "override_settings": {"sd_model_checkpoint": V1},
            "override_settings_restore_afterwards": False,
        }  # fmt: skip
    with loaded("Generator", webui, api="automatic1111") as plain:
        plain(["a"], [1])
        assert not {"steps", "cfg_scale", "width", "sampler_name", "negative_prompt"} & set(webui.asked("/sdapi/v1/txt2img")[1])
        assert "blurry" not in generator.id and generator.id != plain.id and "cfg_scale=7.0" in generator.id
        assert f"checkpoint={V1}" in plain.id
        zero = registry.load("Generator", f"http/{webui.address}", {"api": "automatic1111", "guidance": 0})
        assert "cfg_scale=0.0" in zero.id


def test_checkpoints_of_automatic1111(webui):
    with loaded("Generator", webui, api="automatic1111") as loaded_one:
        first = loaded_one(["a"], [1])
        webui.checkpoint = XL  # somebody's click in the web page: the first is asked for still
        assert loaded_one(["a"], [1])[0].content.tobytes() == first[0].content.tobytes()
    for name in ("sd_xl_base_1.0", XL):
        with loaded("Generator", webui, api="automatic1111", checkpoint=name) as generator:
            assert f"checkpoint={XL}" in generator.id
            assert generator(["a"], [1])[0].info["sd_model_hash"] == "31e35c80fc"
    with pytest.raises(SpecError, match="unknown checkpoint of http/127.*Did you mean 'sd_xl_base_1.0'"):
        registry.load("Generator", f"http/{webui.address}", {"api": "automatic1111", "checkpoint": "sd_xl_base"})


def test_a_server_of_one_checkpoint_without_options(webui):
    webui.wrong = {"/sdapi/v1/options": (404, {"detail": "Not Found"})}
    with loaded("Generator", webui, api="automatic1111") as generator:
        assert generator.id == f"http/{webui.address}?api=automatic1111"
        generator(["a"], [1])
        assert "override_settings" not in webui.asked("/sdapi/v1/txt2img")[0]
        webui.checkpoint = XL
        with pytest.raises(ModelError, match="changed its checkpoint from 6ce0161689 to 31e35c80fc"):
            generator(["a"], [2])


@pytest.mark.parametrize(
    ("said", "match"),
    [
        ((200, {"images": [], "info": "{}"}), r"txt2img answered .*expected \{\"images\""),
        ((200, {"images": ["%%%"], "info": "{}"}), "txt2img sent '%%%' as a picture; expected base64"),
        ((200, {"images": [code(b"not a png")], "info": ""}), "txt2img sent b'not a png' as a picture: not a picture"),
        ((200, {"images": [b64(draw("", 0))], "info": '{"seed": 77}'}), "drew with seed 77 instead of 1"),
        ((200, b"<html>gradio</html>"), "expected JSON from"),
        ((404, {"detail": "Not Found"}), r"no txt2img of AUTOMATIC1111 \(is it started with --api\?\) at .*404.*Not Found"),
        ((400, {"detail": "Sampler not found"}), "answered 400: 'Sampler not found'"),
        ((401, {"detail": "Incorrect username or password"}), "wants a key: set the argument key_variable"),
    ],
)
def test_automatic1111_answers_of_no_use(webui, said, match):
    with loaded("Generator", webui, api="automatic1111") as generator:
        webui.wrong = {"/sdapi/v1/txt2img": said}
        with pytest.raises(ModelError, match=match):
            generator(["a"], [1])


def test_automatic1111_with_a_password(webui, monkeypatch):
    monkeypatch.setenv(VARIABLE, "me:open-sesame-9")
    with loaded("Generator", webui, api="automatic1111", key_variable=VARIABLE, key_as="basic") as generator:
        generator(["a"], [1])
    assert {headers["Authorization"] for _, headers, _ in webui.server.seen} == {"Basic " + code(b"me:open-sesame-9")}


def test_words_in_the_place_of_info_and_a_grid_before_the_picture(webui):
    with loaded("Generator", webui, api="automatic1111") as generator:
        pictures = [b64(draw("grid", 0)), "data:image/png;base64," + b64(draw("picture", 0))]
        webui.wrong = {"/sdapi/v1/txt2img": (200, {"images": pictures, "info": '{"index_of_first_image": 1}'})}
        assert generator(["a"], [1])[0].content.tobytes() == draw("picture", 0).tobytes()
        webui.wrong = {"/sdapi/v1/txt2img": (200, {"images": pictures[:1], "info": "done"})}
        assert generator(["a"], [1])[0].info == {}


def test_a_hiccup_is_not_paid_for_twice_and_a_black_picture_counts_for_nothing(webui, tmp_path):
    black = (200, {"images": [b64(Image.new("RGB", (8, 8)))], "info": "{}"})
    waits = []
    with loaded("Generator", webui, api="automatic1111") as generator:
        engine, store = engine_of(tmp_path, waits.append, generator=generator)
        webui.wrong = {"/sdapi/v1/txt2img": [None, (500, {"error": "OutOfMemoryError", "detail": ""}), None, black, None]}
        outcomes = engine.measure(samples(4))
        assert sorted(o.status is Status.REFUSED for o in outcomes) == [False, False, False, True]
        assert [o.detail for o in outcomes if o.status is Status.REFUSED] == ["blank picture"]
        assert not any(o.status is Status.ERROR for o in outcomes)
        assert len(webui.asked("/sdapi/v1/txt2img")) == 5 and len(waits) == 1  # four pictures and one failure
        store.close()


def test_a_server_that_is_too_slow_is_asked_again_later(webui):
    with loaded("Generator", webui, api="automatic1111", timeout=0.2) as generator:
        right = webui.right
        webui.right = lambda *request: (time.sleep(0.6), right(*request))[1]
        with pytest.raises(Transient):
            generator(["a"], [1])


# --- ComfyUI --------------------------------------------------------------------------------------------------------------

WORKFLOW = {
    "3": {"class_type": "KSampler", "inputs": {"seed": "{seed}", "steps": 20, "model": ["4", 0], "positive": ["6", 0]}},
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "v1-5.safetensors"}},
    "6": {
        "class_type": "CLIPTextEncode",
        "inputs": {"text": "{prompt}, 35 mm film", "clip": ["4", 1]},
        "_meta": {"title": "T"},
    },
    "9": {"class_type": "SaveImage", "inputs": {"filename_prefix": "bugscope-{seed}", "images": ["8", 0]}},
}


class Comfy(App):
    """As ComfyUI answers: the history knows a prompt when it is done and not before; `looks` looks later it is."""

    def __init__(self, server):
        super().__init__(server)
        self.jobs, self.files, self.looks, self.outputs, self.status = {}, {}, 1, None, None

    def right(self, method, path, query, body):
        with self.lock:
            if (method, path) == ("POST", "/prompt"):
                known = f"job-{len(self.asked('/prompt'))}-{len(self.jobs)}"
                self.jobs[known] = [self.looks, body["prompt"]]
                return 200, {"prompt_id": known, "number": len(self.jobs), "node_errors": {}}
            if path == "/queue":
                waiting = [[i, known, job[1], {}, ["9"]] for i, (known, job) in enumerate(self.jobs.items()) if job[0] > 0]
                return 200, {"queue_running": waiting[:1], "queue_pending": waiting[1:]}
            if path.startswith("/history/"):
                return 200, self.history(path.removeprefix("/history/"))
            if path == "/view" and query["filename"] in self.files:
                assert (query["type"], query.get("subfolder", "")) == ("output", "")
                return 200, self.files[query["filename"]]
        return 404, b"404: Not Found"

    def history(self, known):
        if known not in self.jobs:
            return {}
        job = self.jobs[known]
        job[0] -= 1
        if job[0] > 0:
            return {}
        graph = job[1]
        name = f"{graph['9']['inputs']['filename_prefix']}_{known}_00001_.png"
        self.files[name] = png(draw(graph["6"]["inputs"]["text"], graph["3"]["inputs"]["seed"]))
        outputs = {"9": {"images": [{"filename": name, "subfolder": "", "type": "output"}]}}
        status = self.status or {"status_str": "success", "completed": True, "messages": [["execution_start", {}]]}
        return {known: {"prompt": [], "outputs": outputs if self.outputs is None else self.outputs(name), "status": status}}


@pytest.fixture
def comfy(server):
    return Comfy(server)


@pytest.fixture
def workflow(tmp_path):
    path = tmp_path / "workflow.json"
    path.write_text(json.dumps(WORKFLOW), encoding="utf-8")
    return str(path)


def test_comfyui_fits(comfy, workflow):
    comfy.looks = 2
    with loaded("Generator", comfy, api="comfyui", workflow=workflow) as generator:
        check_generator(generator, PROMPTS)
        check_pickle(generator)
        (made,) = generator(["a {seed} {prompt} mug"], [7])
        assert made.content.tobytes() == draw("a {seed} {prompt} mug, 35 mm film", 7).tobytes()


def test_what_comfyui_is_asked(comfy, workflow):
    with loaded("Generator", comfy, api="comfyui", workflow=workflow) as generator:
        generator(["Straße 雪"], [2**31 - 1])
    (sent,) = comfy.asked("/prompt")
    want = json.loads(json.dumps(WORKFLOW))
    want["3"]["inputs"]["seed"] = 2**31 - 1
    want["6"]["inputs"]["text"] = "Straße 雪, 35 mm film"
    want["9"]["inputs"]["filename_prefix"] = f"bugscope-{2**31 - 1}"
    assert sent["prompt"] == want and sent["client_id"].startswith("bugscope-")


def test_the_id_follows_the_workflow(comfy, workflow, tmp_path):
    other = tmp_path / "other.json"
    other.write_text(json.dumps(WORKFLOW).replace("20", "21"))
    same = tmp_path / "same.json"
    same.write_text(json.dumps(dict(reversed(WORKFLOW.items())), indent=2))
    ids = [
        registry.load("Generator", f"http/{comfy.address}", {"api": "comfyui", "workflow": str(w)}).id
        for w in (workflow, other, same)
    ]
    assert ids[0] == ids[2] != ids[1] and ids[0].startswith(f"http/{comfy.address}?api=comfyui&workflow=")


FIXED = json.dumps(WORKFLOW).replace('"{seed}"', "156680208700286").replace("-{seed}", "")


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "cannot read the workflow"),
        ("{", "cannot read the workflow"),
        ("[]", "not a workflow in ComfyUI's API format"),
        ('{"1": {"inputs": {}}}', "not a workflow in ComfyUI's API format"),
        ('{"nodes": [], "links": []}', r"in the web page's format; write it with ComfyUI's menu Export \(API\)"),
        (FIXED, r"contains \{seed\}.*seed of node 3 \(KSampler\)"),
        (json.dumps(WORKFLOW).replace("{prompt}", "a cat"), r"contains \{prompt\}.*text of node 6 \(CLIPTextEncode\)"),
    ],
)
def test_an_unusable_workflow_is_a_sentence(comfy, tmp_path, text, match):
    path = tmp_path / "w.json"
    path.write_text(text)
    with pytest.raises(SpecError, match=match):
        registry.load("Generator", f"http/{comfy.address}", {"api": "comfyui", "workflow": str(path)})


def test_options_that_belong_elsewhere(comfy, workflow):
    def load(**options):
        registry.load("Generator", f"http/{comfy.address}", options)

    with pytest.raises(SpecError, match="api comfyui needs the argument workflow"):
        load(api="comfyui")
    with pytest.raises(SpecError, match="argument steps belongs to api automatic1111, and api is comfyui"):
        load(api="comfyui", workflow=workflow, steps=20)
    with pytest.raises(SpecError, match="argument guidance belongs to api automatic1111, and api is bugscope"):
        load(guidance=0)
    with pytest.raises(SpecError, match="argument workflow belongs to api comfyui, and api is automatic1111"):
        load(api="automatic1111", workflow=workflow)
    with pytest.raises(SpecError, match="argument output is '12'; the nodes of .* are 3, 4, 6, 9"):
        load(api="comfyui", workflow=workflow, output=12)
    with pytest.raises(SpecError, match="argument width is -1; it must be at least 0"):
        load(api="automatic1111", width=-1)
    with pytest.raises(SpecError, match="timeout 0 should be above 0"):
        load(api="comfyui", workflow=workflow, timeout=0)


def ended(kind, **data):
    return {"status_str": "error", "completed": False, "messages": [["execution_start", {}], [kind, data]]}


def failed(kind, message):
    return ended("execution_error", node_id="3", node_type="KSampler", exception_type=kind, exception_message=message)


@pytest.mark.parametrize(
    ("status", "error", "match"),
    [
        (
            failed("RuntimeError", "sizes\ndiffer"),
            ModelError,
            r"node 3 \(KSampler\) of the workflow failed: RuntimeError: sizes d",
        ),
        (failed("torch.OutOfMemoryError", "x"), Transient, r"node 3 \(KSampler\) ran out of memory"),
        (ended("execution_interrupted", node_id="3"), Transient, "the workflow was interrupted"),
        ({"status_str": "error", "completed": False, "messages": []}, ModelError, "the server does not say why"),
    ],
)
def test_a_workflow_that_fails(comfy, workflow, status, error, match):
    with loaded("Generator", comfy, api="comfyui", workflow=workflow) as generator:
        comfy.status = status
        with pytest.raises(error, match=match):
            generator(["a"], [1])
        comfy.status = None  # what failed is queued again
        assert generator(["a"], [1])[0].content.tobytes() == draw("a, 35 mm film", 1).tobytes()
        assert len(comfy.asked("/prompt")) == 2


def test_a_workflow_that_is_not_taken(comfy, workflow):
    error = {"type": "value_not_in_list", "message": "Value not in list", "details": "ckpt_name: 'v1-5.safetensors' not in []"}
    node = {"errors": [error], "dependent_outputs": ["9"], "class_type": "CheckpointLoaderSimple"}
    said = {"error": {"type": "prompt_outputs_failed_validation", "message": "Prompt outputs failed validation"}}
    with loaded("Generator", comfy, api="comfyui", workflow=workflow) as generator:
        comfy.wrong = {"/prompt": (400, said | {"node_errors": {"4": node}})}
        with pytest.raises(
            ModelError, match=r"cannot run the workflow: node 4 \(CheckpointLoaderSimple\): Value not in list: ckpt"
        ):
            generator(["a"], [1])
        comfy.wrong = {"/prompt": (400, said | {"node_errors": []})}
        with pytest.raises(ModelError, match="answered 400: 'Prompt outputs failed validation'"):
            generator(["a"], [1])


def pictures(**nodes):
    return lambda name: {
        node: {"images": [{"filename": name, "subfolder": "", "type": kind}] * n} for node, (n, kind) in nodes.items()
    }


def test_which_picture_of_a_workflow_counts(comfy, workflow):
    def load(**options):
        def ask(*inputs):
            with loaded("Generator", comfy, api="comfyui", workflow=workflow, **options) as generator:
                return generator(*inputs)

        return ask

    want = draw("a, 35 mm film", 1).tobytes()
    comfy.outputs = pictures(**{"9": (1, "output"), "8": (3, "temp")})  # a preview beside what is saved
    assert load()(["a"], [1])[0].content.tobytes() == want
    comfy.outputs = pictures(**{"9": (1, "output"), "6": (1, "output")})
    with pytest.raises(ModelError, match=r"gave 2 pictures \(nodes 6, 9\), but one is expected.*argument output"):
        load()(["a"], [1])
    assert load(output=9)(["a"], [1])[0].content.tobytes() == want
    comfy.outputs = pictures(**{"9": (4, "output")})
    with pytest.raises(ModelError, match="set batch_size to 1"):
        load()(["a"], [1])
    for nothing in (
        lambda name: {},
        lambda name: {"9": {"text": ["x"]}},
        lambda name: None,
        lambda name: {"9": {"images": ["x"]}},
    ):
        comfy.outputs = nothing
        with pytest.raises(ModelError, match="gave no picture; it needs a SaveImage or PreviewImage node"):
            load()(["a"], [1])


@pytest.mark.parametrize(
    ("path", "said", "error", "match"),
    [
        ("/prompt", (200, {"number": 1}), ModelError, r"/prompt answered \{'number': 1\}; expected \{\"prompt_id\""),
        ("/prompt", (500, b"Internal Server Error"), Transient, "answered 500"),
        ("/history", (200, []), ModelError, "/history answered"),
        ("/history", (503, b"restarting"), Transient, "answered 503"),
        ("/view", (404, b""), ModelError, r"no such address at http://127.*/view\?filename=.*404"),
        ("/view", (200, b"<html>"), ModelError, "/view.* sent b'<html>' as a picture: not a picture"),
        ("/view", (200, b""), ModelError, "sent b'' as a picture: not a picture"),
    ],
)
def test_comfyui_answers_of_no_use(comfy, workflow, path, said, error, match):
    with loaded("Generator", comfy, api="comfyui", workflow=workflow) as generator:
        comfy.wrong = {path: said}
        with pytest.raises(error, match=match):
            generator(["a"], [1])


def test_another_server_is_noticed_before_a_run(own, workflow):
    with pytest.raises(ModelError, match=r"no ComfyUI at http://127.*/queue \(404\)"):
        registry.load("Generator", f"http/{own.address}", {"api": "comfyui", "workflow": workflow})
    with pytest.raises(ModelError, match="expected .*of ComfyUI"):
        own.wrong = {"/queue": (200, {"estimation": 3})}
        registry.load("Generator", f"http/{own.address}", {"api": "comfyui", "workflow": workflow})


def test_a_picture_that_takes_too_long_stays_in_the_queue_and_is_waited_for(comfy, workflow):
    comfy.looks = 10**9
    with loaded("Generator", comfy, api="comfyui", workflow=workflow, timeout=0.3) as generator:
        began = time.monotonic()
        with pytest.raises(Transient, match="made no picture within 0.3 s"):
            generator(["a"], [1])
        assert time.monotonic() - began < 5
        comfy.looks = 1
        for job in comfy.jobs.values():
            job[0] = 2
        assert generator(["a"], [1])[0].content.tobytes() == draw("a, 35 mm film", 1).tobytes()
        assert len(comfy.asked("/prompt")) == 1


def test_a_server_that_was_started_anew_is_asked_anew(comfy, workflow):
    comfy.looks = 10**9
    with loaded("Generator", comfy, api="comfyui", workflow=workflow, timeout=0.3) as generator:
        with pytest.raises(Transient):
            generator(["a"], [1])
        comfy.jobs.clear()
        comfy.looks = 1
        assert len(generator(["a"], [1])) == 1 and len(comfy.asked("/prompt")) == 2


def test_a_picture_whose_fetching_failed_is_not_drawn_again(comfy, workflow, tmp_path):
    waits = []
    with loaded("Generator", comfy, api="comfyui", workflow=workflow) as generator:
        engine, store = engine_of(tmp_path, waits.append, generator=generator)
        comfy.wrong = {"/view": [None, (502, b"proxy"), None]}
        outcomes = engine.measure(samples(4))
        assert not any(o.status is Status.ERROR for o in outcomes)
        assert len(comfy.asked("/prompt")) == 4 and len(waits) == 1
        store.close()


def test_early_comfyui_has_no_status(comfy, workflow):
    right = comfy.history
    comfy.history = lambda known: {k: {"outputs": v["outputs"]} for k, v in right(known).items()}
    with loaded("Generator", comfy, api="comfyui", workflow=workflow) as generator:
        assert len(generator(["a", "b"], [1, 2])) == 2


def test_importing_it_imports_no_client():
    code = "import sys, bugscope.providers.http; print('httpcore' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "False"
    assert Classifier.requires == Generator.requires == ("httpcore",)
