"""What changed before an alert began, by all that tell of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec

from console.engine.evidence_changes import what_changed
from console.engine.evidence_words import EvidenceLine
from console.engine.questions import NewVersion, Releases
from console.engine.releases import releases_of
from console.journal.change import Logged
from console.model.change import Change, ChangeState, Plan
from console.model.event import Event, EventKind
from console.model.incident import Incident
from console.model.papers import ChangePaper, IncidentPaper, Papers
from console.model.policy import Policy
from console.model.registry import Release, ServiceType, host_cell
from console.model.snapshot import Snapshot
from console.model.worklist import Row
from console.safety.text import Raw, visible
from console.triage.triage import Triage
from tests.build import T0, ago, alert, cell, known, service, snapshot
from tests.screens.worlds import usual


class Told:
    """What was written down, and what a Prometheus tells of releases."""

    def __init__(
        self,
        changes: Iterable[Change] = (),
        events: Sequence[Event] = (),
        commits: Sequence[Logged] = (),
        incidents: Iterable[Incident] = (),
        versions: tuple[NewVersion, ...] = (),
    ) -> None:
        self.papers = Papers(
            changes=tuple(ChangePaper(one, f"changes/{one.id}.md", "b") for one in changes),
            incidents=tuple(IncidentPaper(one, f"incidents/{one.id}.md", "b") for one in incidents),
        )
        self.events, self.logged, self.versions = events, commits, versions

    async def happened(self, since: datetime, until: datetime) -> tuple[Event, ...]:
        return tuple(one for one in self.events if since <= one.at <= until)

    async def commits(self, since: datetime, until: datetime) -> tuple[Logged, ...]:
        return tuple(one for one in self.logged if since <= one.at <= until)

    async def releases(self, label: str, services: Sequence[str]) -> Releases:
        return Releases(timedelta(hours=6), ("redis",), self.versions)


def redis_row(shown: Snapshot) -> Row:
    rows = Triage(Policy()).worklist(shown).rows
    return next(row for row in rows if row.cell == "redis" and row.alerts)


async def lines(told: Told, shown: Snapshot | None = None) -> list[str]:
    shown = shown or usual()
    return told_text(await what_changed(redis_row(shown), shown, told, told))


def told_text(found: Iterable[EvidenceLine]) -> list[str]:
    return ["".join(visible(piece.text) for piece in line.pieces) for line in found]


def change(number: int, state: ChangeState, plan: Plan, started: datetime | None) -> Change:
    return Change(
        f"CHG-20261122-00{number}", f"change {number}", "mei", T0, state, plan, started=started
    )


REDIS = Plan(services=("redis",), executor="kai")


def a_host() -> tuple[Row, Snapshot]:
    """The machine under redis is dark."""
    machine = msgspec.structs.replace(service(host_cell("data-1"), "data-1"), type=ServiceType.HOST)
    shown = snapshot(
        known(alert("InstanceDown", starts_at=T0), cell=machine.name),
        cells=[cell(machine), cell(service("redis", "data-1")), cell(service("web", "web-1"))],
    )
    return next(iter(Triage(Policy()).worklist(shown).rows)), shown


async def test_what_was_changed_on_whatever_lives_on_a_host_is_told_of_the_host() -> None:
    row, shown = a_host()
    mine = change(1, ChangeState.IN_PROGRESS, REDIS, T0 - timedelta(minutes=20))
    other = change(2, ChangeState.IN_PROGRESS, Plan(services=("web",)), T0)
    told = Told([mine, other])
    found = told_text(await what_changed(row, shown, told, told))
    assert [line.split(" ", 1)[1] for line in found] == [
        "CHG-20261122-001 change 1 in progress (kai)"
    ]


async def test_of_a_host_nobody_says_more_than_that_nothing_is_written_down() -> None:
    row, shown = a_host()
    told = Told()
    found = told_text(await what_changed(row, shown, told, told))
    assert found == ["on data-1: none in 2 h that is written down"]


async def test_a_change_on_the_service_within_two_hours_is_told_with_who_made_it() -> None:
    begun = redis_row(usual()).since
    recent = change(1, ChangeState.IN_PROGRESS, REDIS, begun - timedelta(minutes=20))
    old = change(2, ChangeState.CLOSED, REDIS, begun - timedelta(hours=2, minutes=1))
    other = change(3, ChangeState.CLOSED, Plan(services=("shop",)), begun)
    planned = change(4, ChangeState.SCHEDULED, REDIS, None)
    found = await lines(Told([recent, old, other, planned]))
    assert found[0].endswith("CHG-20261122-001 change 1 in progress (kai)")
    assert not any(f"00{number}" in line for line in found for number in (2, 3, 4))


async def test_a_release_by_a_change_says_its_share_of_traffic_and_that_it_was_taken_back() -> None:
    begun = redis_row(usual()).since
    plan = msgspec.structs.replace(REDIS, version="7.2.6", traffic_percent=10.0)
    back = change(1, ChangeState.ROLLED_BACK, plan, begun - timedelta(minutes=5))
    found = await lines(Told([back]))
    assert found[0].endswith("redis 7.2.6 10 %, rolled back (kai)")


async def test_what_prometheus_tells_of_a_release_is_not_told_twice() -> None:
    begun = redis_row(usual()).since - timedelta(minutes=5)
    plan = msgspec.structs.replace(REDIS, version="v7.2.6")
    version = NewVersion("redis", Raw("redis"), Raw("7.2.6"), Raw("7.2.5"), begun)
    found = await lines(Told([change(1, ChangeState.CLOSED, plan, begun)], versions=(version,)))
    assert sum("7.2.6" in line for line in found) == 1


async def test_what_was_done_by_hand_on_the_host_is_told_and_what_the_world_did_is_not() -> None:
    row = redis_row(usual())
    at = row.since - timedelta(minutes=30)
    shell = Event(at, EventKind.SHELL, "data-1", "a shell was open for 4m", "mei")
    elsewhere = Event(at, EventKind.SHELL, "web-9", "a shell was open for 4m", "mei")
    fired = Event(at, EventKind.FIRED, "HighLoad redis", "began to fire", key="redis")
    found = await lines(Told(events=[shell, elsewhere, fired]))
    assert found[0].endswith("shell data-1 a shell was open for 4m (mei)")
    assert not any("web-9" in line or "HighLoad" in line for line in found)


async def test_commits_of_documents_about_the_service_are_told() -> None:
    at = redis_row(usual()).since - timedelta(minutes=1)
    mine = Incident("INC-20261122-7f3", "redis slow", T0, services=("redis",))
    told = Told(
        commits=[
            Logged("a" * 40, "Mei", "mei@example.org", at, "INC-20261122-7f3 mitigated: slow"),
            Logged("b" * 40, "Mei", "mei@example.org", at, "events"),
        ],
        incidents=[mine],
    )
    found = await lines(told)
    assert found[0].endswith("journal INC-20261122-7f3 mitigated: slow (Mei)")
    assert not any("events" in line for line in found)


async def test_none_is_said_where_somebody_would_know() -> None:
    assert await lines(Told()) == ["redis: none in 6 h"]


async def test_the_three_latest_releases_come_from_journal_settings_and_health_endpoint() -> None:
    redis = msgspec.structs.replace(
        service("redis"),
        releases=(
            Release("7.2.4", ago(90_000), 100.0),
            Release("7.2.3", None),
            Release("7.2.5", ago(50_000), 50.0, rolled_back=True, by="settings"),
        ),
    )
    plan = msgspec.structs.replace(REDIS, version="v7.2.5", traffic_percent=25.0)
    papers = Told([change(1, ChangeState.CLOSED, plan, ago(40_000))]).papers
    seen = Event(ago(600), EventKind.RELEASE, "redis@data-1", "7.2.5 > 7.2.6", key="redis")
    found = releases_of(redis, papers, [seen])
    assert [(one.version, one.traffic_percent, one.rolled_back) for one in found] == [
        ("7.2.6", None, False),
        ("v7.2.5", 25.0, False),
        ("7.2.4", 100.0, False),
    ]
    assert releases_of(redis, papers, [seen], most=4)[3].version == "7.2.3"


def test_a_change_whose_file_is_broken_tells_of_no_release() -> None:
    plan = msgspec.structs.replace(REDIS, version="9")
    paper = ChangePaper(change(1, ChangeState.CLOSED, plan, T0), "x.md", "b", ("x.md:1:1: no",))
    assert releases_of(service("redis"), Papers(changes=(paper,)), ()) == ()
