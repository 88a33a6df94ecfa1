"""What can be told of a command without running it."""

from __future__ import annotations

import enum
import re
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
    """The options before the first other word, without their values, and all from there on."""
    options: list[str] = []
    at = 0
    while at < len(words) and words[at].startswith("-") and len(words[at]) > 1:
        if words[at] == "--":
            return options, words[at + 1 :]
        options.append(words[at])
        at += 2 if words[at] in valued else 1
    return options, words[at:]


def are_known(options: list[str], valued: frozenset[str], flags: frozenset[str]) -> bool:
    """Whether every option is known: which word is the subcommand depends on that.

    One with `=` takes no other word; short ones may stand together, or with their value.
    """
    return all(
        one in flags
        or one in valued
        or (one.startswith("--") and "=" in one)
        or (not one.startswith("--") and _is_cluster(one, valued, flags))
        for one in options
    )


def _is_cluster(option: str, valued: frozenset[str], flags: frozenset[str]) -> bool:
    if option[:2] in valued:
        return True
    return all(f"-{letter}" in flags for letter in option[1:])


_LOADING: Final = re.compile(
    r"(?!PGOPTIONS)(?:ENV|BASH_ENV|IFS|SHELLOPTS|BASHOPTS|PS4|WGETRC"
    r"|(?:LD|DYLD|PYTHON|PERL|GIT|RUBY|NODE|JAVA|CURL|MYSQL|OPENSSL|XDG)_?[A-Z0-9_]*"
    r"|[A-Z0-9_]*(?:PATH|HOME|RC|CONF|CONFIG|OPT|OPTS|OPTIONS|PRELOAD))\+?="
)


def loads(assigned: str) -> bool:
    """Whether `PATH=x` says where programs come from, or what they begin with."""
    return _LOADING.match(assigned) is not None


def with_only(valued: str, flags: str, words: int = 0) -> Judge:
    """It reads with these options alone, and no other words than so many."""
    takes, alone = listed(valued), listed(flags)

    def judge(given: list[str], inner: Inner) -> Verdict:
        options, rest = plain_words(given, takes)
        names = [one.partition("=")[0] for one in options]
        fine = all(
            name in takes | alone or (not one.startswith("--") and _is_cluster(one, takes, alone))
            for one, name in zip(options, names, strict=True)
        )
        if fine and len(rest) <= words:
            return READS
        return unknown("it is given what is not known here")

    return judge


def listed(text: str) -> frozenset[str]:
    """The words of `text`."""
    return frozenset(text.split())


def not_known(program: str) -> Verdict:
    """It is known, but not what it is to do."""
    return unknown(f"what {program} is to do is not known here")


def without(*acting: str, words_act: bool = False) -> Judge:
    """It reads without these options, or words that are none."""

    def judge(words: list[str], inner: Inner) -> Verdict:
        options, rest = plain_words(words, frozenset())
        for option in options:
            if any(is_option(option, one) for one in acting):
                return ACTS
        return unknown("what it is to set is not known") if words_act and rest else READS

    return judge


def is_option(word: str, option: str) -> bool:
    """Whether `word` gives `option`, perhaps shortened or among others."""
    if option.startswith("--"):
        name = word.partition("=")[0]
        return name == option or (len(name) > 2 and option.startswith(name))
    return not word.startswith("--") and option[1] in word[1:]
