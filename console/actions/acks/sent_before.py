"""Acks of somebody's that a server has, although nothing here says so.

The answer to the first try was lost, or an ack that was kept here has been sent meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence

from console.actions.acks.earlier import may_hold
from console.actions.changing import ReadBack
from console.actions.doing import Doing
from console.actions.sending import cluster_named
from console.fleet.standing import ack_of
from console.model.alert import Silence, SilenceState
from console.model.snapshot import KnownAlert
from console.sources.alertmanager.cluster import EffectFailed


async def sent_before(
    alerts: Sequence[KnownAlert], owner: str, read: ReadBack, doing: Doing
) -> dict[str, Silence]:
    """The silences by which `owner` holds some of `alerts`, by fingerprint.

    Args:
        read: the silences as just read; a cluster that then does not say what one of them
            matches is put among those that failed.
    """
    found: dict[str, Silence] = {}
    for (name, _), silence in read.silences.items():
        theirs = silence.created_by.exact == owner and silence.state is SilenceState.ACTIVE
        if not theirs or ack_of(silence, doing.policy.ack_prefixes) is None:
            continue
        if not any(may_hold(silence, one.alert.labels) for one in alerts):
            continue
        try:
            matched = await cluster_named(doing, name).matching(silence.matchers)
        except EffectFailed as failed:
            read.failed[name] = failed
        else:
            held = {alert.fingerprint for alert in matched}
            found |= {one.key: silence for one in alerts if one.key in held}
    return found
