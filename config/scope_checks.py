"""When something holds and for which services, as changes, maintenance and objectives say it."""

from __future__ import annotations

from collections.abc import Collection

from config.changes import ChangeFreeze, ChangeWindow, StandardChange
from config.fault import meant, quoted
from config.history import Maintenance, ObjectiveEntry
from config.schema import Settings
from config.validate import Checked

Scheduled = ChangeWindow | ChangeFreeze | Maintenance


def require_schedule(checked: Checked[Settings], one: Scheduled, what: str) -> None:
    """Note where `one`, a `what`, never holds, or a period of it ends before it begins."""
    # By the file: what is written with a fault is no part of the value, and is told of already.
    if checked.left_empty(one, "times") and checked.left_empty(one, "periods"):
        message = f"expected `times` or `periods`: without them this {what} never holds"
        checked.fault(one, (), message)
    for period in one.periods:
        if period.end <= period.start:
            checked.fault(period, ("end",), "expected a time after `start`")


def require_services(
    checked: Checked[Settings],
    part: Scheduled | StandardChange | ObjectiveEntry,
    services: Collection[str] | None,
) -> None:
    """Note every service of `part` that there is not.

    Args:
        services: every name that `services.yaml` has; `None`: it has none, or is not known.
    """
    if services is None:
        return
    for index, name in enumerate(part.services):
        if name not in services:
            message = f"expected a service of services.yaml, got {quoted(name)}"
            checked.fault(part, ("services", index), message + meant(name, services))
