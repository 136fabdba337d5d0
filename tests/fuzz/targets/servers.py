"""What servers answer, as JSON: right answers with something altered, other statuses, in all protocols that are spoken."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

from PIL import Image

from bugscope.core import registry
from bugscope.core.errors import Declined, Transient
from bugscope.core.records import Specimen
from bugscope.report.plain import for_terminal
from support.fake_server import KEY, VARIABLE, b64, completion, picture, running
from support.google_answers import GEMINI, IMAGEN, candidate

from ..material import altered_json, dumped, text, value
from ..outcomes import tried

PNG = b64(picture(9))
INFO = {"id": "net-1", "labels": ["mug", "bowl", "vase"]}
SHOWN = [Image.new("RGB", (8, 8), "red"), Image.new("RGB", (8, 8), "blue")]
PROMPTS, SEEDS = ["a photo of a mug", "a photo of a bowl"], [1, 2]
OWN = {
    "Generator": {"images": [{"png": PNG, "info": {"visible": 1.0}}, {"refused": "no"}]}, "Classifier": {"scores": [[0.1,
    0.2, 0.7]] * 2},
    "Captioner": {"captions": ["a mug", "a bowl"]}, "Judge": {"probabilities": [0.5, 1]},
}  # fmt: skip
CHAT = {
    "Classifier": {"label": "mug"}, "Captioner": "a photo of a mug", "Judge": {"shows": True, "confidence": 0.9},
    "Editor": {"alternatives": [["on sand", "on snow"], ["at noon"]]}, "Describer": {"descriptions": ["a mug on snow"]},
}  # fmt: skip
DRAWN = {"created": 1, "data": [{"b64_json": PNG}], "usage": {"input_tokens": 5, "output_tokens": 9}}
GOOGLE = {**candidate({"inlineData": {"mimeType": "image/png", "data": PNG}}), "usageMetadata": {"promptTokenCount": 1}}
PREDICTED = {"predictions": [{"mimeType": "image/png", "bytesBase64Encoded": PNG}]}
A1111 = {"images": [PNG], "parameters": {}, "info": json.dumps({"seed": 1, "infotexts": ["x"]})}
ERROR = {"error": {"message": "no", "code": "content_policy_violation", "type": "x"}}
STATUS = (200,) * 12 + (400, 401, 403, 404, 413, 422, 429, 500, 503, 301, 307, 204, 599)
HEADERS = (
    ("Content-Type", "application/json"),
    ("Retry-After", "-1"),
    ("Retry-After", "9" * 30),
    ("Location", "http://10.0.0.1/"),
    ("Content-Type", "text/html"),
    ("X", "é"),
)


def asked(kind: str, model: Any) -> Any:
    match kind:
        case "Generator":
            return [made for made in model(PROMPTS, SEEDS)]
        case "Classifier" | "Captioner":
            return model(SHOWN)
        case "Judge":
            return model([Specimen(i) for i in SHOWN], ["mug", "bowl"])
        case "Editor":
            return model("mug", ["on grass", "at night"])
        case _:
            return model("mug", ["a mug on snow"], ["a mug"])


@contextmanager
def ready(folder: Path) -> Iterator[Any]:
    with running() as server:

        def example(rng: Random, folder: Path) -> str:
            kind, spec, right = case(rng)
            info = altered_json(INFO, rng) if rng.random() < 0.15 else INFO

            def reply(body: Any) -> Any:
                def send(handler: Any) -> None:
                    plain = info if handler.path.endswith("/info") else A1111 if "sd-models" in handler.path else right(body)
                    said = (
                        plain
                        if rng.random() < 0.3
                        else altered_json(plain, rng)
                        if rng.random() < 0.9
                        else rng.choice((ERROR, value(rng)))
                    )
                    status = rng.choice(STATUS)
                    handler.send(status, dumped(said, rng), [rng.choice(HEADERS)])

                return send

            server.say(answer=reply)
            hosted = spec.startswith(("openai", "google"))
            address = server.base_url if hosted else server.root.removeprefix("http://")
            options: dict[str, Any] = {"base_url": address} if hosted else {}
            options |= {"key_variable": VARIABLE, "timeout": 5.0} | (
                {"labels": "mug,bowl"} if spec.startswith("openai") and kind == "Classifier" else {}
            )
            options |= {"api": spec.rpartition("#")[2]} if "#" in spec else {}
            name = spec if hosted else f"http/{address}"
            seen: list[str] = []

            def use() -> None:
                model = registry.load(kind, name, options)
                try:
                    asked(kind, model)
                    seen.append(str(model.id))
                except BaseException as error:
                    seen.append(str(error))
                    raise
                finally:
                    model.close()

            came = tried(use, Transient, Declined, MemoryError)
            for said in seen:
                assert KEY not in said and KEY[8:16] not in said, "the key is shown"
                assert for_terminal(said) == said, f"a terminal would obey {said!r}"
            return came

        yield example


def case(rng: Random) -> tuple[str, str, Any]:
    """(role, spec, the right answer to a body)."""
    match rng.randrange(6):
        case 0 | 1:
            kind = rng.choice(sorted(OWN))
            return kind, "http", lambda body: OWN[kind]
        case 2 | 3:
            kind = rng.choice(sorted(CHAT))
            inner = CHAT[kind]
            said = inner if isinstance(inner, str) else json.dumps(altered_json(inner, rng) if rng.random() < 0.5 else inner)
            said = rng.choice((said, said, f"```json\n{said}\n```", f"{text(rng)}{said}", text(rng)))
            used = {"prompt_tokens": rng.choice((5, -1, "x", 1e400)), "completion_tokens": 2}
            return kind, "openai/small", lambda body: json.loads(completion(said, usage=used))
        case 4:
            model = rng.choice((GEMINI, IMAGEN))
            return "Generator", f"google/{model}", lambda body: GOOGLE if model == GEMINI else PREDICTED
        case _:
            if rng.random() < 0.5:
                return "Generator", "openai/gpt-image-1", lambda body: DRAWN
            return "Generator", "http#automatic1111", lambda body: A1111
