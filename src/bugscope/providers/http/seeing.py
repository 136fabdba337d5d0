"""Detectors, segmenters, taggers and models that answer questions, behind Bugscope's own protocol."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from ...core import detections
from ...core.errors import AnswerError
from ...core.records import Detection
from ..shared.answers import quoted
from .protocol import Named, Server, decoded, scores, text

FORM = '{"label": ..., "score": ..., "box": [left, top, right, bottom]}'


class Detector(Named):
    """A detector behind a server of yours that speaks Bugscope's HTTP protocol."""

    least = 1

    def __call__(self, images: Sequence[Image]) -> list[list[Detection]]:
        if not images:
            return []
        found = self._answers("/detect", {"images": [text(image) for image in images]}, "detections", len(images))
        return [self._read(one, image) for one, image in zip(found, images, strict=True)]

    def _read(self, given: Any, image: Image) -> list[Detection]:
        if not isinstance(given, list) or not all(isinstance(thing, dict) for thing in given):
            raise self._wrong("/detect", given, f"for each picture a list of {FORM}")
        (found,) = detections.detections([given], [image.size], self.labels, f"{self.client.base_url}/detect")
        return found


class Segmenter(Named):
    """A segmenter behind a server of yours that speaks Bugscope's HTTP protocol."""

    least = 1

    def __call__(self, images: Sequence[Image]) -> list[NDArray[np.integer[Any]] | list[Detection]]:
        if not images:
            return []
        found = self._answers("/segment", {"images": [text(image) for image in images]}, "segmentations", len(images))
        return [self._read(one, image) for one, image in zip(found, images, strict=True)]

    def _read(self, given: Any, image: Image) -> NDArray[np.integer[Any]] | list[Detection]:
        where = f"{self.client.base_url}/segment"
        if isinstance(given, dict) and "png" in given:
            pixels = np.asarray(decoded(given["png"], where, as_it_is=True))
            if pixels.ndim != 2:
                raise AnswerError(
                    f"{where} sent a picture of shape {pixels.shape}; expected one grey value, a label's number, per pixel"
                )
            return pixels.astype(np.int64)
        if not isinstance(given, dict) or not isinstance(given.get("instances"), list):
            raise self._wrong(
                "/segment", given, f'for each picture {{"png": base64}} or {{"instances": [{FORM[:-1]}, "mask": base64}}]}}'
            )
        things = [{**thing, "mask": self._mask(thing, where)} for thing in given["instances"] if isinstance(thing, dict)]
        (found,) = detections.detections([things], [image.size], self.labels, where)
        return found

    def _mask(self, thing: Any, where: str) -> NDArray[np.bool_]:
        if "mask" not in thing:
            raise AnswerError(f"{where} sent the instance {quoted(thing)[:80]} without a mask")
        return np.asarray(decoded(thing["mask"], where).convert("L")) > 127


class Tagger(Named):
    """A multi-label classifier behind a server of yours that speaks Bugscope's HTTP protocol."""

    def __call__(self, images: Sequence[Image]) -> NDArray[np.float64]:
        return scores(self, "/tag", images)


class Answerer(Server):
    """A model that answers questions behind a server of yours that speaks Bugscope's HTTP protocol."""

    def __call__(self, images: Sequence[Image], questions: Sequence[str]) -> list[str]:
        if not images:
            return []
        body = {"images": [text(image) for image in images], "questions": list(questions)}
        answers = self._answers("/answer", body, "answers", len(images))
        for answer in answers:
            if not isinstance(answer, str):
                raise self._wrong("/answer", answer, "a text for each question")
        return answers
