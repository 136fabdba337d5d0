"""Do the relative links of every Markdown file lead somewhere? Files, folders and headings; the network is not asked.

    python tools/links.py [FOLDER]

Prints one line per dead link, `file:line: target: what is missing`, and exits with 1 if there is any. Headings are named as
GitHub names them. The strict build of the site checks the pages in docs/ again, with what plug-ins add to them.
"""

import re
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

SKIPPED = {"node_modules", "build", "dist", "site", "runs"}
FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
CODE = re.compile(r"(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)")
LINK = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\(\s*(<[^>]*>|[^\s()]+(?:\([^\s()]*\)[^\s()]*)*)(?:\s+[\"'(][^)]*)?\s*\)")
DEFINITION = re.compile(r"^ {0,3}\[[^\]^][^\]]*\]:\s*(<[^>]*>|\S+)")
SRC = re.compile(r"<(?:img|a)\b[^>]*?\b(?:src|href)=[\"']([^\"']+)[\"']")
ANCHOR = re.compile(r"<[a-z]+\b[^>]*?\b(?:id|name)=[\"']([^\"']+)[\"']|\{[^}]*#([\w-]+)[^}]*\}\s*$")
HEADING = re.compile(r"^ {0,3}#{1,6}\s+(.*?)(?:\s+#+)?\s*$")
EXTERNAL = re.compile(r"^(?:[a-z][a-z0-9+.-]*:|//)", re.IGNORECASE)


def prose(text: str) -> Iterator[tuple[int, str]]:
    """The lines outside fenced code and comments, numbered from 1."""
    fence = ""
    text = re.sub(r"<!--.*?-->", lambda comment: "\n" * comment[0].count("\n"), text, flags=re.DOTALL)
    for number, line in enumerate(text.splitlines(), 1):
        mark = FENCE.match(line)
        if mark and not fence:
            fence = mark[1]
        elif fence:
            if line.strip().startswith(fence) and not line.strip().strip(fence[0]):
                fence = ""
        else:
            yield number, line


def slug(heading: str) -> str:
    """The name of a heading in a link, as GitHub makes it."""
    text = re.sub(r"!?\[((?:[^\[\]]|\[[^\]]*\])*)\]\([^)]*\)", r"\1", heading)
    kept = (c for c in text.strip().lower() if c in " -_" or unicodedata.category(c)[0] in "LN")
    return "".join(kept).replace(" ", "-")


def anchors(text: str) -> set[str]:
    """All that a link to this page can name after #. A heading that comes again gets -1, -2, ..."""
    names: set[str] = set()
    for _, line in prose(text):
        names.update(a or b for a, b in ANCHOR.findall(line))
        if heading := HEADING.match(line):
            name = plain = slug(re.sub(r"\{[^}]*\}$", "", heading[1]))
            again = 0
            while name in names:
                again += 1
                name = f"{plain}-{again}"
            names.add(name)
    return names


def links(text: str) -> Iterator[tuple[int, str]]:
    """Every relative link with the number of its line."""
    for number, line in prose(text):
        bare = CODE.sub(lambda code: "x" * len(code[0]), line)
        found = [*LINK.findall(bare), *SRC.findall(bare), *DEFINITION.findall(bare)]
        yield from ((number, target) for target in (t.strip("<>") for t in found) if not EXTERNAL.match(target))


def missing(page: Path, target: str, root: Path) -> str:
    """What is missing at the end of a link; empty where nothing is."""
    path, _, fragment = target.partition("#")
    path = unquote(path.partition("?")[0])
    there = (root / path.lstrip("/") if path.startswith("/") else page.parent / path) if path else page
    if not there.resolve().is_relative_to(root.resolve()):
        return "outside the repository"
    if not there.exists():
        return "no such file"
    if fragment and there.suffix == ".md" and unquote(fragment) not in anchors(there.read_text(encoding="utf-8")):
        return f"no heading #{fragment} in {there.resolve().relative_to(root.resolve()).as_posix()}"
    return ""


def pages(root: Path) -> list[Path]:
    """Every Markdown file; of the hidden folders only .github."""
    every = (page.relative_to(root) for page in root.rglob("*.md"))

    def skipped(part: str) -> bool:
        return part in SKIPPED or (part.startswith(".") and part != ".github")

    return sorted(root / page for page in every if not any(skipped(part) for part in page.parts[:-1]))


def main(root: Path) -> int:
    count, dead = 0, []
    for page in pages(root):
        for number, target in links(page.read_text(encoding="utf-8")):
            count += 1
            if why := missing(page, target, root):
                dead.append(f"{page.relative_to(root).as_posix()}:{number}: {target}: {why}")
    print("\n".join([*dead, f"{count} relative links in {len(pages(root))} Markdown files, {len(dead)} dead"]))
    return 1 if dead else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent))
