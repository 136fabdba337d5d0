"""What may be written where. Labels, captions and the ids of models are untrusted text; each form of output has its own rules.

Turning directions and invisible characters never pass: they make a line read as another one.
"""

import json
import re

DIRECTIONS = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Characters that turn the direction of what follows."""
UNWRITABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
"""Characters that end a line, steer a terminal, or fit no file."""
NOT_HTML = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
"""Characters that HTML or UTF-8 cannot have."""
NOT_XML = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold, or that its readers should not meet."""
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "|", "%")
"""How a text may begin that a spreadsheet would compute."""


def one_line(text: str) -> str:
    """Without line ends, control characters and turning directions; runs of spaces become one."""
    return " ".join(DIRECTIONS.sub("", UNWRITABLE.sub(" ", text)).split())


def for_terminal(text: str) -> str:
    """On one line, without what a terminal would obey."""
    return "".join(c if c.isprintable() else " " if c.isspace() else "\ufffd" for c in text)


def for_json(text: str) -> str:
    """A JSON text of the same meaning, with everything escaped that a terminal would obey: all of it stands in strings."""
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)


def for_html(page: str) -> str:
    """A whole page as UTF-8 can hold it. Escaping is the template's business."""
    return DIRECTIONS.sub("", NOT_HTML.sub(" ", page))


def for_xml(text: str) -> str:
    """For a text or an attribute; escaping is the writer's business."""
    # a reader would make a line feed of a carriage return, but not where it stands in an attribute
    return NOT_XML.sub("", re.sub("\r\n?", "\n", text))


def for_csv(text: str) -> str:
    """One cell; a text that a spreadsheet would take for a formula gets an apostrophe before it."""
    cell = UNWRITABLE.sub(" ", text)
    return f"'{cell}" if cell.strip().startswith(FORMULA) or text.startswith(FORMULA) else cell


def for_markdown(text: str) -> str:
    """On one line, shown as it is: no markup, links, mentions or formulas, on GitHub or the Hugging Face Hub."""
    return re.sub(r"([\\`*_{}\[\]<>()#+!|~$@:&^=\"]|(?<=www)\.)", r"\\\1", one_line(text), flags=re.IGNORECASE)


def for_code(text: str) -> str:
    """Between the backticks of Markdown, where nothing can be escaped."""
    return re.sub(r"[`|<>]", "'", one_line(text))
