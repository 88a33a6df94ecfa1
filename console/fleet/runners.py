"""What runs a service, as a word about it: containers, units, workloads, and hosts themselves."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from console.fleet.batch import batch_verdict, telling_pods
from console.fleet.limits import Over, taken
from console.model.failure import Failure
from console.model.host import (
    Container,
    HostFacts,
    Unit,
    Use,
    containers_called,
    tag_of,
    unit_called,
)
from console.model.probe import Verdict
from console.model.registry import Service, Thresholds
from console.model.words import age_text
from console.model.workload import Pod, Stray, Workload
from console.safety.text import Raw, visible

NAME_CELLS = 60
READ_KINDS = "deployments, stateful sets, daemon sets, jobs and cron jobs"
_WELL_PODS = frozenset({"Running", "Succeeded"})


class Word(NamedTuple):
    """What is said of a service, before it is known when and by whom."""

    verdict: Verdict
    said: str
    version: Raw | None = None
    since: datetime | None = None
    failure: Failure | None = None
    partly: bool = False
    """Not all of its replicas are well, and some are."""
    runs: bool = False
    """It does, and takes more than its service allows, or that cannot be told."""


def container_word(
    service: Service,
    facts: HostFacts,
    at: datetime,
    others: Collection[str] = (),
    over: frozenset[Over] = frozenset(),
) -> Word:
    """What docker says of the container of `service`; of replicas the worst.

    Args:
        at: when: what ended on another day is told with its date.
        others: what the containers of other services on the host are called.
        over: what was over the service's limits at the look before.
    """
    told = facts.containers
    if isinstance(told, Failure):
        return Word(Verdict.NO_ANSWER, told.cause, failure=told)
    unit = visible(service.unit, cells=NAME_CELLS)
    if told is None:
        return Word(Verdict.NO_ANSWER, f"docker was not asked for its container {unit}")
    found = containers_called(service.unit, told, others)
    if not found:
        return Word(Verdict.UNHEALTHY, f"there is no container called {unit}")
    words = [_with_use(service, _of_container(one, at), one.id, one.use, over) for one in found]
    worst = min(words, key=lambda word: _ORDER[word.verdict])
    wanted = max(len(found), service.replicas or 0)
    if wanted > 1:
        well = sum(word.verdict is Verdict.HEALTHY for word in words)
        do = "are within their limits" if worst.runs else "run"
        worst = worst._replace(said=f"{well} of {wanted} {do}: {worst.said}", partly=well > 0)
    if wanted > len(found):
        # Docker forgets a container that was removed: only the registry knows of it.
        worst = worst._replace(verdict=Verdict.UNHEALTHY, runs=False)
    return worst


def well_containers(
    service: Service, facts: HostFacts, at: datetime, others: Collection[str] = ()
) -> tuple[int, int] | None:
    """How many containers of `service` are well, and how many there should be; `None`: docker
    did not tell. One that has just been started is not well yet.

    `at` and `others`: as of `container_word`.
    """
    if not isinstance(facts.containers, tuple):
        return None
    found = containers_called(service.unit, facts.containers, others)
    verdicts = [_of_container(one, at).verdict for one in found]
    return verdicts.count(Verdict.HEALTHY), max(len(found), service.replicas or 0)


def unit_word(service: Service, facts: HostFacts, over: frozenset[Over] = frozenset()) -> Word:
    """What systemd says of the unit of `service`; `over` as of `container_word`."""
    told = facts.units
    if isinstance(told, Failure):
        return Word(Verdict.NO_ANSWER, told.cause, failure=told)
    shown = visible(service.unit, cells=NAME_CELLS)
    if told is None:
        return Word(Verdict.NO_ANSWER, f"systemd was not asked for its unit {shown}")
    unit = unit_called(service.unit, told)
    if unit is None:
        return Word(Verdict.NO_ANSWER, f"systemd did not tell of its unit {shown}")
    return _with_use(service, _of_unit(unit), unit.name, unit.use, over)


def workload_word(
    service: Service,
    workloads: Sequence[Workload],
    *,
    whole: bool,
    all_told: bool,
    at: datetime,
    written: bool = True,
    strays: Sequence[Stray] | None = (),
) -> Word:
    """What Kubernetes says of the workload of `service`.

    Args:
        whole: what was told is to be believed as it stands.
        all_told: and nothing is left out, so that what is not among `workloads` is not there.
        at: when it was told.
        written: somebody wrote it down, and so wants it to run. What was only found may be
            scaled to nothing on purpose, as half of a cluster is at night.
        strays: pods that belong to none of `workloads`; `None`: not known.
    """
    named = [
        one
        for one in workloads
        if one.name.exact == service.unit and one.namespace.exact == service.namespace
    ]
    shown = f"{visible(service.unit, cells=NAME_CELLS)} in {visible(service.namespace or '')}"
    if not named:
        if not (whole and all_told):
            return Word(Verdict.NO_ANSWER, f"a partial answer without {shown}")
        return _of_none(service, shown, strays)
    # A deployment and a stateful set may be called alike.
    words = [_of_workload(one, service.replicas, at, written=written) for one in named]
    word = min(words, key=lambda word: _ORDER[word.verdict])
    if word.verdict is Verdict.HEALTHY and not whole:
        return word._replace(verdict=Verdict.NO_ANSWER, said=f"{word.said}, of a partial answer")
    return word


def _of_none(service: Service, shown: str, strays: Sequence[Stray] | None) -> Word:
    """Nothing that is read is called like `service`; what is not read may be."""
    if strays is None:
        said = f"there is no workload called {shown} of the kinds that are read ({READ_KINDS}), "
        return Word(Verdict.NO_ANSWER, f"{said}and whether pods of that name run is not known")
    for one in strays:
        if (one.name.exact, one.namespace.exact) == (service.unit, service.namespace):
            kind = visible(one.kind, cells=30)
            has = "it is a pod of its own" if kind == "Pod" else f"its pods are those of a {kind}"
            return Word(Verdict.NO_ANSWER, f"{shown} is not read: {has}; only {READ_KINDS} are")
    return Word(Verdict.UNHEALTHY, f"there is no workload called {shown}")


def host_word(facts: HostFacts, limits: Thresholds, *, cpu_counts: bool) -> Word:
    """What a host's facts say of it, against its thresholds.

    Args:
        cpu_counts: the processors were over the limit at the look before as well; one busy
            moment is no fault.
    """
    wrong: list[str] = []
    told: list[str] = []
    for mount in facts.mounts or ():
        if mount.used_percent > limits.disk_percent:
            path = visible(mount.path, cells=40)
            wrong.append(f"disk {path} {mount.used_percent:.0f} %, over {limits.disk_percent:g} %")
        inodes = mount.inodes_percent
        # Without inodes nothing can be written, however much room there is.
        if inodes is not None and inodes > limits.disk_percent:
            path = visible(mount.path, cells=40)
            wrong.append(f"inodes of {path} {inodes:.0f} %, over {limits.disk_percent:g} %")
    memory = facts.memory_percent
    if memory is not None and memory > limits.memory_percent:
        wrong.append(f"memory {memory:.0f} %, over {limits.memory_percent:g} %")
    cpu = facts.cpu_percent
    if cpu is not None and cpu > limits.cpu_percent and cpu_counts:
        wrong.append(f"cpu {cpu:.0f} %, over {limits.cpu_percent:g} %")
    if facts.uptime is not None:
        told.append(f"up {age_text(facts.uptime)}")
    if facts.load is not None:
        told.append(f"load {facts.load[0]:.1f}")
    if cpu is not None:
        once = f" (over {limits.cpu_percent:g} % at one look)" if cpu > limits.cpu_percent else ""
        told.append(f"cpu {cpu:.0f} %{once}")
    if memory is not None:
        told.append(f"mem {memory:.0f} %")
    if facts.fullest is not None:
        told.append(f"disk {facts.fullest.used_percent:.0f} %")
    told += filter(None, (_read_only(facts), _failed_units(facts), _clock(facts)))
    if wrong:
        return Word(Verdict.UNHEALTHY, ", ".join(wrong))
    lacking = [*facts.missing, *_unknown(facts)]
    if lacking:
        return Word(Verdict.NO_ANSWER, "; ".join(dict.fromkeys(lacking)))
    return Word(Verdict.HEALTHY, ", ".join(told))


def _unknown(facts: HostFacts) -> Iterable[str]:
    """Facts that have a threshold, of which neither a value nor the want of one was told."""
    if facts.missing:
        return
    if facts.memory_percent is None:
        yield "memory is not known"
    if not facts.mounts:
        yield "disks are not known"


def _read_only(facts: HostFacts) -> str:
    """Mounts to which nothing can be written, as the kernel leaves them after an error."""
    paths = [visible(one.path, cells=30) for one in facts.mounts or () if one.read_only]
    if len(paths) < 2:
        return f"{paths[0]} is read-only" if paths else ""
    return f"{len(paths)} mounts are read-only: {paths[0]}, …"


def _failed_units(facts: HostFacts) -> str:
    if not isinstance(facts.units, tuple):
        return ""
    failed = [one for one in facts.units if one.active.exact == "failed"]
    if not failed:
        return ""
    first = visible(failed[0].name, cells=30)
    return f"{first} failed" if len(failed) == 1 else f"{len(failed)} units failed: {first}, …"


def _clock(facts: HostFacts) -> str:
    """What is wrong with the host's clock; empty where it is near ours or not known."""
    if facts.clock_offset is None or not facts.is_clock_off:
        return ""
    way = "ahead" if facts.clock_offset > timedelta(0) else "behind"
    return f"its clock is {age_text(abs(facts.clock_offset))} {way}"


def _of_container(one: Container, at: datetime) -> Word:
    image = visible(one.image, cells=NAME_CELLS)
    version = tag_of(one.image)
    restarts = f", restarted {one.restarts}x" if one.restarts else ""
    if not one.runs:
        state = visible(one.state, cells=20).capitalize()
        parts = [f"{image} {state}" + (f"({one.exit_code})" if one.exit_code is not None else "")]
        if one.oom_killed:
            parts.append("OOMKilled")
        if one.finished_at is not None:
            parts.append(_moment(one.finished_at, at))
        said = " ".join(parts)
        if one.restart_policy is not None:
            said += f", restart policy: {visible(one.restart_policy, cells=20) or 'no'}"
        said += restarts
        if one.error:
            said += f", {visible(one.error, cells=80)}"
        return Word(Verdict.UNHEALTHY, said, version, one.finished_at)
    health = one.health.exact if one.health is not None else ""
    if health == "unhealthy":
        said = f"{image} runs, and its own check says unhealthy{restarts}"
        return Word(Verdict.UNHEALTHY, said, version, one.started_at)
    if health == "starting":
        said = f"{image} has just been started; its own check is not through{restarts}"
        return Word(Verdict.NO_ANSWER, said, version, one.started_at)
    return Word(Verdict.HEALTHY, f"{image} runs{restarts}", version, one.started_at)


def _with_use(service: Service, word: Word, of: Raw, use: Use, before: frozenset[Over]) -> Word:
    """`word` with what it takes, judged where it is well otherwise and `service` sets limits."""
    if word.verdict is not Verdict.HEALTHY:
        return word
    judged = taken(service, of.exact, use, before)
    if judged.over:
        said = f"{word.said}, {', '.join(judged.over)}{judged.said}"
        return word._replace(verdict=Verdict.UNHEALTHY, said=said, runs=True)
    if judged.unknown:
        which = " and ".join(f"its {what}" for what in judged.unknown)
        said = f"{word.said}, and {which} cannot be told{judged.said}"
        return word._replace(verdict=Verdict.NO_ANSWER, said=said, runs=True)
    return word._replace(said=f"{word.said}{judged.said}")


def _moment(then: datetime, at: datetime) -> str:
    local = then.astimezone()
    same_day = local.date() == at.astimezone().date()
    return f"{local:%H:%M:%S}" if same_day else f"{local:%Y-%m-%d %H:%M}"


def _of_unit(unit: Unit) -> Word:
    name, active = visible(unit.name, cells=NAME_CELLS), unit.active.exact
    if unit.load.exact != "loaded":
        return Word(Verdict.UNHEALTHY, f"{name} is {visible(unit.load, cells=20)}")
    state = f"{visible(unit.active, cells=20)} ({visible(unit.sub, cells=20)})"
    restarts = f", restarted {unit.restarts}x" if unit.restarts else ""
    if active in ("active", "reloading", "refreshing"):
        return Word(Verdict.HEALTHY, f"{name} {state}{restarts}", since=unit.since)
    ended = []
    if unit.result is not None and unit.result.exact not in ("", "success"):
        ended.append(visible(unit.result, cells=20))
    if unit.exit_status:
        ended.append(f"status {unit.exit_status}")
    why = f", {', '.join(ended)}" if ended else ""
    said = f"{name} {state}{why}{restarts}"
    starting = active == "activating" and unit.sub.exact != "auto-restart"
    verdict = Verdict.NO_ANSWER if starting else Verdict.UNHEALTHY
    return Word(verdict, said, since=unit.since)


def _of_workload(one: Workload, replicas: int | None, at: datetime, *, written: bool) -> Word:
    version = tag_of(one.images[0]) if one.images else None
    if one.kind.is_batch:
        return Word(*batch_verdict(one, at, _pod_trouble(telling_pods(one))), version)
    desired = one.desired
    available = one.available if one.available is not None else one.ready
    if desired is None or available is None:
        which = "how many replicas it should have" if desired is None else "its ready replicas"
        return Word(Verdict.NO_ANSWER, f"Kubernetes does not tell {which}", version)
    said = f"{available} of {desired} available"
    if one.updated is not None and one.updated < desired:
        said += f", rollout {one.updated} of {desired}"
    if one.paused:
        said += ", paused"
    trouble = _pod_trouble(one.pods or ())
    if trouble:
        said += f": {trouble}"
    if one.reason is not None and not trouble:
        said += f": {visible(one.reason, cells=80)}"
    if desired == 0:
        wanted = f", {replicas} expected" if replicas else ""
        verdict = Verdict.UNHEALTHY if written else Verdict.HEALTHY
        return Word(verdict, f"scaled to 0{wanted}", version)
    verdict = Verdict.HEALTHY if available >= desired else Verdict.UNHEALTHY
    return Word(verdict, said, version, partly=0 < available < desired)


def _pod_trouble(pods: Sequence[Pod]) -> str:
    """The first pod that is not well, and how many more there are."""
    sick = [
        pod for pod in pods if pod.phase.exact not in _WELL_PODS or pod.ready is False or pod.reason
    ]
    sick = [pod for pod in sick if pod.phase.exact != "Succeeded"]
    if not sick:
        return ""
    worst = max(sick, key=lambda pod: (pod.reason is not None, pod.restarts))
    why = visible(worst.reason or worst.phase, cells=40)
    said = f"{visible(worst.name, cells=NAME_CELLS)} {why}"
    if worst.exit_code:
        said += f" ({worst.exit_code})"
    if worst.restarts:
        said += f", restarted {worst.restarts}x"
    return said + (f", and {len(sick) - 1} more" if len(sick) > 1 else "")


_ORDER = {Verdict.UNHEALTHY: 0, Verdict.NO_ANSWER: 1, Verdict.HEALTHY: 2}
