"""Several alerts as one row."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from operator import is_

import msgspec

from console.model.alert import Ack, Silence
from console.model.policy import Policy
from console.model.snapshot import KnownAlert, Standing
from console.model.state import State
from console.model.worklist import Lane, Row, RowKind, Step
from console.safety.text import Raw
from console.triage.fired import NOBODY_COUNTED, FiredIndex
from console.triage.grouping import Services
from console.triage.judge import Judged
from console.triage.sla import most_urgent
from console.triage.storm import Party
from console.triage.wording import (
    compared,
    label_title,
    labels_in_title,
    summary_of,
    title_of,
    where_of,
)

_STANDINGS = tuple(Standing)
_ONE_OF = ((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1))


class Group(msgspec.Struct):
    """The alerts that one row will hold, while they are gathered."""

    key: str
    members: list[Judged]
    lane: Lane = Lane.MAIN
    party: Party | None = None


class GroupRows:
    """Makes rows of groups, and keeps those whose alerts have not changed."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._skip = policy.ignore_labels | labels_in_title(policy.group_by)
        self._services: Services = {}
        self._fired = NOBODY_COUNTED
        self._made: dict[str, tuple[Group, Row]] = {}

    def rows(
        self, groups: Sequence[Group], services: Services, fired: FiredIndex = NOBODY_COUNTED
    ) -> list[Row]:
        """One row a group, in the same order."""
        before = self._made if services == self._services else {}
        self._services = services
        if fired is not self._fired:
            self._fired = fired
            before = {key: e for key, e in before.items() if self._fired_of(e[0]) == e[1].fired}
        self._made = made = {}
        rows: list[Row] = []
        for group in groups:
            known = before.get(group.key)
            if known is not None and _same(known[0], group):
                entry = known
            else:
                entry = (group, self._row(group))
            made[group.key] = entry
            rows.append(entry[1])
        return rows

    def _row(self, group: Group) -> Row:
        members = group.members
        if len(members) == 1 and group.party is None:
            return self._single(members[0], group)
        fired = self._fired_of(group)
        members = sorted(members, key=lambda each: each.urgency)
        alerts = tuple([each.known for each in members])
        worked = [each for each in members if each.fires] or members
        acks = [each.known.ack for each in worked if each.known.ack is not None]
        newest = max(acks, key=_since) if len(acks) == len(worked) and acks else None
        clocks = most_urgent(
            (each.known.ack is not None, each.clocks) for each in worked if each.clocks is not None
        )
        by_priority = [0, 0, 0, 0]
        for each in worked:
            by_priority[each.facts.priority] += 1
        pair = group.party.pair if group.party is not None else None
        skip = self._skip if pair is None else self._skip | {pair[0]}
        summary, shared = compared(alerts, skip)
        title = label_title(*pair) if pair is not None else self._title(alerts)
        cells = {known.cell for known in alerts}
        return Row(
            key=group.key,
            kind=RowKind.GROUP,
            priority=min(each.facts.priority for each in worked),
            state=max((known.state for known in alerts), key=_badness),
            standing=min((known.standing for known in alerts), key=_STANDINGS.index),
            title=title,
            where=where_of(alerts, self._services),
            summary=summary,
            since=min(each.episode.start for each in worked),
            step=clocks.step if clocks is not None else Step.NONE,
            clocks=clocks,
            alerts=alerts,
            cell=cells.pop() if len(cells) == 1 else None,
            acked_by=newest.owner if newest is not None else None,
            acked_at=newest.since if newest is not None else None,
            acked_count=len(acks),
            acks=_once(acks),
            ended=_latest(worked),
            fired=fired,
            flaps=fired >= self._policy.flaps_from,
            by_priority=(by_priority[0], by_priority[1], by_priority[2], by_priority[3]),
            is_new=any(each.is_new for each in members),
            lane=group.lane,
            shared=shared if pair is None else ((pair[0], Raw(pair[1]), len(alerts)), *shared),
        )

    def _single(self, each: Judged, group: Group) -> Row:
        known = each.known
        alerts = (known,)
        fired = self._fired.of(known) if self._fired else 0
        clocks = each.clocks
        ack = known.ack
        return Row(
            key=group.key,
            kind=RowKind.ALERT,
            priority=each.facts.priority,
            state=known.state,
            standing=known.standing,
            title=title_of(alerts, ()),
            where=where_of(alerts, self._services),
            summary=summary_of(alerts),
            since=each.episode.start,
            step=clocks.step if clocks is not None else Step.NONE,
            clocks=clocks,
            alerts=alerts,
            cell=known.cell,
            acked_by=ack.owner if ack is not None else None,
            acked_at=ack.since if ack is not None else None,
            acked_count=0 if ack is None else 1,
            acks=() if ack is None else (ack,),
            ended=known.ended,
            fired=fired,
            flaps=fired >= self._policy.flaps_from,
            by_priority=_ONE_OF[each.facts.priority],
            is_new=each.is_new,
            lane=group.lane,
        )

    def _title(self, alerts: Sequence[KnownAlert]) -> Raw:
        return title_of(alerts, self._policy.group_by, self._services)

    def _fired_of(self, group: Group) -> int:
        """That of the most restless one: many alerts that came once each do not flap."""
        fired = self._fired
        return max([fired.of(each.known) for each in group.members]) if fired else 0


def _same(before: Group, now: Group) -> bool:
    return (
        before.lane is now.lane
        and before.party is now.party
        and len(before.members) == len(now.members)
        and all(map(is_, before.members, now.members))
    )


def _once(acks: Sequence[Ack]) -> tuple[Ack, ...]:
    """Each ack once, the newest first."""
    found = {(ack.cluster, ack.silence_id): ack for ack in acks}
    return tuple(sorted(found.values(), key=_since, reverse=True))


def _latest(members: Sequence[Judged]) -> Silence | None:
    """The silence that ended last of those that had kept `members` quiet."""
    ended = [each.known.ended for each in members if each.known.ended is not None]
    return max(ended, key=lambda silence: silence.ends_at, default=None)


def _since(ack: Ack) -> datetime:
    return ack.since


def _badness(state: State) -> int:
    return state.badness
