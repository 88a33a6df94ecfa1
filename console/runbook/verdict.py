"""What can be told of a command without running it."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Final

import msgspec


class Kind(enum.StrEnum):
    READS = "reads"
    """It changes nothing."""
    ACTS = "acts"
    """It changes something, for certain."""
    UNKNOWN = "unknown"


class Verdict(msgspec.Struct, frozen=True):
    """What a command does."""

    kind: Kind
    why: str = ""
    """Half a sentence; safe to show; empty where it only reads."""


READS: Final = Verdict(Kind.READS)
ACTS: Final = Verdict(Kind.ACTS, "it changes something")


def acts(why: str) -> Verdict:
    """It changes something."""
    return Verdict(Kind.ACTS, why)


def unknown(why: str) -> Verdict:
    """Nobody can tell."""
    return Verdict(Kind.UNKNOWN, why)


Inner = Callable[[list[str]], Verdict]
"""Judges a command that another one starts: its words."""
Judge = Callable[[list[str], Inner], Verdict]
"""Judges a program by the words behind it."""


def plain_words(words: list[str], valued: frozenset[str]) -> tuple[list[str], list[str]]:
    """The options among `words`, without their values, and the rest.

    Args:
        valued: options that take the next word.
    """
    options: list[str] = []
    rest: list[str] = []
    following = iter(words)
    for word in following:
        if word == "--":
            rest += following
        elif word.startswith("-") and len(word) > 1:
            options.append(word)
            if word in valued:
                next(following, None)
        else:
            rest.append(word)
    return options, rest


def leading(words: list[str], valued: frozenset[str]) -> tuple[list[str], list[str]]:
    """The options that stand before the first other word, and all from there on."""
    at = 0
    while at < len(words) and words[at].startswith("-") and len(words[at]) > 1:
        if words[at] == "--":
            return words[:at], words[at + 1 :]
        at += 2 if words[at] in valued else 1
    return words[:at], words[at:]
