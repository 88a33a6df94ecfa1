"""Rows for what no alert speaks of: failing checks and sick sources."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from console.model.alert import Ack, TargetHealth
from console.model.policy import Policy
from console.model.probe import ProbeKind, Verdict
from console.model.registry import ServiceType
from console.model.report import Runner
from console.model.snapshot import Badge, BadgeKind, Cell, SourceKind, Standing
from console.model.state import Priority, State
from console.model.worklist import Row, RowKind, Step
from console.safety.text import Raw
from console.triage.saved import episodes_from, episodes_to
from console.triage.triage import Triage
from tests.build import (
    ago,
    alert,
    at,
    cell,
    failure,
    host_cell_of,
    known,
    probed,
    report,
    service,
    snapshot,
    source,
    target,
)


def down(name: str = "redis", place: str = "data-1", **rest: bool) -> Cell:
    return cell(
        service(name, place, critical=rest.get("critical", False)),
        State.FIRING,
        "refused the connection",
        since=ago(40),
        probes=[probed(name)],
    )


def rows(*cells: Cell, **rest: object) -> tuple[Row, ...]:
    return Triage(Policy()).worklist(snapshot(cells=cells, **rest)).rows  # type: ignore[arg-type]


def test_a_failing_check_without_an_alert_is_a_row_with_clocks() -> None:
    (row,) = rows(down())
    assert row.kind is RowKind.PROBE
    assert (row.title.exact, row.where.exact) == ("HealthCheckFailed", "redis@data-1")
    assert row.summary.exact == "refused the connection"
    assert (row.since, row.priority, row.step) == (ago(40), Priority.P2, Step.ACK)
    assert row.clocks is not None
    assert row.clocks.respond_by == ago(40) + timedelta(hours=1)


def test_a_critical_service_is_one_more_urgent() -> None:
    assert rows(down(critical=True))[0].priority is Priority.P1


def test_a_firing_alert_about_the_service_speaks_for_its_checks() -> None:
    worklist = Triage(Policy()).worklist(snapshot(known(cell="redis"), cells=[down()]))
    assert [row.kind for row in worklist.rows] == [RowKind.ALERT]


def test_a_silenced_alert_about_the_service_does_not() -> None:
    quiet = known(cell="redis", standing=Standing.SILENCED)
    worklist = Triage(Policy()).worklist(snapshot(quiet, cells=[down()]))
    assert [row.kind for row in worklist.rows] == [RowKind.PROBE, RowKind.ALERT]


@pytest.mark.parametrize(
    "silent",
    [
        cell(service(), State.UNKNOWN, "nothing is asked about it"),
        cell(service(), State.STALE, "health: old", probes=[probed(verdict=Verdict.HEALTHY)]),
        cell(service(), State.OK, "", probes=[probed()]),
        cell(service(), State.UNKNOWN, "prom: no answer", targets=[target(TargetHealth.UNKNOWN)]),
    ],
)
def test_a_cell_that_finds_nothing_wrong_itself_is_no_row(silent: Cell) -> None:
    assert rows(silent) == ()


@pytest.mark.parametrize("state", [State.FIRING, State.UNKNOWN, State.STALE, State.LOST])
def test_a_check_without_an_answer_is_a_row_in_the_state_of_its_cell(state: State) -> None:
    (row,) = rows(cell(service(), state, "timed out", probes=[probed(verdict=Verdict.NO_ANSWER)]))
    assert row.state is state


@pytest.mark.parametrize(
    ("kinds", "title"),
    [
        ((ProbeKind.READY,), "NotReady"),
        ((ProbeKind.READY, ProbeKind.HTTP), "HealthCheckFailed"),
        ((ProbeKind.TCP,), "PortUnreachable"),
        ((ProbeKind.TLS,), "CertificateExpiring"),
    ],
)
def test_the_row_is_named_by_the_check_that_says_most(
    kinds: tuple[ProbeKind, ...], title: str
) -> None:
    (row,) = rows(cell(service(), State.FIRING, "x", probes=[probed(kind=k) for k in kinds]))
    assert row.title.exact == title


def test_a_target_that_is_down_is_a_row() -> None:
    (row,) = rows(cell(service(), State.FIRING, "scrape failed", targets=[
        target(TargetHealth.UP), target(TargetHealth.DOWN),
    ]))  # fmt: skip
    assert (row.title.exact, row.kind) == ("TargetDown", RowKind.PROBE)


def test_three_failing_services_on_one_host_are_one_row() -> None:
    (row,) = rows(down("a"), down("b", critical=True), down("c"))
    assert (row.title.exact, row.where.exact) == ("HealthCheckFailed", "data-1")
    assert row.summary.exact == "3 services: a, b, c"
    assert row.priority is Priority.P1
    assert row.step is Step.ACK


def test_two_of_one_host_and_one_of_another_are_three_rows() -> None:
    assert len(rows(down("a"), down("b"), down("c", "web-1"))) == 3


def test_a_check_keeps_its_clock_while_an_alert_speaks_for_it_and_while_it_flaps() -> None:
    triage = Triage(Policy())
    triage.worklist(snapshot(cells=[down()]))
    triage.worklist(snapshot(known(cell="redis"), cells=[down()], now=at(30)))
    triage.worklist(snapshot(cells=[cell(service())], now=at(60)))
    later = cell(service(), State.FIRING, "x", since=at(90).wall, probes=[probed()])
    assert triage.worklist(snapshot(cells=[later], now=at(95))).rows[0].since == ago(40)
    triage.worklist(snapshot(cells=[cell(service())], now=at(100)))
    much_later = cell(service(), State.FIRING, "x", since=at(900).wall, probes=[probed()])
    row = triage.worklist(snapshot(cells=[much_later], now=at(905))).rows[0]
    assert row.since == at(900).wall


def test_a_check_keeps_its_clock_while_nobody_can_ask() -> None:
    triage = Triage(Policy())
    triage.worklist(snapshot(cells=[down()]))
    silent = cell(service(), State.UNKNOWN, "health: no answer")
    triage.worklist(snapshot(cells=[silent], now=at(30)))
    triage.worklist(snapshot(cells=[silent], now=at(900)))
    again = cell(service(), State.FIRING, "x", since=at(905).wall, probes=[probed()])
    assert triage.worklist(snapshot(cells=[again], now=at(910))).rows[0].since == ago(40)


API = service("api", "shop", type=ServiceType.K8S_DEPLOYMENT)
DEAD = cell(API, State.FIRING, "1 of 3 ready", since=ago(40), reports=[report(Runner.WORKLOAD)])
BLIND = cell(API, State.UNKNOWN, "the cluster does not answer; it was: 1 of 3 ready")
WELL = cell(
    API, State.UNKNOWN, "nothing is known of its target",
    reports=[report(Runner.WORKLOAD, Verdict.HEALTHY)],
)  # fmt: skip
ALONE = Badge(BadgeKind.CUT_OFF, "", "this host is cut off", ago(20), is_row=True)


def seen(
    triage: Triage, one: Cell, seconds: float, **rest: object
) -> tuple[tuple[str, State], ...]:
    """The rows of checks, once the console has looked at that cell alone."""
    worklist = triage.worklist(snapshot(cells=[one], now=at(seconds), **rest))  # type: ignore[arg-type]
    return tuple((r.title.exact, r.state) for r in worklist.rows if r.kind is RowKind.PROBE)


def test_what_was_found_wrong_stays_while_nobody_can_ask_until_it_is_found_well() -> None:
    triage = Triage(Policy())
    seen(triage, DEAD, 0)
    for seconds in (30, 900):
        (row,) = triage.worklist(snapshot(cells=[BLIND], now=at(seconds))).rows
        assert (row.title.exact, row.state) == ("WorkloadUnavailable", State.UNKNOWN)
        assert row.summary.exact == "the cluster does not answer; it was: 1 of 3 ready"
        assert row.since == ago(40)
    assert seen(triage, WELL, 930) == ()
    assert seen(triage, BLIND, 960) == ()


def test_it_stays_however_its_source_flaps() -> None:
    triage = Triage(Policy())
    old = replace(DEAD, state=State.STALE)
    steps = (DEAD, BLIND, DEAD, old, BLIND, old, BLIND)
    states = [seen(triage, one, 30 * at_) for at_, one in enumerate(steps)]
    assert states == [(("WorkloadUnavailable", one.state),) for one in steps]
    ok = cell(API, State.OK, "", reports=WELL.reports)
    assert seen(triage, ok, 300, complete=False) == seen(triage, BLIND, 330) == ()


def test_a_check_that_said_no_stays_when_it_times_out_and_then_this_host_is_cut_off() -> None:
    of = replace(service(), health="http://redis/")
    triage = Triage(Policy())
    said_no = cell(of, State.FIRING, "500", probes=[probed()])
    mute = cell(of, State.UNKNOWN, "timed out", probes=[probed(verdict=Verdict.NO_ANSWER)])
    assert seen(triage, said_no, 0) == (("HealthCheckFailed", State.FIRING),)
    assert seen(triage, mute, 30) == (("HealthCheckFailed", State.UNKNOWN),)
    assert seen(triage, mute, 60, badges=[ALONE]) == (("HealthCheckFailed", State.UNKNOWN),)


def test_it_stays_over_a_restart_of_the_console() -> None:
    first = Triage(Policy())
    seen(first, DEAD, 0)
    saved = episodes_from(episodes_to(first.worklist(snapshot(cells=[BLIND], now=at(30))).episodes))
    again = Triage(Policy(), saved)
    frame = cell(API, State.STALE, "was FIRING when last asked: 1 of 3 ready")
    at_first = seen(again, frame, 60, restored=True, complete=False)
    assert at_first == (("WorkloadUnavailable", State.STALE),)
    (row,) = again.worklist(snapshot(cells=[BLIND], now=at(90))).rows
    assert (row.title.exact, row.state, row.since) == (
        "WorkloadUnavailable",
        State.UNKNOWN,
        ago(40),
    )
    assert seen(again, WELL, 120) == ()


def test_whoever_takes_it_meanwhile_is_seen_and_so_is_who_lets_it_go() -> None:
    triage = Triage(Policy())
    seen(triage, DEAD, 0)
    taken = Ack(Raw("mei"), at(20).wall, at(900).wall, Raw(""), "probe:api", "")
    acked = replace(snapshot(cells=[BLIND], now=at(30)), local_acks=(taken,))
    row = triage.worklist(acked).rows[0]
    assert row.acked_by is not None and row.acked_by.exact == "mei"
    assert row.step is Step.FIX
    row = triage.worklist(snapshot(cells=[BLIND], now=at(60))).rows[0]
    assert row.acked_by is None


def test_it_goes_with_its_service_with_its_check_and_with_a_move_elsewhere() -> None:
    moved = replace(API, place="pay", namespace="pay")
    unit = replace(API, type=ServiceType.SYSTEMD)
    for after in (None, replace(BLIND, service=moved), replace(BLIND, service=unit)):
        triage = Triage(Policy())
        seen(triage, DEAD, 0)
        cells = [after] if after else []
        assert triage.worklist(snapshot(cells=cells, now=at(30))).rows == ()
        assert seen(triage, BLIND, 60) == ()
    checked = replace(service(), health="http://redis/")
    triage = Triage(Policy())
    seen(triage, cell(checked, State.FIRING, "500", probes=[probed()]), 0)
    waiting = cell(checked, State.UNKNOWN, "its health has not been asked yet")
    assert seen(triage, waiting, 30) == (("HealthCheckFailed", State.UNKNOWN),)
    unasked = cell(service(), State.UNKNOWN, "nothing is asked about it")
    assert seen(triage, unasked, 60) == ()


def test_it_stays_where_an_alert_spoke_for_it_and_is_over() -> None:
    triage = Triage(Policy())
    triage.worklist(snapshot(known(cell="api"), cells=[DEAD]))
    assert seen(triage, BLIND, 30) == (("WorkloadUnavailable", State.UNKNOWN),)


def test_it_is_forgotten_like_a_lost_alert_and_not_sooner() -> None:
    triage = Triage(Policy())
    seen(triage, DEAD, 0)
    day = timedelta(hours=24).total_seconds()
    assert len(seen(triage, BLIND, day - 1)) == 1
    assert seen(triage, BLIND, day + 1) == ()


def test_many_that_were_found_stay_one_row_and_as_many_in_the_counts() -> None:
    triage = Triage(Policy())
    names = [f"api-{number}" for number in range(40)]

    def cells(like: Cell) -> list[Cell]:
        return [replace(like, service=replace(API, name=name)) for name in names]

    found = triage.worklist(snapshot(cells=cells(DEAD)))
    blind = triage.worklist(snapshot(cells=cells(BLIND), now=at(30)))
    for worklist in (found, blind):
        (row,) = worklist.rows
        assert len(row.parts) == 40
        assert worklist.counts.by_priority[Priority.P2].total == 40
    assert blind.rows[0].state is State.UNKNOWN


def test_what_did_not_answer_is_no_row_once_this_host_is_known_to_be_cut_off() -> None:
    triage = Triage(Policy())
    mute = cell(service(), State.UNKNOWN, "timed out", probes=[probed(verdict=Verdict.NO_ANSWER)])
    assert len(triage.worklist(snapshot(cells=[mute])).rows) == 1
    (row,) = triage.worklist(snapshot(cells=[mute], badges=[ALONE], now=at(30))).rows
    assert row.kind is not RowKind.PROBE


def sick(name: str = "am", kind: SourceKind = SourceKind.ALERTMANAGER) -> tuple[Row, ...]:
    return rows(sources=[
        source(name, kind, State.UNKNOWN, failing_since=ago(90), failures=[failure(name)]),
        source("prom", SourceKind.PROMETHEUS),
    ])  # fmt: skip


def test_a_sick_source_is_a_row_with_its_cause_and_since_when() -> None:
    (row,) = sick()
    assert row.kind is RowKind.SOURCE
    assert (row.title.exact, row.where.exact) == ("SourceDown", "am")
    assert row.summary.exact == "refused the connection at 127.0.0.1:9093"
    assert (row.priority, row.since) == (Priority.P1, ago(90))
    assert row.failure is not None
    assert row.failure.source == "am"


def test_a_sick_source_keeps_its_clock_across_a_restarted_console() -> None:
    first = Triage(Policy()).worklist(snapshot(sources=[
        source("am", state=State.UNKNOWN, failing_since=ago(90), failures=[failure()]),
    ]))  # fmt: skip
    again = Triage(Policy(), first.episodes)
    starting = again.worklist(
        snapshot(sources=[source("am", state=State.UNKNOWN)], complete=False, now=at(30))
    )
    assert starting.rows == ()
    row = again.worklist(snapshot(now=at(40), sources=[
        source("am", state=State.UNKNOWN, failing_since=at(35).wall, failures=[failure()]),
    ])).rows[0]  # fmt: skip
    assert row.since == ago(90)


def test_a_sick_member_of_a_cluster_is_no_row_of_its_own() -> None:
    assert rows(sources=[
        source("am"),
        source("am/127.0.0.1:9093", state=State.UNKNOWN, failing_since=ago(5),
               failures=[failure()], member_of="am"),
    ]) == ()  # fmt: skip


def test_a_source_that_nobody_has_asked_yet_is_no_row() -> None:
    assert rows(sources=[source(state=State.UNKNOWN)], complete=False) == ()


def test_a_stale_source_is_a_row() -> None:
    (row,) = rows(sources=[source(state=State.STALE, last_ok=at(-90))])
    assert (row.title.exact, row.since) == ("SourceStale", ago(90))
    assert row.summary.exact == "its last answer is of 03:15:12 UTC"


def test_a_badge_that_is_worked_on_is_a_row_and_another_is_not() -> None:
    (row,) = rows(badges=[
        Badge(BadgeKind.WATCHDOG, "prom", "watchdog missing: prom", ago(70), is_row=True),
        Badge(BadgeKind.SKEW, "am", "am is 70 s ahead"),
    ])  # fmt: skip
    assert (row.title.exact, row.where.exact, row.since) == ("WatchdogMissing", "prom", ago(70))


def test_a_host_that_is_cut_off_is_one_row() -> None:
    timed_out = cell(service(), State.UNKNOWN, "x", probes=[probed(verdict=Verdict.NO_ANSWER)])
    (row,) = rows(
        timed_out,
        sources=[
            source("am", state=State.UNKNOWN, failing_since=ago(30), failures=[failure()]),
            source("prom", SourceKind.PROMETHEUS, State.UNKNOWN, failing_since=ago(20),
                   failures=[failure("prom")]),
        ],
        badges=[Badge(BadgeKind.CUT_OFF, "", "this host is cut off", ago(20), is_row=True)],
    )  # fmt: skip
    assert row.kind is RowKind.SOURCE
    assert row.summary.exact == "this host is cut off: no answer from am, prom"
    assert row.failure is not None


def test_failing_checks_all_over_the_fleet_are_one_row() -> None:
    (row,) = rows(*(down(f"s{n}", f"h{n}") for n in range(11)))
    assert (row.title.exact, row.where.exact) == ("HealthCheckFailed", "11 places")
    assert len(rows(*(down(f"s{n}", f"h{n}") for n in range(10)))) == 10


def test_a_name_that_says_its_place_is_not_given_it_twice() -> None:
    for name in ("node@web-1", "node@web-1:9100"):
        assert rows(down(name, "web-1"))[0].where.exact == name


def test_a_dead_container_is_a_row_and_names_itself_before_its_failing_check() -> None:
    dead = cell(
        service(), State.FIRING, "container redis:7.2.5 Exited(137)", probes=[probed()],
        reports=[report()],
    )  # fmt: skip
    (row,) = rows(dead)
    assert (row.title.exact, row.where.exact) == ("ContainerDown", "redis@data-1")
    assert row.summary.exact == "container redis:7.2.5 Exited(137)"


def test_a_container_over_its_own_limits_is_a_row_and_a_failing_check_names_it_first() -> None:
    over = replace(report(), runs=True)
    said = "container redis:7.2.5 runs, memory 98 %, over 90 %"
    (row,) = rows(cell(service(), State.FIRING, said, reports=[over]))
    assert (row.title.exact, row.summary.exact) == ("ServiceOverLimit", said)
    (row,) = rows(cell(service(), State.FIRING, said, probes=[probed()], reports=[over]))
    assert row.title.exact == "HealthCheckFailed"


def test_a_host_over_its_limits_is_a_row_at_its_own_name() -> None:
    (row,) = rows(host_cell_of(state=State.FIRING))
    assert (row.title.exact, row.where.exact) == ("HostOverLimit", "data-1")


def test_a_dark_host_is_one_row_and_what_nobody_can_know_of_it_is_none() -> None:
    blind = cell(
        service(), State.UNKNOWN, "no answer on SSH",
        reports=[report(verdict=Verdict.NO_ANSWER, failed=failure())],
    )  # fmt: skip
    (row,) = rows(host_cell_of(dark=True), blind)
    assert (row.title.exact, row.where.exact) == ("HostUnreachable", "data-1")
    assert row.summary.exact == "no answer on SSH"


def test_what_fails_on_a_dark_host_is_told_by_the_hosts_row() -> None:
    (row,) = rows(host_cell_of(dark=True), down("redis"), down("pg"))
    assert (row.title.exact, row.where.exact) == ("HostUnreachable", "data-1")
    assert row.summary.exact == "no answer on SSH; 2 services on it not OK"
    assert row.cell == "host:data-1"
    assert row.failure is not None


def test_what_cannot_be_known_of_a_dark_host_is_counted_with_what_fails_on_it() -> None:
    blind = cell(
        service("pg"), State.UNKNOWN, "no answer on SSH",
        reports=[report(verdict=Verdict.NO_ANSWER, failed=failure())],
    )  # fmt: skip
    (row,) = rows(host_cell_of(dark=True), blind, down("redis"), cell(service("well"), State.OK))
    assert row.summary.exact == "no answer on SSH; 2 services on it not OK"


def test_the_dark_hosts_of_a_rack_are_one_row_that_names_the_rack() -> None:
    dark = [host_cell_of(f"web-{n}", dark=True, rack="r12", zone=f"z{n}") for n in range(40)]
    (row,) = rows(*dark, down("nginx", "web-3"))
    assert (row.title.exact, row.where.exact) == ("HostUnreachable", 'rack="r12"')
    assert row.summary.exact.startswith("40 hosts do not answer: web-0")
    assert "; 1 service on them not OK" in row.summary.exact


def test_dark_hosts_do_not_speak_for_what_fails_elsewhere() -> None:
    dark = [host_cell_of(f"web-{n}", dark=True) for n in range(4)]
    (row,) = rows(*dark, down("nginx", "web-3"), *(down(f"s{n}", f"h{n}") for n in range(11)))
    assert (row.title.exact, row.where.exact) == ("HealthChecksFailed", "15 places")
    assert row.summary.exact.startswith("4 hosts do not answer: web-0")
    assert "; elsewhere 11 services: s0, s1, " in row.summary.exact


def test_an_alert_about_a_host_speaks_for_it() -> None:
    firing = known(cell="host:data-1")
    worklist = Triage(Policy()).worklist(snapshot(firing, cells=[host_cell_of(state=State.FIRING)]))
    assert [row.kind for row in worklist.rows] == [RowKind.ALERT]


def test_a_host_that_does_not_tell_of_its_containers_is_one_row_for_all_of_them() -> None:
    denied = failure("hosts/data-1", "permission denied at the docker socket")
    mute = [
        cell(
            service(name), State.UNKNOWN, denied.cause,
            reports=[report(verdict=Verdict.NO_ANSWER, failed=denied)],
        )
        for name in ("redis", "pg", "minio")
    ]  # fmt: skip
    (row,) = rows(host_cell_of(), *mute)
    assert (row.title.exact, row.where.exact) == ("ContainersUnknown", "data-1")
    assert row.summary.exact == "permission denied at the docker socket"
    assert row.failure is denied


def test_an_alert_of_weeks_ago_does_not_speak_for_a_check_that_fails_now() -> None:
    old = known(alert("ImageTooOld", starts_at=ago(40 * 86400)), cell="redis")
    worklist = Triage(Policy()).worklist(snapshot(old, cells=[down()]))
    assert [row.kind for row in worklist.rows] == [RowKind.PROBE, RowKind.OLD]


def test_a_host_that_does_not_tell_of_its_units_is_none_of_the_services_that_fail() -> None:
    deaf = failure("hosts/data-1", "systemd does not run there")
    mute = report(verdict=Verdict.NO_ANSWER, runner=Runner.UNIT, failed=deaf)
    failing = [
        cell(service(name), State.FIRING, "no", reports=[mute],
             probes=[probed(verdict=Verdict.UNHEALTHY)])
        for name in ("a", "b", "c")
    ]  # fmt: skip
    (row,) = rows(host_cell_of(), *failing)
    assert row.summary.exact == "systemd does not run there; 3 services: a, b, c"


def test_a_check_in_a_container_says_no_more_than_that_docker_cannot_be_asked() -> None:
    denied = failure("hosts/data-1", "docker gave no answer within 4 s")
    mute = report(verdict=Verdict.NO_ANSWER, failed=denied)
    inside = probed(kind=ProbeKind.COMMAND, verdict=Verdict.NO_ANSWER)
    blind = cell(service(), State.UNKNOWN, denied.cause, reports=[mute], probes=[inside])
    (row,) = rows(host_cell_of(), blind)
    assert (row.title.exact, row.where.exact) == ("ContainersUnknown", "data-1")
    outside = probed(kind=ProbeKind.HTTP, verdict=Verdict.NO_ANSWER)
    blind = cell(service(), State.UNKNOWN, denied.cause, reports=[mute], probes=[inside, outside])
    titles = [row.title.exact for row in rows(host_cell_of(), blind)]
    assert sorted(titles) == ["ContainersUnknown", "HealthCheckFailed"]


def test_hosts_that_are_all_dark_have_their_rows_and_no_second_one_for_all() -> None:
    all_dark = source(
        "hosts", SourceKind.HOSTS, State.UNKNOWN, failing_since=ago(60), failures=[failure()]
    )
    found = rows(host_cell_of(dark=True), sources=[all_dark, source()])
    assert [row.title.exact for row in found] == ["HostUnreachable"]


def test_a_host_that_leaves_facts_out_is_a_row() -> None:
    half = host_cell_of()
    told = report(Runner.HOST, Verdict.NO_ANSWER, "memory: /proc/meminfo is empty")
    half = cell(half.service, State.UNKNOWN, told.said, reports=[told])
    (row,) = rows(half)
    assert (row.title.exact, row.where.exact) == ("HostFactsMissing", "data-1")
    assert row.summary.exact == "memory: /proc/meminfo is empty"
