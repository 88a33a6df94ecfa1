"""Where runbooks come from: those that ship, then the team's folders; later ones override."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Final

import msgspec

from config.fault import Fault
from console.model.labels import Matcher
from console.runbook.front import read_front
from console.runbook.parse import Read, parse
from console.runbook.places import MAX_BYTES, MAX_FRONT_LINES
from console.safety.files import FileError, read_capped
from console.safety.text import Raw, visible

SHIPPED: Final = "shipped"
MOST_BOOKS: Final = 2_000
"""Files of one folder."""
MOST_ENTRIES: Final = 50_000
"""Looked at in one folder, so that a checkout of anything ends."""
MAX_DEPTH: Final = 8
EVERYBODY: Final = "everybody may write it, and what is in it runs: chmod o-w it"
_FRONT_BYTES: Final = 64 * 1024
_NO_BOOKS: Final = frozenset(
    [
        *("readme", "contributing", "changelog", "license", "licence", "index", "_index"),
        *("code_of_conduct", "security", "maintainers", "governance", "owners", "summary"),
    ]
)
"""Pages about the folder itself, in lower case."""


class Book(msgspec.Struct, frozen=True):
    """A runbook that is on the shelf."""

    name: Raw
    """Its file's name without the ending: `cache-down`."""
    alerts: tuple[str, ...] = ()
    """Names of the alerts that it is for, by its front matter."""
    services: tuple[str, ...] = ()
    matchers: tuple[Matcher, ...] = ()
    """All of which hold for the alerts that it is for."""
    source: Raw = Raw(SHIPPED)
    """`shipped`, or the folder."""
    path: Path | None = None
    """`None`: it ships."""


class Library(msgspec.Struct, frozen=True):
    """Every runbook, and what could not be read."""

    books: tuple[Book, ...] = ()
    """The later its folder the earlier it stands; each name once, by name within a folder."""
    faults: tuple[Fault, ...] = ()

    def book(self, name: str) -> Book | None:
        """The runbook of that name."""
        return next((book for book in self.books if book.name.exact == name), None)


def library_of(folders: Iterable[Path]) -> Library:
    """The runbooks that ship and those of `folders`, of which a later one wins. Reads files."""
    faults: list[Fault] = []
    found: dict[str, Book] = {}
    shelves = [list(_shipped())]
    for folder in folders:
        shelves.append(list(_folder(folder, faults)))
    for shelf in reversed(shelves):
        for book in shelf:
            found.setdefault(book.name.exact, book)
    return Library(tuple(found.values()), tuple(faults))


def shipped() -> tuple[Book, ...]:
    """Every runbook that ships. Reads files."""
    return tuple(_shipped())


def book_of(name: str, text: str) -> Book:
    """What the front matter of a runbook says it is for; nothing where that cannot be read."""
    front = read_front(text.replace("\r\n", "\n").split("\n", MAX_FRONT_LINES + 1), f"{name}.md")
    return Book(Raw(name), front.alerts, front.services, front.matchers)


def open_book(book: Book) -> Read:
    """The whole of a runbook, as it stands in its file now.

    Raises:
        FileError: it cannot be read, or everybody could have written it.
    """
    return parse(content_of_book(book), book.name.exact)


def content_of_book(book: Book) -> bytes:
    """The bytes of a runbook's file as it stands now.

    Raises:
        FileError: as `open_book` does.
    """
    if book.path is None:
        return (files("runbooks") / f"{book.name.exact}.md").read_bytes()
    return content_of(book.path)


def content_of(path: Path) -> bytes:
    """The bytes of one file of runbooks; a symbolic link is not followed.

    Raises:
        FileError: it cannot be read, is too large, or everybody could have written it.
    """
    content = read_capped(path, MAX_BYTES, follow=False)
    if path.lstat().st_mode & stat.S_IWOTH:
        raise FileError(path, "everybody may write it", expected="one that runs: chmod o-w it")
    return content


def pages_in(folder: Path, faults: list[Fault]) -> Iterator[Path]:
    """Every Markdown file below `folder`, in order; hidden ones and links are left out."""
    looked = pages = 0
    for here, inner, names in os.walk(folder, onerror=lambda error: faults.append(_fault(folder, f"cannot be read: {error.strerror}"))):  # fmt: skip # noqa: E501
        at = Path(here)
        deep = len(at.relative_to(folder).parts) >= MAX_DEPTH
        inner[:] = [] if deep else sorted(one for one in inner if not _is_hidden(one))
        inner[:] = [one for one in inner if _is_ours(at / one, faults)]
        for name in sorted(names):
            looked += 1
            stem = name.removesuffix(".md")
            if looked > MOST_ENTRIES or pages >= MOST_BOOKS:
                faults.append(_fault(folder, f"expected {MOST_BOOKS:,} runbooks at most"))
                return
            if stem != name and stem.lower() not in _NO_BOOKS and not _is_hidden(name):
                pages += 1
                yield at / name


def _is_ours(folder: Path, faults: list[Fault]) -> bool:
    """Whether not everybody may put a runbook into `folder`."""
    try:
        is_open = bool(folder.lstat().st_mode & stat.S_IWOTH)
    except OSError:
        return True  # os.walk tells of it
    if is_open and not folder.is_symlink():
        faults.append(_fault(folder, EVERYBODY))
    return not is_open


def _shipped() -> Iterator[Book]:
    for entry in sorted(files("runbooks").iterdir(), key=lambda each: each.name):
        if entry.name.endswith(".md"):
            text = entry.read_bytes()[:_FRONT_BYTES].decode("utf-8", "replace")
            yield book_of(entry.name.removesuffix(".md"), text)


def _folder(folder: Path, faults: list[Fault]) -> Iterator[Book]:
    try:
        if folder.stat().st_mode & stat.S_IWOTH:
            faults.append(_fault(folder, EVERYBODY))
            return
    except OSError as error:
        faults.append(_fault(folder, f"expected a folder: {error.strerror}"))
        return
    seen: set[str] = set()
    for path in pages_in(folder, faults):
        try:
            content = content_of(path)
        except (FileError, OSError) as error:
            said = error.problem if isinstance(error, FileError) else str(error.strerror)
            faults.append(_fault(path, visible(said)))
            continue
        if path.stem in seen:
            faults.append(_fault(path, "the folder has another runbook of this name"))
            continue
        seen.add(path.stem)
        text = content[:_FRONT_BYTES].decode("utf-8-sig", "replace")
        book = book_of(path.stem, text)
        yield msgspec.structs.replace(book, source=Raw(str(folder)), path=path)


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name == "node_modules"


def _fault(path: Path, message: str) -> Fault:
    return Fault(visible(str(path)), 0, 0, "", message)
