"""Which runbooks there are for an alert: by the alert's own word, its name, its service."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from importlib.resources import files
from typing import Final

import msgspec
import yaml

from config import yaml_nodes
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
    """Safe to show: `named by the alert`."""
    on_shelf: bool


def shipped() -> tuple[Book, ...]:
    """Every runbook that ships. Reads files."""
    found: list[Book] = []
    for entry in sorted(files("runbooks").iterdir(), key=lambda each: each.name):
        if entry.name.endswith(".md") and len(found) < MOST_BOOKS:
            text = entry.read_bytes()[:MOST_BYTES].decode("utf-8", "replace")
            found.append(book_of(entry.name.removesuffix(".md"), text))
    return tuple(found)
