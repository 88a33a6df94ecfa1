"""The settings reference: `python -m config.reference` prints what `docs/settings.md` holds."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Final

import msgspec
import msgspec.inspect as inspect

from config.docstrings import attribute_docs
from config.json_schema import FILES, as_written, written_default
from config.scalars import words
from console.safety.jsontext import json_line
from console.safety.secret import SecretSource

_HEAD: Final = """\
# Settings

<!-- Made by `python -m config.reference` from the docstrings in `config/`. -->

A folder with `oncall.yaml` and, for the registry of what runs where, `services.yaml`. It is
looked for at `--config`, `$ONCALL_CONFIG`, `$XDG_CONFIG_HOME/oncall/` (by default
`~/.config/oncall/`) and `/etc/oncall/`, in this order, and never in the current directory:
settings may run commands. `oncall init` writes one to start from, `oncall check` tells every
fault with its line, and `oncall schema oncall.yaml` prints a JSON Schema for editors.

Durations are written `30s`, `5m`, `2h`, `7d` or `1h30m`; moments with their zone,
`2026-11-22T09:00:00+08:00`. Relative file names are relative to the folder. Anchors, aliases,
merge keys and tags of YAML are not taken, and no key may stand twice.

A secret never stands in a file of settings. Where one is expected, say where it comes from:

```yaml
bearer: {env: PROMETHEUS_TOKEN}
bearer: {file: token}                        # readable by its owner alone
bearer: {command: [pass, show, prometheus]}  # what it prints
```
"""


def render() -> str:
    """The whole reference as Markdown, the same for the same source."""
    return "\n".join([_HEAD, *_sections()])


def _sections() -> Iterator[str]:
    for file, cls in FILES.items():
        yield f"## {file}\n"
        yield from _section("", cls, {})


def _section(
    path: str, cls: type[msgspec.Struct], told: dict[type[msgspec.Struct], str]
) -> Iterator[str]:
    """The table of `cls` and those below it; each struct once, where it stands first."""
    shape = inspect.type_info(cls)
    assert isinstance(shape, inspect.StructType)
    docs = attribute_docs(cls)
    if path:
        yield f"### `{path}`\n\n{' '.join((cls.__doc__ or '').split())}\n"
    yield "| key | value | default | meaning |\n|---|---|---|---|"
    nested: list[tuple[str, type[msgspec.Struct]]] = []
    for field in shape.fields:
        name = field.encode_name
        steps = f"{path}.{name}" if path else name
        found = _nested(field.type, steps)
        for steps, inner in found:
            if inner not in told:
                told[inner] = steps
                nested.append((steps, inner))
        meaning = _cell(docs.get(field.name, ""))
        at = told[found[0][1]] if found else ""
        kind = f"see [`{at}`](#{_anchor(at)})" if found else _kind(field.type)
        yield f"| `{name}` | {kind} | {_default(field, bool(found))} | {meaning} |"
    yield ""
    for steps, inner in nested:
        yield from _section(steps, inner, told)


def _nested(kind: inspect.Type, steps: str) -> list[tuple[str, type[msgspec.Struct]]]:
    kind = as_written(kind)
    if isinstance(kind, inspect.Metadata):
        return _nested(kind.type, steps)
    if isinstance(kind, inspect.StructType):
        return [] if kind.cls is SecretSource else [(steps, kind.cls)]
    if isinstance(kind, inspect.VarTupleType):
        return _nested(kind.item_type, f"{steps}[]")
    if isinstance(kind, inspect.DictType):
        return _nested(kind.value_type, f"{steps}.NAME")
    if isinstance(kind, inspect.UnionType):
        return [found for each in kind.types for found in _nested(each, steps)]
    return []


def _kind(kind: inspect.Type) -> str:
    meta: inspect.Metadata | None = None
    if isinstance(kind, inspect.Metadata):
        meta, kind = kind, kind.type
    if isinstance(kind, inspect.StructType):
        return "a secret"
    if isinstance(kind, inspect.VarTupleType):
        return f"a list: {_kind(kind.item_type)}"
    if isinstance(kind, inspect.DictType):
        return f"{_kind(kind.key_type)} to {_kind(kind.value_type)}"
    if isinstance(kind, inspect.UnionType):
        inner = [each for each in kind.types if not isinstance(each, inspect.NoneType)]
        return " or ".join(dict.fromkeys(_kind(each) for each in inner))
    if isinstance(kind, inspect.LiteralType):
        return ", ".join(f"`{value}`" for value in kind.values)
    if isinstance(kind, inspect.TimeDeltaType):
        return "a duration"
    return _cell(words(kind, meta))


def _default(field: inspect.Field, nested: bool) -> str:
    if field.required:
        return "required"
    default = written_default(field)
    if default is None or default == {} or default == [] or default == "":
        return "-"
    if nested and isinstance(default, dict):
        # The table below has the defaults, but for what differs from place to place.
        times = {key: value for key, value in default.items() if isinstance(value, str)}
        own = isinstance(field.default, msgspec.Struct) and _requires(type(field.default))
        return _cell(f"`{json_line(times)}`") if own else "-"
    return _cell(f"`{default}`" if isinstance(default, str) else f"`{json_line(default)}`")


def _requires(cls: type[msgspec.Struct]) -> bool:
    return len(cls.__struct_defaults__) < len(cls.__struct_fields__)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _anchor(heading: str) -> str:
    # As git hosts make them: lower case, and only letters, digits, `-` and `_` stay.
    return "".join(each for each in heading.lower() if each.isalnum() or each in "-_")


if __name__ == "__main__":
    sys.stdout.write(render())
