"""What the types cannot say about windows, freezes and templates: a freeze that never holds
forbids nothing, and one for a service that is called otherwise neither."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Final

from config.changes import OBSERVATION, Changes
from config.fault import meant, quoted
from config.schema import Settings
from config.scope_checks import require_schedule, require_services
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
    for window in changes.windows:
        require_schedule(checked, window, "window")
        require_services(checked, window, services)
    known = checked.names_under("changes", "standards")
    for freeze in changes.freezes:
        require_schedule(checked, freeze, "freeze")
        require_services(checked, freeze, services)
        for index, name in enumerate(freeze.allows):
            if name not in known:
                message = f"expected a name in `standards`, got {quoted(name)}"
                checked.fault(freeze, ("allows", index), message + meant(name, known))
    for standard in changes.standards:
        require_services(checked, standard, services)
    first = observed if observed is None or isinstance(observed, date) else observed.since
    if first is not None and first.year not in _YEARS:
        message = f"expected a day of the years {_YEARS[0]} to {_YEARS[-1]}, got {first}"
        if isinstance(observed, date):
            checked.fault(changes, ("observation",), message)
        elif observed is not None:
            checked.fault(observed, ("from",), message)
