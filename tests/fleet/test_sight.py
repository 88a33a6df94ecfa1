"""How each service is seen: from what answers for it, and never from alerts."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from typing import Final

import msgspec
import pytest

from console.fleet.runners import workload_word
from console.fleet.sight import Seen, name_of, sights_of
from console.model.alert import TargetHealth
from console.model.failure import Failure, FailureKind
from console.model.history import Sight
from console.model.probe import Probe, ProbeKind, ProbeResult, Verdict
from console.model.registry import Service, ServiceType
from console.model.report import Report, Runner
from console.model.snapshot import (
    Badge,
    BadgeKind,
    Cell,
    Snapshot,
    SourceHealth,
    SourceKind,
)
from console.model.state import State
from console.safety.clock import Instant
from tests.fleet.world import at, target, workload

NOW: Final = at(1000)
EVERY: Final = timedelta(seconds=30)
BADNESS: Final = {Sight.UP: 0, Sight.SLOW: 1, Sight.UNKNOWN: 2, Sight.DOWN: 3}


def failure(kind: FailureKind) -> Failure:
    return Failure("health", "api/http", kind, "said", "200", "look", NOW.wall)


def answer(
    word: str,
    kind: ProbeKind = ProbeKind.HTTP,
    service: str = "api",
    host: str = "web-1",
    via: str = "",
) -> ProbeResult:
    """`up`, `slow`, `no`, or the kind of the failure for which there is none."""
    on_host = kind in (ProbeKind.COMMAND, ProbeKind.FILE)
    probe = Probe(
        service,
        kind,
        "redis-cli ping" if on_host else f"http://{host}:8080/health",
        EVERY,
        timedelta(seconds=5),
        slow=timedelta(seconds=1),
        via=via,
        host=host if on_host else "",
    )
    if word in ("up", "slow", "no"):
        verdict = Verdict.HEALTHY if word == "up" else Verdict.UNHEALTHY
        took = timedelta(milliseconds={"up": 20, "slow": 3000, "no": 5}[word])
        return ProbeResult(probe, verdict, word, took, too_slow=word == "slow")
    why = failure(FailureKind(word))
    return ProbeResult(probe, Verdict.NO_ANSWER, word, failure=why)


def cell(
    *answers: tuple[ProbeResult, Instant],
    name: str = "api",
    kind: ServiceType = ServiceType.DOCKER,
    reports: tuple[Report, ...] = (),
    targets: tuple[TargetHealth, ...] = (),
    as_of: Instant = NOW,
    state: State = State.OK,
) -> Cell:
    return Cell(
        Service(name, kind, "web-1"),
        state,
        "",
        as_of,
        probes=tuple(one for one, _ in answers),
        probe_ages=tuple(when for _, when in answers),
        targets=tuple(target("web-1:9100", health=health) for health in targets),
        reports=reports,
    )


def report(verdict: Verdict, runner: Runner = Runner.CONTAINER, **fields: object) -> Report:
    made = Report(runner, verdict, "said", at(980), timedelta(seconds=60), "web-1", by="SSH")
    return msgspec.structs.replace(made, **fields)


def beside(word: str, *, answered: float = 999, host: str = "web-2", number: int = 1) -> Cell:
    """Another service, on another host."""
    name = f"other-{host}-{number}"
    return cell((answer(word, service=name, host=host), at(answered)), name=name)


PROM: Final = SourceHealth(
    "prom", SourceKind.PROMETHEUS, State.OK, timedelta(seconds=15), url="http://127.0.0.1:9090"
)


def snapshot(*cells: Cell, cut_off: bool = False, sources: tuple[SourceHealth, ...] = (PROM,)) -> (
    Snapshot
):  # fmt: skip
    badges = (Badge(BadgeKind.CUT_OFF, "", "this host is cut off"),) if cut_off else ()
    return Snapshot(NOW, "prod", cells=cells, sources=sources, badges=badges)


def seen(one: Cell, *others: Cell, before: Sight | None = None, cut_off: bool = False) -> Seen:
    """How `one` is seen beside `others`."""
    was = {} if before is None else {name_of(one): before}
    return sights_of(snapshot(one, *others, cut_off=cut_off), was)[name_of(one)]


def sight(one: Cell, *others: Cell, before: Sight | None = None, cut_off: bool = False) -> Sight:
    return seen(one, *others, before=before, cut_off=cut_off).sight


WORDS: Final = ("up", "slow", "no", *FailureKind)
OTHERS: Final = (beside("up"), beside("up", host="web-3"))
"""So that this machine is not cut off."""


def test_an_answer_is_up_slow_or_down_and_a_fault_of_ours_is_neither() -> None:
    silence = {FailureKind.TIMEOUT, FailureKind.UNREACHABLE, FailureKind.RESET}
    for word in WORDS:
        expected = {"up": Sight.UP, "slow": Sight.SLOW, "no": Sight.DOWN}.get(
            word, Sight.DOWN if word in silence else Sight.UNKNOWN
        )
        assert sight(cell((answer(word), at(990))), *OTHERS) is expected, word


def test_of_several_checks_the_worst_counts_and_that_of_a_certificate_never() -> None:
    for live, ready, tls in product(WORDS, WORDS, ("up", "no", "timeout")):
        one = cell(
            (answer(live), at(990)),
            (answer(ready, ProbeKind.READY), at(991)),
            (answer(tls, ProbeKind.TLS), at(992)),
        )
        alone = [sight(cell((answer(word), at(990))), *OTHERS) for word in (live, ready)]
        assert sight(one, *OTHERS) is max(alone, key=BADNESS.__getitem__), (live, ready, tls)
    only_tls = cell((answer("no", ProbeKind.TLS), at(992)), targets=(TargetHealth.UP,))
    assert sight(only_tls) is Sight.UP


def test_losing_an_answer_never_makes_it_greener() -> None:
    reports = (None, *Verdict)
    for live, ready, told in product(WORDS, WORDS, reports):
        by = () if told is None else (report(told),)
        whole = sight(
            cell((answer(live), at(990)), (answer(ready, ProbeKind.READY), at(991)), reports=by),
            *OTHERS,
        )
        stale = cell((answer(live), at(900)), (answer(ready, ProbeKind.READY), at(991)), reports=by)
        lost = sight(stale, *OTHERS)
        if BADNESS[whole] < BADNESS[Sight.DOWN]:
            assert BADNESS[lost] >= BADNESS[whole], (live, ready, told)
        else:
            assert BADNESS[lost] >= BADNESS[Sight.UNKNOWN], (live, ready, told)


def test_alerts_and_the_state_on_screen_decide_nothing() -> None:
    for state, word in product(State, WORDS):
        plain = cell((answer(word), at(990)))
        alerting = msgspec.structs.replace(plain, state=state, alerts=("f1",))
        assert sight(alerting, *OTHERS) is sight(plain, *OTHERS)


@pytest.mark.parametrize("word", ["up", "slow", "no", "timeout"])
def test_an_answer_older_than_two_intervals_is_no_observation(word: str) -> None:
    assert sight(cell((answer(word), at(939))), *OTHERS) is Sight.UNKNOWN
    assert sight(cell((answer(word), at(941))), *OTHERS) is not Sight.UNKNOWN


def test_what_was_never_asked_is_not_observed() -> None:
    assert seen(cell()) == Seen(Sight.UNKNOWN)


@pytest.mark.parametrize("wall_s", [-3600, -3, 3, 3600])
def test_an_answer_from_before_the_clock_jumped_or_the_machine_slept_is_old(wall_s: int) -> None:
    before = at(990)
    moved = Instant(before.wall - timedelta(seconds=wall_s), before.mono)
    assert sight(cell((answer("up"), moved))) is Sight.UNKNOWN


# Silence.


def test_a_timeout_is_down_only_where_somebody_was_heard_since_it_was_asked() -> None:
    silent = cell((answer("timeout"), at(990)))  # asked at 985
    assert sight(silent, beside("up", answered=986)) is Sight.DOWN
    assert sight(silent, beside("no", answered=986)) is Sight.DOWN
    assert sight(silent, beside("up", answered=984)) is Sight.UNKNOWN
    assert sight(silent) is Sight.UNKNOWN


def test_what_is_down_stays_down_while_it_is_silent_and_others_are_heard_now_and_then() -> None:
    silent = cell((answer("timeout"), at(990)))
    other = beside("up", answered=984)
    assert sight(silent, other, before=Sight.DOWN) is Sight.DOWN
    assert sight(silent, other, before=Sight.UP) is Sight.UNKNOWN
    assert sight(silent, before=Sight.DOWN) is Sight.UNKNOWN


def test_where_most_machines_are_silent_this_one_is_cut_off() -> None:
    for dark, heard in product(range(5), range(5)):
        cells = [beside("timeout", host=f"dark-{n}", answered=995) for n in range(dark)]
        cells += [beside("up", host=f"well-{n}", answered=996) for n in range(heard)]
        found = sight(cell((answer("timeout"), at(990))), *cells)
        is_cut_off = heard < 1 + dark
        assert found is (Sight.UNKNOWN if is_cut_off else Sight.DOWN), (dark, heard)


def test_one_dark_machine_with_most_services_is_no_cut_network() -> None:
    dark = [beside("timeout", host="web-1", number=n, answered=995) for n in range(20)]
    assert sight(cell((answer("timeout"), at(990))), beside("up"), *dark) is Sight.DOWN


def test_where_every_source_failed_at_once_silence_says_nothing_and_answers_do() -> None:
    assert sight(cell((answer("timeout"), at(990))), *OTHERS, cut_off=True) is Sight.UNKNOWN
    assert sight(cell((answer("no"), at(990))), *OTHERS, cut_off=True) is Sight.DOWN


def test_what_is_heard_on_this_machine_proves_nothing_about_the_network() -> None:
    silent = cell((answer("timeout"), at(990)))
    for here in ("127.0.0.1", "localhost", "[::1]"):
        assert sight(silent, beside("up", host=here, answered=995)) is Sight.UNKNOWN
    silent_here = cell((answer("timeout", host="127.0.0.1"), at(990)))
    assert sight(silent_here, beside("up", host="localhost", answered=995)) is Sight.DOWN


def test_a_source_that_answers_is_heard_as_well() -> None:
    away = msgspec.structs.replace(PROM, url="http://mon-1:9090", last_ok=at(995))
    silent = cell((answer("timeout"), at(990)))
    found = sights_of(snapshot(silent, sources=(away,)))
    assert found["api"].sight is Sight.DOWN
    gone = msgspec.structs.replace(
        away, state=State.UNKNOWN, failures=(failure(FailureKind.TIMEOUT),)
    )
    assert sights_of(snapshot(silent, sources=(gone,)))["api"].sight is Sight.UNKNOWN


def test_a_command_that_hangs_is_down_only_where_its_host_is_reached() -> None:
    hangs = cell((answer("timeout", ProbeKind.COMMAND), at(990)))
    ping = answer("up", ProbeKind.COMMAND, service="db")
    assert sight(hangs, cell((ping, at(995)), name="db")) is Sight.DOWN
    elsewhere = answer("up", ProbeKind.COMMAND, service="db", host="web-2")
    assert sight(hangs, cell((elsewhere, at(995)), name="db"), beside("up")) is Sight.UNKNOWN
    looked = report(Verdict.HEALTHY, Runner.HOST, at=at(995))
    host = cell(name="host:web-1", kind=ServiceType.HOST, reports=(looked,))
    assert sight(hangs, host) is Sight.DOWN


@pytest.mark.parametrize("kind", [ProbeKind.COMMAND, ProbeKind.FILE])
@pytest.mark.parametrize("why", [FailureKind.UNREACHABLE, FailureKind.AUTH, FailureKind.REFUSED])
def test_ssh_that_cannot_be_reached_says_nothing_of_the_service(
    kind: ProbeKind, why: FailureKind
) -> None:
    other = cell((answer("up", ProbeKind.COMMAND, service="db"), at(995)), name="db")
    assert sight(cell((answer(why, kind), at(990))), other) is Sight.UNKNOWN
    through = cell((answer(why, via="web-1"), at(990)))
    assert sight(through, other) is Sight.UNKNOWN


# What runs it, hosts, targets.


def test_without_checks_what_runs_it_decides() -> None:
    for verdict, expected in (
        (Verdict.HEALTHY, Sight.UP),
        (Verdict.UNHEALTHY, Sight.DOWN),
        (Verdict.NO_ANSWER, Sight.UNKNOWN),
    ):
        one = cell(reports=(report(verdict),), targets=(TargetHealth.UP,))
        assert sight(one) is expected
    old = report(Verdict.HEALTHY, at=at(800))
    assert sight(cell(reports=(old,))) is Sight.UNKNOWN
    for verdict in (Verdict.UNHEALTHY, Verdict.NO_ANSWER):
        judged = report(verdict, Runner.CONTAINER, runs=True)
        assert sight(cell(reports=(judged,))) is Sight.UP
    some = report(Verdict.UNHEALTHY, Runner.WORKLOAD, partly=True)
    assert sight(cell(reports=(some,))) is Sight.UP


def test_a_workload_of_which_some_replicas_serve_is_up() -> None:
    service = Service("api", ServiceType.K8S_DEPLOYMENT, "shop", namespace="shop")
    for available, expected in ((0, Sight.DOWN), (1, Sight.UP), (2, Sight.UP), (3, Sight.UP)):
        named = (workload("api", 3, available),)
        word = workload_word(service, named, whole=True, all_told=True, at=at(1000).wall)
        told = report(word.verdict, Runner.WORKLOAD, partly=word.partly)
        assert sight(cell(reports=(told,))) is expected, available


def test_a_container_that_has_ended_is_down_where_its_check_says_nothing() -> None:
    ended = report(Verdict.UNHEALTHY)
    assert sight(cell((answer("dns"), at(990)), reports=(ended,))) is Sight.DOWN
    assert sight(cell((answer("up"), at(990)), reports=(ended,))) is Sight.UP
    runs = report(Verdict.HEALTHY)
    assert sight(cell((answer("dns"), at(990)), reports=(runs,))) is Sight.UNKNOWN


def test_a_host_is_up_where_it_was_reached_however_full_it_is() -> None:
    def host(*told: Report, targets: tuple[TargetHealth, ...] = ()) -> Cell:
        return cell(name="host:web-1", kind=ServiceType.HOST, reports=told, targets=targets)

    full = report(Verdict.UNHEALTHY, Runner.HOST)
    lacks = report(Verdict.NO_ANSWER, Runner.HOST)
    dark = report(Verdict.NO_ANSWER, Runner.HOST, failure=failure(FailureKind.TIMEOUT))
    assert sight(host(full)) is Sight.UP
    assert sight(host(lacks)) is Sight.UP
    assert sight(host(dark)) is Sight.UNKNOWN
    assert sight(host(dark, targets=(TargetHealth.DOWN,))) is Sight.DOWN
    assert sight(host(dark, targets=(TargetHealth.UP,))) is Sight.UP
    assert sight(host(full, targets=(TargetHealth.DOWN,))) is Sight.UP


def test_of_what_is_only_scraped_one_target_that_is_up_is_enough() -> None:
    up, down, unknown = TargetHealth.UP, TargetHealth.DOWN, TargetHealth.UNKNOWN
    for targets in product((up, down, unknown), repeat=3):
        expected = (
            Sight.UP if up in targets else Sight.UNKNOWN if unknown in targets else Sight.DOWN
        )
        assert sight(cell(targets=targets)) is expected
    assert sight(cell(targets=(up,), as_of=at(900))) is Sight.UNKNOWN


# What is kept of it.


def test_the_time_of_the_liveness_check_is_kept_and_none_for_a_no() -> None:
    both = cell((answer("slow", ProbeKind.READY), at(991)), (answer("up", ProbeKind.HTTP), at(990)))
    assert seen(both) == Seen(Sight.SLOW, 20.0, at(991))
    assert seen(cell((answer("no"), at(990)))) == Seen(Sight.DOWN, None, at(990))
    assert seen(cell((answer("up", ProbeKind.TCP), at(990)))).took_ms == 20.0
    assert seen(cell((answer("up", ProbeKind.FILE), at(990)))).took_ms is None


def test_a_target_that_nobody_wrote_down_is_kept_under_its_job_and_instance() -> None:
    found = Service(
        "node", ServiceType.TARGET, "web-1", labels=(("job", "node"),), instances=("web-1:9100",)
    )
    many = Service("api@prod", ServiceType.TARGET, "prod", labels=(("job", "api"),))
    written = Service("api", ServiceType.DOCKER, "web-1", instances=("web-1:9100",))
    names = [name_of(Cell(one, State.OK, "")) for one in (found, many, written)]
    assert names == ["node/web-1:9100", "api@prod", "api"]
