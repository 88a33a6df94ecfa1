"""A YAML tree against the Struct that it should be: the value, and every fault with its place.

What a scalar means is decided by the type that is asked for, never by how it looks: `no` is
text where text is asked for and false where a yes or no is. Nothing that could be a secret
is repeated in a message.
"""

from __future__ import annotations

import enum
import functools
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final, Generic, TypeVar

import msgspec
import msgspec.inspect as inspect

from config import scalars
from config.fault import Fault, meant, quoted
from config.yaml_nodes import Mapping, Node, Scalar, Sequence
from console.safety.secret import SecretSource
from console.safety.text import visible

T = TypeVar("T", bound=msgspec.Struct)
Steps = tuple[str | int, ...]
"""A place in the tree: keys and list positions from its root."""
NodeReader = Callable[[Node, str, str], msgspec.Struct | tuple[Fault, ...]]
"""Reads what has a grammar of its own: a node, the file's name and where the node stands in it
make a value or its faults. A kind names its reader in `extra` as `read`, and as `written_as`
the struct that shows how it is written."""

SECRET: Final = (
    "where the secret comes from: {env: NAME}, {file: PATH} or {command: [PROGRAM, ...]}; "
    "the secret itself does not belong here"
)
_LISTED_KEYS: Final = 12


class _Absent(enum.Enum):
    BROKEN = 0
    """No value, and the fault is noted."""
    UNSET = 1
    """A collection without anything in it: `pages:` above lines that are all comments."""


class Checked(Generic[T]):
    """What became of one file: its value, the faults so far, and where each part stands.

    The value is whole but for what has a fault; later checks add theirs with `fault`, so that
    all are told at once.
    """

    def __init__(self, file: str, root: Mapping, cls: type[T], folder: Path | None = None) -> None:
        self.file = file
        self.root = root
        self.folder = folder
        self._faults: list[Fault] = []
        self._fields: dict[type, dict[str, inspect.Field]] = {}
        # The struct is kept beside its place: a freed one's id could come again.
        self._homes: dict[int, tuple[msgspec.Struct, Steps, Mapping]] = {}
        value = self._struct(root, _shape(cls), ())
        self.value: T | None = value if isinstance(value, cls) else None

    @property
    def faults(self) -> list[Fault]:
        """In the order in which a reader of the file meets them."""
        return sorted(self._faults, key=lambda fault: (fault.line, fault.column))

    def fault(
        self, part: msgspec.Struct, steps: Steps, message: str, *, at_key: bool = False
    ) -> None:
        """Note what is wrong at `steps` from `part`, a struct of this value.

        Where nothing is written there, the nearest thing around it is named.
        """
        _, home, node = self._homes.get(id(part), (part, (), self.root))
        place: Node = node
        for step in steps:
            inner: Node | None = None
            if isinstance(place, Mapping):
                found = [entry for entry in place.entries if entry[0].text == step]
                inner = found[0][0 if at_key and step == steps[-1] else 1] if found else None
            elif isinstance(place, Sequence) and isinstance(step, int) and step < len(place.items):
                inner = place.items[step]
            if inner is None:
                break
            place = inner
        self._note(place, home + steps, message)

    def keys_under(self, section: str) -> list[str]:
        """Every key written under `section` of the file, those with faults too."""
        node = self.root.value_of(section)
        return [key.text for key, _ in node.entries] if isinstance(node, Mapping) else []

    def names_under(self, *section: str) -> list[str]:
        """Every `name` written in the list at `section` of the file, those with faults too."""
        return [node.text for node, _ in self._names(section)]

    def require_unique(self, what: str, *sections: Steps, taken: Iterable[str] = ()) -> None:
        """Note each `name` in the lists at `sections` that is `taken` or that came before."""
        seen = set(taken)
        for section in sections:
            for node, steps in self._names(section):
                if node.text in seen:
                    message = f"expected a name that no other {what} has, got {quoted(node.text)}"
                    self._note(node, steps, message)
                seen.add(node.text)

    def wrote(self, part: msgspec.Struct, key: str) -> bool:
        """Whether `key` has a value in the file for `part`, be it one with a fault."""
        _, _, node = self._homes.get(id(part), (part, (), self.root))
        value = node.value_of(key)
        return value is not None and not (isinstance(value, Scalar) and value.is_null)

    def left_empty(self, part: msgspec.Struct, key: str) -> bool:
        """Whether the file has no entry of the list `key` for `part`."""
        _, _, node = self._homes.get(id(part), (part, (), self.root))
        value = node.value_of(key)
        empty = isinstance(value, Sequence) and not value.items
        return empty or not self.wrote(part, key)

    def _names(self, section: Steps) -> Iterator[tuple[Scalar, Steps]]:
        node: Node | None = self.root
        for step in section:
            node = node.value_of(str(step)) if isinstance(node, Mapping) else None
        for index, entry in enumerate(node.items if isinstance(node, Sequence) else []):
            name = entry.value_of("name") if isinstance(entry, Mapping) else None
            if isinstance(name, Scalar) and not name.is_null:
                yield name, (*section, index, "name")

    def _note(self, node: Node, steps: Steps, message: str) -> None:
        self._faults.append(Fault(self.file, node.line, node.column, dotted(steps), message))

    def _value(self, node: Node, kind: inspect.Type, steps: Steps) -> object:
        meta: inspect.Metadata | None = None
        if isinstance(kind, inspect.Metadata):
            meta, kind = kind, kind.type
        if meta is not None and meta.extra is not None and "read" in meta.extra:
            return self._read(node, meta.extra["read"], steps)
        if isinstance(kind, inspect.UnionType):
            return self._choice(node, kind, steps)
        if isinstance(kind, inspect.StructType):
            if kind.cls is SecretSource:
                return self._secret(node, steps)
            return self._struct(node, kind, steps)
        if isinstance(kind, inspect.VarTupleType):
            return self._list(node, kind, steps)
        if isinstance(kind, inspect.DictType):
            return self._dict(node, kind, steps)
        if not isinstance(node, Scalar):
            what = "a list" if isinstance(node, Sequence) else "keys with values"
            self._note(node, steps, f"expected {scalars.words(kind, meta)}, got {what}")
            return _Absent.BROKEN
        try:
            return scalars.convert(node, kind, meta, self.folder)
        except scalars.UnfitError as error:
            self._note(node, steps, str(error))
            return _Absent.BROKEN

    def _read(self, node: Node, read: NodeReader, steps: Steps) -> object:
        value = read(node, self.file, dotted(steps))
        if isinstance(value, tuple):
            self._faults += value
            return _Absent.BROKEN
        return value

    def _choice(self, node: Node, kind: inspect.UnionType, steps: Steps) -> object:
        nullable = any(isinstance(each, inspect.NoneType) for each in kind.types)
        if nullable and isinstance(node, Scalar) and node.is_null:
            return None
        members = [each for each in kind.types if not isinstance(each, inspect.NoneType)]
        fitting = [each for each in members if _takes(each, node)]
        return self._value(node, (fitting or members)[0], steps)

    def _struct(self, node: Node, kind: inspect.StructType, steps: Steps) -> object:
        if not isinstance(node, Mapping):
            return self._no_collection(node, steps, "keys with values below it")
        fields = self._fields.get(kind.cls)
        if fields is None:
            fields = {field.encode_name: field for field in kind.fields}
            self._fields[kind.cls] = fields
        values: dict[str, object] = {}
        broken = False
        for key, child in node.entries:
            field = fields.get(key.text)
            if field is None:
                self._unknown(key, steps, list(fields))
                continue
            value = self._value(child, field.type, (*steps, key.text))
            if value is _Absent.UNSET and not field.required:
                continue
            if isinstance(value, _Absent):
                if value is _Absent.UNSET:
                    expected = scalars.words(*scalars.bare(field.type))
                    self._note(child, (*steps, key.text), f"expected {expected}, got nothing")
                broken = broken or field.required
                continue
            values[field.name] = value
        written = {key.text for key, _ in node.entries}
        for name, field in fields.items():
            if field.required and name not in written:
                broken = True
                expected = scalars.words(*scalars.bare(field.type))
                self._note(node, steps, f"missing `{name}`: expected {expected}")
        if broken:
            return _Absent.BROKEN
        struct: msgspec.Struct = kind.cls(**values)
        self._homes[id(struct)] = (struct, steps, node)
        return struct

    def _unknown(self, key: Scalar, steps: Steps, known: list[str]) -> None:
        hint = meant(key.text, known)
        if not hint:
            more = ", ..." if len(known) > _LISTED_KEYS else ""
            hint = f"; expected one of {', '.join(known[:_LISTED_KEYS])}{more}"
        self._note(key, steps, f"unknown key {quoted(key.text)}{hint}")

    def _list(self, node: Node, kind: inspect.VarTupleType, steps: Steps) -> object:
        if not isinstance(node, Sequence):
            return self._no_collection(node, steps, "a list (`[a, b]`, or lines with `- `)")
        if len(node.items) < (kind.min_length or 0):
            self._note(node, steps, f"expected at least {kind.min_length} entry, got none")
            return _Absent.BROKEN
        values = [
            self._value(child, kind.item_type, (*steps, index))
            for index, child in enumerate(node.items)
        ]
        for index, value in enumerate(values):
            if value is _Absent.UNSET:
                self._note(node.items[index], (*steps, index), "expected an entry, got nothing")
        return tuple(value for value in values if not isinstance(value, _Absent))

    def _dict(self, node: Node, kind: inspect.DictType, steps: Steps) -> object:
        if not isinstance(node, Mapping):
            return self._no_collection(node, steps, "keys with values (`name: value`)")
        values = {}
        for key, child in node.entries:
            text = Scalar(key.text, False, key.line, key.column, key.end_line)
            name = self._value(text, kind.key_type, steps)
            value = self._value(child, kind.value_type, (*steps, key.text))
            if not isinstance(name, _Absent) and not isinstance(value, _Absent):
                values[name] = value
        return values

    def _no_collection(self, node: Node, steps: Steps, expected: str) -> _Absent:
        if isinstance(node, Scalar):
            if node.is_null:
                return _Absent.UNSET
            got = "text"  # not repeated: `basic: user:password` would show the password
        else:
            got = "a list" if isinstance(node, Sequence) else "keys with values"
        self._note(node, steps, f"expected {expected}, got {got}")
        return _Absent.BROKEN

    def _secret(self, node: Node, steps: Steps) -> object:
        if not isinstance(node, Mapping) or len(node.entries) != 1:
            self._note(node, steps, f"expected {SECRET}")
            return _Absent.BROKEN
        key, child = node.entries[0]
        if key.text in ("env", "file"):
            name = child.text if isinstance(child, Scalar) and not child.is_null else ""
            good = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) if key.text == "env" else name
            if good and key.text == "env":
                return SecretSource(env=name)
            if good and "\0" not in name:
                return SecretSource(file=scalars.from_folder(name, self.folder))
            what = "the name of an environment variable" if key.text == "env" else "a file"
            self._note(child, (*steps, key.text), f"expected {what}")
            return _Absent.BROKEN
        if key.text == "command":
            parts = child.items if isinstance(child, Sequence) else []
            argv = tuple(each.text for each in parts if isinstance(each, Scalar))
            if argv and argv[0] and len(argv) == len(parts) and "\0" not in "".join(argv):
                return SecretSource(command=argv)
            message = "expected a list of the program and its arguments: [pass, show, oncall]"
            self._note(child, (*steps, key.text), message)
            return _Absent.BROKEN
        self._note(key, steps, f"expected {SECRET}")
        return _Absent.BROKEN


def dotted(steps: Steps) -> str:
    """`steps` as a person reads them: `services[3].port`."""
    out = ""
    for step in steps:
        if isinstance(step, int):
            out += f"[{step}]"
        else:
            out += ("." if out else "") + visible(step, cells=40)
    return out


@functools.cache
def _shape(cls: type[msgspec.Struct]) -> inspect.StructType:
    shape = inspect.type_info(cls)
    assert isinstance(shape, inspect.StructType)
    return shape


def _takes(kind: inspect.Type, node: Node) -> bool:
    bare, _ = scalars.bare(kind)
    if isinstance(bare, inspect.VarTupleType):
        return isinstance(node, Sequence)
    if isinstance(bare, inspect.StructType | inspect.DictType):
        return isinstance(node, Mapping)
    return isinstance(node, Scalar)
