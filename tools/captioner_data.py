"""Draw the studio pictures for training the captioner: a balanced random mix of objects and conditions.

    python tools/captioner_data.py FOLDER --n 3000 [--seed 0] [--scale 1]

Writes FOLDER/00000.png ... and FOLDER/scenes.jsonl (one line per picture: prompt, seed, scene, view). If it is run again, it
continues where it stopped.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from bugscope.core.records import Phrase
from bugscope.language import Wording
from bugscope.media import picture
from bugscope.providers.studio import Generator, objects
from bugscope.providers.studio.scene import allowed
from bugscope.providers.studio.vocabulary import VALUES, Attribute, Value, clash

WORDS = Wording(picture.words)

CHANCE: dict[Attribute, float] = {
    "count": 0.1, "colour": 0.25, "material": 0.1, "surface": 0.1, "ground": 0.6, "light": 0.5, "weather": 0.2,
    "view": 0.35, "pose": 0.1, "distance": 0.15, "occlusion": 0.1, "camera": 0.15,
    "rendition": 0.1, "lens": 0.1, "framing": 0.04, "setting": 0.08, "overlay": 0.1, "quality": 0.04,
}  # fmt: skip


def prompts(n: int, seed: int, scale: float = 1.0) -> list[str]:
    """Each object appears equally often; each attribute is stated at its chance times `scale`, its values equally often."""
    rng = np.random.default_rng(seed)
    models = list(objects.load_all().values())
    texts = []
    for i in range(n):
        model = models[i % len(models)]
        stated: dict[Attribute, Value] = {}
        for attribute, chance in CHANCE.items():
            fair = [v for v in VALUES if v.attribute == attribute and allowed(model, attribute, v.name)]
            if fair and rng.random() < chance * scale:
                value = fair[rng.integers(len(fair))]
                if not clash({a: v.name for a, v in stated.items()} | {attribute: value.name}):
                    stated[attribute] = value
        phrases = [Phrase(v.phrase, v.before) for v in stated.values()]
        texts.append(WORDS.prompt(model.name, phrases).text)
    return texts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--n", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--scale", type=float, default=1.0, help="factor on the chances of conditions; 1 gives 2.8 per picture")
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    log = args.folder / "scenes.jsonl"
    done = len(log.read_text().splitlines()) if log.exists() else 0
    generator = Generator()
    texts = prompts(args.n, args.seed, args.scale)
    for start in range(done, args.n, 40):
        part = texts[start : start + 40]
        seeds = [10_000_000 + args.seed * 1_000_000 + start + i for i in range(len(part))]
        pictures = generator(part, seeds)
        lines = []
        for i, (drawn, prompt, seed) in enumerate(zip(pictures, part, seeds, strict=True)):
            drawn.content.save(args.folder / f"{start + i:05d}.png")
            lines.append(json.dumps({"prompt": prompt, "seed": seed, **drawn.info}) + "\n")
        with log.open("a") as file:
            file.writelines(lines)
        print(f"{start + len(part)} of {args.n}", flush=True)
    generator.close()


if __name__ == "__main__":
    main()
