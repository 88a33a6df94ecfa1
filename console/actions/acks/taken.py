"""What came of taking alerts, and how it is told. Pure."""

from __future__ import annotations

from datetime import datetime

import msgspec

from console.actions.doing import Doing, Effected
from console.actions.saying import distinct, failures_told, once, until_text
from console.fleet.standing import ack_of
from console.model.acting import Ended, Outcome, PlannedSilence
from console.model.alert import Ack, Silence
from console.model.failure import Failure
from console.model.wish import UnackWish
from console.model.words import count_text, many
from console.sources.alertmanager.cluster import EffectFailed, Sent


class Posted(msgspec.Struct, frozen=True):
    """One silence of the plan that the server has taken."""

    planned: PlannedSilence
    silence: Silence


class Unposted(msgspec.Struct, frozen=True):
    """One silence of the plan that the server has not taken, or of which nobody knows."""

    planned: PlannedSilence
    failed: EffectFailed


class Taken(msgspec.Struct, frozen=True):
    """Everything that a person wanted to take, by what became of it. Texts are safe to show."""

    standing: tuple[Posted, ...] = ()
    unposted: tuple[Unposted, ...] = ()
    kept: tuple[Ack, ...] = ()
    """In the folder, ours: what no Alertmanager knows, and what is yet to be sent."""
    already: tuple[str, ...] = ()
    """Said of alerts that were this person's before."""
    found: frozenset[str] = frozenset()
    """Fingerprints of those of them that an earlier try holds, of which no answer had come."""
    lost: tuple[str, ...] = ()
    """Said of alerts that somebody else has."""
    left_out: tuple[str, ...] = ()
    """Said of what cannot be taken."""
    remarks: tuple[str, ...] = ()
    failures: tuple[Failure, ...] = ()

    @property
    def covered(self) -> frozenset[str]:
        """Fingerprints that a silence holds."""
        return frozenset(key for one in self.standing for key in one.planned.covers)

    @property
    def unsent(self) -> tuple[Ack, ...]:
        """What is kept here until its server answers again."""
        return tuple(one for one in self.kept if one.unsent)


def effect_of(taken: Taken, doing: Doing) -> Effected:
    """`taken` as the effect that it was, with its inverse."""
    now = doing.now
    details = _details(taken, now)
    said = _said(taken, now)
    if said:
        text = "; ".join(said)
    else:
        whole = [*once(taken.lost), *once(taken.already), *details]
        text = whole[0] if whole else "there was nothing to take"
        if not taken.lost and not taken.already:
            text = f"not acked: {text}"
    outcome = Outcome(
        ended=_ended(taken),
        text=text,
        details=tuple(one for one in details if one != text),
        failures=_each_once((*taken.failures, *distinct(one.failed for one in taken.unposted))),
        silences=tuple((one.silence.cluster, one.silence.id) for one in taken.standing),
    )
    acks = (*_acks(taken, doing), *taken.kept)
    return Effected(outcome, UnackWish(acks) if acks else None, _touched(taken))


def _acks(taken: Taken, doing: Doing) -> tuple[Ack, ...]:
    found = (ack_of(one.silence, doing.policy.ack_prefixes) for one in taken.standing)
    return tuple(one for one in found if one is not None)


def _touched(taken: Taken) -> tuple[str, ...]:
    told = {one.planned.cluster for one in taken.standing}
    told |= {one.planned.cluster for one in taken.unposted if one.failed.sent is Sent.MAYBE}
    return tuple(sorted(told))


def _ended(taken: Taken) -> Ended:
    here = len(taken.kept) - len(taken.unsent)
    got = bool(taken.standing or here or taken.already)
    lacking = bool(taken.unposted or taken.lost or taken.left_out)
    if got:
        return Ended.PARTLY if lacking else Ended.DONE
    if any(one.failed.sent is Sent.MAYBE for one in taken.unposted):
        return Ended.UNKNOWN
    if taken.unsent:
        held = {one.silence_id for one in taken.unsent}
        wanted = {f"alert:{key}" for one in taken.unposted for key in one.planned.covers}
        whole = wanted <= held and not taken.lost and not taken.left_out
        return Ended.KEPT if whole else Ended.PARTLY
    return Ended.FAILED if taken.unposted or taken.lost else Ended.DENIED


def _said(taken: Taken, now: datetime) -> list[str]:
    said = []
    if taken.standing:
        alerts = many(len(taken.covered), "alert")
        silences = many(len(taken.standing), "silence")
        until = until_text(min(one.silence.ends_at for one in taken.standing), now)
        said.append(f"acked {alerts} with {silences} until {until}")
        if any(one.planned.joins for one in taken.standing):
            said.append("mutes what joins it later")
    here = len(taken.kept) - len(taken.unsent)
    if here:
        acked = "" if said else "acked "
        said.append(f"{acked}{count_text(here)} here, as no Alertmanager holds it")
    if taken.unsent:
        unsent = many(len(taken.unsent), "ack")
        said.append(f"{unsent} kept here, not sent yet: {taken.unsent[0].unsent}")
    return said


def _details(taken: Taken, now: datetime) -> list[str]:
    details = []
    if taken.unposted:
        made, total = len(taken.standing), len(taken.standing) + len(taken.unposted)
        if made:
            details.append(f"{count_text(made)} of {many(total, 'silence')} made")
        details += failures_told((one.failed for one in taken.unposted), "silence", "made")
    if taken.standing or taken.kept:
        details += once(taken.lost)
        details += once(taken.already)
    details += once(taken.left_out)
    strangers = {each.fingerprint for one in taken.standing for each in one.planned.strangers}
    if strangers:
        details.append(f"also mutes {many(len(strangers), 'alert')} that nobody marked")
    details += once(taken.remarks)
    return details


def _each_once(failures: tuple[Failure, ...]) -> tuple[Failure, ...]:
    seen = {(one.source, one.part, one.cause): one for one in reversed(failures)}
    return tuple(reversed(seen.values()))
