"""Finds, in the source, the bare calls that only one module each may make.

Works on names as they are imported (`import time as t; t.time` is `time.time`), so that an
alias hides nothing. A method of an object whose type is not known is found by its name alone.
"""

from __future__ import annotations

import ast
import fnmatch
import functools
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("console", "config", "screens", "widgets", "runbooks")


class Use(NamedTuple):
    """A name as it is used at one place."""

    line: int
    name: str
    """Dotted, from the import it stands for; `.name` for an attribute of an unknown object."""
    call: ast.Call | None
    """The call that it is the function of; None where it is only named."""


class Finding(NamedTuple):
    path: str
    line: int
    name: str


Rule = Callable[[Use], bool]


def sources(rooms: Iterable[str] = ROOMS) -> Iterator[tuple[str, str]]:
    """The path from the root, with `/`, and the text of every module in `rooms`."""
    for room in rooms:
        for file in sorted((ROOT / room).rglob("*.py")):
            yield file.relative_to(ROOT).as_posix(), file.read_text()


def findings(
    forbidden: Rule, allowed: Iterable[str], found: Iterable[tuple[str, str]]
) -> list[Finding]:
    """Every use that `forbidden` names in `found`, but for the paths that match `allowed`."""
    patterns = list(allowed)
    result = []
    for path, text in found:
        if any(fnmatch.fnmatch(path, pattern) for pattern in patterns):
            continue
        result += [Finding(path, use.line, use.name) for use in uses(text) if forbidden(use)]
    return result


@functools.lru_cache(maxsize=1024)
def uses(text: str) -> tuple[Use, ...]:
    """Every import, name and attribute in the module `text`."""
    return tuple(_uses(ast.parse(text)))


def _uses(tree: ast.Module) -> Iterator[Use]:
    nodes = list(ast.walk(tree))
    imported = _imported(nodes)
    calls = {id(node.func): node for node in nodes if isinstance(node, ast.Call)}
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Use(node.lineno, alias.name, None)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield Use(node.lineno, f"{node.module or ''}.{alias.name}", None)
        elif isinstance(node, ast.Name | ast.Attribute):
            name = _dotted(node, imported)
            if name is not None:
                yield Use(node.lineno, name, calls.get(id(node)))


def named(*patterns: str) -> Rule:
    """A rule: the name matches one of `patterns` (`subprocess` also matches what is in it)."""
    inside = "".join(f"|{re.escape(each)}\\..*" for each in patterns)
    one = re.compile("|".join(map(fnmatch.translate, patterns)) + inside, re.DOTALL)

    @functools.cache
    def matches(name: str) -> bool:
        return one.match(name) is not None

    return lambda use: matches(use.name)


def method_called(*names: str) -> Rule:
    """A rule: a method of that name is called, whatever the object."""

    def forbidden(use: Use) -> bool:
        return use.call is not None and "." in use.name and use.name.rpartition(".")[2] in names

    return forbidden


def any_of(*rules: Rule) -> Rule:
    return lambda use: any(rule(use) for rule in rules)


def caught(rule: Rule, snippet: str) -> bool:
    """Whether `rule` objects to `snippet`; how a lint is shown to be able to fail."""
    return bool(findings(rule, (), [("screens/x.py", snippet)]))


def _imported(nodes: Iterable[ast.AST]) -> dict[str, str]:
    names: dict[str, str] = {}
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.asname:
                    names[alias.asname] = alias.name
                else:
                    top = alias.name.partition(".")[0]
                    names[top] = top
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return names


def _dotted(node: ast.expr, imported: dict[str, str]) -> str | None:
    if isinstance(node, ast.Name):
        return imported.get(node.id, node.id)
    if isinstance(node, ast.Attribute):
        base = _dotted(node.value, imported) if _is_known(node.value, imported) else None
        return f"{base or ''}.{node.attr}"
    return None


def _is_known(node: ast.expr, imported: dict[str, str]) -> bool:
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name) and node.id in imported
