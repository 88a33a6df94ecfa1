"""Programs that find, sort and cut text: mostly they read, with one option that does not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from console.runbook.verdict import (
    READS,
    Inner,
    Judge,
    Kind,
    Verdict,
    acts,
    leading,
    plain_words,
    unknown,
    without,
)
from console.runbook.words import VALUE


def _find(words: list[str], inner: Inner) -> Verdict:
    for at, word in enumerate(words):
        if word == "-delete" or word.startswith(("-fprint", "-fls")):
            return acts(f"find {word} changes something")
        if word in ("-exec", "-execdir", "-ok", "-okdir"):
            end = next((n for n in range(at, len(words)) if words[n] in (";", "+")), len(words))
            found = inner(words[at + 1 : end])
            return found if found.kind is Kind.ACTS else unknown(f"find {word} starts a program")
    return READS


def _xargs(words: list[str], inner: Inner) -> Verdict:
    valued = frozenset(["-n", "-P", "-I", "-L", "-d", "-s", "-a", "-E"])
    found = inner(leading(words, valued)[1])
    # What it appends may be an option.
    return found if found.kind is Kind.ACTS else unknown("what xargs appends is not known")


_SED: Final = re.compile(
    r"(?:\d+|\$)?(?:,(?:\d+|\$))?[pdq]"
    + "".join(
        rf"|s{one}(?:(?:[^{one}\n\\]|\\.)*{one}){{2}}[gpiI0-9]*" for one in (r"/", r"\|", ",", "#")
    )
)


def _sed(words: list[str], inner: Inner) -> Verdict:
    if any(re.match(r"--in-place|-[nEzsru]*i", one) for one in words):
        return acts("sed -i changes files")
    if any(one.startswith("-") and one not in ("-n", "-E", "-r", "-u", "-e") for one in words):
        return unknown("sed is given what is not known here")
    scripts = [one for one in words if not one.startswith("-")][:1]
    if scripts and VALUE not in scripts[0] and _SED.fullmatch(scripts[0]) and "-e" not in words:
        return READS
    return unknown("what sed is to do is not known here")


def _awk(words: list[str], inner: Inner) -> Verdict:
    program = next((one for one in plain_words(words, frozenset(["-F", "-v"]))[1]), VALUE)
    options = plain_words(words, frozenset(["-F", "-v"]))[0]
    if any(one[:2] not in ("-F", "-v") for one in options):
        return unknown("awk is given what is not known here")
    if VALUE in program or re.search(r"system|getline|[|>]|@", program):
        return unknown("what awk is to do is not known here")
    return READS


def _sort(words: list[str], inner: Inner) -> Verdict:
    return without("-o", "--output", "--compress-program")(words, inner)


def _uniq(words: list[str], inner: Inner) -> Verdict:
    rest = plain_words(words, frozenset(["-f", "-s", "-w"]))[1]
    return acts("uniq writes into its second file") if len(rest) > 1 else READS


def _tee(words: list[str], inner: Inner) -> Verdict:
    rest = [one for one in words if not one.startswith("-")]
    return acts("tee writes into files") if set(rest) - {"/dev/null", "/dev/stderr"} else READS


FILTERS: Final[Mapping[str, Judge]] = {
    "find": _find,
    "xargs": _xargs,
    "sed": _sed,
    "awk": _awk,
    "gawk": _awk,
    "mawk": _awk,
    "sort": _sort,
    "uniq": _uniq,
    "tee": _tee,
}
