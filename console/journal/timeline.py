"""Events as lines of Markdown that no text in them can break."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote, urlsplit

import msgspec

from console.journal.language import Language, word
from console.model.event import Event
from console.model.markdown import code, escaped
from console.safety.text import visible

MOST: Final = 2_000
"""Lines of one timeline; the earliest are left out, and that is said."""
MAX_TEXT_CELLS: Final = 2_000
"""Of what an event says; the rest is cut, with a mark. The event file has more of it."""
MAX_NAME_CELLS: Final = 200
MAX_LINK_CHARS: Final = 4_096
_PATH: Final = re.compile(r"(?:\.\./)*[A-Za-z0-9][A-Za-z0-9._/-]*(?:#[A-Za-z0-9._-]*)?")


class Entry(msgspec.Struct, frozen=True):
    """One line of a timeline."""

    event: Event
    link: str = ""
    """Where it can be seen: an address, or a file in the journal."""


def timeline_lines(entries: Iterable[Entry], language: Language) -> Iterator[str]:
    """`entries` as a list, the earliest first, each once."""
    known = dict.fromkeys(sorted(entries, key=lambda one: one.event.at))
    shown = list(known)[-MOST:]
    if len(shown) < len(known):
        yield f"- {len(known) - len(shown):,} {word('more', language)}"
    for entry in shown:
        yield entry_line(entry, escaped(entry.event.kind), language)
    if not shown:
        yield word("none", language)


def moment(at: datetime) -> str:
    """`2026-11-22 03:14:00 UTC`."""
    return f"{at.astimezone(UTC).replace(tzinfo=None, microsecond=0).isoformat(' ')} UTC"


def link_of(address: str, text: str) -> str:
    """`address` as a link that says `text`; as plain code where it is no http(s) or file of ours.

    What a reader of Markdown, or a browser, could take for something else is percent-encoded,
    and of an address that no browser would take the beginning is shown.
    """
    if len(address) > MAX_LINK_CHARS:
        return code(visible(address, cells=MAX_NAME_CELLS))
    if _PATH.fullmatch(address):
        return f"[{escaped(text)}]({address})"
    try:
        is_web = urlsplit(address).scheme in ("http", "https")
    except ValueError:
        is_web = False
    if not is_web or re.search(r"[\x00-\x20\x7f-\x9f\ud800-\udfff]", address):
        return code(address)
    safe = quote(address, safe="/:?#@!$&'*+,;=%-._~")
    return f"[{escaped(text)}](<{safe}>)"


def entry_line(entry: Entry, what: str, language: Language) -> str:
    """`entry` as one line of a list; `what`, Markdown, tells what happened."""
    event = entry.event
    parts = [f"- {moment(event.at)} **{what}**"]
    if event.subject:
        parts.append(code(visible(event.subject, cells=MAX_NAME_CELLS)))
    if event.text:
        parts.append(escaped(visible(event.text, cells=MAX_TEXT_CELLS)))
    if event.who:
        parts.append(f"({escaped(visible(event.who, cells=MAX_NAME_CELLS))})")
    if entry.link:
        parts.append(link_of(entry.link, word("evidence-link", language)))
    return " ".join(parts)
