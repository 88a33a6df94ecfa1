"""Which versions of a service were brought out, by all that tell of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from console.model.event import Event, EventKind
from console.model.papers import Papers
from console.model.registry import Release, Service

if TYPE_CHECKING:
    from console.model.change import Change

MOST: Final = 3
"""Releases that are told of: what runs, and two to go back to."""
ENDPOINT: Final = "its health endpoint"
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
_ARROW: Final = " > "


def releases_of(
    service: Service, papers: Papers, events: Iterable[Event], most: int = MOST
) -> tuple[Release, ...]:
    """The latest releases of `service`, the newest first, each version once.

    A change in the journal tells most of one, then the settings, then what the health endpoint
    was seen to answer. One whose time is not known stands last.
    """
    found: dict[str, Release] = {}
    told = (
        *_of_changes(service.name, (one.change for one in papers.changes if not one.faults)),
        *service.releases,
        *_of_events(service.name, events),
    )
    for release in told:
        found.setdefault(_bare(release.version), release)
    ordered = sorted(found.values(), key=lambda one: one.at or _LONG_AGO, reverse=True)
    return tuple(ordered[:most])


def share_text(release: Release) -> str:
    """What is to be said beside its version: `10 %, rolled back`; empty for nothing."""
    words = []
    if release.traffic_percent is not None:
        words.append(f"{release.traffic_percent:g} %")
    if release.rolled_back:
        words.append("rolled back")
    return ", ".join(words)


def _of_changes(service: str, changes: Iterable[Change]) -> Iterator[Release]:
    from console.model.change import ChangeState  # late: where there is one it is imported

    # The latest first: a version that was brought out twice is told of as it went last.
    begun = [one for one in changes if one.started is not None and one.plan.version]
    for change in sorted(begun, key=lambda one: one.started or _LONG_AGO, reverse=True):
        plan = change.plan
        if service in plan.services:
            undone = change.state is ChangeState.ROLLED_BACK
            by = plan.executor or change.author
            yield Release(plan.version, change.started, plan.traffic_percent, undone, by)


def _of_events(service: str, events: Iterable[Event]) -> Iterator[Release]:
    seen: Sequence[Event] = [
        one for one in events if one.kind is EventKind.RELEASE and one.key == service
    ]
    for event in sorted(seen, key=lambda one: one.at, reverse=True):
        version = event.text.rpartition(_ARROW)[2]
        if version:
            yield Release(version, event.at, by=ENDPOINT)


def _bare(version: str) -> str:
    return version.strip().lower().removeprefix("v")
