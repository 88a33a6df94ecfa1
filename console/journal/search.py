"""Text in which words are looked for, whatever their case and width, in one pass over it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Final

from console.journal.happenings import event_of
from console.journal.timeline import moment
from console.model.event import Event
from console.safety.text import MARKS

MOST_CHARS: Final = 1_000
"""Of one line that is shown."""
_BEFORE: Final = 200


class _Folds(dict[int, str]):
    """Each character as it is compared: without case, and without what only its width says.

    Character by character, and so in linear time, which normalizing a whole text that somebody
    made for it is not.
    """

    def __init__(self) -> None:
        # Markdown and JSON write one in front of what has a meaning to them.
        super().__init__({ord("\\"): ""})

    def __missing__(self, code: int) -> str:
        plain = unicodedata.normalize("NFKD", chr(code)).casefold()
        self[code] = unicodedata.normalize("NFKD", plain)
        return self[code]


class Wanted:
    """What is searched for."""

    def __init__(self, text: str) -> None:
        self._folds = _Folds()
        self.words = tuple(self._folded(text).split())
        """None: everything was blank."""

    def lines(self, content: bytes) -> Iterator[tuple[int, str]]:
        """The lines with the first word, counted from 1, if all of them stand in `content`."""
        text = content.decode("utf-8", "surrogateescape")
        folded = self._folded(text)
        if self._has_all(folded):
            shown = text.split("\n")
            for number, line in enumerate(folded.split("\n")):
                at = line.find(self.words[0])
                if at >= 0:
                    yield number + 1, _cut(shown[number].rstrip("\r"), at)

    def events(self, content: bytes) -> Iterator[tuple[int, str]]:
        """The lines of an event file with all words, in words, the newest first."""
        lines = content.split(b"\n")
        folded = self._folded(content.decode("utf-8", "surrogateescape")).split("\n")
        for number, line in reversed(list(enumerate(folded))):
            if self._has_all(line):
                event = event_of(lines[number])
                # A name of a field is nothing that somebody wrote.
                said = words_of(event) if event is not None else ""
                told = self._folded(said)
                if self._has_all(told):
                    yield number + 1, _cut(said, told.find(self.words[0]))

    def _has_all(self, folded: str) -> bool:
        return all(word in folded for word in self.words)

    def _folded(self, text: str) -> str:
        if text.isascii():
            return text.lower().replace("\\", "")
        return text.translate(self._folds)


def words_of(event: Event) -> str:
    """`event` on one line, as a person reads it."""
    who = f"({event.who})" if event.who else ""
    parts = (moment(event.at), event.kind, event.subject, event.text, who)
    return " ".join(filter(None, parts))


def _cut(line: str, at: int) -> str:
    """What stands around `at`, with a mark where something is left out."""
    if len(line) <= MOST_CHARS:
        return line
    start = max(0, min(at, len(line)) - _BEFORE)
    end = start + MOST_CHARS
    return f"{MARKS.cut * (start > 0)}{line[start:end]}{MARKS.cut * (end < len(line))}"
