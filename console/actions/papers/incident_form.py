"""What stands in the form of an incident, judged: the incident that it says, and what is wrong.

`judged(typed_of(incident, zone), incident, terms, now)` is `incident` again. A field that stands
as it stood is never read anew: what a hand wrote into the file stays, however odd.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any, Final, TypeVar

import msgspec

from console.actions.papers.action_items import VERB_FIRST, is_verb_first, items_of
from console.actions.papers.fields import FieldFault, Typed
from console.actions.papers.incident_fields import (
    FIELDS,
    NAMES,
    NUMBERS,
    PEOPLE,
    PROSE,
    SECTIONS,
    SHORT,
    TIMES,
    typed_of,
)
from console.actions.papers.moments import EXPECTED, moment_of, moment_text
from console.model.incident import Detection, Incident, disorder
from console.model.state import Priority
from console.safety.text import visible

__all__ = ("FIELDS", "SECTIONS", "SHORT", "Judged", "Terms", "judged", "opening", "typed_of")

MOST_TITLE: Final = 200
"""Characters: it heads the file, the commit and every list."""
_ID: Final = re.compile(r"(INC|CHG)-[0-9]{8}-[0-9a-z]{3,8}")
_EXPECTED_IDS: Final = {"changes": "CHG-20261122-9b1", "related": "INC-20261122-7f3"}
_NAMED: Final = 4
T = TypeVar("T")


class Terms(msgspec.Struct, frozen=True):
    """By what a form is judged."""

    zone: tzinfo = UTC
    """Of the rota."""
    services: frozenset[str] = frozenset()
    """Those that are known; empty: none can be checked."""
    hosts: frozenset[str] = frozenset()


class Judged(msgspec.Struct, frozen=True):
    """What a form says."""

    incident: Incident
    """With every field that could be read; the others as they stood before."""
    faults: tuple[FieldFault, ...] = ()
    """Where there is any, it is not saved."""
    notes: tuple[FieldFault, ...] = ()
    """What is only said: times in UTC, names that nobody knows."""


class _Reader:
    """Reads the fields that differ from those of `before`, and collects what is wrong."""

    def __init__(self, typed: Typed, before: Incident, terms: Terms, now: datetime) -> None:
        self.terms, self.now = terms, now
        self.stood = typed_of(before, terms.zone)
        self.typed = {name: text for name, text in typed.items() if name in self.stood}
        self.faults: list[FieldFault] = []
        self.notes: list[FieldFault] = []

    def of(self, names: Iterable[str], read: Callable[[str, str], Any]) -> dict[str, Any]:
        """What those of `names` say that were changed; `read` raises `ValueError` in words."""
        found = {}
        for name in names:
            text = self.typed.get(name)
            if text is None or text == self.stood[name]:
                continue
            try:
                found[name] = read(name, text)
            except ValueError as fault:
                self.faults.append(FieldFault(name, str(fault)))
        return found

    def moment(self, name: str, text: str) -> datetime | None:
        if not text.strip():
            return None
        at = moment_of(text, self.terms.zone, self.now, ahead=name == "meeting")
        if at is None:
            raise ValueError(EXPECTED)
        if at > self.now and name != "meeting":
            raise ValueError(f"that is in the future: {at:%Y-%m-%d %H:%M} UTC")
        return at


def judged(typed: Typed, incident: Incident, terms: Terms, now: datetime) -> Judged:
    """The incident that `typed` says, on top of `incident`.

    Args:
        typed: what it does not name stays as it is in `incident`.
    """
    reader = _Reader(typed, incident, terms, now)
    replace = msgspec.structs.replace
    changed: dict[str, Any] = {
        **reader.of(("title",), _title),
        **reader.of(TIMES, reader.moment),
        **reader.of(PEOPLE, _one_line),
        **reader.of(NAMES, _names),
        **reader.of(("participants",), _lines),
        **reader.of(("severity",), _severity),
        **reader.of(("detected_by",), _detection),
    }
    prose = reader.of(PROSE, lambda _, text: _prose(text))
    impact = {**reader.of(NUMBERS, _number), **reader.of(("sla_breached",), _yes_or_no)}
    meeting = {
        **reader.of(("meeting", "held"), reader.moment),
        **reader.of(("attended",), _lines),
    }
    actions = reader.typed.get("actions", reader.stood["actions"])
    if actions != reader.stood["actions"]:
        items, wrong = items_of(actions, incident.actions, terms.zone, now)
        reader.faults += [FieldFault("actions", text, line) for line, text in wrong]
        changed["actions"] = items
    found = replace(
        incident,
        **changed,
        prose=replace(incident.prose, **prose),
        impact=replace(incident.impact, **impact),
        post_mortem=replace(incident.post_mortem, **meeting),
    )
    reader.notes += _notes(found, reader)
    order = [one.name for one in FIELDS]
    faults = sorted(reader.faults, key=lambda fault: order.index(fault.field))
    return Judged(found, tuple(faults), tuple(reader.notes))


def opening(typed: Typed, seed: Incident, terms: Terms) -> Judged:
    """The incident that `what` and `where` open, on top of what its alerts tell.

    Args:
        seed: with what is known without any typing: title, severity, times, alerts; its title
            is what was prefilled as `what`, or empty.
    """
    what = " ".join(typed.get("what", "").split())
    if not what:
        return Judged(seed, (FieldFault("what", "expected one sentence: what is wrong"),))
    services, hosts, words = _places(typed.get("where", ""), terms)
    if not (services or hosts or words):
        return Judged(seed, (FieldFault("where", "expected a service, a host or a place"),))
    where = " ".join(typed.get("where", "").split())
    prose = msgspec.structs.replace(
        seed.prose, what=what, where="\n".join(filter(None, (seed.prose.where, where)))
    )
    found = msgspec.structs.replace(
        seed,
        title=(seed.title or what)[:MOST_TITLE].strip(),
        services=services,
        hosts=hosts,
        prose=prose,
    )
    text = _strangers(services, hosts, terms)
    return Judged(found, (), (FieldFault("where", text),) if text else ())


def _places(text: str, terms: Terms) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    """Services, hosts, and what is neither: parts between commas, `service@host` among them."""
    services: dict[str, None] = {}
    hosts: dict[str, None] = {}
    words = []
    for part in re.split(r"[,\n]", text):
        part = part.strip()
        if not part:
            continue
        if re.search(r"\s", part) and part not in terms.services and part not in terms.hosts:
            words.append(part)
            continue
        service, at, host = part.partition("@")
        if at:
            services |= {service: None} if service else {}
            hosts |= {host: None} if host else {}
        elif part in terms.hosts and part not in terms.services:
            hosts[part] = None
        else:
            services[part] = None
    return tuple(services), tuple(hosts), ", ".join(words)


def _notes(incident: Incident, reader: _Reader) -> Iterable[FieldFault]:
    for name in (*TIMES, "meeting", "held"):
        holder = incident if name in TIMES else incident.post_mortem
        at = getattr(holder, name)
        said = "" if at is None else f"{moment_text(at, UTC)} UTC"
        if said and said.removesuffix(" UTC") != reader.typed.get(name, said):
            yield FieldFault(name, said)
    for sentence in disorder(incident):
        name = sentence.partition(" ")[0]
        if name in TIMES:
            yield FieldFault(name, sentence)
    terms = reader.terms
    for name, names, known in (
        ("services", incident.services, terms.services),
        ("hosts", incident.hosts, terms.hosts),
    ):
        text = _unknown(names, known, name[:-1])
        if text:
            yield FieldFault(name, text)
    for line, item in enumerate(incident.actions):
        if item.done is None and not is_verb_first(item):
            yield FieldFault("actions", VERB_FIRST, line)
        elif item.done is None and not item.owner:
            yield FieldFault("actions", "nobody has it yet: @mei names its owner", line)


def _strangers(services: Iterable[str], hosts: Iterable[str], terms: Terms) -> str:
    parts = (
        _unknown(services, terms.services, "service"),
        _unknown(hosts, terms.hosts, "host"),
    )
    return "; ".join(filter(None, parts))


def _unknown(names: Iterable[str], known: frozenset[str], noun: str) -> str:
    strange = [name for name in names if name not in known] if known else []
    if not strange:
        return ""
    shown = ", ".join(visible(name, cells=30) for name in strange[:_NAMED])
    more = f" and {len(strange) - _NAMED} more" if len(strange) > _NAMED else ""
    return f"no {noun} is called {shown}{more}: kept as it is typed"


# What a field may say. `ValueError` carries what was expected.


def _title(_: str, text: str) -> str:
    title = " ".join(text.split())
    if not title:
        raise ValueError("expected a title in a few words, such as `redis is down`")
    if len(title) > MOST_TITLE:
        raise ValueError(f"expected at most {MOST_TITLE} characters, got {len(title):,}")
    return title


def _one_line(_: str, text: str) -> str:
    return " ".join(text.split())


def _prose(text: str) -> str:
    lines = [line.rstrip() for line in text.replace("\r\n", "\n").split("\n")]
    return "\n".join(lines).strip("\n") if any(lines) else ""


def _lines(_: str, text: str) -> tuple[str, ...]:
    found = (" ".join(line.split()) for line in text.split("\n"))
    return tuple(dict.fromkeys(line for line in found if line))


def _names(name: str, text: str) -> tuple[str, ...]:
    found = (
        tuple(dict.fromkeys(re.split(r"[\s,]+", text.strip(" ,\n")))) if text.strip(" ,\n") else ()
    )
    example = _EXPECTED_IDS.get(name)
    if example is not None:
        for one in found:
            if not _ID.fullmatch(one) or one[:3] != example[:3]:
                raise ValueError(f"expected ids such as {example}, got {visible(one, cells=30)}")
    return found


def _number(name: str, text: str) -> float | int | None:
    plain = text.strip().rstrip("%").strip().replace(",", "").replace("_", "")
    if not plain:
        return None
    pattern = r"[0-9]{1,15}(\.[0-9]{1,9})?" if name == "budget_percent" else r"[0-9]{1,15}"
    if not re.fullmatch(pattern, plain, re.ASCII):
        example = "12.5" if name == "budget_percent" else "1200"
        raise ValueError(f"expected a number such as {example}, got {visible(text, cells=30)}")
    return float(plain) if name == "budget_percent" else int(plain)


def _severity(_: str, text: str) -> Priority | None:
    known: Mapping[str, Priority] = {str(one): one for one in Priority}
    return _one_of(text.strip().upper(), known)


def _detection(_: str, text: str) -> Detection | None:
    return _one_of(text.strip().lower(), {str(one): one for one in Detection})


def _yes_or_no(_: str, text: str) -> bool | None:
    return _one_of(text.strip().lower(), {"yes": True, "no": False})


def _one_of(text: str, known: Mapping[str, T]) -> T | None:
    if text and text not in known:
        raise ValueError(f"expected one of {', '.join(known)}, got {visible(text, cells=30)}")
    return known.get(text)
