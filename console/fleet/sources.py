"""How each source is doing: its age, what fails, and what weakens it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from console.fleet.cluster import ClusterMemory, MemberMemory
from console.fleet.hosted import ClusterWorkloads, HostedBook
from console.fleet.memory import PrometheusMemory, mono, stale_after_s
from console.model.failure import Failure, FailureKind
from console.model.probe import ProbeKind, ProbeResult, Verdict
from console.model.snapshot import SourceHealth, SourceKind, Watched
from console.model.state import State
from console.safety.clock import Instant

FEW_PROBES = 3
"""Below this many, failing probes say more about the services than about this host."""

Answers = Mapping[str, Mapping[ProbeKind, tuple[ProbeResult, Instant]]]


class ProbingMemory:
    """Since when every probe has failed, and since when not."""

    def __init__(self) -> None:
        self.failing_since: datetime | None = None
        self.healthy_since: Instant | None = None


def cluster_health(cluster: ClusterMemory, now: Instant) -> Iterator[SourceHealth]:
    """One for the whole, and where there are several members one for each of them.

    The cluster is as well as its best member; a member that is down only weakens it.
    """
    members = [member_health(cluster, member, now) for member in cluster.members.values()]
    watched = cluster.watched
    if not members:
        yield SourceHealth(
            watched.name, watched.kind, State.UNKNOWN, watched.interval, url=watched.url,
            degraded=watched.degraded, page=watched.page,
        )  # fmt: skip
        return
    best = min(members, key=lambda one: (one.state.badness, bool(one.failures)))
    well = sum(one.state is State.OK for one in members)
    notes = [watched.degraded, best.degraded]
    if 0 < well < len(members):
        answer = "answers" if well == 1 else "answer"
        notes.append(f"{well} of {len(members)} members {answer}")
    yield SourceHealth(
        watched.name,
        watched.kind,
        best.state,
        watched.interval,
        last_ok=_latest(one.last_ok for one in members),
        failing_since=best.failing_since,
        healthy_since=best.healthy_since,
        failures=best.failures if well else tuple(one for m in members for one in m.failures),
        degraded=_joined(notes),
        version=best.version,
        skew=best.skew,
        took=best.took,
        url=watched.url or best.url,
        page=watched.page,
    )
    if len(members) > 1:
        yield from members


def member_health(cluster: ClusterMemory, member: MemberMemory, now: Instant) -> SourceHealth:
    """One Alertmanager. Its alerts decide; what else fails weakens it."""
    notes = []
    failures = member.failures()
    status = member.status.value
    if member.alerts.is_usable(now):
        state = State.OK
        notes += [f"{failure.part}: {failure.cause}" for failure in failures]
        if status is not None and status.gossip == "settling":
            notes.append("settling")
    else:
        state = _unusable(member.alerts.failure, member.alerts.as_of)
    since = [one.healthy_since for one in (member.alerts, member.silences, member.status)]
    return SourceHealth(
        f"{cluster.watched.name}/{member.name}",
        SourceKind.ALERTMANAGER,
        state,
        cluster.watched.interval,
        last_ok=_complete([member.alerts.as_of, member.silences.as_of, member.status.as_of]),
        failing_since=_first_failure(member),
        healthy_since=_complete_since(since),
        failures=failures,
        degraded=_joined(notes),
        version=None if status is None else status.version,
        skew=member.skew,
        took=member.took,
        url=member.name,
        member_of=cluster.watched.name,
    )


def prometheus_health(prom: PrometheusMemory, now: Instant) -> SourceHealth:
    """One Prometheus. A part that fails beside others that answer weakens it."""
    parts = (prom.alerts, prom.rules, prom.targets)
    notes = [prom.watched.degraded]
    failures = prom.failures()
    if prom.alerts.is_usable(now):
        state = State.OK
        notes += [f"{failure.part}: {failure.cause}" for failure in failures]
    else:
        state = _unusable(prom.alerts.failure, prom.alerts.as_of)
    if prom.warnings:
        notes.append("partial result")
    return SourceHealth(
        prom.name,
        SourceKind.PROMETHEUS,
        state,
        prom.watched.interval,
        last_ok=_complete([prom.alerts.as_of, prom.rules.as_of, prom.targets.as_of]),
        failing_since=min((one.failing_since for one in parts if one.failing_since), default=None),
        healthy_since=_complete_since([one.healthy_since for one in parts]),
        failures=failures,
        degraded=_joined(notes),
        warnings=prom.warnings,
        version=prom.version,
        skew=prom.skew,
        took=prom.took,
        url=prom.watched.url,
    )


def probing_health(
    watched: Watched, answers: Answers, memory: ProbingMemory, now: Instant
) -> SourceHealth:
    """All health checks as one source. A service that says no is an answer like another.

    UNKNOWN when none has a usable answer. It fails as a source only when that befalls at least
    `FEW_PROBES` at once: then it is this host. A check that cannot be asked as it is written
    says nothing of that.
    """
    told = [one for kinds in answers.values() for one in kinds.values() if _is_askable(one[0])]
    silent = [result for result, _ in told if result.verdict is Verdict.NO_ANSWER]
    latest = _latest(at for _, at in told)
    usable = _latest(at for result, at in told if result.verdict is not Verdict.NO_ANSWER)
    all_fail = len(told) >= FEW_PROBES and len(silent) == len(told)
    if latest is None or usable is None:
        state = State.UNKNOWN
    elif now.mono - latest.mono > stale_after_s(watched.interval):
        state = State.STALE
    else:
        state = State.OK
    if all_fail:
        memory.failing_since = memory.failing_since or now.wall
        memory.healthy_since = None
    elif latest is not None:
        memory.failing_since = None
        memory.healthy_since = memory.healthy_since or latest
    notes = [watched.degraded]
    if silent:
        notes.append(f"{len(silent)} of {len(told)} do not answer")
    return SourceHealth(
        watched.name,
        watched.kind,
        state,
        watched.interval,
        last_ok=usable,
        failing_since=memory.failing_since,
        healthy_since=memory.healthy_since,
        failures=_commonest(one.failure for one in silent if one.failure) if all_fail else (),
        degraded=_joined(notes),
    )


def _is_askable(result: ProbeResult) -> bool:
    return result.failure is None or result.failure.kind is not FailureKind.SETTINGS


def _commonest(failures: Iterable[Failure]) -> tuple[Failure, ...]:
    """A few failures, those of the kind that most of them have first."""
    held = list(failures)
    counts = Counter(one.kind for one in held)
    return tuple(sorted(held, key=lambda one: -counts[one.kind])[:FEW_PROBES])


def hosts_health(watched: Watched, hosted: HostedBook, now: Instant) -> Iterator[SourceHealth]:
    """All looks at hosts as one source, and each host that gives none by its name.

    UNKNOWN while none ever answered, and when every one of at least `FEW_PROBES` fails; STALE
    when the last answer of any is old.
    """
    looks = [
        (host, memory.looks) for host, memory in hosted.hosts.items() if memory.looks is not None
    ]
    told = [(host, part) for host, part in looks if part.tried_at is not None]
    dark = [(host, part) for host, part in told if part.failure is not None]
    last_ok = _latest(part.as_of for _, part in told)
    # Those that answer fast have often merely refused: until all were asked nobody knows.
    all_fail = len(told) >= FEW_PROBES and len(dark) == len(looks)
    if last_ok is None or all_fail:
        state = State.UNKNOWN
    elif now.mono - last_ok.mono > stale_after_s(watched.interval):
        state = State.STALE
    else:
        state = State.OK
    since = [part.failing_since for _, part in dark if part.failing_since is not None]
    healthy = [part.healthy_since for _, part in told if part.healthy_since is not None]
    failures = tuple(part.failure for _, part in dark if part.failure is not None)
    yield SourceHealth(
        watched.name,
        watched.kind,
        state,
        watched.interval,
        last_ok=last_ok,
        failing_since=max(since) if all_fail and since else None,
        healthy_since=None if all_fail else min(healthy, key=mono, default=None),
        failures=_commonest(failures) if all_fail else (),
        degraded=_joined(
            [watched.degraded, f"{len(dark)} of {len(told)} do not answer" if dark else ""]
        ),
    )
    for host, part in dark:
        yield SourceHealth(
            f"{watched.name}/{host}",
            watched.kind,
            State.UNKNOWN,
            watched.interval,
            last_ok=part.as_of,
            failing_since=part.failing_since,
            failures=(part.failure,) if part.failure is not None else (),
            member_of=watched.name,
        )


def cluster_workloads_health(cluster: ClusterWorkloads, now: Instant) -> SourceHealth:
    """One Kubernetes cluster, as one source tells of it."""
    part, last = cluster.workloads, cluster.last
    notes = [cluster.watched.degraded]
    if last is not None and last.pods is not None:
        notes.append(f"pods: {last.pods.cause}")
    if last is not None and last.warnings:
        notes.append("partial result")
    return SourceHealth(
        cluster.watched.name,
        SourceKind.KUBERNETES,
        State.OK if part.is_usable(now) else _unusable(part.failure, part.as_of),
        cluster.watched.interval,
        last_ok=part.as_of,
        failing_since=part.failing_since,
        healthy_since=part.healthy_since,
        failures=last.failures if last is not None else (),
        degraded=_joined(notes),
        warnings=last.warnings if last is not None else (),
        version=last.version if last is not None else None,
        took=last.took if last is not None else None,
        url=cluster.watched.url,
    )


def _unusable(failure: Failure | None, as_of: Instant | None) -> State:
    return State.UNKNOWN if failure is not None or as_of is None else State.STALE


def _first_failure(member: MemberMemory) -> datetime | None:
    parts = (member.alerts, member.silences, member.status)
    times = [one.failing_since for one in parts if one.failing_since is not None]
    return min(times, default=None)


def _complete(times: list[Instant | None]) -> Instant | None:
    """When all parts had answered: the oldest of their answers."""
    known = [at for at in times if at is not None]
    return min(known, key=mono) if len(known) == len(times) else None


def _complete_since(times: list[Instant | None]) -> Instant | None:
    known = [at for at in times if at is not None]
    return max(known, key=mono) if len(known) == len(times) else None


def _latest(times: Iterable[Instant | None]) -> Instant | None:
    return max((at for at in times if at is not None), key=mono, default=None)


def _joined(notes: Iterable[str]) -> str:
    return ", ".join(note for note in notes if note)
