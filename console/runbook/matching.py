"""Which runbooks there are for an alert: by the alert's own word, their front matter, name,
service."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import msgspec

from console.model.labels import Labels, Matcher
from console.model.matcher_check import holds
from console.model.snapshot import KnownAlert
from console.runbook.library import Book
from console.safety.text import Raw

_WORDS: Final = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+")


class Candidate(msgspec.Struct, frozen=True):
    """A runbook that may help, and why it stands where it does."""

    name: Raw
    why: str
    """Safe to show: `the alert names it`."""
    on_shelf: bool

    @property
    def key(self) -> str:
        """Its name, for looking it up; not safe to show."""
        return self.name.exact


def candidates(
    known: KnownAlert, service: str | None, books: Iterable[Book]
) -> tuple[Candidate, ...]:
    """Runbooks for an alert, the likeliest first: named by it, for it, called as it, for its
    service. A book stands there once, with its best reason."""
    held = tuple(books)
    named = known.alert.runbook
    name = known.alert.name.exact
    labels = known.alert.labels
    found: dict[str, Candidate] = {}
    if named is not None:
        there = called(named.exact, held)
        shown = named if there is None else there.name
        found[shown.exact] = Candidate(shown, "the alert names it", there is not None)
    for book in (book for book in held if name in book.alerts and _holds(book.matchers, labels)):
        found.setdefault(book.name.exact, Candidate(book.name, "for this alert", True))
    for book in (book for book in held if book.matchers and not book.alerts):
        if _holds(book.matchers, labels):
            found.setdefault(book.name.exact, Candidate(book.name, "its matchers hold", True))
    for book in (book for book in held if slug_of(book.name.exact) == slug_of(name)):
        found.setdefault(book.name.exact, Candidate(book.name, "called as the alert", True))
    for book in (book for book in held if service is not None and service in book.services):
        found.setdefault(book.name.exact, Candidate(book.name, "for this service", True))
    return tuple(found.values())


def slug_of(name: str) -> str:
    """`ServiceDown` as a file is called: `service-down`."""
    return "-".join(_WORDS.findall(name)).lower()


def called(name: str, books: Iterable[Book]) -> Book | None:
    """The book of that name; else one whose name has the same words, since addresses of sites
    that are made of Markdown are in lower case: `.../runbooks/kubepodcrashlooping`."""
    held = tuple(books)
    exact = next((book for book in held if book.name.exact == name), None)
    folded = re.sub(r"[^a-z0-9]", "", name.lower())
    return exact or next(
        (
            book
            for book in held
            if folded and re.sub(r"[^a-z0-9]", "", book.name.exact.lower()) == folded
        ),
        None,
    )


def _holds(matchers: Iterable[Matcher], labels: Labels) -> bool:
    """Whether all of them hold; one that cannot be tried here holds for nothing."""
    return all(holds(matcher, labels.exact(matcher.name)) is True for matcher in matchers)
