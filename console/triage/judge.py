"""One alert, judged: its priority, its episode, its clocks and the group that it belongs to."""

from __future__ import annotations

from typing import Final

import msgspec

from console.model.labels import Labels
from console.model.policy import Policy
from console.model.snapshot import KnownAlert, Standing
from console.model.state import Priority
from console.model.worklist import Clocks, Episode
from console.triage.grouping import GroupKeys, Services
from console.triage.identity import identity_of
from console.triage.priority import Priorities
from console.triage.sla import NEVER, clocks_of

RANK: Final = {
    Standing.FIRING: 0,
    Standing.PENDING: 1,
    Standing.SILENCED: 2,
    Standing.INHIBITED: 2,
    Standing.MUTED: 2,
}
"""What is worked on, what may become so, and what is suppressed: in this order in the list."""
NEVER_S: Final = NEVER.timestamp()

Urgency = tuple[int, int, bool, float, float, str]


class Facts(msgspec.Struct, frozen=True, gc=False):
    """What the labels of an alert decide, whatever happens to it later."""

    labels: Labels
    cell: str | None
    episode_key: str
    priority: Priority
    group: str
    """The key of the row in which it stands outside a storm."""


class Judged(msgspec.Struct, frozen=True, gc=False):
    """One alert with all that its row is made of."""

    known: KnownAlert
    facts: Facts
    episode: Episode
    """Of a pending alert: one of its own that is not kept, since nothing fires yet."""
    clocks: Clocks | None
    """`None` where none runs: pending, silenced, inhibited or muted."""
    urgency: Urgency
    """Sorts the alerts of a row, the most urgent first."""
    seen_mono: float
    """Monotonic seconds at which a console first saw it."""
    is_new: bool
    is_old: bool
    """To be folded away."""
    fires: bool
    """It is to be worked on now; an acked one is."""


class FactsBook:
    """The facts of every alert, worked out once for each set of labels."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._priorities = Priorities(policy)
        self._facts: dict[str, Facts] = {}
        self._before: dict[str, Facts] = {}
        """Facts of which only the group is to be found anew."""
        self._keys = GroupKeys(policy.group_by)
        self._services: Services = {}

    def of(self, known: KnownAlert) -> Facts:
        """The facts of one alert."""
        alert = known.alert
        facts = self._facts.get(alert.fingerprint)
        if (
            facts is not None
            and facts.cell == known.cell
            # A server that lies may give one fingerprint to two sets of labels.
            and (facts.labels is alert.labels or facts.labels == alert.labels)
        ):
            return facts
        group = self._keys.of(known, self._services)
        held = self._before.get(alert.fingerprint)
        if held is not None and held.labels == alert.labels:
            facts = Facts(alert.labels, known.cell, held.episode_key, held.priority, group)
        else:
            facts = Facts(
                alert.labels,
                known.cell,
                identity_of(alert.labels, self._policy.ignore_labels),
                self._priorities.of(alert.labels),
                group,
            )
        self._facts[alert.fingerprint] = facts
        return facts

    def regroup(self, policy: Policy) -> None:
        """Go by a policy that differs in `group_by` only."""
        self._policy = policy
        self._keys = GroupKeys(policy.group_by)
        self._group_anew()

    def take_services(self, services: Services) -> bool:
        """Where services live and whose they are; whether that moves alerts to other rows."""
        if not self._keys.needs_services or services == self._services:
            return False
        self._services = services
        self._group_anew()
        return True

    def _group_anew(self) -> None:
        self._before = {**self._before, **self._facts}
        self._facts = {}

    def forget_all_but(self, alerts: tuple[KnownAlert, ...]) -> None:
        """Let go of what is no longer there, once that is most of it."""
        if len(self._facts) > 2 * len(alerts) + 1000:
            present = {known.alert.fingerprint for known in alerts}
            self._facts = {key: facts for key, facts in self._facts.items() if key in present}
            self._keys.forget()
        if len(self._before) > 2 * len(alerts) + 1000:
            self._before = {}

    def episode_keys(self) -> dict[str, Labels]:
        """The episode key of all labels known so far."""
        known = {**self._before, **self._facts}
        return {facts.episode_key: facts.labels for facts in known.values()}


def judged(
    known: KnownAlert,
    facts: Facts,
    episode: Episode,
    policy: Policy,
    *,
    seen_mono: float,
    is_new: bool,
    is_old: bool,
) -> Judged:
    """Put together what is known of one alert."""
    clocks = None
    due_s = NEVER_S
    if known.standing is Standing.FIRING:
        clocks = clocks_of(episode, facts.priority, policy)
        due_s = clocks.due.timestamp()
    urgency = (
        RANK[known.standing],
        facts.priority.value,
        known.ack is not None,
        due_s,
        episode.start.timestamp(),
        known.alert.fingerprint,
    )
    return Judged(
        known, facts, episode, clocks, urgency, seen_mono, is_new, is_old, clocks is not None
    )
