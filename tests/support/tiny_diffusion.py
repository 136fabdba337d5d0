"""Tiny text-to-image checkpoints of random weights for tests."""

import json
from types import SimpleNamespace

import diffusers as d
import torch
import transformers as t


def parts(folder):
    """What the tiny checkpoints share. Letters are tokens."""
    torch.manual_seed(0)
    words = ["<|startoftext|>", "<|endoftext|>", *(c + end for c in "abcdefghijklmnopqrstuvwxyz" for end in ("", "</w>"))]
    (folder / "vocab.json").write_text(json.dumps({word: i for i, word in enumerate(words)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    tokenizer = t.CLIPTokenizer.from_pretrained(folder, model_max_length=16)
    text = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "projection_dim": 32}
    text |= {"max_position_embeddings": 16, "vocab_size": len(words), "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 1}
    blocks = {"block_out_channels": (8, 8), "norm_num_groups": 4, "latent_channels": 4, "shift_factor": 0.0}
    blocks |= {"down_block_types": ("DownEncoderBlock2D",) * 2, "up_block_types": ("UpDecoderBlock2D",) * 2}
    return SimpleNamespace(tokenizer=tokenizer, text=t.CLIPTextConfig(**text), vae=d.AutoencoderKL(**blocks))


def stable(parts, **more):
    """A Stable Diffusion pipeline of 64 x 64 pixels."""
    torch.manual_seed(1)
    blocks = {"block_out_channels": (8, 16), "layers_per_block": 1, "cross_attention_dim": 32, "attention_head_dim": 4}
    blocks |= {"down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"), "norm_num_groups": 4, "sample_size": 32}
    blocks |= {"up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D")}
    made = {
        "unet": d.UNet2DConditionModel(**blocks),
        "text_encoder": t.CLIPTextModel(parts.text),
        "scheduler": d.DDIMScheduler(clip_sample=False, steps_offset=1),
        "safety_checker": None,
        "feature_extractor": None,
        "requires_safety_checker": False,
    }
    return d.StableDiffusionPipeline(tokenizer=parts.tokenizer, vae=parts.vae, **made | more)


def tiny_diffusion(folder):
    """Saved as a real one is."""
    (folder / "tokenizer").mkdir(parents=True)
    stable(parts(folder / "tokenizer")).save_pretrained(folder / "pipeline")
    return folder / "pipeline"
