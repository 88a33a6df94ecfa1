"""What the types cannot say about the memory and the reports: an objective that is measured in
two ways, maintenance that never holds, a chat whose name another one has."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from config.fault import meant, quoted
from config.history import OBJECTIVES, ObjectiveEntry, entries_of
from config.schema import Settings
from config.scope_checks import require_schedule, require_services
from config.validate import Checked, Steps

_WAYS: Final = ("figure", "query", "value")


def check_history(
    checked: Checked[Settings], settings: Settings, services: Collection[str] | None = None
) -> None:
    """Note all that is wrong in `history` and `summary`.

    Args:
        services: every name that `services.yaml` has; `None`: it has none, or is not known.
    """
    history, summary = settings.history, settings.summary
    if history.keep < history.keep_samples:
        message = "expected no less than `keep_samples`: what samples add up to is kept longer"
        key = "keep" if checked.wrote(history, "keep") else "keep_samples"
        checked.fault(history, (key,), message)
    checked.require_unique("maintenance", ("summary", "maintenance"))
    _require_unlike(checked, "objective", summary.objectives, ("summary", "objectives"))
    _require_unlike(checked, "key figure", summary.kpis, ("summary", "kpis"))
    checked.require_unique("item", ("summary", "inspection", "items"))
    checked.require_unique("webhook", ("summary", "webhooks"))
    for window in summary.maintenance:
        require_schedule(checked, window, "maintenance")
        require_services(checked, window, services)
    # By the file: a source with a fault is there all the same.
    sources = checked.names_under("sources", "prometheus")
    for entry in (*summary.objectives, *summary.kpis):
        _check_ways(checked, entry)
        require_services(checked, entry, services)
        if entry.source is not None and entry.source not in sources:
            message = f"expected a name in `sources.prometheus`, got {quoted(entry.source)}"
            checked.fault(entry, ("source",), message + meant(entry.source, sources))
    names = [one.name for one in entries_of(summary.objectives, OBJECTIVES)]
    for item in summary.inspection.items:
        wanted = item.objective
        if wanted is not None and checked.wrote(item, "objective") and wanted not in names:
            message = f"expected the name of an objective, got {quoted(wanted)}"
            checked.fault(item, ("objective",), message + meant(wanted, names))


def _require_unlike(
    checked: Checked[Settings], what: str, entries: tuple[ObjectiveEntry, ...], section: Steps
) -> None:
    """As `require_unique`, case aside: by that an entry stands in for a built-in one."""
    checked.require_unique(what, section)
    seen: dict[str, str] = {}
    for entry in entries:
        known = seen.setdefault(entry.name.casefold(), entry.name)
        if known != entry.name:
            message = f"expected a name that no other {what} has, got {quoted(entry.name)}"
            checked.fault(entry, ("name",), f"{message} beside {quoted(known)}")


def _check_ways(checked: Checked[Settings], entry: ObjectiveEntry) -> None:
    ways = [one for one in _WAYS if getattr(entry, one) is not None]
    if len(ways) > 1:
        message = f"expected `{'`, `'.join(_WAYS[:-1])}` or `{_WAYS[-1]}`, got {' and '.join(ways)}"
        checked.fault(entry, (ways[1],), message, at_key=True)
    if entry.above is not None and entry.below is not None:
        checked.fault(entry, ("below",), "expected `above` or `below`, got both", at_key=True)
    if entry.source is not None and entry.query is None:
        message = "expected a `query` beside it, which that Prometheus is asked"
        checked.fault(entry, ("source",), message, at_key=True)
    if entry.query is not None and not entry.query.strip():
        checked.fault(entry, ("query",), "expected PromQL, got nothing")
    for key in ("by", "on"):
        if getattr(entry, key) and entry.value is None and checked.wrote(entry, key):
            message = "expected a `value` beside it: what somebody measured by hand"
            checked.fault(entry, (key,), message, at_key=True)
