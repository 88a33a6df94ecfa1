"""The part of Go's templates that `--format` is used with: fields, `json`, `if`, `else`."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from console.demo.machines.said import RefusedError

_ACTION = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}", re.DOTALL)


def filled(template: str, value: Mapping[str, object]) -> str:
    """`template` with the fields of `value`.

    Raises:
        RefusedError: an action that is not known, or a field that is not there.
    """
    out: list[str] = []
    shown = [True]
    done = 0
    text = template.replace("\\t", "\t").replace("\\n", "\n")
    for action in _ACTION.finditer(text):
        if all(shown):
            out.append(text[done : action.start()])
        done = action.end()
        words = action[1].split()
        if words[:1] == ["if"] and len(words) == 2:
            shown.append(all(shown) and bool(_field(value, words[1])))
        elif words == ["else"] and len(shown) > 1:
            shown.append(all(shown[:-1]) and not shown.pop())
        elif words == ["end"] and len(shown) > 1:
            shown.pop()
        elif all(shown):
            out.append(_said(value, words))
    if len(shown) > 1:
        raise RefusedError("template parsing error: unexpected EOF", 64)
    return "".join([*out, text[done:]])


def _said(value: Mapping[str, object], words: list[str]) -> str:
    if len(words) == 2 and words[0] == "json":
        return msgspec.json.encode(_field(value, words[1])).decode()
    if len(words) != 1:
        raise RefusedError(f"template parsing error: demo: {' '.join(words)} is not known", 64)
    found = _field(value, words[0])
    if isinstance(found, bool):
        return "true" if found else "false"
    return "<no value>" if found is None else str(found)


def _field(value: Mapping[str, object], path: str) -> object:
    if not path.startswith("."):
        raise RefusedError(f"template parsing error: demo: {path} is not known", 64)
    found: object = value
    for name in filter(None, path.split(".")):
        if not isinstance(found, Mapping):
            raise RefusedError(f"template parsing error: no entry for key {name}", 1)
        found = found.get(name)
    return found
