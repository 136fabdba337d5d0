"""Tiny checkpoints of open_clip, saved as real ones are."""

import json

import pytest

TEXT = {"context_length": 16, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 2}
VISION = {"image_size": 32, "layers": 2, "width": 32, "head_width": 16, "patch_size": 8}
CLIP = {"embed_dim": 16, "vision_cfg": VISION, "text_cfg": TEXT}


def save(torch, network, folder, config, **preprocess):
    safetensors = pytest.importorskip("safetensors.torch")
    folder.mkdir(exist_ok=True)
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": config, "preprocess_cfg": preprocess}))
    safetensors.save_file(network.state_dict(), folder / "open_clip_model.safetensors")
    return folder
