"""Values that would become part of a program's text: then a label is what runs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Set
from itertools import pairwise
from typing import Final

from console.model.runbook import ParamType
from console.runbook.words import Command, commands_of, literal

_SHELLS: Final = frozenset(["sh", "bash", "dash", "ash", "zsh", "ksh", "fish"])
_BY_OPTION: Final = _SHELLS | frozenset(
    ["su", "runuser", "script", "python", "python3", "perl", "ruby", "node", "php", "lua", "env"]
)
"""What stands behind `-c`, `-e`, `-r` or `-S` is a program."""
_BY_WORD: Final = frozenset(["awk", "gawk", "mawk", "sed", "watch", "jq", "yq"])
"""One of their words is a program; what stands behind `-v`, `-F` and the like is none."""
_HANDED_OVER: Final = frozenset(["-v", "-F", "--arg", "--argjson"])
_ALL_OF_IT: Final = frozenset(["eval", "trap", ".", "source"])
_DATABASES: Final = frozenset(["psql", "mysql", "mariadb"])
_CODE: Final = re.compile(r"-[A-Za-z]*[ceErS]|--(?:command|eval|execute|split-string)")
_WORD: Final = re.compile(
    r"(?:^|[\s;&|(`/])(?:eval|trap|su|awk|sed|python3?|perl|(?:ba|da|a|z|k)?sh)(?=\s|$)"
)
_VARIABLE: Final = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)")
_QUOTED: Final = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'[^']*'", re.DOTALL)
_FORM: Final = (
    "a value never becomes part of a program's text: hand it over as an argument,"
    ' sh -c \'echo "$1"\' sh "$NAME"'
)
_SQL_FORM: Final = "a text never becomes part of SQL: it may end what it stands in"
_NAME_FORM: Final = "expected the name of a program, and no value in its place"
_SIMPLER: Final = "expected a simpler script: whether a value becomes a program cannot be told"


def text_misuse(command: str, params: Mapping[str, ParamType]) -> str:
    """How a value of `params` would become part of a program in `command`; empty: none does.

    What a shell makes of `sh -c "curl $URL"` is up to whoever wrote the URL.
    """
    tainted = {name for name in params if _uses(command, {name})}
    if not tainted:
        return ""
    found = commands_of(command)
    if found is None:
        return _SIMPLER if _WORD.search(command) else ""
    for one in found:
        for each in (*one.assigned, *(one.words[1:] if _is_setting(one) else ())):
            if _uses(each, tainted):
                tainted.add(each.partition("=")[0].rstrip("+"))
    texts = {name for name in tainted if params.get(name, ParamType.TEXT) is ParamType.TEXT}
    return next(_faults(found, tainted, texts, params), "")


def _faults(
    found: tuple[Command, ...],
    tainted: Set[str],
    texts: Set[str],
    params: Mapping[str, ParamType],
) -> Iterator[str]:
    fed: tuple[str, ...] = ()
    for before, one in pairwise((Command(), *found)):
        fed = (*fed, *before.words) if one.is_fed else ()
        words = [literal(word) or "" for word in one.words]
        if one.words and _uses(one.words[0], tainted):
            yield _NAME_FORM
        for at, word in enumerate(words):
            name = word.rpartition("/")[2]
            if any(_uses(each, tainted) for each in _program(name, one.words[at:], words[at:])):
                yield _FORM
            if name in _DATABASES and any(_uses(each, texts) for each in one.words[at:]):
                yield _SQL_FORM
        if _reads_program(words):
            # The text of a here-document has no quotes of its own.
            sent = [each for each in one.redirects if each.operator in ("<<", "<<<")]
            if any(_puts(each.target, tainted) for each in sent):
                yield _FORM
            if any(_uses(each, tainted) for each in fed):
                yield _FORM
        for script in one.inner:
            yield from filter(None, (text_misuse(script, params),))


def _program(name: str, written: tuple[str, ...], words: list[str]) -> Iterator[str]:
    """Of the words of a command the ones that are a program's text, as they are written."""
    behind = list(zip(written[1:], words[1:], strict=True))
    if name in _ALL_OF_IT:
        yield from (each for each, _ in behind)
    elif name in _BY_OPTION:
        for at, (each, word) in enumerate(behind):
            if _CODE.fullmatch(word.partition("=")[0]):
                yield each
                yield from (following for following, _ in behind[at + 1 : at + 2])
            elif re.match(r"-[ceS].", word):
                yield each
    elif name in _BY_WORD:
        handed = 0
        for each, word in behind:
            if handed:
                handed -= 1
            elif word in _HANDED_OVER:
                handed = 2 if word.startswith("--arg") else 1
            elif not word.startswith(("-v", "-F")):
                yield each
                if name != "watch" and not word.startswith("-"):
                    return  # files


def _reads_program(words: list[str]) -> bool:
    """Whether a shell reads what it is to do from its standard input."""
    named = [at for at, word in enumerate(words) if word.rpartition("/")[2] in _SHELLS]
    return bool(named) and all(word.startswith("-") for word in words[named[-1] + 1 :])


def _is_setting(one: Command) -> bool:
    return literal(one.words[0]) in ("export", "readonly", "local") if one.words else False


def _uses(text: str, names: Set[str]) -> bool:
    """Whether the shell puts one of `names` into `text`, which it does not between `'`."""
    plain = _QUOTED.sub(lambda one: "" if one[0].startswith("'") else one[0], text)
    return _puts(plain, names)


def _puts(text: str, names: Set[str]) -> bool:
    return any(found[1] in names for found in _VARIABLE.finditer(text))
