"""Why an alert is seen, as far as the snapshot tells: shown at once, nobody has to be asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final

from console.engine.evidence_words import Tone
from console.engine.questions import rule_of
from console.engine.why_words import WhyLine, WhyTopic, matchers_text
from console.model.alert import Alert, AlertState, RuleHealth, Silence, Target, TargetHealth
from console.model.snapshot import KnownAlert, Snapshot, Standing
from console.model.state import State
from console.model.words import age_text, clock_time
from console.safety.text import visible

SHORT_ID: Final = 8
MOST_TARGETS: Final = 5
_TARGET_TONES: Final = {
    TargetHealth.UP: Tone.OK,
    TargetHealth.DOWN: Tone.BAD,
    TargetHealth.UNKNOWN: Tone.UNKNOWN,
}


def what_lines(known: KnownAlert, snapshot: Snapshot) -> Iterator[WhyLine]:
    """Which alert it is, since when, and who says so."""
    alert, now = known.alert, snapshot.at.wall
    words = known.state.value
    if known.standing is not Standing.FIRING:
        words += f", {known.standing.value}"
    began = f"{clock_time(alert.starts_at, now)}, {age_text(now - alert.starts_at)} ago"
    tone = Tone.BAD if known.state is State.FIRING else Tone.UNKNOWN
    name = visible(alert.name, cells=60)
    yield WhyLine(WhyTopic.WHAT, "alert", f"{name} {words} since {began}", tone)
    if known.why:
        yield WhyLine(WhyTopic.WHAT, "proof", known.why, Tone.WARNING)
    cluster = visible(alert.cluster, cells=40)
    if alert.state is AlertState.PENDING:
        said = f"{cluster}: pending, so no Alertmanager has been told yet"
    else:
        members = ", ".join(visible(one, cells=40) for one in alert.members)
        told, of = known.seen_by
        said = f"{cluster}, {told} of {of} members" + (f" ({members})" if members else "")
        if known.owner is not None:
            said += f"; sent by {visible(known.owner, cells=40)}"
        else:
            said += "; which Prometheus sent it is not known"
    yield WhyLine(WhyTopic.WHAT, "told by", said, at=known.as_of)
    prints = ", ".join(visible(one, cells=20) for one in (known.key, *known.duplicates))
    more = f" and {len(known.duplicates)} more of other replicas" if known.duplicates else ""
    yield WhyLine(WhyTopic.WHAT, "known as", f"{prints}{more and ' (itself' + more + ')'}")


def label_lines(known: KnownAlert) -> Iterator[WhyLine]:
    """Its labels, by which everything else is decided."""
    for name, value in known.alert.labels.items():
        yield WhyLine(WhyTopic.LABELS, visible(name, cells=24), value)
    if known.alert.over_cap:
        said = "some are too many or too long and were cut, so nothing that matches them is judged"
        yield WhyLine(WhyTopic.LABELS, "", said, Tone.WARNING)


# What keeps it quiet


def quiet_lines(known: KnownAlert, snapshot: Snapshot) -> Iterator[WhyLine]:
    """Who silences it, who has acked it, which alert inhibits it."""
    alert, now = known.alert, snapshot.at.wall
    ids = tuple(dict.fromkeys((*alert.silenced_by, *known.silences)))
    held = {one.id: one for one in snapshot.silences if one.cluster == alert.cluster}
    for one in ids:
        yield _silence_line(one, held.get(one), known, now)
    ack = known.ack
    if ack is not None and ack.is_local:
        owner, note = visible(ack.owner, cells=40), visible(ack.note, cells=120)
        kept = ack.unsent or "it is on nothing that an Alertmanager knows"
        said = f"{owner} until {clock_time(ack.until, now)}, kept here only: {kept}; {note}"
        yield WhyLine(WhyTopic.QUIET, "acked by", said.removesuffix("; "), since=ack.since)
    for fingerprint in alert.inhibited_by:
        yield _inhibitor_line(fingerprint, snapshot)
    for interval in alert.muted_by:
        said = f"the time interval {visible(interval, cells=40)} is in force"
        yield WhyLine(WhyTopic.QUIET, "muted by", said, Tone.WARNING)
    if not (ids or ack or alert.inhibited_by or alert.muted_by):
        if alert.state is AlertState.PENDING:
            return
        if known.state is State.FIRING:
            yield WhyLine(WhyTopic.QUIET, "nothing", "no silence, no ack, no inhibition")
        else:
            said = f"not known: its source said so last {clock_time(known.as_of.wall, now)}"
            yield WhyLine(WhyTopic.QUIET, "nothing", said, Tone.UNKNOWN)


def _silence_line(
    silence_id: str, silence: Silence | None, known: KnownAlert, now: datetime
) -> WhyLine:
    short = visible(silence_id[:SHORT_ID], cells=SHORT_ID + 2)
    if silence is None:
        said = f"silence {short}, which its server does not list; it may have ended just now"
        return WhyLine(WhyTopic.QUIET, "silenced", said, Tone.UNKNOWN)
    ack = known.ack
    is_ack = ack is not None and ack.silence_id == silence_id
    owner = visible(silence.created_by, cells=40) or "nobody named"
    note = visible(ack.note if ack is not None and is_ack else silence.comment, cells=160)
    said = f"{owner} until {clock_time(silence.ends_at, now)}"
    said += f': "{note}"' if note else ", without a word why"
    said += f", silence {short} on {matchers_text(silence.matchers)}"
    label = "acked by" if is_ack else "silenced by"
    return WhyLine(WhyTopic.QUIET, label, said, Tone.WARNING, since=silence.starts_at)


def inhibitor_of(fingerprint: str, snapshot: Snapshot) -> KnownAlert | None:
    """The alert that `inhibitedBy` names, also where it was folded into a replica's."""
    return next((one for one in snapshot.alerts if fingerprint in (one.key, *one.duplicates)), None)


def place_of_alert(alert: Alert, cell: str | None) -> str:
    """`ServiceDown redis`: an alert and what it is about, safe to show."""
    where = cell or alert.labels.exact("instance") or alert.labels.exact("host")
    return f"{visible(alert.name, cells=60)} {visible(where, cells=60)}".strip()


def _inhibitor_line(fingerprint: str, snapshot: Snapshot) -> WhyLine:
    short = visible(fingerprint, cells=20)
    found = inhibitor_of(fingerprint, snapshot)
    if found is None:
        said = f"an alert that no source lists here now: fingerprint {short}"
        return WhyLine(WhyTopic.QUIET, "inhibited by", said, Tone.UNKNOWN)
    said = f"{place_of_alert(found.alert, found.cell)}, {found.state.value}, fingerprint {short}"
    since = found.alert.starts_at
    return WhyLine(WhyTopic.QUIET, "inhibited by", said, Tone.WARNING, since=since)


# Does it still fire


def ends_lines(known: KnownAlert, snapshot: Snapshot) -> Iterator[WhyLine]:
    """Whether it is kept alive, is being resolved, or was abandoned by its Prometheus.

    Prometheus sends each alert again about every minute, with `endsAt` four such turns ahead:
    past half of that at least one turn was missed.
    """
    alert, now = known.alert, snapshot.at.wall
    if known.state is State.LOST:
        said = f"it vanished without proof that it is over: {known.why}"
        yield WhyLine(WhyTopic.ENDS, "lost", said, Tone.LOST)
        return
    if alert.state is AlertState.PENDING:
        rule = rule_of(known, snapshot)
        if rule is not None:
            fires = clock_time(alert.starts_at + rule.rule.duration, now)
            said = f"its expression is true; it fires about {fires} if it stays so"
            yield WhyLine(WhyTopic.ENDS, "pending", said)
        return
    if alert.updated_at is None or alert.ends_at is None:
        said = "not known: its server tells neither when it was refreshed nor when it ends"
        yield WhyLine(WhyTopic.ENDS, "refreshed", said, Tone.UNKNOWN)
        return
    owner = visible(known.owner, cells=40) if known.owner is not None else "its Prometheus"
    ends = clock_time(alert.ends_at, now)
    turn = (alert.ends_at - alert.updated_at) / 2
    newest = _newest_refresh(known, snapshot)
    if now - alert.updated_at <= turn or turn <= timedelta(0):
        said = f"would resolve by itself at {ends} if {owner} goes silent"
        yield WhyLine(WhyTopic.ENDS, "refreshed", said, since=alert.updated_at)
    elif now - newest <= turn:
        said = (
            f"{owner} refreshes its other alerts and not this one: it is no longer sent, and"
            f" ends at {ends}"
        )
        yield WhyLine(WhyTopic.ENDS, "resolving", said, Tone.WARNING, since=alert.updated_at)
    else:
        age = age_text(now - newest)
        said = (
            f"{owner} has not refreshed any alert for {age}: they will resolve by themselves"
            f" at {ends} although nothing proves it"
        )
        yield WhyLine(WhyTopic.ENDS, "abandoned", said, Tone.BAD, since=newest)


def _newest_refresh(known: KnownAlert, snapshot: Snapshot) -> datetime:
    """The newest `updatedAt` of all alerts of the same sender at the same cluster."""
    times = [
        one.alert.updated_at
        for one in snapshot.alerts
        if one.owner == known.owner
        and one.alert.cluster == known.alert.cluster
        and one.alert.updated_at is not None
    ]
    return max(times, default=known.alert.starts_at)


# The rule and what it measures


def rule_lines(known: KnownAlert, snapshot: Snapshot) -> Iterator[WhyLine]:
    """The rule as its Prometheus tells of it; the value is asked for."""
    found = rule_of(known, snapshot)
    if found is None:
        said = "no Prometheus among the sources has a rule of this name"
        yield WhyLine(WhyTopic.RULE, "not known", said, Tone.UNKNOWN)
        return
    rule, now = found.rule, snapshot.at.wall
    source = visible(found.source, cells=40)
    as_of = next(one.as_of for one in snapshot.rules if one.source == found.source)
    yield WhyLine(WhyTopic.RULE, "expression", rule.query, at=as_of, by=source)
    holds = "at once" if not rule.duration else f"once true for {age_text(rule.duration)}"
    if rule.keep_firing_for:
        holds += f", and for {age_text(rule.keep_firing_for)} after it is no longer true"
    yield WhyLine(WhyTopic.RULE, "fires", holds)
    group = visible(rule.group, cells=60)
    every = f" every {age_text(rule.interval)}" if rule.interval else ""
    yield WhyLine(WhyTopic.RULE, "evaluated", f"{source}{every}, group {group}",
                  since=rule.last_evaluation)  # fmt: skip
    if rule.last_evaluation is None:
        yield WhyLine(WhyTopic.RULE, "", "never, as far as it tells", Tone.UNKNOWN)
    elif rule.interval and now - rule.last_evaluation > max(
        3 * rule.interval, timedelta(minutes=1)
    ):
        said = "that is overdue: what it says may not be true now"
        yield WhyLine(WhyTopic.RULE, "", said, Tone.WARNING)
    health = f"{rule.health.value}{': ' if rule.last_error else ''}"
    tone = Tone.PLAIN if rule.health is RuleHealth.OK else Tone.BAD
    error = visible(rule.last_error, cells=400)
    yield WhyLine(WhyTopic.RULE, "health", health + error, tone)


def target_lines(known: KnownAlert, snapshot: Snapshot) -> Iterator[WhyLine]:
    """The scrape targets of its instance and job."""
    labels = known.alert.labels
    instance, job = labels.exact("instance"), labels.exact("job")
    if not instance:
        said = "it names no instance, so no scrape target can be told to be its own"
        yield WhyLine(WhyTopic.TARGET, "target", said, Tone.MUTED)
        return
    found = [one for one in _targets(snapshot) if one.labels.exact("instance") == instance]
    own = [one for one in found if one.labels.exact("job") == job] if job else found
    if not own:
        said = f"none of the known scrape targets has the instance {visible(instance, cells=60)}"
        if found and job:
            said += f" and the job {visible(job, cells=60)}"
        yield WhyLine(WhyTopic.TARGET, "target", said, Tone.UNKNOWN)
    for one in own[:MOST_TARGETS]:
        yield from _target_lines(one)
    if len(own) > MOST_TARGETS:
        yield WhyLine(WhyTopic.TARGET, "", f"{MOST_TARGETS} of {len(own):,} targets", Tone.MUTED)


def _target_lines(target: Target) -> Iterator[WhyLine]:
    # The address of a scrape may hold a token among its parameters: only its labels are told.
    instance = visible(target.labels.value_of("instance"), cells=60)
    job = visible(target.labels.value_of("job"), cells=60)
    took = f"{target.scrape_duration.total_seconds():.3g} s"
    said = f"{target.health.value.upper()} {instance} of job {job}, scraped in {took}"
    tone = _TARGET_TONES[target.health]
    yield WhyLine(WhyTopic.TARGET, "target", said, tone, since=target.last_scrape)
    if target.last_error:
        yield WhyLine(WhyTopic.TARGET, "error", target.last_error, Tone.BAD)


def _targets(snapshot: Snapshot) -> Iterable[Target]:
    return (target for cell in snapshot.cells for target in cell.targets)
