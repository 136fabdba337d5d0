"""Tiny checkpoints of random weights for tests, saved as real ones are: config, safetensors, tokenizer, processor."""

import torch
import transformers as t
from tokenizers import Regex, Tokenizer, models, pre_tokenizers, processors

WORDS = [
    *"a an the of on at in and photo picture mug bus red blue snow grass night day yes no Yes No does this show is".split(),
    *"describe answer or question short what image USER ASSISTANT User Assistant user assistant caption en it".split(),
    *"one plain sentence name main object its surroundings light viewpoint with detailed Describe Does Answer Question".split(),
    *"Is there detail shown close up distance empty scene blank blurry nothing particular".split(),
]
SPECIALS = ["<pad>", "<s>", "</s>", "<unk>", "<image>"]
SIDE = 32


def tokenizer(specials=SPECIALS, template="", **named):
    """A word is a token. `template`: of the tokens around a text, e.g. "<s> $A </s>"."""
    words = list(dict.fromkeys([*specials, *WORDS]))
    made = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.Split(Regex(r"\n|\w+|[^\w\s]"), "removed", invert=True)
    if template:
        around = [(word, words.index(word)) for word in template.split() if word != "$A"]
        made.post_processor = processors.TemplateProcessing(single=template, special_tokens=around)
    names = {"pad_token": "<pad>", "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"} | named
    return t.PreTrainedTokenizerFast(
        tokenizer_object=made, additional_special_tokens=[s for s in specials if s not in names.values()], **names
    )


def vision(**more):
    """Sizes of a vision transformer."""
    return {
        "hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": SIDE,
        "patch_size": 8, "initializer_range": 0.3,
    } | more  # fmt: skip


def text(words, **more):
    """Sizes of a text transformer; as wide as its vocabulary, so that a test can make it recite."""
    width = (len(words) + 15) // 16 * 16
    return {
        "hidden_size": width, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
        "vocab_size": len(words), "max_position_embeddings": 512, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
        "initializer_range": 0.3,
    } | more  # fmt: skip


def saved(folder, seed, build, *parts):
    torch.manual_seed(seed)
    net = build()
    speaks = getattr(net, "text_decoder", net)
    if (head := speaks.get_output_embeddings()) is not None:  # it has something to say before it ends
        head.weight.data[: len(SPECIALS)] = 0
    if hasattr(net, "logit_bias"):  # SigLIP begins at 1
        net.logit_scale.data.fill_(4.6)
    t.utils.logging.disable_progress_bar()
    net.save_pretrained(folder)
    for part in parts:
        part.save_pretrained(folder)
    return folder


def square(cls, **more):
    """An image processor whose pictures are of one size."""
    return cls(size={"height": SIDE, "width": SIDE}, **more)


def tiny_vit(folder, labels, cls=t.ViTForImageClassification):
    config = t.ViTConfig(**vision(), id2label=dict(enumerate(labels)), label2id={name: i for i, name in enumerate(labels)})
    return saved(folder, 0, lambda: cls(config), square(t.ViTImageProcessorPil))


def tiny_resnet(folder, labels):
    names = {"id2label": dict(enumerate(labels)), "label2id": {name: i for i, name in enumerate(labels)}}
    config = t.ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], layer_type="basic", **names)
    return saved(
        folder, 0, lambda: t.ResNetForImageClassification(config), t.ConvNextImageProcessorPil(size={"shortest_edge": 32})
    )


def tiny_clip(folder, cls=t.CLIPModel):
    words = tokenizer(template="<s> $A </s>")
    tower = text(words, hidden_size=32, num_attention_heads=2, max_position_embeddings=48, projection_dim=16)
    config = t.CLIPConfig(text_config=tower, vision_config=vision(projection_dim=16), projection_dim=16)
    pictures = t.CLIPImageProcessorPil(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE})
    return saved(folder, 0, lambda: cls(config), t.CLIPProcessor(pictures, words))


def tiny_siglip(folder):
    words = tokenizer(template="$A </s>", model_input_names=["input_ids"])
    tower = text(words, hidden_size=32, num_attention_heads=2, max_position_embeddings=64, projection_size=32)
    config = t.SiglipConfig(text_config=tower, vision_config=vision())
    return saved(folder, 0, lambda: t.SiglipModel(config), t.SiglipProcessor(square(t.SiglipImageProcessorPil), words))


def tiny_siglip2(folder):
    vocabulary = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "▁", *"abcdefghijklmnopqrstuvwxyz"]
    words = t.Siglip2Tokenizer({word: i for i, word in enumerate(vocabulary)}, [])
    tower = text(words, hidden_size=32, num_attention_heads=2, max_position_embeddings=64, projection_size=32)
    config = t.Siglip2Config(text_config=tower, vision_config=vision(num_patches=256, patch_size=16))
    return saved(folder, 0, lambda: t.Siglip2Model(config), t.Siglip2Processor(t.Siglip2ImageProcessorPil(), words))


def tiny_blip(folder, cls=t.BlipForConditionalGeneration):
    words = tokenizer(template="<s> $A </s>")
    sizes = text(words, sep_token_id=words.eos_token_id, is_decoder=True)
    eye = vision(hidden_size=sizes["hidden_size"])  # of one width: where it answers, its decoder reads the question
    config = t.BlipConfig(text_config=sizes | {"encoder_hidden_size": eye["hidden_size"]}, vision_config=eye, projection_dim=16)
    return saved(folder, 0, lambda: cls(config), t.BlipProcessor(square(t.BlipImageProcessorPil), words))


def tiny_blip2(folder):
    words = tokenizer(template="<s> $A")
    sizes = text(words)
    language = t.OPTConfig(**sizes, word_embed_proj_dim=sizes["hidden_size"], ffn_dim=32, dropout=0.0)
    q = {"vocab_size": len(words), "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    q |= {"encoder_hidden_size": 32, "initializer_range": 0.3}
    config = t.Blip2Config(
        vision_config=vision(), qformer_config=q, text_config=language.to_dict(),
        num_query_tokens=4, image_token_index=words.convert_tokens_to_ids("<image>"), initializer_range=0.3,
    )  # fmt: skip
    processor = t.Blip2Processor(square(t.BlipImageProcessorPil), words, num_query_tokens=4)
    return saved(folder, 0, lambda: t.Blip2ForConditionalGeneration(config), processor)


def tiny_git(folder):
    words = tokenizer(template="<s> $A </s>", cls_token="<s>", sep_token="</s>")
    config = t.GitConfig(vision_config=vision(), **text(words))
    return saved(
        folder,
        0,
        lambda: t.GitForCausalLM(config),
        t.GitProcessor(square(t.CLIPImageProcessorPil, do_center_crop=False), words),
    )


def tiny_florence2(folder):
    words = tokenizer(template="<s> $A </s>", extra_special_tokens={"image_token": "<image>"})
    sizes = text(words)
    bart = {
        "d_model": sizes["hidden_size"],
        "vocab_size": len(words),
        "encoder_layers": 1,
        "decoder_layers": 1,
        "init_std": 0.3,
    }
    bart |= {"encoder_attention_heads": 4, "decoder_attention_heads": 4, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32}
    bart |= {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 2, "forced_bos_token_id": 1}
    tower = {
        "embed_dim": [8, 16],
        "depths": [1, 1],
        "num_heads": [2, 2],
        "num_groups": [2, 2],
        "window_size": 4,
        "patch_size": [7, 3],
    }
    tower |= {"patch_stride": [4, 2], "patch_padding": [3, 1], "patch_prenorm": [False, True]}
    tower |= {"projection_dim": sizes["hidden_size"], "initializer_range": 0.3}
    image = words.convert_tokens_to_ids("<image>")
    config = t.Florence2Config(text_config={"model_type": "bart", **bart}, vision_config=tower, image_token_id=image)
    pictures = square(t.CLIPImageProcessorPil, do_center_crop=False)
    pictures.image_seq_length = 17
    processor = t.Florence2Processor(pictures, words)
    return saved(folder, 0, lambda: t.Florence2ForConditionalGeneration(config), processor)


CHAT = (
    "{% for m in messages %}{{ m.role.capitalize() }}: {% for c in m.content %}"
    "{% if c.type == 'image' %}IMAGE{% else %}{{ c.text }}{% endif %}{% endfor %}</s>{% endfor %}"
    "{% if add_generation_prompt %} Assistant:{% endif %}"
)


def tiny_idefics3(folder, family="Idefics3"):
    """Cuts a picture into tiles: its tokens are as many as its shape asks for. `family`: or "SmolVLM"."""
    marks = ["<fake_token_around_image>", "<global-img>", "<end_of_utterance>"]
    marks += [f"<row_{r}_col_{c}>" for r in range(1, 4) for c in range(1, 4)]
    extra = {
        "image_token": "<image>",
        "fake_image_token": marks[0],
        "global_image_token": marks[1],
        "end_of_utterance_token": marks[2],
    }
    words = tokenizer(specials=[*SPECIALS, *marks], extra_special_tokens=extra)
    config = getattr(t, f"{family}Config")(
        text_config={"model_type": "llama", **text(words)}, vision_config=vision(), scale_factor=2,
        image_token_id=words.convert_tokens_to_ids("<image>"), pad_token_id=0,
    )  # fmt: skip
    sizes = {"size": {"longest_edge": 2 * SIDE}, "max_image_size": {"longest_edge": SIDE}}
    parts = [getattr(t, f"{family}ImageProcessorPil")(**sizes), words]
    parts += [t.SmolVLMVideoProcessor(**sizes)] if family == "SmolVLM" else []
    processor = getattr(t, f"{family}Processor")(*parts, image_seq_len=4, chat_template=CHAT.replace("IMAGE", "<image>"))
    return saved(folder, 0, lambda: getattr(t, f"{family}ForConditionalGeneration")(config), processor)


def tiny_qwen(folder, version="2"):
    marks = ["<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"]
    words = tokenizer(specials=[*SPECIALS, *marks])
    ids = dict(zip(["vision_start", "vision_end", "image", "video"], words.convert_tokens_to_ids(marks), strict=True))
    ids = {f"{name}_token_id": value for name, value in ids.items()}
    sizes = text(words, num_key_value_heads=4)
    half = sizes["hidden_size"] // 4 // 2  # of a head: rotary sections add up to it
    rope = {"rope_type": "default", "mrope_section": [half - 2 * (half // 3), half // 3, half // 3], "rope_theta": 10000.0}
    tower = {"depth": 2, "num_heads": 2, "patch_size": 8, "temporal_patch_size": 2, "spatial_merge_size": 2, "in_channels": 3}
    if version == "2":
        tower |= {"embed_dim": 32, "hidden_size": sizes["hidden_size"], "mlp_ratio": 1, "initializer_range": 0.3}
        config_cls, cls = t.Qwen2VLConfig, t.Qwen2VLForConditionalGeneration
    else:
        tower |= {"hidden_size": 32, "out_hidden_size": sizes["hidden_size"], "intermediate_size": 32, "window_size": 32}
        tower |= {"fullatt_block_indexes": [1], "initializer_range": 0.3}
        config_cls, cls = t.Qwen2_5_VLConfig, t.Qwen2_5_VLForConditionalGeneration
    config = config_cls(text_config=sizes | {"rope_parameters": rope}, vision_config=tower, **ids)
    pixels = {"shortest_edge": 16 * 16, "longest_edge": 48 * 48}
    pictures = t.Qwen2VLImageProcessorPil(patch_size=8, merge_size=2, size=pixels)
    video = t.Qwen2VLVideoProcessor(patch_size=8, merge_size=2, size=pixels)
    chat = CHAT.replace("IMAGE", "<|vision_start|><|image_pad|><|vision_end|>")
    processor = (t.Qwen2VLProcessor if version == "2" else t.Qwen2_5_VLProcessor)(pictures, words, video, chat_template=chat)
    return saved(folder, 0, lambda: cls(config), processor)


def tiny_llava(folder, chat=False):
    words = tokenizer(template="<s> $A", extra_special_tokens={"image_token": "<image>"})
    config = t.LlavaConfig(
        text_config={"model_type": "llama", **text(words)}, vision_config={"model_type": "clip_vision_model", **vision()},
        image_token_index=words.convert_tokens_to_ids("<image>"), image_seq_length=16, vision_feature_layer=-1,
    )  # fmt: skip
    pictures = square(t.CLIPImageProcessorPil, crop_size={"height": SIDE, "width": SIDE})
    template = CHAT.replace("IMAGE", "<image>\n") if chat else None
    processor = t.LlavaProcessor(
        pictures,
        words,
        patch_size=8,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=template,
    )
    return saved(folder, 0, lambda: t.LlavaForConditionalGeneration(config), processor)


def tiny_paligemma(folder):
    words = tokenizer(template="<s> $A")
    sizes = text(words, num_key_value_heads=1, head_dim=16)
    config = t.PaliGemmaConfig(
        text_config={"model_type": "gemma", **sizes}, vision_config={"model_type": "siglip_vision_model", **vision()},
        image_token_index=words.convert_tokens_to_ids("<image>"), projection_dim=sizes["hidden_size"],
    )  # fmt: skip
    pictures = square(t.SiglipImageProcessorPil)
    pictures.image_seq_length = 16
    return saved(folder, 0, lambda: t.PaliGemmaForConditionalGeneration(config), t.PaliGemmaProcessor(pictures, words))


def tiny_pair(folder):
    """A vision encoder joined with a text decoder, without a processor of its own."""
    words = tokenizer()
    sizes = {"n_embd": 32, "n_layer": 1, "n_head": 2, "n_positions": 64, "bos_token_id": 1, "eos_token_id": 2}
    sizes |= {"add_cross_attention": True, "is_decoder": True, "initializer_range": 0.3}
    decoder = t.GPT2Config(vocab_size=len(words), **sizes)
    config = t.VisionEncoderDecoderConfig.from_encoder_decoder_configs(t.ViTConfig(**vision()), decoder)
    config.decoder_start_token_id, config.pad_token_id, config.eos_token_id = 1, 0, 2
    return saved(folder, 0, lambda: t.VisionEncoderDecoderModel(config), square(t.ViTImageProcessorPil), words)


def tiny_qwen2(folder):
    return tiny_qwen(folder, "2")


def tiny_qwen2_5(folder):
    return tiny_qwen(folder, "2.5")


def tiny_align(folder):
    words = tokenizer(template="<s> $A </s>")
    tower = {"image_size": SIDE, "width_coefficient": 0.1, "depth_coefficient": 0.1, "hidden_dim": 64, "initializer_range": 0.3}
    config = t.AlignConfig(
        text_config=text(words, hidden_size=64), vision_config=tower, projection_dim=32, temperature_init_value=0.1
    )
    pictures = square(t.EfficientNetImageProcessorPil)
    return saved(folder, 0, lambda: t.AlignModel(config), t.AlignProcessor(pictures, words))


def tiny_chinese_clip(folder):
    words = tokenizer(template="<s> $A </s>")
    config = t.ChineseCLIPConfig(text_config=text(words, hidden_size=32), vision_config=vision(), projection_dim=16)
    pictures = square(t.ChineseCLIPImageProcessorPil, do_center_crop=False)
    return saved(folder, 0, lambda: t.ChineseCLIPModel(config), t.ChineseCLIPProcessor(pictures, words))


def tiny_llava_chat(folder):
    return tiny_llava(folder, chat=True)


def tiny_blip_vqa(folder):
    return tiny_blip(folder, t.BlipForQuestionAnswering)


def tiny_smolvlm(folder):
    return tiny_idefics3(folder, "SmolVLM")
