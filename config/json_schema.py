"""The JSON Schema (draft 2020-12) of both files, so that editors complete and check."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Final

import msgspec
import msgspec.inspect as inspect

from config.docstrings import attribute_docs
from config.durations import PATTERN, duration_text
from config.schema import Settings
from config.services import ServicesFile
from console.safety.jsontext import json_text
from console.safety.secret import SecretSource

FILES: Final[Mapping[str, type[msgspec.Struct]]] = {
    "oncall.yaml": Settings,
    "services.yaml": ServicesFile,
}

_Schema = dict[str, object]


def schema_text(file: str) -> str:
    """The schema of `oncall.yaml` or `services.yaml` as JSON text.

    Raises:
        KeyError: there is no such file.
    """
    return json_text(schema_of(FILES[file])) + "\n"


def schema_of(cls: type[msgspec.Struct]) -> dict[str, object]:
    """The schema of a file whose shape is `cls`."""
    definitions: dict[str, _Schema] = {}
    root = _typed(inspect.type_info(cls), definitions)
    assert root == {"$ref": f"#/$defs/{cls.__name__}"}
    own = definitions.pop(cls.__name__)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": cls.__name__,
        **own,
        "$defs": dict(sorted(definitions.items())),
    }


def written_default(field: inspect.Field) -> object:
    """The default of `field` as the file would have it: `15s`, `["ACK!"]`; `None` for none."""
    default = field.default
    if field.default_factory is not msgspec.NODEFAULT:
        default = field.default_factory()
    return None if default is msgspec.NODEFAULT else _plain(default)


def as_written(kind: inspect.Type) -> inspect.Type:
    """The shape in which a value with a reader of its own stands in the file; else `kind`."""
    extra = (kind.extra or {}) if isinstance(kind, inspect.Metadata) else {}
    return inspect.type_info(extra["written_as"]) if "written_as" in extra else kind


def _plain(value: object) -> object:
    if isinstance(value, timedelta):
        return duration_text(value)
    if isinstance(value, msgspec.Struct):
        return {name: _plain(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, date | datetime):
        return value.isoformat()
    return value


def _struct(kind: inspect.StructType, definitions: dict[str, _Schema]) -> _Schema:
    name = kind.cls.__name__
    if name not in definitions:
        definitions[name] = {}  # a place for itself, should it contain itself
        docs = attribute_docs(kind.cls)
        properties: _Schema = {}
        for field in kind.fields:
            entry = _typed(field.type, definitions)
            if field.name in docs:
                entry["description"] = docs[field.name]
            default = written_default(field)
            if default is not None and not isinstance(default, dict):
                entry["default"] = default
            properties[field.encode_name] = entry
        definitions[name] = {
            "description": " ".join((kind.cls.__doc__ or "").split()),
            "type": "object",
            "additionalProperties": False,
            "properties": properties,
        }
        required = [field.encode_name for field in kind.fields if field.required]
        if required:
            definitions[name]["required"] = required
    return {"$ref": f"#/$defs/{name}"}


def _typed(kind: inspect.Type, definitions: dict[str, _Schema]) -> _Schema:
    kind = as_written(kind)
    if isinstance(kind, inspect.Metadata):
        schema = _typed(kind.type, definitions)
        title = (kind.extra_json_schema or {}).get("title")
        return schema if title is None else {"title": title, **schema}
    if isinstance(kind, inspect.StructType):
        if kind.cls is SecretSource:
            definitions.setdefault(SecretSource.__name__, _SECRET)
            return {"$ref": f"#/$defs/{SecretSource.__name__}"}
        return _struct(kind, definitions)
    if isinstance(kind, inspect.UnionType):
        return {"anyOf": [_typed(each, definitions) for each in kind.types]}
    if isinstance(kind, inspect.VarTupleType):
        listed: _Schema = {"type": "array", "items": _typed(kind.item_type, definitions)}
        if kind.min_length:
            listed["minItems"] = kind.min_length
        return listed
    if isinstance(kind, inspect.DictType):
        keyed: _Schema = {
            "type": "object",
            "additionalProperties": _typed(kind.value_type, definitions),
        }
        names = _typed(kind.key_type, definitions)
        if "pattern" in names:
            keyed["propertyNames"] = {"pattern": names["pattern"]}
        return keyed
    return _scalar(kind)


def _scalar(kind: inspect.Type) -> _Schema:
    if isinstance(kind, inspect.LiteralType):
        return {"enum": list(kind.values)}
    if isinstance(kind, inspect.StrType):
        # Text may be written without quotes and so look like a number or a yes to an editor.
        schema: _Schema = {"type": ["string", "number", "boolean"]}
        return {"type": "string", "pattern": kind.pattern} if kind.pattern else schema
    if isinstance(kind, inspect.IntType | inspect.FloatType):
        limits: _Schema = {"type": "integer" if isinstance(kind, inspect.IntType) else "number"}
        limits |= {"minimum": kind.ge} if kind.ge is not None else {}
        limits |= {"maximum": kind.le} if kind.le is not None else {}
        return limits
    return dict(_SCALARS[type(kind)])


_SCALARS: Final[dict[type[inspect.Type], _Schema]] = {
    inspect.BoolType: {"type": "boolean"},
    inspect.NoneType: {"type": "null"},
    inspect.TimeDeltaType: {"type": "string", "pattern": PATTERN},
    inspect.DateTimeType: {"type": "string", "format": "date-time"},
    inspect.DateType: {"type": "string", "format": "date"},
}

_SECRET: Final[_Schema] = {
    "description": "Where a secret comes from; never the secret itself.",
    "oneOf": [
        {
            "type": "object",
            "additionalProperties": False,
            "required": [name],
            "properties": {name: {"description": meaning, **shape}},
        }
        for name, meaning, shape in (
            ("env", "The name of an environment variable.", {"type": "string", "minLength": 1}),
            (
                "file",
                "A file that only its owner can read; relative to the settings folder.",
                {"type": "string", "minLength": 1},
            ),
            (
                "command",
                "A program and its arguments; what it prints is the secret.",
                {"type": "array", "minItems": 1, "items": {"type": "string"}},
            ),
        )
    ],
}
