"""A report's Markdown as each chat takes it. Pure.

Nobody's text calls people, and none is a link of its own making: what a chat would take for a
mention, a channel or a tag is made harmless.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final, Literal

import msgspec

from console.safety.text import cell_width

Kind = Literal["slack", "feishu", "json"]
SLACK_CHARS: Final = 40_000
"""Slack cuts a longer text without a word. Source: its reference of chat.postMessage."""
FEISHU_BYTES: Final = 18_000
"""Feishu takes requests of 20 KB. Source: its guide of custom bots."""
JSON_CHARS: Final = 500_000
CUT: Final = "[cut here: the whole report is in the journal]"
_TABLE: Final = re.compile(r"\s*\|.*\|\s*$")
_RULE: Final = re.compile(r"\s*\|[\s:|-]+\|\s*$")
_CELL: Final = re.compile(r"(?<!\\)\|")
_ESCAPE: Final = re.compile(r"\\([\\`*_{}\[\]<>#|~&!$()+.-])")
_HEADING: Final = re.compile(r"#{1,6}\s+(.*?)\s*#*$")
_BOLD: Final = re.compile(r"(?<!\\)\*\*(.+?)(?<!\\)\*\*")
_LINK: Final = re.compile(r"(?<!\\)!?\[([^\]\n]*)\]\(([^)\s]*)\)")
_CALLS: Final = re.compile(r"@(?=(?:here|channel|everyone|all)\b)", re.IGNORECASE)
_TAG: Final = re.compile(r"<(?=/?at\b)", re.IGNORECASE)
_COMMENT: Final = re.compile(r"<!--.*?-->", re.DOTALL)
_APART: Final = "\u2060"
"""A word joiner: the words stay as they look, and call nobody."""


class _Slack(msgspec.Struct):
    text: str


class _FeishuText(msgspec.Struct):
    text: str


class _Feishu(msgspec.Struct):
    msg_type: str
    content: _FeishuText


class _Plain(msgspec.Struct):
    title: str
    text: str


def body_for(kind: Kind, title: str, text: str) -> bytes:
    """The JSON that a chat of that kind is sent.

    Args:
        text: Markdown.
    """
    if kind == "slack":
        return msgspec.json.encode(_Slack(_slack(_titled(title, text))))
    if kind == "feishu":
        content = _FeishuText(_feishu(_titled(title, text)))
        return msgspec.json.encode(_Feishu("text", content))
    return msgspec.json.encode(_Plain(_sound(title), _capped(_sound(text), JSON_CHARS, len)))


def _titled(title: str, text: str) -> str:
    """`text` below its title, where it does not begin with that."""
    known = title.strip() in text.lstrip()[: len(title) + 80]
    return text if known else f"{title.strip()}\n\n{text}"


def _slack(text: str) -> str:
    """Slack's mrkdwn: `&`, `<` and `>` are its only special characters. A table is a block."""
    lines = []
    for line, is_table in _lines(text, fence="```"):
        lines.append(line if is_table else _BOLD.sub(r"*\1*", _headed(line, "*")))
    plain = _ESCAPE.sub(r"\1", "\n".join(lines))
    safe = plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _capped(_CALLS.sub(f"@{_APART}", safe), SLACK_CHARS, len)


def _feishu(text: str) -> str:
    """Plain text, in which only `<at …>` means anything."""
    lines = []
    for line, is_table in _lines(text, fence=""):
        plain = line if is_table else _BOLD.sub(r"\1", _headed(line, ""))
        lines.append(plain.replace("`", "") if not is_table else plain)
    plain = _ESCAPE.sub(r"\1", "\n".join(lines))
    safe = _CALLS.sub(f"@{_APART}", _TAG.sub("\uff1c", plain))
    return _capped(safe, FEISHU_BYTES, _json_bytes)


def _lines(text: str, fence: str) -> Iterator[tuple[str, bool]]:
    """Each line, and whether it is one of a table, or of a block of plain text."""
    table: list[list[str]] = []
    inside = False
    for line in _COMMENT.sub("", _sound(text)).split("\n"):
        is_fence = line.lstrip().startswith("```")
        if not inside and not is_fence and _TABLE.fullmatch(line):
            if not _RULE.fullmatch(line):
                table.append([_bare(one) for one in _CELL.split(line.strip())[1:-1]])
            continue
        yield from _told(table, fence)
        table = []
        if is_fence:
            inside = not inside
            if fence:
                yield fence, True
        elif inside:
            yield line.replace("```", "'''"), True
        else:
            yield _LINK.sub(r"\1", line), False
    yield from _told(table, fence)
    if inside and fence:
        yield fence, True


def _told(table: list[list[str]], fence: str) -> Iterator[tuple[str, bool]]:
    if not table:
        return
    columns = max(map(len, table))
    rows = [row + [""] * (columns - len(row)) for row in table]
    widths = [max(cell_width(row[index]) for row in rows) for index in range(columns)]
    if fence:
        yield fence, True
    for row in rows:
        cells = (
            one + " " * (width - cell_width(one)) for one, width in zip(row, widths, strict=True)
        )
        yield "  ".join(cells).rstrip(), True
    if fence:
        yield fence, True


def _bare(cell: str) -> str:
    """A cell without its marks: in a block of plain text they would stand there as they are."""
    return _LINK.sub(r"\1", _BOLD.sub(r"\1", cell)).replace("`", "").strip()


def _headed(line: str, mark: str) -> str:
    found = _HEADING.fullmatch(line)
    return line if found is None else f"{mark}{found[1].replace('**', '')}{mark}"


def _sound(text: str) -> str:
    """`text` without half characters, which no JSON has."""
    return text.encode("utf-8", "replace").decode().replace("\r\n", "\n")


def _json_bytes(text: str) -> int:
    return len(msgspec.json.encode(text))


def _capped(text: str, most: int, measure: Callable[[str], int]) -> str:
    """`text`, or as many of its first lines as there is room for, and word of that."""
    if measure(text) <= most:
        return text
    kept: list[str] = []
    room = most - measure(CUT) - 16
    for line in _cut_lines(text.split("\n"), room):
        room -= measure(line) + 2
        if room < 0:
            break
        kept.append(line)
    if sum(one.startswith("```") for one in kept) % 2:
        kept.append("```")
    return "\n".join((*kept, CUT))


def _cut_lines(lines: Iterable[str], most: int) -> Iterator[str]:
    """`lines`, of which one that alone is too long is cut."""
    for line in lines:
        yield line if len(line) <= most else line[: most // 4]
