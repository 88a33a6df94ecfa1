"""systemd units, out of `systemctl show` and `systemctl list-units --failed`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

from console.model.failure import FailureKind
from console.model.host import Unit
from console.safety.text import Raw
from console.sources.answer import Unusable, capped
from console.sources.hosts.decode_uses import UseOf
from console.sources.hosts.parts import Part

MAX_UNITS: Final = 1_000
EXPECTED: Final = "what systemd tells of its units"

_MOMENT: Final = re.compile(r"[A-Z][a-z]{2} (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?:\.\d+)? UTC\Z")
_NUMBER: Final = re.compile(r"\d{1,9}\Z")
_NO_BUS: Final = re.compile(rb"not been booted with systemd|connect to bus|no bus", re.IGNORECASE)
_SUFFIXES: Final = re.compile(
    r"\.(service|socket|timer|target|mount|automount|swap|path|slice|scope|device)\Z"
)

Properties = Mapping[str, str]


def units_in(
    shown: Part | None,
    failed: Part | None,
    wanted: tuple[str, ...],
    limit_s: int,
    use_of: UseOf,
) -> tuple[Unit, ...]:
    """The units that the registry names, called as it calls them, then other failed ones.

    A wanted unit that systemd did not tell of is left out: one that is not there is told of.

    Args:
        shown: `systemctl show` of the wanted and the failed units, in that order.
        failed: `systemctl list-units --failed`.
        wanted: the names in the registry, with or without `.service`, aliases too.
        limit_s: how long either was let.
        use_of: what a cgroup takes.

    Raises:
        Unusable: systemd did not tell, or told of a unit without its state.
    """
    for part in (failed, shown):
        if part is None or part.status != 0:
            raise systemd_trouble(part, limit_s)
    assert shown is not None and failed is not None
    blocks = [_properties(block) for block in re.split(rb"\n[ \t]*\n", shown.out) if block.strip()]
    units: dict[str, Unit] = {}
    taken: set[str] = set()
    for name in wanted:
        told = next((one for one in blocks if _is_called(one, name)), None)
        if told is not None:
            units[name] = _unit(name, told, use_of)
            taken.update(_names(told))
    for told in blocks:
        if told.get("ActiveState") == "failed" and not taken.intersection(_names(told)):
            units.setdefault(told["Id"], _unit(told["Id"], told, use_of))
            taken.update(_names(told))
    for unit in _listed(failed.out):
        if unit.name.exact not in taken:
            units.setdefault(unit.name.exact, unit)
    return tuple(units.values())[:MAX_UNITS]


def systemd_trouble(part: Part | None, limit_s: int) -> Unusable:
    """Why `systemctl` told nothing, in words."""
    if part is None or part.timed_out:
        return Unusable(
            FailureKind.TIMEOUT,
            f"systemd gave no answer within {limit_s} s",
            expected=EXPECTED,
            remedy="look at the load of that host",
        )
    if part.missing:
        return Unusable(
            FailureKind.NOT_SERVED,
            "there is no program systemctl on it",
            expected=EXPECTED,
            remedy="correct the type of its services in services.yaml: it has no systemd",
        )
    if _NO_BUS.search(part.err):
        return Unusable(
            FailureKind.REFUSED,
            f"systemd does not run there: {part.said}",
            expected=EXPECTED,
            remedy="correct the type of its services in services.yaml, or look at its systemd",
        )
    return Unusable(
        FailureKind.STATUS,
        f"systemctl ended with status {part.status}" + (f": {part.said}" if part.said else ""),
        expected=EXPECTED,
        remedy="run `systemctl list-units --failed` there",
    )


def _properties(block: bytes) -> dict[str, str]:
    pairs = (line.partition("=") for line in block.decode("utf-8", "replace").split("\n"))
    found = {name: value for name, equals, value in pairs if equals}
    found.setdefault("Id", "")
    return found


def _names(told: Properties) -> frozenset[str]:
    return frozenset([told["Id"], *told.get("Names", "").split()])


def _is_called(told: Properties, name: str) -> bool:
    full = name if _SUFFIXES.search(name) else f"{name}.service"
    return full in _names(told)


def _unit(name: str, told: Properties, use_of: UseOf) -> Unit:
    load, active, sub = (told.get(key, "") for key in ("LoadState", "ActiveState", "SubState"))
    if not load or not active or not sub:
        raise Unusable(FailureKind.SCHEMA, "systemd told of a unit without its state")
    return Unit(
        name=capped(name),
        load=capped(load),
        active=capped(active),
        sub=capped(sub),
        result=_word(told.get("Result")),
        exit_status=_number(told.get("ExecMainStatus")),
        restarts=_number(told.get("NRestarts")),
        since=_moment(told.get("StateChangeTimestamp", "")),
        use=use_of(told.get("ControlGroup", "")),
    )


def _listed(output: bytes) -> Iterable[Unit]:
    """`cron.service loaded failed failed Regular background …`, perhaps after a bullet."""
    # A description may hold U+2028, at which `str.splitlines` would begin another unit.
    for line in output.decode("utf-8", "replace").split("\n")[:MAX_UNITS]:
        words = line.lstrip("\u25cf*\u00d7\ufffd \t").split(None, 4)
        if len(words) >= 4 and words[2] == "failed":
            name, load, active, sub = (capped(word) for word in words[:4])
            yield Unit(name=name, load=load, active=active, sub=sub)


def _word(told: str | None) -> Raw | None:
    return capped(told) if told else None


def _number(told: str | None) -> int | None:
    return int(told) if told is not None and _NUMBER.match(told) else None


def _moment(told: str) -> datetime | None:
    """`Sun 2026-11-22 03:14:00 UTC`; `None` for a time that never was."""
    found = _MOMENT.match(told)
    if found is None:
        return None
    try:
        return datetime.strptime(found.group(1), "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return None
