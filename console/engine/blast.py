"""How much a silence would keep quiet: what it matches now, and what it would have matched.

The present is Alertmanager's to tell. The past is in `ALERTS`, which a Prometheus has before
it sends anything: it lacks the labels that are added on the way.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

import msgspec

from console.model.alert import Alert
from console.model.failure import Failure
from console.model.labels import Labels, Matcher
from console.model.matcher_check import holds
from console.model.policy import Policy
from console.model.query import InstantAnswer
from console.model.state import Priority
from console.safety.text import quoted
from console.triage.priority import Priorities

WINDOW: Final = timedelta(days=7)
NO_PROMETHEUS: Final = "there is no Prometheus among the sources"
_NAME: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")

ByPriority = tuple[int, int, int, int]
NONE: Final[ByPriority] = (0, 0, 0, 0)


class Radius(msgspec.Struct, frozen=True):
    """What matchers match now, as the servers said."""

    alerts: tuple[Alert, ...] = ()
    """The most urgent first."""
    priorities: tuple[Priority, ...] = ()
    """Of each of `alerts`."""
    beyond: tuple[Alert, ...] = ()
    """Those of `alerts` that nobody marked; none where nothing was marked."""
    failures: tuple[Failure, ...] = ()
    """Of clusters that gave no answer: the counts are then too low."""

    @property
    def count(self) -> int | None:
        """How many; `None` where a cluster did not tell."""
        return None if self.failures else len(self.alerts)

    @property
    def by_priority(self) -> dict[Priority, int]:
        """How many of each."""
        return {level: self.priorities.count(level) for level in Priority}

    @property
    def held(self) -> dict[str, int]:
        """How many of them each silence holds, by its id."""
        found: dict[str, int] = {}
        for alert in self.alerts:
            for silence_id in alert.silenced_by:
                found[silence_id] = found.get(silence_id, 0) + 1
        return found


def radius_of(
    alerts: Iterable[Alert],
    failures: Sequence[Failure],
    marked: Collection[str],
    policy: Policy,
) -> Radius:
    """What came from the servers, put in order.

    Args:
        marked: fingerprints that the silence is meant for; empty where none were marked.
    """
    priorities = Priorities(policy)
    ordered = sorted(
        ((priorities.of(alert.labels), alert.starts_at, alert) for alert in alerts),
        key=lambda one: one[:2],
    )
    found = tuple(alert for _, _, alert in ordered)
    beyond = tuple(alert for alert in found if alert.fingerprint not in marked) if marked else ()
    return Radius(found, tuple(level for level, _, _ in ordered), beyond, tuple(failures))


class PastWeek(msgspec.Struct, frozen=True):
    """What matchers would have kept quiet in the last 7 days, in series of `ALERTS`."""

    by_priority: ByPriority = NONE
    unknown: str = ""
    """Why nothing is known of it; safe to show."""
    failures: tuple[Failure, ...] = ()
    """Of servers that did not tell, where another one did."""
    partial: bool = False
    """A server said that its answer lacks a part."""

    @property
    def total(self) -> int | None:
        """How many alerts; `None` where that is not known."""
        return None if self.unknown else sum(self.by_priority)


class Server(Protocol):
    """A Prometheus, as far as it is asked here."""

    @property
    def name(self) -> str: ...

    @property
    def external_labels(self) -> tuple[tuple[str, str], ...]: ...

    async def instant(
        self, query: str, at: datetime | None = None, limit: int = ...
    ) -> InstantAnswer | Failure: ...


async def past_week(
    servers: Sequence[Server], matchers: Sequence[Matcher], policy: Policy
) -> PastWeek:
    """Ask every server of `servers` which alerts fired in the last 7 days.

    Servers that differ in replica labels alone hold the same alerts: of those the larger
    count is taken, and not the sum.
    """
    if not servers:
        return PastWeek(unknown=NO_PROMETHEUS)
    odd = next((one.name for one in matchers if not _NAME.fullmatch(one.name)), None)
    if odd is not None:
        return PastWeek(unknown=f"{quoted(odd)} is no label that can be asked for")
    answers = await asyncio.gather(*(_asked(one, matchers, policy) for one in servers))
    failures = tuple(one for one in answers if isinstance(one, Failure))
    told = [
        (_without_replica(server, policy), answer)
        for server, answer in zip(servers, answers, strict=True)
        if not isinstance(answer, Failure)
    ]
    if not told:
        return PastWeek(unknown=f"{failures[0].source}: {failures[0].cause}", failures=failures)
    counts: dict[tuple[object, Labels], float] = {}
    for group, answer in told:
        for sample in answer.samples:
            key = (group, sample.labels)
            counts[key] = max(counts.get(key, 0.0), sample.value)
    partial = any(one.warnings or len(one.samples) < one.total for _, one in told)
    return PastWeek(_sums(counts, policy), failures=failures, partial=partial)


def _sums(counts: Mapping[tuple[object, Labels], float], policy: Policy) -> ByPriority:
    priorities = Priorities(policy)
    sums = [0, 0, 0, 0]
    for (_, labels), count in counts.items():
        sums[priorities.of(labels)] += int(count)
    return sums[0], sums[1], sums[2], sums[3]


async def _asked(
    server: Server, matchers: Sequence[Matcher], policy: Policy
) -> InstantAnswer | Failure:
    query = week_query(matchers, dict(server.external_labels), policy)
    return InstantAnswer(()) if query is None else await server.instant(query)


def week_query(
    matchers: Sequence[Matcher], external: Mapping[str, str], policy: Policy
) -> str | None:
    """How many alerts that `matchers` match fired, by what their priority hangs on.

    `None` where the labels that the server adds to what it sends do not match: then none did.
    """
    parts = ['alertstate="firing"']
    for one in matchers:
        value = external.get(one.name)
        if value is None:
            parts.append(f"{one.name}{one.operator}{quoted(one.value)}")
        elif holds(one, value) is False:
            return None
    by = [
        name
        for name in dict.fromkeys(("alertname", policy.severity_label, policy.priority_label))
        if _NAME.fullmatch(name)
    ]
    days = WINDOW.days
    return f"count by ({', '.join(by)}) (last_over_time(ALERTS{{{','.join(parts)}}}[{days}d]))"


def _without_replica(server: Server, policy: Policy) -> tuple[tuple[str, str], ...] | str:
    """What servers that evaluate the same rules on the same targets have in common."""
    kept = tuple(pair for pair in server.external_labels if pair[0] not in policy.ignore_labels)
    return kept or server.name
