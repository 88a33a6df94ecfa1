"""A script of the shell as its simple commands: enough to tell what it starts, and no more.

What cannot be told for sure is not told at all: `commands_of` gives `None` then.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

import msgspec

VALUE: Final = "\0"
"""Stands in `literal()` for what only the running shell knows: the value of a variable."""
_DEPTH: Final = 20
_OPERATORS: Final = (
    *("&>>", "<<-", "<<<", "&&", "||", "|&", ";;", "&>", ">>", ">&", ">|", "<<", "<&", "<>"),
    *("|", "&", ";", "(", ")", "<", ">", "\n"),
)
_REDIRECTS: Final = frozenset(["&>>", "<<-", "<<<", "&>", ">>", ">&", ">|", "<<", "<&", "<>", "<", ">"])  # fmt: skip # noqa: E501
_OPENING: Final = frozenset(["if", "then", "else", "elif", "while", "until", "do", "!", "{", "time"])  # fmt: skip # noqa: E501
_CLOSING: Final = frozenset(["fi", "done", "}"])
_NOT_READ: Final = frozenset(["case", "esac", "function", "select", "coproc", "[[", "]]"])
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ASSIGNED: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\+?=", re.DOTALL)
_BRACES: Final = re.compile(r"(?<!\$)\{(?![\s{}])")
_SPECIAL: Final = "#?@*!$-0123456789"


class Redirect(msgspec.Struct, frozen=True):
    """`2>/dev/null`."""

    operator: str
    target: str
    """As written; of a here-document its text."""


class Command(msgspec.Struct, frozen=True):
    """One simple command, its words as they are written."""

    words: tuple[str, ...] = ()
    """Empty where it only sets variables or sends something somewhere."""
    assigned: tuple[str, ...] = ()
    """`LC_ALL=C`, before its words."""
    redirects: tuple[Redirect, ...] = ()
    is_fed: bool = False
    """It reads what another prints."""
    feeds: bool = False
    """What it prints goes to another."""
    inner: tuple[str, ...] = ()
    """The scripts of `$(...)` in it."""


class _UnreadError(Exception):
    """It cannot be told for sure what the script does."""


class _Word(msgspec.Struct):
    raw: str
    inner: list[str]


class _Heredoc(msgspec.Struct):
    token: list[str]
    """Its operator and, once it is met, its text."""
    end: str
    strips: bool


_Token = _Word | str | list[str]


@lru_cache(maxsize=64)
def commands_of(script: str) -> tuple[Command, ...] | None:
    """The simple commands of `script` in their order; `None` where that cannot be told.

    Those inside of `$(...)` stand in `inner` of the command that they belong to.
    """
    try:
        return tuple(_commands(_Lexer(script, 0).tokens()))
    except _UnreadError:
        return None


def literal(word: str) -> str | None:
    """The text that a word stands for, with `VALUE` where a variable does.

    `None`: there is more in it than that, a `$(...)` for instance.
    """
    out: list[str] = []
    at, double = 0, False
    while at < len(word):
        character = word[at]
        if character == "\\":
            following = word[at + 1 : at + 2]
            if following != "\n":
                out.append(following if not double or following in '"\\$`' else "\\" + following)
            at += 2
        elif character == "'" and not double:
            end = word.find("'", at + 1)
            out.append(word[at + 1 : end])
            at = end + 1
        elif character == '"':
            double = not double
            at += 1
        elif character == "`":
            return None
        elif character == "$" and at + 1 < len(word):
            past = _past_variable(word, at)
            if past is None:
                return None
            out.append(VALUE if past > at + 1 else "$")
            at = past
        else:
            out.append(character)
            at += 1
    return "".join(out)


def outside(word: str) -> str:
    """A word of `commands_of` without the scripts of `$(...)` in it."""
    out: list[str] = []
    at, double = 0, False
    lexer = _Lexer(word, 0)
    while at < len(word):
        character, past = word[at], at + 1
        if character == "\\":
            past = at + 2
        elif character == '"':
            double = not double
        elif character == "'" and not double:
            past = word.find("'", at + 1) + 1
        elif character == "`" or word.startswith("$(", at):
            at = lexer.past_script(at)
            continue
        out.append(word[at:past])
        at = past
    return "".join(out)


def _past_variable(word: str, at: int) -> int | None:
    """Where the variable at `at` ends, `at + 1` for a mere `$`; `None`: it is none."""
    following = word[at + 1]
    if following == "{":
        found = re.compile(r"\{[A-Za-z_][A-Za-z0-9_]*\}").match(word, at + 1)
        return None if found is None else found.end()
    if following in "('\"":
        return at + 1 if following == '"' else None
    if following in _SPECIAL:
        return at + 2
    name = _NAME.match(word, at + 1)
    return at + 1 if name is None else name.end()


def _commands(tokens: list[_Token]) -> list[Command]:
    found: list[Command] = []
    draft = _Draft(is_fed=False)
    depth = 0
    rest = iter(tokens)
    for token in rest:
        if isinstance(token, _Word):
            draft.word(token)
        elif isinstance(token, list):
            draft.redirects.append(Redirect(token[0], token[1]))
        elif token in _REDIRECTS:
            target = next(rest, None)
            if not isinstance(target, _Word):
                raise _UnreadError
            draft.redirects.append(Redirect(token, target.raw))
            draft.inner += target.inner
        else:
            if token == ";;" or (token == "(" and draft.words):
                raise _UnreadError
            depth += (token == "(") - (token == ")")
            if depth < 0:
                raise _UnreadError
            draft.close(found, feeds=token in ("|", "|&"))
            draft = _Draft(is_fed=token in ("|", "|&"))
    draft.close(found, feeds=False)
    if depth:
        raise _UnreadError
    return found


class _Draft:
    def __init__(self, is_fed: bool) -> None:
        self.words: list[str] = []
        self.assigned: list[str] = []
        self.redirects: list[Redirect] = []
        self.inner: list[str] = []
        self._is_fed = is_fed
        self._is_closing = False

    def word(self, word: _Word) -> None:
        raw = word.raw
        if not self.words:
            if raw in _NOT_READ or (raw == "for" and word.inner):
                raise _UnreadError
            if raw in _OPENING and not self.assigned:
                return
            if raw in _CLOSING:
                self._is_closing = True
                return
            if _ASSIGNED.match(raw):
                self.assigned.append(raw)
                self.inner += word.inner
                return
            if self._is_closing:
                raise _UnreadError
        self.words.append(raw)
        self.inner += word.inner

    def close(self, found: list[Command], *, feeds: bool) -> None:
        if not (self.words or self.assigned or self.redirects):
            return
        found.append(
            Command(
                tuple(self.words),
                tuple(self.assigned),
                tuple(self.redirects),
                self._is_fed,
                feeds,
                tuple(self.inner),
            )
        )


class _Lexer:
    def __init__(self, script: str, depth: int) -> None:
        if depth > _DEPTH:
            raise _UnreadError
        self._script = script
        self._depth = depth
        self._at = 0
        self._waiting: list[_Heredoc] = []

    def tokens(self) -> list[_Token]:
        found: list[_Token] = []
        script = self._script
        while self._at < len(script):
            character = script[self._at]
            if character in " \t\r":
                self._at += 1
            elif script.startswith("\\\n", self._at):
                self._at += 2
            elif character == "#":
                end = script.find("\n", self._at)
                self._at = len(script) if end < 0 else end
            else:
                self._token(found)
        if self._waiting:
            raise _UnreadError
        return found

    def _token(self, found: list[_Token]) -> None:
        number = re.compile(r"[0-9]+(?=[<>])").match(self._script, self._at)
        if number is not None:
            self._at = number.end()
        operator = next((one for one in _OPERATORS if self._script.startswith(one, self._at)), None)
        if operator is None:
            found.append(self._word())
            return
        if self._script.startswith("((", self._at):
            raise _UnreadError
        self._at += len(operator)
        if operator in ("<<", "<<-"):
            found.append(self._heredoc(operator))
            return
        found.append(operator)
        if operator == "\n":
            self._bodies()

    def _heredoc(self, operator: str) -> list[str]:
        while self._script[self._at : self._at + 1] in (" ", "\t"):
            self._at += 1
        end = self._word()
        text = literal(end.raw)
        if not text or VALUE in text or end.inner:
            raise _UnreadError
        token = ["<<", ""] if text == end.raw else ["<<'", ""]
        self._waiting.append(_Heredoc(token, text, operator == "<<-"))
        return token

    def _bodies(self) -> None:
        """The here-documents whose text begins at this line."""
        for one in self._waiting:
            lines = []
            while True:
                if self._at >= len(self._script):
                    raise _UnreadError
                end = self._script.find("\n", self._at)
                end = len(self._script) if end < 0 else end
                line = self._script[self._at : end]
                self._at = min(end + 1, len(self._script))
                if (line.lstrip("\t") if one.strips else line) == one.end:
                    break
                lines.append(line)
            one.token[1] = "\n".join(lines)
            if one.token[0] == "<<" and re.search(r"`|\$\(", one.token[1]):
                raise _UnreadError
        self._waiting.clear()

    def _word(self) -> _Word:
        start, inner = self._at, list[str]()
        script = self._script
        double = False
        while self._at < len(script):
            character = script[self._at]
            if not double and character in " \t\r\n|&;()<>":
                break
            if not double and _BRACES.match(script, self._at):
                raise _UnreadError  # bash makes several words of it, sh does not
            if character == "\\":
                self._at += 2
            elif character == "'" and not double:
                self._at = self._past("'", self._at + 1)
            elif character == '"':
                double = not double
                self._at += 1
            elif character == "`":
                end = self._past("`", self._at + 1)
                inner.append(script[self._at + 1 : end - 1])
                self._at = end
            elif script.startswith(("$((",) if double else ("$'", "$(("), self._at):
                raise _UnreadError
            elif script.startswith("$(", self._at):
                end = self._past_paren(self._at + 2)
                inner.append(script[self._at + 2 : end - 1])
                self._at = end
            elif script.startswith("${", self._at):
                end = self._past("}", self._at + 2)
                if re.search(r"[`(\"'\\]", script[self._at : end]):
                    raise _UnreadError
                self._at = end
            else:
                self._at += 1
        if double or self._at > len(script) or self._at == start:
            raise _UnreadError
        return _Word(script[start : self._at], inner)

    def _past(self, end: str, at: int) -> int:
        found = self._script.find(end, at)
        if found < 0:
            raise _UnreadError
        return found + 1

    def past_script(self, at: int) -> int:
        """Behind the `$(...)` that begins at `at`, or what stands between backquotes there."""
        if self._script[at] == "`":
            return self._past("`", at + 1)
        return self._past_paren(at + 2)

    def _past_paren(self, at: int) -> int:
        """Behind the `)` that closes the `$(` before `at`."""
        inside = _Lexer(self._script, self._depth + 1)
        inside._at = at
        depth = 1
        while inside._at < len(self._script):
            character = self._script[inside._at]
            if character in " \t\r\n;|&<>":
                inside._at += 1
            elif character == "(":
                depth += 1
                inside._at += 1
            elif character == ")":
                depth -= 1
                inside._at += 1
                if not depth:
                    return inside._at
            elif character == "#":
                raise _UnreadError
            else:
                inside._word()
        raise _UnreadError
