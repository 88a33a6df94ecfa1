"""The front matter of a runbook: what it is for, whose it is, which values its steps need."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Final, Literal

import msgspec

from config.fault import Fault, meant, quoted
from config.validate import Checked
from config.yaml_nodes import Mapping, Node, Scalar, Sequence, read
from console.actions.silences.matchers import MatcherFault, matcher_of
from console.model.labels import Matcher
from console.model.runbook import PARAM_NAME, Origin, Param, ParamType
from console.runbook.places import FACTS, MAX_FRONT_LINES, RESERVED, shifted
from console.runbook.values import NAME_VALUE, expected_of
from console.safety.text import Raw

_FENCE: Final = re.compile(r"---[ \t]*")
_END: Final = re.compile(r"(?:---|\.\.\.)[ \t]*")
_LABEL: Final = re.compile(r"label\.([A-Za-z_][A-Za-z0-9_]{0,99})")
_Types = Literal["host", "service", "url", "int", "duration", "name", "text", "choice", "secret"]  # fmt: skip # noqa: E501


class ParamEntry(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"origin": "from"}
):
    """One entry of `params`."""

    type: _Types
    origin: str | None = None
    default: str | None = None
    choices: tuple[str, ...] = ()
    help: str = ""


class OncallEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What stands under `oncall`."""

    service: str | None = None
    services: tuple[str, ...] = ()
    owner: str = ""
    reviewed: date | None = None
    alerts: tuple[str, ...] = ()
    matchers: tuple[str, ...] = ()
    params: dict[str, ParamEntry] = {}


class Front(msgspec.Struct, frozen=True):
    """What the front matter says, as far as it can be read."""

    body_line: int = 1
    """The line of the file on which the rest begins, from 1."""
    title: str = ""
    is_ours: bool = False
    """It has `oncall`."""
    owner: str = ""
    reviewed: date | None = None
    reviewed_line: int = 1
    alerts: tuple[str, ...] = ()
    matchers: tuple[Matcher, ...] = ()
    services: tuple[str, ...] = ()
    params: tuple[Param, ...] = ()
    faults: tuple[Fault, ...] = ()


def read_front(lines: list[str], file: str) -> Front:
    """The front matter above `lines`, the whole file; never raises."""
    if not lines or _FENCE.fullmatch(lines[0]) is None:
        return Front()
    past = min(len(lines), MAX_FRONT_LINES)
    end = next((at for at in range(1, past) if _END.fullmatch(lines[at]) is not None), None)
    if end is None:
        # A rule at the top of a page that has no front matter; what looks like keys was meant.
        if len(lines) > 1 and re.match(r"[A-Za-z_]+:(?: |$)", lines[1]):
            message = f"expected the end of the front matter, ---, within {MAX_FRONT_LINES} lines"
            return Front(faults=(Fault(file, 1, 1, "", message),))
        return Front()
    root = read("\n".join(lines[1:end]).encode("utf-8", "replace"), file)
    if not isinstance(root, Mapping):
        return Front(end + 2, faults=tuple(shifted(fault, 1) for fault in root))
    found = _Reader(file, root).front(end + 2)
    return msgspec.structs.replace(found, faults=tuple(shifted(one, 1) for one in found.faults))


class _Reader:
    def __init__(self, file: str, root: Mapping) -> None:
        self._file = file
        self._root = root
        self._faults: list[Fault] = []

    def front(self, body_line: int) -> Front:
        for key in ("tag", "category"):
            node = self._root.value_of(key)
            if node is not None and not isinstance(node, Scalar):
                message = "expected words with commas between them: runme reads no list here"
                self._fault(node, key, message)
        node = self._root.value_of("oncall")
        entry = self._entry(node)
        alerts = (*entry.alerts, *self._texts("alerts"))
        written = entry.matchers or tuple(self._texts("matchers"))
        single = (entry.service,) if entry.service else ()
        services = (*single, *entry.services, *self._texts("service"), *self._texts("services"))
        title = self._root.value_of("title")
        reviewed = node.value_of("reviewed") if isinstance(node, Mapping) else None
        return Front(
            body_line,
            title.text if isinstance(title, Scalar) and not title.is_null else "",
            node is not None,
            entry.owner,
            entry.reviewed,
            1 if reviewed is None else reviewed.line + 1,
            tuple(dict.fromkeys(alerts)),
            tuple(self._matchers(written, node)),
            tuple(dict.fromkeys(services)),
            tuple(self._params(entry, node)),
            tuple(sorted(self._faults, key=lambda fault: (fault.line, fault.column))),
        )

    def _entry(self, node: Node | None) -> OncallEntry:
        if node is None or (isinstance(node, Scalar) and node.is_null):
            return OncallEntry()
        if not isinstance(node, Mapping):
            self._fault(node, "oncall", "expected keys with values, such as owner: team-shop")
            return OncallEntry()
        checked = Checked(self._file, node, OncallEntry)
        self._faults += (
            msgspec.structs.replace(one, path=f"oncall.{one.path}" if one.path else "oncall")
            for one in checked.faults
        )
        return checked.value or OncallEntry()

    def _matchers(self, written: tuple[str, ...], node: Node | None) -> Iterator[Matcher]:
        inner = node.value_of("matchers") if isinstance(node, Mapping) else None
        place = inner or self._root.value_of("matchers") or self._root
        for number, text in enumerate(written):
            try:
                yield matcher_of(text)
            except MatcherFault as fault:
                at = place.items[number] if isinstance(place, Sequence) else place
                self._fault(at, f"matchers[{number}]", str(fault))

    def _params(self, entry: OncallEntry, node: Node | None) -> Iterator[Param]:
        params = node.value_of("params") if isinstance(node, Mapping) else None
        places = dict((key.text, key) for key, _ in params.entries) if isinstance(params, Mapping) else {}  # fmt: skip # noqa: C402, E501
        for name, each in entry.params.items():
            place: Node = places.get(name, self._root)
            fault = _param_fault(name, each)
            if fault:
                self._fault(place, f"oncall.params.{name}", fault)
                continue
            origin, key = _origin_of(each.origin)
            yield Param(
                name,
                ParamType(each.type),
                origin,
                key,
                None if each.default is None else Raw(each.default),
                tuple(map(Raw, each.choices)),
                Raw(each.help),
                place.line + 1,
            )

    def _texts(self, key: str) -> Iterator[str]:
        yield from _scalars(self._root.value_of(key))

    def _fault(self, node: Node, path: str, message: str) -> None:
        self._faults.append(Fault(self._file, node.line, node.column, path, message))


def _origin_of(written: str | None) -> tuple[Origin, str]:
    if written is None:
        return Origin.PERSON, ""
    kind, _, key = written.partition(".")
    return Origin(kind), key


def _param_fault(name: str, entry: ParamEntry) -> str:
    """What is wrong with one parameter; empty for nothing."""
    if re.fullmatch(PARAM_NAME, name) is None:
        return f"expected a name in capitals such as TARGET_HOST, got {quoted(name)}"
    if name in RESERVED or name.startswith(
        ("LD_", "BASH_", "SSH_", "ONCALL_", "DYLD_", "GIT_", "XDG_")
    ):
        return f"expected a name that means nothing to the shell, got {quoted(name)}"
    if entry.origin is not None:
        fact = entry.origin.removeprefix("registry.")
        if _LABEL.fullmatch(entry.origin) is None and (fact == entry.origin or fact not in FACTS):
            listed = ", ".join(f"registry.{each}" for each in FACTS)
            hint = meant(entry.origin, [f"registry.{each}" for each in FACTS])
            return f"from: expected label.NAME or one of {listed}; got {quoted(entry.origin)}{hint}"
        if entry.type in ("text", "secret"):
            return f"from: a {entry.type} is given by a person, never taken from outside"
    if entry.type == "secret" and entry.default is not None:
        return "default: a secret does not stand in a file"
    if (entry.type == "choice") is not bool(entry.choices):
        return "expected choices for a parameter of type choice, and for no other"
    if entry.default is not None:
        return _default_fault(entry.default, entry)
    return ""


def _default_fault(value: str, entry: ParamEntry) -> str:
    expected = expected_of(ParamType(entry.type), value, entry.choices)
    if not expected and entry.type in ("host", "service") and not NAME_VALUE.fullmatch(value):
        expected = "one word"
    return f"default: expected {expected}, got {quoted(value)}" if expected else ""


def _scalars(node: Node | None) -> Iterator[str]:
    if isinstance(node, Scalar) and not node.is_null:
        yield node.text
    elif isinstance(node, Sequence):
        for item in node.items:
            if isinstance(item, Scalar) and not item.is_null:
                yield item.text
