"""The studio measured: what classifiers recognise on its plain pictures, and how fast it draws.

    python bench/studio.py [--n 20] [--labels A B ...] [--reference-samples 64] [--json FILE] [--markdown FILE]

The first table is the accuracy on neutral prompts (faithful pictures, near-synonyms accepted) of EfficientNet-Lite 0, 1 and 2.
The second is pictures per second and core, in each variant that works here, cold and warm, compared with the goals 0.6 (scalar)
and 1.0 (llvm). The third is the accuracy at the default number of samples per pixel compared with a high-sample render of the
same scenes.
"""

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path

from bugscope import stats
from bugscope.core.errors import ModelError
from bugscope.core.labels import accepted
from bugscope.core.records import Rate
from bugscope.language import Wording
from bugscope.media import picture
from bugscope.media.picture import Picture
from bugscope.providers import efficientnet_lite
from bugscope.providers.studio import SAMPLES, Generator, Judge, objects
from bugscope.providers.studio.workers import cores

WORDS = Wording(picture.words)

TARGETS = {"scalar": 0.6, "llvm": 1.0}


def correct(target: efficientnet_lite.Classifier, pictures: Sequence[Picture], labels: Sequence[str]) -> list[bool]:
    """Whether each faithful picture's top-1 is accepted for its label; unfaithful ones are left out."""
    faithful = [(p, label) for p, label, q in zip(pictures, labels, Judge()(pictures, labels), strict=True) if q > 0.5]
    best = target([p.content for p, _ in faithful]).argmax(1)
    return [target.labels[k] in accepted(label) for k, (_, label) in zip(best, faithful, strict=True)]


def classes(labels: Sequence[str], n: int, generator: Generator) -> list[dict]:
    networks = [efficientnet_lite.Classifier(m) for m in efficientnet_lite.SIZES]
    rows = []
    print(f"{'class':<20} {'n':>3}  {'Lite0':>5} {'interval':>11} {'Lite1':>6} {'Lite2':>6}")
    for label in labels:
        made = generator([WORDS.neutral(label).text] * n, [7_000_000 + i for i in range(n)])
        hits = [correct(net, made, [label] * n) for net in networks]
        rate = stats.wilson(sum(hits[0]), len(hits[0]))
        accuracy = [sum(h) / len(h) for h in hits]
        rows.append({"label": label, "n": rate.n, "lite": accuracy, "low": rate.low, "high": rate.high})
        interval = f"{rate.low:.2f}-{rate.high:.2f}"
        print(
            f"{label:<20} {rate.n:>3}  {accuracy[0]:>5.2f} {interval:>11} {accuracy[1]:>6.2f} {accuracy[2]:>6.2f}", flush=True
        )
    good = sum(r["lite"][0] >= 0.8 for r in rows)
    means = [sum(r["lite"][m] for r in rows) / len(rows) for m in range(3)]
    print(f"{good} of {len(rows)} classes at 80 % or more on Lite0; means {means[0]:.3f}, {means[1]:.3f}, {means[2]:.3f}")
    return rows


def speed(labels: Sequence[str], n: int) -> list[dict]:
    rows = []
    print(
        f"\n{'variant':<8} {'pictures/s/core':>15} {'target':>7} {'ratio':>6}   ({cores()} cores, {SAMPLES} samples per pixel)"
    )
    for variant, target in TARGETS.items():
        try:
            generator = Generator(variant)
        except ModelError as error:
            print(f"{variant:<8} not measured: {error}")
            continue
        prompts = [WORDS.neutral(labels[i % len(labels)]).text for i in range(n)]
        generator(prompts[:2] * cores(), range(2 * cores()))  # starts the processes and loads the libraries
        began = time.perf_counter()
        generator(prompts, range(8_000_000, 8_000_000 + n))
        rate = n / (time.perf_counter() - began) / cores()
        generator.close()
        rows.append({"variant": variant, "per_second_and_core": rate, "target": target, "n": n})
        print(f"{variant:<8} {rate:>15.2f} {target:>7.1f} {rate / target:>6.2f}", flush=True)
    return rows


def quality(labels: Sequence[str], n: int, reference: int, variant: str) -> dict[str, Rate]:
    """Accuracy on the same scenes with the default number of samples per pixel and with many."""
    prompts = [WORDS.neutral(labels[i % len(labels)]).text for i in range(n)]
    wanted = [labels[i % len(labels)] for i in range(n)]
    net = efficientnet_lite.Classifier("0")
    found = {}
    print(f"\n{'samples per pixel':<17} {'plain accuracy of Lite0':>24}   ({n} scenes, the same in both rows)")
    for samples in (SAMPLES, reference):
        generator = Generator(variant, samples=samples)
        hits = correct(net, generator(prompts, range(9_000_000, 9_000_000 + n)), wanted)
        generator.close()
        rate = stats.wilson(sum(hits), len(hits))
        found[str(samples)] = rate
        print(f"{samples:<17} {f'{rate.k} of {rate.n} = {rate.value:.3f}':>24}   ({rate.low:.3f}-{rate.high:.3f})", flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=20, help="pictures per class")
    parser.add_argument("--labels", nargs="+", default=None)
    parser.add_argument("--speed-n", type=int, default=120)
    parser.add_argument("--reference-samples", type=int, default=64)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--markdown", type=Path, help="write the table of classes here")
    args = parser.parse_args()
    labels = args.labels or list(objects.load_all())
    generator = Generator()
    rows = classes(labels, args.n, generator)
    variant = generator.id.split("/")[1].split("-")[0]
    generator.close()
    fast = speed(labels, args.speed_n)
    rates = quality(labels, args.speed_n, args.reference_samples, variant)
    if args.json:
        compared = {samples: {"k": r.k, "n": r.n, "low": r.low, "high": r.high} for samples, r in rates.items()}
        args.json.write_text(json.dumps({"classes": rows, "speed": fast, "quality": compared}, indent=1))
    if args.markdown:
        args.markdown.write_text(table(rows))


def table(rows: Sequence[dict]) -> str:
    head = "| class | n | Lite0 | 95 % interval | Lite1 | Lite2 |\n|---|---|---|---|---|---|\n"
    lines = [
        f"| {r['label']} | {r['n']} | {r['lite'][0]:.2f} | {r['low']:.2f}–{r['high']:.2f} "
        f"| {r['lite'][1]:.2f} | {r['lite'][2]:.2f} |"
        for r in sorted(rows, key=lambda r: (-r["lite"][0], r["label"]))
    ]
    return head + "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
