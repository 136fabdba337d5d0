"""Tiny detectors and segmenters of random weights for tests, saved as real ones are: config, safetensors, processor."""

import json

import torch
import transformers as t

from .tiny import saved, text, tokenizer, vision

NAMES = ["mug", "N/A", "bus", "chair"]
SIDE = 64
RESNET = {"embedding_size": 8, "hidden_sizes": [8, 16, 16, 16], "depths": [1, 1, 1, 1], "layer_type": "basic"}
SWIN = {"image_size": SIDE, "embed_dim": 16, "depths": [1, 1, 1, 1], "num_heads": [1, 2, 2, 2], "window_size": 2}
STAGES = {"out_features": ["stage2", "stage3", "stage4"]}
WIDTHS = {"d_model": 32, "encoder_layers": 1, "decoder_layers": 2, "encoder_attention_heads": 2, "decoder_attention_heads": 2}
WIDTHS |= {"encoder_ffn_dim": 32, "decoder_ffn_dim": 32}


def named(names=NAMES):
    return {"id2label": dict(enumerate(names)), "label2id": {name: i for i, name in enumerate(names)}}


def shaken(net):
    """Random weights that tell one picture and one query from another."""
    for name, value in net.named_parameters():
        if value.ndim > 1 and ("class" in name or "bbox" in name or "box_head" in name or "query" in name):
            torch.nn.init.normal_(value, std=0.2)
    return net


def sides(cls, **more):
    return cls(size={"height": SIDE, "width": SIDE}, **more)


def tiny_detr(folder):
    backbone = t.ResNetConfig(**RESNET, out_features=["stage4"])
    config = t.DetrConfig(
        backbone_config=backbone, use_timm_backbone=False, use_pretrained_backbone=False, backbone=None, num_queries=12,
        **WIDTHS, **named(),
    )  # fmt: skip
    processor = t.DetrImageProcessorPil(size={"shortest_edge": 48, "longest_edge": 800})
    return saved(folder, 0, lambda: shaken(t.DetrForObjectDetection(config)), processor)


def tiny_rt_detr(folder):
    backbone = t.RTDetrResNetConfig(
        embedding_size=8, hidden_sizes=[8, 16, 16, 16], depths=[1, 1, 1, 1], layer_type="basic", **STAGES
    )
    config = t.RTDetrConfig(
        backbone_config=backbone, encoder_hidden_dim=32, encoder_in_channels=[16, 16, 16], encoder_ffn_dim=32, encoder_layers=1,
        encoder_attention_heads=2, d_model=32, num_queries=12, decoder_in_channels=[32, 32, 32], decoder_ffn_dim=32,
        decoder_layers=2, decoder_attention_heads=2, decoder_n_points=2, num_denoising=0, **named(),
    )  # fmt: skip
    return saved(folder, 0, lambda: shaken(t.RTDetrForObjectDetection(config)), sides(t.RTDetrImageProcessorPil))


def tiny_yolos(folder):
    config = t.YolosConfig(**vision(image_size=[SIDE, SIDE]), num_detection_tokens=12, **named())
    processor = t.YolosImageProcessorPil(size={"shortest_edge": 48, "longest_edge": 800})
    return saved(folder, 0, lambda: shaken(t.YolosForObjectDetection(config)), processor)


def tiny_owlv2(folder):
    words = tokenizer(template="<s> $A </s>")
    tower = text(words, hidden_size=32, num_attention_heads=2, max_position_embeddings=16)
    config = t.Owlv2Config(text_config=tower, vision_config=vision(image_size=SIDE, patch_size=16), projection_dim=32)
    processor = t.Owlv2Processor(sides(t.Owlv2ImageProcessorPil), words)
    return saved(folder, 0, lambda: shaken(t.Owlv2ForObjectDetection(config)), processor)


def tiny_grounding_dino(folder):
    """Its tokens for the ends of texts and phrases are at fixed places in the vocabulary."""
    words = [f"[unused{i}]" for i in range(1040)]
    words[0], words[100:104], words[1012], words[1029] = "[PAD]", ["[UNK]", "[CLS]", "[SEP]", "[MASK]"], ".", "?"
    words[200:210] = ["mug", "bus", "chair", "red", "arm", "##chair", "traffic", "light", "##s", "st"]
    tokens = t.BertTokenizerFast(vocab={word: i for i, word in enumerate(words)})
    language = t.BertConfig(
        vocab_size=len(words), hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=64,
    )  # fmt: skip
    config = t.GroundingDinoConfig(
        backbone_config=t.SwinConfig(**SWIN, **STAGES), text_config=language, num_queries=12,
        max_text_len=24, num_feature_levels=4, decoder_n_points=2, encoder_n_points=2, text_enhancer_dropout=0.0,
        fusion_droppath=0.0, fusion_dropout=0.0, **WIDTHS,
    )  # fmt: skip
    processor = t.GroundingDinoProcessor(
        t.GroundingDinoImageProcessorPil(size={"shortest_edge": 128, "longest_edge": 512}), tokens
    )
    return saved(folder, 0, lambda: shaken(t.GroundingDinoForObjectDetection(config)), processor)


def tiny_segformer(folder):
    config = t.SegformerConfig(
        hidden_sizes=[8, 8, 16, 16], depths=[1, 1, 1, 1], num_attention_heads=[1, 1, 2, 2], decoder_hidden_size=16,
        initializer_range=0.5, **named(),
    )  # fmt: skip
    return saved(folder, 0, lambda: t.SegformerForSemanticSegmentation(config), sides(t.SegformerImageProcessorPil))


def tiny_mask2former(folder):
    config = t.Mask2FormerConfig(
        backbone_config=t.SwinConfig(**SWIN, out_features=["stage1", "stage2", "stage3", "stage4"]), feature_size=32,
        mask_feature_size=32, hidden_dim=16, encoder_feedforward_dim=16, dim_feedforward=16, encoder_layers=1, decoder_layers=2,
        num_attention_heads=2, num_queries=10, **named(),
    )  # fmt: skip
    return saved(
        folder, 0, lambda: shaken(t.Mask2FormerForUniversalSegmentation(config)), sides(t.Mask2FormerImageProcessorPil)
    )


def tiny_maskformer(folder):
    backbone = t.SwinConfig(**SWIN, out_features=["stage1", "stage2", "stage3", "stage4"])
    decoder = t.DetrConfig(use_pretrained_backbone=False, num_queries=10, **WIDTHS)
    config = t.MaskFormerConfig(
        backbone_config=backbone, decoder_config=decoder, fpn_feature_size=32, mask_feature_size=32, **named()
    )
    return saved(folder, 0, lambda: shaken(t.MaskFormerForInstanceSegmentation(config)), sides(t.MaskFormerImageProcessorPil))


def tiny_oneformer(folder):
    """It reads which task it is to do, and its processor a file about its classes."""
    folder.mkdir(parents=True, exist_ok=True)
    about = {str(i): {"isthing": 1, "name": name} for i, name in enumerate(NAMES)}
    (folder / "classes.json").write_text(json.dumps(about))
    words = tokenizer(template="<s> $A </s>")
    config = t.OneFormerConfig(
        backbone_config=t.SwinConfig(**SWIN, out_features=["stage1", "stage2", "stage3", "stage4"]), num_queries=10,
        conv_dim=32, mask_dim=32, hidden_dim=32, encoder_feedforward_dim=32, encoder_layers=1, decoder_layers=2,
        num_attention_heads=2,
        dim_feedforward=32, query_dec_layers=1, text_encoder_width=32, text_encoder_num_layers=1,
        text_encoder_vocab_size=len(words), **named(),
    )  # fmt: skip
    pictures = sides(t.OneFormerImageProcessorPil, class_info_file="classes.json", repo_path=str(folder), num_text=2)
    return saved(folder, 0, lambda: shaken(t.OneFormerForUniversalSegmentation(config)), t.OneFormerProcessor(pictures, words))
