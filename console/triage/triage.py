"""Triage: what is known, judged by the team's policy, as rows in the order of work."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final

import msgspec

from console.model.policy import Policy
from console.model.snapshot import KnownAlert, Snapshot, SourceKind, Standing
from console.model.state import State
from console.model.worklist import Episode, Lane, Row, Worklist
from console.safety.clock import Instant
from console.triage.count import counts_of
from console.triage.episodes import Episodes
from console.triage.faults import Fault
from console.triage.fired import FiredBook
from console.triage.fold import folded, folds
from console.triage.group import Group, GroupRows
from console.triage.grouping import ALERT
from console.triage.identity import identity_of, row_key
from console.triage.judge import FactsBook, Judged, judged
from console.triage.order import Order
from console.triage.owed import owed_rows
from console.triage.probe_rows import probe_rows
from console.triage.probes import probe_faults
from console.triage.sources import source_faults
from console.triage.storm import MINUTE_S
from console.triage.storming import Storming

_PROVEN_S: Final = 300.0
"""All sources well for this long without it: an alert that the fleet does not know either,
since it ended while no console was open, is over. A restarted Alertmanager needs as long."""

_MANY_PENDING: Final = 5
"""As many rows of one name in which everything is pending are one row."""


class Triage:
    """Makes worklists of snapshots, and remembers episodes, the storm and the order between.

    Asks no clock and does no I/O: the time is `snapshot.at`. Not for several threads.
    """

    def __init__(self, policy: Policy, episodes: Iterable[Episode] = ()) -> None:
        """Start with what an earlier console saved of `Worklist.episodes`."""
        self._policy = policy
        self._episodes = Episodes(policy, episodes)
        self._facts = FactsBook(policy)
        self._groups = GroupRows(policy)
        self._old_groups = GroupRows(policy)
        self._storming = Storming(policy)
        self._order = Order()
        self._fired = FiredBook()
        self._judged: dict[str, Judged] = {}
        self._resort = False
        self._was_complete = False

    def reload(self, policy: Policy) -> None:
        """Go by another policy from now on. No clock is re-armed by it."""
        if policy.ignore_labels != self._policy.ignore_labels:
            keys = self._facts.episode_keys().items()
            self._episodes.rename(
                {key: identity_of(labels, policy.ignore_labels) for key, labels in keys}
            )
        self._policy = self._episodes.policy = policy
        self._facts = FactsBook(policy)
        self._groups = GroupRows(policy)
        self._old_groups = GroupRows(policy)
        self._storming.reload(policy)
        self._judged = {}

    def regroup(self, group_by: tuple[str, ...]) -> None:
        """Make rows by other labels from now on. No clock and no storm is touched by it."""
        if group_by == self._policy.group_by:
            return
        policy = msgspec.structs.replace(self._policy, group_by=group_by)
        self._policy = self._episodes.policy = policy
        self._facts.regroup(policy)
        self._groups = GroupRows(policy)
        self._old_groups = GroupRows(policy)
        self._judged = {}
        self._resort = True

    def resort(self) -> None:
        """Put the next worklist in its right order once, though a storm holds the order."""
        self._resort = True
        self._storming.choose_afresh()

    def worklist(self, snapshot: Snapshot) -> Worklist:
        """The rows of `snapshot`, in the order in which they should be worked.

        Every alert of the snapshot stands in exactly one row.
        """
        at = snapshot.at
        self._episodes.begin(at, snapshot.local_acks)
        services = {cell.service.name: cell.service for cell in snapshot.cells}
        if self._facts.take_services(services):
            self._judged = {}
        alerts = self._judge(snapshot)
        # What has been firing for weeks says nothing about a check that fails since a minute.
        fresh = (each for each in alerts if each.fires and not each.is_old)
        covered = {each.known.cell for each in fresh if each.known.cell}
        faults = probe_faults(snapshot, covered, self._episodes, self._policy)
        sick = source_faults(snapshot, self._episodes, self._policy)
        self._end_episodes(snapshot)
        regrouped = self._storming.look(snapshot, alerts, self._episodes.arrivals)

        groups, old = self._gathered(alerts)
        fired = self._fired.of(snapshot)
        rows = self._groups.rows(groups, services, fired)
        old_rows = self._old_groups.rows(old, services, fired)
        rows.extend(self._fault_rows(faults, sick))
        remind, in_storm = self._policy.remind_before, self._storming.is_on
        rows.extend(owed_rows(snapshot.nags, at.wall, remind, in_storm=in_storm))
        if old_rows:
            rows.append(folded(old_rows, at.wall, self._policy.fold_after))

        # What only one source has told of is in no order yet that is worth holding.
        settled, self._was_complete = self._was_complete, snapshot.complete
        held = self._storming.is_on and settled and not regrouped
        arranged, in_order = self._order.arranged(rows, held=held and not self._resort)
        self._resort = False
        return Worklist(
            at=at,
            rows=arranged,
            counts=counts_of(alerts, (*faults, *sick), snapshot),
            storm=self._storming.storm(at, arranged, self._episodes.arrivals),
            episodes=self._episodes.all(),
            old=tuple(sorted(old_rows, key=_by_age)),
            group_by=self._policy.group_by,
            reordered=in_order,
        )

    def _judge(self, snapshot: Snapshot) -> list[Judged]:
        at = snapshot.at
        policy = self._policy
        fresh_after = at.mono - MINUTE_S
        cutoff = at.wall - policy.fold_after
        firing, facts_of, before = self._episodes.firing, self._facts.of, self._judged
        result: list[Judged] = []
        for known in snapshot.alerts:
            alert = known.alert
            facts = facts_of(known)
            is_old = False
            if known.standing is Standing.PENDING:
                episode = Episode(facts.episode_key, alert.starts_at, alert.starts_at)
                seen_mono = float("-inf")
                is_new = False
            else:
                fires = known.standing is Standing.FIRING
                as_of = _mono_of(known, at) if snapshot.restored else known.as_of.mono
                tracked = firing(
                    facts.episode_key, alert.starts_at, as_of, ack=known.ack, loud=fires
                )
                episode, seen_mono = tracked.episode, tracked.seen_mono
                is_new = seen_mono > fresh_after
                if fires:
                    is_old = folds(facts.priority, episode.start, known.ack is not None, cutoff)
            each = before.get(alert.fingerprint)
            if (
                each is None
                or each.known is not known
                or (each.episode is not episode and known.standing is not Standing.PENDING)
                or each.is_new is not is_new
                or each.is_old is not is_old
            ):
                each = judged(
                    known, facts, episode, policy,
                    seen_mono=seen_mono, is_new=is_new, is_old=is_old,
                )  # fmt: skip
            result.append(each)
        self._judged = {each.known.alert.fingerprint: each for each in result}
        self._facts.forget_all_but(snapshot.alerts)
        return result

    def _end_episodes(self, snapshot: Snapshot) -> None:
        for over in snapshot.resolved:
            key = identity_of(over.alert.labels, self._policy.ignore_labels)
            self._episodes.resolved(key, over.at)
        complete = snapshot.complete and not snapshot.restored
        self._episodes.finish(complete=complete, proven=complete and _all_well(snapshot))

    def _gathered(self, alerts: Sequence[Judged]) -> tuple[list[Group], list[Group]]:
        """The alerts by row: those that are worked on, and those that are folded away."""
        groups: dict[str, Group] = {}
        old: dict[str, Group] = {}
        together: dict[str, Group] = {}
        place_of = self._storming.place_of
        for each in alerts:
            if each.is_old:
                _put(old, f"old-{each.facts.group}", each, Lane.MAIN)
                continue
            party, lane = place_of(each)
            if party is None:
                _put(groups, each.facts.group, each, lane)
                continue
            group = together.get(party.key)
            if group is None:
                together[party.key] = Group(party.key, [each], lane, party)
            else:
                group.members.append(each)
        for key, group in together.items():
            if group.lane is Lane.STORM or len(group.members) >= self._storming.fewest_together:
                groups[key] = group
            else:
                for each in group.members:
                    _put(groups, each.facts.group, each, group.lane)
        if self._policy.group_by == (ALERT,):
            return list(groups.values()), list(old.values())
        return _pending_by_name(groups), list(old.values())

    def _fault_rows(self, faults: Sequence[Fault], sick: Sequence[Fault]) -> list[Row]:
        if not self._storming.is_on:
            at_most = self._policy.storm.new_per_minute
            return [
                *probe_rows(faults, Lane.MAIN, at_most),
                *(each.row(Lane.MAIN) for each in sick),
            ]
        explains = self._storming.explains
        return [
            *probe_rows([each for each in faults if explains(each.marks)], Lane.STORM, 1),
            *probe_rows([each for each in faults if not explains(each.marks)], Lane.APART, 3),
            *(each.row(Lane.APART) for each in sick),
        ]


def _put(groups: dict[str, Group], key: str, each: Judged, lane: Lane) -> None:
    group = groups.get(key)
    if group is None:
        groups[key] = Group(key, [each], lane)
    else:
        group.members.append(each)
        if lane is Lane.APART:
            group.lane = lane


def _pending_by_name(groups: dict[str, Group]) -> list[Group]:
    """Many rows of one name in which everything is pending are one: a warning, said once."""
    kept: list[Group] = []
    by_name: dict[str, list[Group]] = {}
    for group in groups.values():
        if all(each.known.standing is Standing.PENDING for each in group.members):
            name = group.members[0].known.alert.name.exact
            by_name.setdefault(name, []).append(group)
        else:
            kept.append(group)
    for name, found in by_name.items():
        if len(found) < _MANY_PENDING:
            kept.extend(found)
        else:
            members = [each for group in found for each in group.members]
            kept.append(Group(row_key("pending", (name,)), members))
    return kept


def _mono_of(known: KnownAlert, at: Instant) -> float:
    """Of a saved state the wall clock tells when it was; its monotonic clock is another one."""
    return at.mono - max(timedelta(0), at.wall - known.as_of.wall).total_seconds()


def _all_well(snapshot: Snapshot) -> bool:
    """Whether everything that can report an alert has been well for long enough."""
    now = snapshot.at.mono
    telling = (SourceKind.ALERTMANAGER, SourceKind.PROMETHEUS)
    reporting = [source for source in snapshot.sources if source.kind in telling]
    return bool(reporting) and all(
        source.state is State.OK
        and source.healthy_since is not None
        and now - source.healthy_since.mono >= max(_PROVEN_S, 2 * source.interval.total_seconds())
        for source in reporting
    )


def _by_age(row: Row) -> tuple[int, float, str]:
    return row.priority.value, row.since.timestamp(), row.key
