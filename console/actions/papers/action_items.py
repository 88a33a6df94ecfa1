"""Action items as a person types them, one a line. Pure.

    Add an alert on the memory of redis (preventative) @mei due 2026-12-01
    [x] Raise the limit of redis @kai https://git.test/pull/7 done 2026-11-23 10:02

What stands behind the text is read from the end of the line; where the text itself ends like
that, ` --` stands between the two.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, tzinfo
from typing import Final

import msgspec

from console.actions.papers.moments import moment_of, moment_text
from console.model.incident import ActionItem, ActionKind

EXPECTED_DUE: Final = "expected a day behind due: due 2026-12-01"
EXPECTED_TEXT: Final = "expected what is to be done: Add an alert on ... @owner due 2026-12-01"
VERB_FIRST: Final = "begin with what is to be done: Add, Raise, Write, Move"

_BOX: Final = re.compile(r"(?:[-*] +)?\[([ xX])\] *")
_KIND: Final = re.compile(r"(.*?)(?:^| )\((detective|preventative|corrective|process)\)")
_OWNER: Final = re.compile(r'(.*?)(?:^| )@(?:"([^"]+)"|([^\s"@]+))')
_DUE: Final = re.compile(r"(.*?)(?:^| )due ([0-9]{4}-[0-9]{2}-[0-9]{2})")
_DONE: Final = re.compile(
    r"(.*?)(?:^| )done ([0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}(?::[0-9]{2})?(?: UTC)?)"
)
_LINK: Final = re.compile(r"(.*?)(?:^| )([a-z][a-z0-9+.-]*://[^\s]+)")
_APART: Final = re.compile(r"(.*?)(?:^| )--")
_BAD_DUE: Final = re.compile(r"(?:^|.* )due ([^ ]*[0-9][^ ]*)")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NO_VERB: Final = frozenset(
    {"the", "a", "an", "we", "i", "you", "they", "it", "there", "this", "that", "no", "not", "more"}
    | {"better", "need", "needs", "should", "must"}
)


class ItemFault(Exception):  # noqa: N818 - a person's typing fault, shown as it is
    """A line that cannot be read; the text says what was expected."""


def items_text(items: Iterable[ActionItem], zone: tzinfo) -> str:
    """All of them, one a line."""
    return "\n".join(item_text(one, zone) for one in items)


def item_text(item: ActionItem, zone: tzinfo) -> str:
    """One of them, as `item_of` reads it."""
    text = " ".join(item.text.split())
    for apart in ("", "--"):
        line = " ".join(filter(None, (text, apart, *_behind(item, zone))))
        if item.done is not None or _BOX.match(line):
            line = f"[{'x' if item.done is not None else ' '}] {line}"
        try:
            if _same(item_of(line, zone, item.done), item):
                return line
        except ItemFault:
            continue
    return line


def _behind(item: ActionItem, zone: tzinfo) -> Iterable[str]:
    if item.kind is not None:
        yield f"({item.kind})"
    if item.owner:
        plain = re.fullmatch(r'[^\s"@]+', item.owner)
        yield f"@{item.owner}" if plain else f'@"{item.owner}"'
    if item.due is not None:
        yield f"due {item.due.isoformat()}"
    if item.link:
        yield item.link
    if item.done is not None:
        yield f"done {moment_text(item.done, zone)}"


def _same(one: ActionItem, other: ActionItem) -> bool:
    return msgspec.structs.replace(other, text=" ".join(other.text.split())) == one


def items_of(
    text: str, before: Sequence[ActionItem], zone: tzinfo, now: datetime
) -> tuple[tuple[ActionItem, ...], tuple[tuple[int, str], ...]]:
    """The items in `text`, and what is wrong by line.

    A line that stands as it stood is the item that it was, to the last byte of its link. One
    that is ticked off now is done now, unless the line says when.
    """
    known = {item_text(one, zone): one for one in before}
    done_at = {one.text: one.done for one in before if one.done is not None}
    items: list[ActionItem] = []
    faults: list[tuple[int, str]] = []
    for number, line in enumerate(text.split("\n")):
        line = " ".join(line.split())
        if not line:
            continue
        if line in known:
            items.append(known[line])
            continue
        try:
            item = item_of(line, zone, None)
        except ItemFault as fault:
            faults.append((number, str(fault)))
            continue
        if _is_ticked(line) and item.done is None:
            at = done_at.get(item.text) or now.astimezone(UTC).replace(microsecond=0)
            item = msgspec.structs.replace(item, done=at)
        items.append(item)
    return tuple(items), tuple(faults)


def _is_ticked(line: str) -> bool:
    box = _BOX.match(line)
    return box is not None and box[1] != " "


def item_of(line: str, zone: tzinfo, done: datetime | None) -> ActionItem:
    """One line as an item.

    Args:
        done: when it was, where the line only says that it is.

    Raises:
        ItemFault: it says nothing to do, or no day behind `due`.
    """
    box = _BOX.match(line)
    ticked = _is_ticked(line)
    text = line[box.end() :] if box is not None else line
    found: dict[str, str] = {}
    patterns = {"done": _DONE, "link": _LINK, "due": _DUE, "owner": _OWNER, "kind": _KIND}
    while True:
        apart = _APART.fullmatch(text)
        if apart is not None:
            text = apart[1]
            break
        for name, pattern in patterns.items():
            match = pattern.fullmatch(text)
            if name not in found and match is not None:
                text = match[1]
                found[name] = next(one for one in match.groups()[1:] if one is not None)
                break
        else:
            break
    if not text.strip():
        raise ItemFault(EXPECTED_TEXT)
    if (
        (bad := _BAD_DUE.fullmatch(text)) is not None
        and "due" not in found
        and bad[1]
        and apart is None
    ):
        raise ItemFault(EXPECTED_DUE)
    try:
        due = date.fromisoformat(found["due"]) if "due" in found else None
    except ValueError:
        raise ItemFault(EXPECTED_DUE) from None
    at = moment_of(found["done"], zone, _EPOCH) if "done" in found else done
    kind = ActionKind(found["kind"]) if "kind" in found else None
    item = ActionItem(text.strip(), kind, found.get("owner", ""), due, found.get("link", ""))
    return msgspec.structs.replace(item, done=at if ticked or "done" in found else None)


def is_verb_first(item: ActionItem) -> bool:
    """Whether it may well begin with what is to be done: nothing but a hint is made of it."""
    first = item.text.partition(" ")[0].casefold()
    return first not in _NO_VERB and not first.endswith("ing")
