"""What a step may harm is told before it, from what is known, and what is not known is named."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import msgspec
import pytest

from console.model.change import Approval, Change, ChangeState, Plan, plan_hash
from console.model.freeze import Calendar, Freeze, Level, Period, Schedule, Scope, Window
from console.model.host import Container, HostFacts, Means
from console.model.incident import Incident, IncidentState
from console.model.papers import ChangePaper, IncidentPaper, Papers
from console.model.registry import Host, Registry, Service, ServiceType, host_cell
from console.model.run import Around, Filled, Run, Tone
from console.model.runbook import ParamType, Step
from console.model.snapshot import Cell, HostState, KnownAlert, NamespaceState, Snapshot, Standing
from console.model.state import State
from console.model.workload import Workload, WorkloadKind
from console.runbook.around import AroundWorld, around_of
from console.runbook.around_line import LINE_CELLS
from console.runbook.parse import parse
from console.safety.text import Raw, cell_width
from tests.build import T0, alert, at, cell, host_cell_of, known, snapshot

BOOK: Final = parse(
    b"""\
---
oncall:
  params:
    TARGET_HOST: {type: host}
---
# Page

```sh {"name":"look","oncall.risk":"read"}
ssh "$TARGET_HOST" -- uptime
```

```sh {"name":"start","oncall.risk":"reversible"}
ssh "$TARGET_HOST" -- docker start redis
```

```sh {"name":"restart","oncall.risk":"disruptive"}
ssh "$TARGET_HOST" -- docker restart redis
```

```sh {"name":"reboot","oncall.risk":"disruptive","oncall.op":"host.reboot"}
ssh "$TARGET_HOST" -- sudo reboot
```
""",
    "page",
).runbook
REDIS: Final = Service("redis", ServiceType.DOCKER, "data-1", host="data-1")
POSTGRES: Final = Service("postgres", ServiceType.SYSTEMD, "data-1", host="data-1")
API: Final = Service(
    "api", ServiceType.K8S_DEPLOYMENT, "shop", namespace="shop", depends_on=("redis",),
    critical=True,
)  # fmt: skip
CART: Final = Service("cart", ServiceType.HTTP, "web-1", host="web-1", depends_on=("redis",))
PAGE: Final = Service("page", ServiceType.PAGE, "pages", depends_on=("api", "cart"))
REGISTRY: Final = Registry(
    (Host("data-1", "10.0.0.5"), Host("web-1")), (REDIS, POSTGRES, API, CART, PAGE)
)
HARD: Final = Freeze(
    "black-friday",
    Level.HARD,
    Schedule(periods=(Period(T0 - timedelta(days=1), T0 + timedelta(days=1)),)),
    Scope(("redis",)),
    owner="mei",
)
INCIDENT: Final = Incident("INC-20261122-7f3", "t", T0, services=("Redis",), lead="kai")
NOTHING: Final = Calendar()
CHANGE: Final = Change(
    "CHG-20261122-9b1", "t", "mei", T0, ChangeState.IN_PROGRESS, Plan(services=("redis",))
)


def step(name: str = "restart") -> Step:
    found = BOOK.step(name)
    assert found is not None
    return found


def run_of(service: str = "redis", host: str = "data-1", **fields: object) -> Run:
    params = (Filled("TARGET_HOST", ParamType.HOST, Raw(host)),) if host else ()
    run = Run("RUN-1", BOOK, "shipped", T0, "kai", "ops-1", service=service, params=params)
    return msgspec.structs.replace(run, **fields)


def papers(*, incident: Incident | None = None, change: Change | None = None,
           calendar: Calendar = NOTHING, unread: str = "") -> Papers:  # fmt: skip
    return Papers(
        incidents=() if incident is None else (IncidentPaper(incident, "i.md", ""),),
        changes=() if change is None else (ChangePaper(change, "c.md", ""),),
        calendar=calendar,
        unread=unread,
    )


def seen(
    *alerts: KnownAlert, redis: State = State.OK, because: str = "", **fields: object
) -> Snapshot:
    cells = [cell(REDIS, redis, because), cell(API, State.FIRING), cell(CART), cell(PAGE)]
    return msgspec.structs.replace(snapshot(*alerts, cells=cells), **fields)


def told(
    shown: Snapshot | None,
    *,
    of: str = "restart",
    run: Run | None = None,
    written: Papers | None = None,
    registry: Registry = REGISTRY,
) -> tuple[dict[str, Around], tuple[str, ...]]:
    """The lines by their topic, and what is missing."""
    world = AroundWorld(shown, registry, written or Papers(), at())
    lines, missing = around_of(run or run_of(), step(of), world)
    assert all(cell_width(one.text) <= LINE_CELLS for one in lines)
    assert len({one.topic for one in lines}) == len(lines)
    return {one.topic: one for one in lines}, missing


def line(topic: str, shown: Snapshot | None = None, **more: object) -> Around:
    lines, _ = told(shown or seen(), **more)  # type: ignore[arg-type]
    return lines[topic]


# The change that a run carries out.


def of_change(change: Change | None, *, of: str = "restart", incident: Incident | None = None,
              calendar: Calendar = NOTHING, unread: str = "") -> Around | None:  # fmt: skip
    written = papers(change=change, incident=incident, calendar=calendar, unread=unread)
    lines, _ = told(seen(), of=of, run=run_of(change=CHANGE.id), written=written)
    return lines.get("approval")


def allowed(**changes: object) -> Change:
    """A change that may be started now."""
    plan = Plan(
        services=("redis",),
        window=Period(T0 - timedelta(hours=1), T0 + timedelta(hours=1)),
        executor="kai",
    )
    made = msgspec.structs.replace(CHANGE, state=ChangeState.APPROVED, plan=plan)
    agreed = Approval("lin", T0, plan_hash(plan))
    return msgspec.structs.replace(made, **{"approvals": (agreed,), **changes})


@pytest.mark.parametrize("of", ["restart", "start"])
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (allowed(state=ChangeState.DRAFT), "is draft: it has to be approved and started first"),
        (allowed(state=ChangeState.SUBMITTED), "has to be approved and started first"),
        (allowed(state=ChangeState.CLOSED), "is closed: what is carried out is an approved change"),
        (allowed(approvals=()), "may not start: nobody but its author has approved"),
        (allowed(), "may start now; say so first: m on its screen"),
        (None, "is not in the journal"),
    ],
)
def test_a_step_for_a_change_that_is_not_under_way_says_so(
    change: Change | None, said: str, of: str
) -> None:
    found = of_change(change, of=of)
    assert found is not None and found.tone is Tone.WARNING
    assert found.text.startswith(f"{CHANGE.id} ") and said in found.text


@pytest.mark.parametrize("state", [ChangeState.IN_PROGRESS, ChangeState.VERIFYING])
def test_a_step_for_a_change_that_is_under_way_needs_no_such_word(state: ChangeState) -> None:
    assert of_change(allowed(state=state)) is None
    assert of_change(None, unread="it has not been read yet") is None, "nobody knows"


def test_what_only_reads_says_nothing_of_its_change() -> None:
    assert of_change(allowed(state=ChangeState.DRAFT), of="look") is None


def test_a_freeze_holds_up_a_change_and_not_what_mends_an_open_incident() -> None:
    frozen = Calendar(freezes=(HARD,))
    held = of_change(allowed(), calendar=frozen)
    assert held is not None and "may not start: the hard freeze black-friday" in held.text
    mends = of_change(allowed(), calendar=frozen, incident=INCIDENT)
    assert mends is not None and "may start now" in mends.text


# Replicas.


def pods(desired: int | None, available: int | None, state: State = State.OK) -> Snapshot:
    workload = Workload(Raw("redis"), Raw("shop"), WorkloadKind.DEPLOYMENT, desired,
                        available=available)  # fmt: skip
    deployment = Service(
        "redis", ServiceType.K8S_DEPLOYMENT, "shop", namespace="shop", replicas=desired or 3
    )
    shown = snapshot(cells=[cell(deployment, state)])
    namespace = NamespaceState("shop", "k8s", at(), (workload,))
    return msgspec.structs.replace(shown, namespaces=(namespace,))


@pytest.mark.parametrize(
    ("shown", "said", "tone"),
    [
        (pods(3, 3), "3 of 3 replicas healthy; this takes one at least", Tone.PLAIN),
        (pods(3, 2), "2 of 3 replicas healthy; this takes one at least", Tone.PLAIN),
        (pods(3, 1), "1 of 3 replicas healthy: this may take the last one", Tone.BAD),
        (pods(3, 0), "0 of 3 replicas healthy", Tone.PLAIN),
        (pods(3, None), "of 3 replicas nobody knows how many are healthy: counted as none",
         Tone.WARNING),
        (pods(3, 3, State.STALE), "of 3 replicas nobody knows how many are healthy: counted"
         " as none", Tone.WARNING),
        (seen(), "redis is the only one, and it is well: whoever uses it notices", Tone.WARNING),
        (seen(redis=State.FIRING), "redis is the only one, and it is FIRING", Tone.PLAIN),
        (seen(redis=State.UNKNOWN), "redis is the only one, and it is UNKNOWN", Tone.PLAIN),
    ],
)  # fmt: skip
def test_how_many_replicas_are_left_is_told(shown: Snapshot, said: str, tone: Tone) -> None:
    assert line("replicas", shown) == Around("replicas", said, tone)


def test_containers_of_one_service_are_counted_as_docker_tells() -> None:
    def container(name: str, state: str, health: str | None = None) -> Container:
        told_health = None if health is None else Raw(health)
        return Container(Raw(name), Raw("1"), Raw("redis:7"), Raw(state), told_health)

    shown = (
        container("shop-redis-1", "running"),
        container("shop-redis-2", "running", "starting"),
        container("shop-redis-3", "exited"),
    )
    facts = HostFacts(Means.SSH, containers=shown)
    on = HostState(REGISTRY.hosts[0], facts, at())
    got = line("replicas", seen(host_states=(on,)))
    assert got.text == "1 of 3 replicas healthy: this may take the last one"


# Who depends on it, and what fires.


def test_what_depends_on_it_is_named_with_its_state_the_critical_first() -> None:
    got = line("dependants")
    assert got.text == "2 depend on it: api FIRING, cart OK (1 behind them)"
    assert got.tone is Tone.WARNING
    assert line("dependants", run=run_of("page")).text == "nothing in services.yaml depends on it"


def test_a_circle_of_dependants_ends() -> None:
    two = (
        Service("redis", ServiceType.TCP, "a", depends_on=("b",)),
        Service("b", ServiceType.TCP, "a", depends_on=("redis",)),
    )
    got = line("dependants", registry=Registry((), two))
    assert got.text == "one depends on it: b not known"


def test_many_dependants_are_counted_and_the_line_still_fits() -> None:
    many = tuple(
        Service(f"a-service-with-quite-a-long-name-{at_}", ServiceType.TCP, "a",
                depends_on=("redis",))
        for at_ in range(40)
    )  # fmt: skip
    got = line("dependants", registry=Registry((), (REDIS, *many)))
    assert got.text.startswith("40 depend on it: ")
    assert got.text.endswith("and 39 more")


def firing(name: str, on: str, severity: str, standing: Standing = Standing.FIRING) -> KnownAlert:
    return known(alert(name, service=on, severity=severity), cell=on, standing=standing)


def test_alerts_on_it_and_on_what_depends_on_it_are_counted_by_priority() -> None:
    some = [firing(f"A{n}", "api", "warning") for n in range(23)]
    shown = seen(
        firing("Down", "redis", "critical"),
        firing("Slow", "page", "high", Standing.SILENCED),
        firing("Soon", "cart", "critical", Standing.PENDING),
        *some,
    )
    got = line("alerts", shown)
    assert got.text == "on it P0 1; on what depends on it P1 1, P2 over 20"
    assert got.tone is Tone.WARNING
    assert "alerts" not in told(seen())[0]


# Papers.


def test_a_change_that_is_under_way_is_named_and_its_absence_warned_of() -> None:
    assert line("change").tone is Tone.WARNING
    assert line("change").text == "no open change and no open incident for it"
    other = line("change", written=papers(change=CHANGE))
    assert other == Around("change", "CHG-20261122-9b1 is in progress, by mei", Tone.WARNING)
    own = line("change", written=papers(change=CHANGE), run=run_of(change=CHANGE.id))
    assert own.tone is Tone.GOOD
    elsewhere = msgspec.structs.replace(CHANGE, plan=Plan(services=("postgres",)))
    assert "no open change" in line("change", written=papers(change=elsewhere)).text


def test_an_open_incident_is_named_by_service_alert_or_run() -> None:
    lines, _ = told(seen(), written=papers(incident=INCIDENT))
    assert lines["incident"].text == "INC-20261122-7f3 is open, led by kai"
    assert lines["change"] == Around("change", "no open change for it")
    bare = Incident("INC-1", "t", T0, alerts=("fp",))
    assert "incident" not in told(seen(), written=papers(incident=bare))[0]
    assert "incident" in told(seen(), written=papers(incident=bare), run=run_of(alert="fp"))[0]
    assert "incident" in told(seen(), written=papers(incident=bare), run=run_of(incident="INC-1"))[0]  # fmt: skip # noqa: E501
    closed = msgspec.structs.replace(INCIDENT, state=IncidentState.CLOSED)
    assert "incident" not in told(seen(), written=papers(incident=closed))[0]


def test_a_journal_that_nobody_can_read_proves_no_absence() -> None:
    got = line("change", written=papers(unread="the folder is gone"))
    assert got.text == "nobody knows whether there is an open change: the folder is gone"


# Freezes.


def test_a_freeze_is_warned_of_and_never_holds_up_the_mending_of_an_incident() -> None:
    frozen = Calendar(freezes=(HARD,))
    got = line("freeze", written=papers(calendar=frozen))
    assert got.text == ("hard freeze black-friday until 2026-11-23 03:16 UTC; ask mei")
    assert got.tone is Tone.WARNING
    mending = line("freeze", written=papers(calendar=frozen, incident=INCIDENT))
    assert mending.tone is Tone.PLAIN
    assert mending.text == "hard freeze black-friday does not hold up INC-20261122-7f3"
    through = papers(calendar=frozen, change=CHANGE)
    assert line("freeze", written=through, run=run_of(change=CHANGE.id)).tone is Tone.PLAIN
    assert line("freeze", written=through).tone is Tone.WARNING
    assert "freeze" not in told(seen(), written=papers(calendar=frozen), run=run_of("cart"))[0]


def test_a_shut_window_is_warned_of() -> None:
    shut = Calendar(windows=(Window("night", Schedule()),))
    assert "no window of the team is open" in line("freeze", written=papers(calendar=shut)).text
    assert "freeze" not in told(seen(), written=papers(calendar=shut, incident=INCIDENT))[0]


def test_what_can_be_taken_back_is_told_of_freezes_alone_and_what_reads_of_nothing() -> None:
    written = papers(calendar=Calendar(freezes=(HARD,)))
    lines, missing = told(None, of="start", written=written)
    assert (list(lines), missing) == (["freeze"], ())
    assert told(None, of="look", written=written) == ({}, ())


# A host itself.


@pytest.mark.parametrize(
    ("of", "run"),
    [
        ("restart", run_of(host_cell("data-1"))),
        ("reboot", run_of()),
        ("restart", run_of("")),
    ],
)
def test_a_step_on_a_host_itself_names_who_lives_there(of: str, run: Run) -> None:
    cells = [host_cell_of("data-1", State.FIRING), cell(REDIS), cell(API, State.FIRING)]
    lines, missing = told(snapshot(cells=cells), of=of, run=run)
    assert lines["host"].text == "2 services on data-1: redis OK, postgres not known"
    assert lines["host"].tone is Tone.WARNING
    assert lines["dependants"].text.startswith("2 depend on it: api FIRING, cart not known")
    assert "replicas" not in lines
    assert missing == ()


# What nobody knows.


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        (None, "nothing has been asked yet"),
        (seen(restored=True), "an earlier console saved"),
        (seen(redis=State.STALE), "how redis is: it is STALE"),
        (snapshot(), "how redis is: no source tells of it"),
    ],
)
def test_what_nobody_knows_now_is_missing(shown: Snapshot | None, said: str) -> None:
    _, missing = told(shown)
    assert len(missing) == 1
    assert said in missing[0]


def test_what_hangs_may_be_restarted_and_its_silence_is_told() -> None:
    lines, missing = told(seen(redis=State.UNKNOWN, because="no answer"))
    assert missing == ()
    assert lines["now"].text == "redis is UNKNOWN: no answer"
    assert lines["now"].tone is Tone.WARNING


@pytest.mark.parametrize("state", [State.OK, State.FIRING, State.LOST])
def test_what_is_known_is_not_missing(state: State) -> None:
    assert told(seen(redis=state))[1] == ()


def test_the_weightiest_comes_first() -> None:
    world = AroundWorld(
        pods(3, 1), REGISTRY, papers(change=CHANGE, calendar=Calendar(freezes=(HARD,))), at()
    )
    lines, _ = around_of(run_of(change=CHANGE.id), step(), world)
    order = [Tone.BAD, Tone.WARNING, Tone.PLAIN, Tone.GOOD]
    assert [one.tone for one in lines] == sorted((one.tone for one in lines), key=order.index)
    assert lines[0].topic == "replicas"


def test_a_minute_in_which_nothing_happens_changes_nothing() -> None:
    written = papers(incident=INCIDENT, calendar=Calendar(freezes=(HARD,)))
    worlds = [AroundWorld(seen(), REGISTRY, written, at(seconds)) for seconds in (0, 60)]
    assert around_of(run_of(), step(), worlds[0]) == around_of(run_of(), step(), worlds[1])


def test_names_from_outside_are_shown_safely_and_cut() -> None:
    hostile = Service("x\u202e\x1b[31m" + "漢" * 80, ServiceType.TCP, "a", depends_on=("redis",))
    cells: list[Cell] = [cell(REDIS), cell(hostile, State.FIRING)]
    got = line("dependants", snapshot(cells=cells), registry=Registry((), (REDIS, hostile)))
    assert "\x1b" not in got.text
    assert "\u202e" not in got.text
