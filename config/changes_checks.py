"""What the types cannot say about windows, freezes and templates: a freeze that never holds
forbids nothing, and one for a service that is called otherwise neither."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Final

from config.changes import OBSERVATION, ChangeFreeze, Changes, ChangeWindow, StandardChange
from config.fault import meant, quoted
from config.schema import Settings
from config.validate import Checked

_YEARS: Final = range(2000, 3000)


def check_changes(
    checked: Checked[Settings], changes: Changes, services: Collection[str] | None = None
) -> None:
    """Note all that is wrong in `changes`.

    Args:
        services: every name that `services.yaml` has; `None`: it has none, or is not known.
    """
    observed = changes.observation
    checked.require_unique("window", ("changes", "windows"))
    taken = () if observed is None else (OBSERVATION,)
    checked.require_unique("freeze", ("changes", "freezes"), taken=taken)
    checked.require_unique("standard change", ("changes", "standards"))
    every: tuple[ChangeWindow | ChangeFreeze, ...] = (*changes.windows, *changes.freezes)
    for scheduled in every:
        _check_schedule(checked, scheduled)
        _check_services(checked, scheduled, services)
    known = checked.names_under("changes", "standards")
    for freeze in changes.freezes:
        for index, name in enumerate(freeze.allows):
            if name not in known:
                message = f"expected a name in `standards`, got {quoted(name)}"
                checked.fault(freeze, ("allows", index), message + meant(name, known))
    for standard in changes.standards:
        _check_services(checked, standard, services)
    first = observed if observed is None or isinstance(observed, date) else observed.since
    if first is not None and first.year not in _YEARS:
        message = f"expected a day of the years {_YEARS[0]} to {_YEARS[-1]}, got {first}"
        if isinstance(observed, date):
            checked.fault(changes, ("observation",), message)
        elif observed is not None:
            checked.fault(observed, ("from",), message)


def _check_schedule(checked: Checked[Settings], one: ChangeWindow | ChangeFreeze) -> None:
    what = "freeze" if isinstance(one, ChangeFreeze) else "window"
    # By the file: what is written with a fault is no part of the value, and is told of already.
    if checked.left_empty(one, "times") and checked.left_empty(one, "periods"):
        message = f"expected `times` or `periods`: without them this {what} never holds"
        checked.fault(one, (), message)
    for period in one.periods:
        if period.end <= period.start:
            checked.fault(period, ("end",), "expected a time after `start`")


def _check_services(
    checked: Checked[Settings],
    part: ChangeWindow | ChangeFreeze | StandardChange,
    services: Collection[str] | None,
) -> None:
    if services is None:
        return
    for index, name in enumerate(part.services):
        if name not in services:
            message = f"expected a service of services.yaml, got {quoted(name)}"
            checked.fault(part, ("services", index), message + meant(name, services))
