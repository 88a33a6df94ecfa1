"""Which runbooks there are for an alert: by the alert's own word, its name, its service."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from importlib.resources import files
from typing import Final

import msgspec

from config.yaml_nodes import Mapping, Node, Scalar, Sequence, read
from console.model.snapshot import KnownAlert
from console.safety.text import Raw

MOST_BOOKS: Final = 500
MOST_BYTES: Final = 1024 * 1024
_WORDS: Final = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+")


class Book(msgspec.Struct, frozen=True):
    """A runbook that is on the shelf."""

    name: Raw
    """Its file's name without the ending: `cache-down`."""
    alerts: tuple[str, ...] = ()
    """Names of the alerts that it is for, by its front matter."""
    services: tuple[str, ...] = ()


class Candidate(msgspec.Struct, frozen=True):
    """A runbook that may help, and why it stands where it does."""

    name: Raw
    why: str
    """Safe to show: `the alert names it`."""
    on_shelf: bool


def shipped() -> tuple[Book, ...]:
    """Every runbook that ships. Reads files."""
    found: list[Book] = []
    for entry in sorted(files("runbooks").iterdir(), key=lambda each: each.name):
        if entry.name.endswith(".md") and len(found) < MOST_BOOKS:
            text = entry.read_bytes()[:MOST_BYTES].decode("utf-8", "replace")
            found.append(book_of(entry.name.removesuffix(".md"), text))
    return tuple(found)


def book_of(name: str, text: str) -> Book:
    """What the front matter of a runbook says it is for; nothing where that cannot be read."""
    head = text.partition("\n---")[0]
    if not text.startswith("---") or head == text:
        return Book(Raw(name))
    found = read(head.removeprefix("---").encode(), f"{name}.md")
    if not isinstance(found, Mapping):
        return Book(Raw(name))
    inner = found.value_of("oncall")
    parts = (found, inner) if isinstance(inner, Mapping) else (found,)
    return Book(
        Raw(name),
        alerts=tuple(_texts(parts, "alerts")),
        services=tuple(_texts(parts, "service", "services")),
    )


def candidates(
    known: KnownAlert, service: str | None, books: Iterable[Book]
) -> tuple[Candidate, ...]:
    """Runbooks for an alert, the likeliest first: named by it, for it, called as it, for its
    service. A book stands there once, with its best reason."""
    held = tuple(books)
    named = known.alert.runbook
    name = known.alert.name.exact
    found: dict[str, Candidate] = {}
    if named is not None:
        on_shelf = any(book.name == named for book in held)
        found[named.exact] = Candidate(named, "the alert names it", on_shelf)
    for book in (book for book in held if name in book.alerts):
        found.setdefault(book.name.exact, Candidate(book.name, "for this alert", True))
    for book in (book for book in held if slug_of(book.name.exact) == slug_of(name)):
        found.setdefault(book.name.exact, Candidate(book.name, "called as the alert", True))
    for book in (book for book in held if service is not None and service in book.services):
        found.setdefault(book.name.exact, Candidate(book.name, "for this service", True))
    return tuple(found.values())


def slug_of(name: str) -> str:
    """`ServiceDown` as a file is called: `service-down`."""
    return "-".join(_WORDS.findall(name)).lower()


def _texts(parts: Iterable[Mapping], *keys: str) -> Iterator[str]:
    for part in parts:
        for key in keys:
            yield from _scalars(part.value_of(key))


def _scalars(node: Node | None) -> Iterator[str]:
    if isinstance(node, Scalar) and not node.is_null:
        yield node.text
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from _scalars(item)
