"""How long an incident may wait for what it needs, as `oncall.yaml` says it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec

from config.kinds import Interval

if TYPE_CHECKING:
    from config.schema import Settings
    from console.model.nags import NagPolicy


class ActionTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """By priority: for an action item without a due date, from the resolution on."""

    P0: Interval = timedelta(days=15)
    """For P0."""
    P1: Interval = timedelta(days=30)
    """For P1."""
    P2: Interval = timedelta(days=30)
    """For P2."""
    P3: Interval = timedelta(days=30)
    """For P3."""


class Incidents(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """By when an incident needs what; what is owed stands in the worklist."""

    lead: Interval = timedelta(minutes=2)
    """Until somebody leads it."""
    severity: Interval = timedelta(minutes=5)
    """Until it has a severity."""
    post_mortem: Interval = timedelta(hours=48)
    """From the resolution of a P0 or P1 until the meeting was held."""
    actions: ActionTable = ActionTable()
    """Until an action item without a due date is done."""
    remind_before: Interval = timedelta(days=3)
    """So long before it is due an action item stands in the worklist."""


def nag_policy_of(settings: Settings) -> NagPolicy:
    """What `settings` say about how long each thing may take."""
    from console.model.nags import NagPolicy  # late: the first frame owes nothing

    rule = settings.incidents
    table = rule.actions
    return NagPolicy(
        lead=rule.lead,
        severity=rule.severity,
        post_mortem=rule.post_mortem,
        actions=(table.P0, table.P1, table.P2, table.P3),
        review=settings.changes.review,
    )
