"""What can be told of a step's command without running it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Final

import msgspec

from config.fault import quoted
from console.model.runbook import PARAM_NAME
from console.runbook.catalogue import Kind, judged
from console.runbook.places import RESERVED
from console.runbook.running.curl import names_variable, request_of, secret_fault
from console.runbook.words import Command, commands_of, literal, outside
from console.safety.text import visible

_VARIABLE: Final = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)")
_ASSIGNED: Final = re.compile(
    r"(?:^|[\s;(&|])(?:export |readonly |local )?([A-Za-z_][A-Za-z0-9_]*)="
    r"|\bfor ([A-Za-z_][A-Za-z0-9_]*) in\b|\bread (?:-r )?([A-Za-z_][A-Za-z0-9_]*)",
    re.MULTILINE,
)
_SSH: Final = re.compile(rf'ssh[ \t]+"\$\{{?({PARAM_NAME})\}}?"[ \t]+--[ \t]+(.+)', re.DOTALL)
_BLANK_ALIKE: Final = re.compile(r"[^\S \t\n]|[\U0001d159\U00016fe4]")
_ANY_SSH: Final = re.compile(r"(?:^|[\s;&|(`\\]|bin/)(?:ssh|scp|sftp|rsync)\s")
_PLAIN_WORDS: Final = re.compile(
    rf'(?:[A-Za-z0-9_./:=,@%+^-]|"\$\{{?{PARAM_NAME}\}}?"|[ \t]|\\\n)+'
)
_ONE_QUOTED: Final = re.compile(r"'([^']+)'[ \t]*")
_OPERATORS: Final = re.compile(r"[|&;<>()`\n#*?\[\]{}~!\\]|\$\(")
_SSH_FORM: Final = (
    'expected ssh "$TARGET_HOST" -- COMMAND with plain words and "$NAME" only,'
    " or one script in single quotes"
)
_SECRET_FORM: Final = (
    'a secret goes into printf "%s" "$SECRET" | PROGRAM, into a here-document, or into one simple'
    " curl by -H or -u: elsewhere others on that host can see it"
)
_CURL_FLAGS: Final = frozenset(
    [
        *("-s", "-S", "-f", "-L", "-I", "-k", "-4", "-6", "-g", "--silent", "--show-error"),
        *("--fail", "--location", "--head", "--insecure", "--ipv4", "--ipv6", "--compressed"),
        *("--http1.1", "--http2", "--globoff", "--path-as-is", "--no-keepalive"),
    ]
)
_CURL_OPTIONS: Final = frozenset(
    [
        *("-m", "--max-time", "--connect-timeout", "-H", "--header", "-A", "--user-agent"),
        *("--resolve", "--cacert", "--max-redirs", "-X", "--request", "--url", "-u", "--user"),
    ]
)


class Where(msgspec.Struct, frozen=True):
    """On which host a command runs, and what of it runs there."""

    on: str = ""
    """The parameter that names the host; empty: where the console runs."""
    script: str = ""
    fault: str = ""


def where_of(command: str) -> Where:
    """Where `command` runs. `ssh "$HOST" -- uptime` runs `uptime` on `$HOST`.

    Under plain `sh` the words go to the remote shell once more, so that only what means the
    same in both is taken.
    """
    found = _SSH.fullmatch(command.strip())
    if found is not None:
        rest = found[2].strip()
        script = _ONE_QUOTED.fullmatch(rest)
        if script is not None:
            if _VARIABLE.search(script[1]):
                return Where(fault="expected no variable in the quoted script: it is not there")
            return Where(found[1], script[1])
        if _PLAIN_WORDS.fullmatch(rest) is not None:
            return Where(found[1], rest)
        return Where(fault=_SSH_FORM)
    if _ANY_SSH.search(command):
        return Where(fault=_SSH_FORM)
    return Where("", command)


def text_fault(command: str) -> str:
    """What of `command` cannot be seen as it will be run, or is changed by runme."""
    if visible(command.replace("\t", " "), lines=True) != command.replace("\t", " "):
        return "expected a command of readable characters only"
    if _BLANK_ALIKE.search(command):
        return "expected plain blanks only: another one is part of a word, and looks like none"
    for one in commands_of(command) or ():
        if one.words and not one.words[0].isascii():
            return f"expected a program's name in plain letters, got {quoted(one.words[0])}"
    for line in command.split("\n"):
        if line.startswith("$"):
            return "expected no line that begins with $, which runme takes away"
        if line.startswith("### "):
            return "expected no line that begins with ###, which runme leaves out"
    if "{{" in command:
        return "expected no {{...}}: values come as variables, never as text"
    return ""


def used(command: str) -> tuple[str, ...]:
    """What may be variables of `command`, but for the shell's own: what is declared of them is
    handed over, whatever it sets itself, and also between single quotes, where another shell
    may read it."""
    found = (name for name, _ in _uses(command, single=True))
    return tuple(dict.fromkeys(name for name in found if name not in RESERVED))


def needed(command: str) -> tuple[str, ...]:
    """The variables of `command` that it does not set itself, so that they have to be declared."""
    others = {*_set_by(command), *RESERVED}
    return tuple(dict.fromkeys(name for name, _ in _uses(command) if name not in others))


def _set_by(command: str) -> Iterator[str]:
    """The variables that the shell of `command` sets for the rest of it."""
    parts = commands_of(command)
    if parts is None:
        groups = (found.groups() for found in _ASSIGNED.finditer(command))
        yield from (name for group in groups for name in group if name)
        return
    for one in parts:
        words = [literal(word) or "" for word in one.words]
        # Before a program they are that program's alone.
        yield from (each.partition("=")[0].rstrip("+") for each in one.assigned if not words)
        if words[:1] in (["export"], ["readonly"], ["local"]):
            yield from (each.partition("=")[0] for each in words[1:] if "=" in each)
        elif words[:1] in (["for"], ["read"]):
            yield from words[1:2] if words[0] == "for" else words[1:]
        for script in one.inner:
            yield from _set_by(script)


def unquoted(command: str) -> tuple[str, ...]:
    """The variables of `command` that stand outside of double quotes somewhere.

    One in a here-document is not looked at.
    """
    parts = commands_of(command)
    if parts is None:
        found = [] if "<<" in command else [name for name, inside in _uses(command) if not inside]
        return tuple(dict.fromkeys(found))
    return tuple(dict.fromkeys(name for one in parts for name in _bare(one)))


def _bare(one: Command) -> Iterator[str]:
    sent = (each.target for each in one.redirects if each.operator not in ("<<", "<<'"))
    for word in (*one.words, *one.assigned, *sent):
        # What stands between double quotes outside does not stand so inside of `$(...)`.
        yield from (name for name, inside in _uses(outside(word)) if not inside)
    for script in one.inner:
        yield from unquoted(script)


def verify_fault(command: str) -> str:
    """Why `command` cannot be a step that verifies: that is one simple command that reads."""
    joined = command.replace("\\\n", " ").strip()
    bare = re.sub(r"'[^']*'|\"[^\"$`\\]*(?:\$\{?[A-Z][A-Z0-9_]*\}?[^\"$`\\]*)*\"", "Q", joined)
    found = _OPERATORS.search(bare)
    if found is not None:
        return f"expected one simple command to verify with, without {quoted(found.group())}"
    try:
        words = shlex.split(joined)
    except ValueError:
        return "expected quotes that are closed"
    if words and words[0] == "curl":
        return _curl_fault(words[1:])
    verdict = judged(command)
    if verdict.kind is Kind.READS:
        return ""
    return f"expected one simple curl, or a command that is known to read only: {verdict.why}"


def read_fault(command: str) -> str:
    """Why `command` cannot be a step that only reads; empty: nothing is known against it."""
    verdict = judged(command)
    if verdict.kind is not Kind.ACTS:
        return ""
    return f"expected a command that only reads: {verdict.why}"


def unproven(command: str) -> str:
    """Why nobody can tell that `command` only reads; empty: it does."""
    verdict = judged(command)
    return "" if verdict.kind is Kind.READS else verdict.why


def secret_misuse(command: str, secrets: frozenset[str]) -> str:
    """How `command` would show one of `secrets` to others on its host; empty: it does not.

    Args:
        secrets: names of parameters. Arguments and the environment of a program can be read
            there; what the shell itself prints into a pipe cannot.
    """
    if not names_variable(command, secrets):
        return ""
    request = request_of(command)
    if request is not None:
        return secret_fault(request, secrets)
    found = commands_of(command)
    if found is None:
        return "expected a simpler script: where its secret goes cannot be told"
    for one in found:
        if _shows(one, secrets):
            return _SECRET_FORM
        for script in one.inner:
            fault = secret_misuse(script, secrets)
            if fault:
                return fault
    return ""


def _shows(command: Command, secrets: frozenset[str]) -> bool:
    sent = [one.target for one in command.redirects if not one.operator.startswith("<<")]
    sent += [one.target for one in command.redirects if one.operator == "<<<"]
    if any(names_variable(text, secrets) for text in (*sent, *command.assigned)):
        return True
    if not any(names_variable(word, secrets) for word in command.words):
        return False
    prints = literal(command.words[0]) in ("printf", "echo")
    return not (prints and not command.is_fed and not command.redirects)


def is_curl(script: str) -> bool:
    """Whether `script` is one request by `curl` that can be measured."""
    request = request_of(script)
    return request is not None and request.measurable


def _curl_fault(words: list[str]) -> str:
    addresses = 0
    rest = iter(words)
    for word in rest:
        name, equals, value = word.partition("=")
        if word in _CURL_FLAGS or re.fullmatch(r"-[sSfLIk46g]+", word):
            continue
        if name in _CURL_OPTIONS:
            value = value if equals else next(rest, "")
            if name in ("-X", "--request") and value not in ("GET", "HEAD"):
                return f"expected GET or HEAD to verify with, got {quoted(value)}"
            if name in ("-H", "--header") and value.startswith("@"):
                return "expected the header itself: a file may hold anything"
            addresses += name == "--url"
        elif word.startswith("-"):
            return f"expected no {quoted(word)}: curl only asks here, and the console measures"
        else:
            addresses += 1
    return "" if addresses == 1 else f"expected one address, got {addresses}"


def _uses(command: str, *, single: bool = False) -> Iterator[tuple[str, bool]]:
    """Every variable, and whether it stands between double quotes, or `single` ones."""
    at, double = 0, False
    while at < len(command):
        character = command[at]
        if character == "\\":
            at += 2
            continue
        if character == '"':
            double = not double
        elif character == "'" and not double:
            end = command.find("'", at + 1)
            end = len(command) if end < 0 else end
            if single:
                yield from ((found[1], True) for found in _VARIABLE.finditer(command, at, end))
            at = end
        elif character == "#" and not double and (at == 0 or command[at - 1].isspace()):
            end = command.find("\n", at)
            at = len(command) if end < 0 else end
        elif character == "$":
            found = _VARIABLE.match(command, at)
            if found is not None:
                yield found[1], double
                at = found.end()
                continue
        at += 1
