"""The fleet: hosts with their facts, namespaces, groups, and what opens from them."""

from __future__ import annotations

import msgspec
import pytest

from console.model.probe import ProbeKind, Verdict
from console.model.registry import Host, Service, ServiceType
from console.model.snapshot import HostState, Snapshot
from console.model.state import State
from console.safety.text import Raw, cell_width
from console.triage.filter import parse
from screens.fleet import FleetScreen
from screens.host import HostScreen
from screens.places import Chosen, PlaceBook, places_of
from tests.build import at, cell, probed, service, snapshot
from tests.hostile import ATTACKS
from tests.screens.console import Console, console_on, typed, until
from tests.screens.hosted_world import HOSTS, facts, host_service, hosted, web
from widgets.matrix import Place


def row(console: Console, name: str) -> str:
    """The line of a place."""
    return next(line for line in console.lines if line[2:].startswith(name))


def fleet(console: Console) -> FleetScreen:
    screen = console.app.screen
    assert isinstance(screen, FleetScreen)
    return screen


# Rows


async def test_a_host_has_its_own_cell_first_and_its_facts_in_columns() -> None:
    async with console_on(hosted(), size=(120, 36)) as (console, pilot):
        await pilot.press("2")
        await until(pilot, lambda: "CPU%" in console.text)
        line = row(console, "web-1")
        assert line.split()[:10] == (
            ["✓", "web-1", "OK", "100", "12", "44", "45", "3.1", "41", "d"]
        )
        assert line.index("host") < line.index("nginx-1")


async def test_a_value_over_its_threshold_is_told_without_colour() -> None:
    async with console_on(hosted(), size=(120, 36)) as (console, pilot):
        await pilot.press("2")
        await until(pilot, lambda: "CPU%" in console.text)
        words = row(console, "data-1").split()
        assert "97!" in words  # cpu, over 80
        assert "94!" in words  # the fullest disk, over 90
        assert "44" in words  # memory, well


async def test_a_missing_fact_is_a_question_mark_and_an_old_one_has_its_age() -> None:
    async with console_on(hosted(), size=(120, 36)) as (console, pilot):
        await pilot.press("2")
        await until(pilot, lambda: "CPU%" in console.text)
        line = row(console, "web-2")
        assert line.split()[4] == "?"
        assert "8m" in line


async def test_ages_go_on_while_nothing_new_comes() -> None:
    async with console_on(hosted(), size=(120, 36)) as (console, pilot):
        await pilot.press("2")
        await until(pilot, lambda: "<10s" in row(console, "web-1"))
        console.clock.advance(60)
        fleet(console).tick(console.clock.now())
        await until(pilot, lambda: "1m00s" in row(console, "web-1"))


async def test_every_host_has_a_row_that_says_why_nothing_is_known() -> None:
    async with console_on(hosted(), size=(120, 36)) as (console, pilot):
        await pilot.press("2")
        await until(pilot, lambda: "later-1" in console.text)
        assert "no SSH" in row(console, "bare-1")
        assert "not looked at" in row(console, "later-1")
        assert "no answer on SSH" in row(console, "dark-1")
        for name in ("bare-1", "later-1"):
            assert row(console, name)[0] == "-"  # no state is claimed
            assert "OK" not in row(console, name)


@pytest.mark.parametrize("size", [(60, 15), (80, 24), (120, 36), (200, 50)])
@pytest.mark.parametrize("plain", [False, True])
async def test_every_state_has_shape_and_word_at_every_size(
    size: tuple[int, int], plain: bool
) -> None:
    async with console_on(hosted(), size=size, ascii=plain) as (console, pilot):
        await pilot.press("2")
        await until(pilot, lambda: "data-1" in console.text)
        assert "FIRING" in console.text
        assert row(console, "data-1")[0] == ("!" if plain else "✖")
        assert all(cell_width(line) <= size[0] for line in console.lines)
        if plain:
            assert all(line.isascii() for line in console.lines[2:-1])


async def test_a_namespace_tells_its_pods_and_workloads() -> None:
    async with console_on(hosted(), size=(120, 36)) as (console, pilot):
        await pilot.press("2")
        await until(pilot, lambda: "CPU%" in console.text)
        assert "2 of 3 pods, 0 of 1 workloads" in row(console, "shop")


async def test_hosts_in_trouble_stand_first_where_not_all_fit() -> None:
    well = [cell(service(f"s{n}", f"host-{n:02}")) for n in range(60)]
    bad = cell(service("redis", "zone-z"), State.FIRING, "down")
    async with console_on(snapshot(cells=(*well, bad))) as (console, pilot):
        await pilot.press("2")
        await until(pilot, lambda: "host-00" in console.text)
        await until(pilot, lambda: "zone-z" in console.lines[2])


async def test_rows_hold_still_for_a_moment_after_a_key() -> None:
    well = [cell(service(f"s{n}", f"host-{n:02}")) for n in range(60)]
    bad = cell(service("s59", "host-59"), State.FIRING, "down")
    async with console_on(snapshot(cells=well)) as (console, pilot):
        await pilot.press("2", "j", "j")
        await until(pilot, lambda: "── s2" in console.text)
        console.publish(snapshot(cells=(*well[:-1], bad)))
        await until(pilot, lambda: "1 firing" in console.text)
        assert "host-00" in console.lines[2]
        console.clock.advance(3)
        console.publish(snapshot(cells=(*well[:-1], bad)))
        await until(pilot, lambda: "host-59" in console.lines[2])
        assert "── s2" in console.text  # the cursor stayed on its service


# Under the cursor


async def test_a_host_under_the_cursor_is_told_below_with_its_facts() -> None:
    async with console_on(hosted()) as (console, pilot):
        await typed(pilot, "colon", "host data-1")
        await until(pilot, lambda: "── data-1" in console.text)
        for part in ("disk / 94 %", "cpu 97%!", "not running: redis", "failed: backup.service"):
            assert part in console.text


async def test_drift_is_told_below_the_matrix() -> None:
    world = hosted(web("nginx-9", "web-1", "1.20.0", "1.27.4"))
    async with console_on(world) as (console, pilot):
        await typed(pilot, "colon", "host nginx-9")
        await until(pilot, lambda: "── nginx-9" in console.text)
        line = next(line for line in console.lines if "should run 1.27.4" in line)
        assert "runs 1.20.0" in line
        assert "DRIFT" in line


# Groups


async def test_b_groups_by_one_label_after_the_other_and_then_by_none() -> None:
    async with console_on(hosted(), size=(120, 36)) as (console, pilot):
        await pilot.press("2", "b")
        await until(pilot, lambda: "── rack r11" in console.text)
        heading = next(line for line in console.lines if "rack r12" in line)
        assert "1 of 3 hosts OK" in heading
        assert "2 of 3 services OK" in heading
        assert "no rack" in console.text
        await pilot.press("b")
        await until(pilot, lambda: "zone b" in console.text)
        await pilot.press("b")
        await until(pilot, lambda: "owner mei" in console.text)
        await pilot.press("b")
        await until(pilot, lambda: "owner mei" not in console.text)
        assert "no zone" not in console.text


async def test_group_takes_a_label_completes_it_and_refuses_what_is_none() -> None:
    async with console_on(hosted(), size=(120, 36)) as (console, pilot):
        await pilot.press("2")
        await typed(pilot, "colon", "group zone")
        await until(pilot, lambda: "zone a" in console.text)
        await typed(pilot, "colon", "group nothing")
        await until(pilot, lambda: "nothing has the label nothing" in console.lines[-1])
        assert "rack, zone, owner" in console.lines[-1]
        await typed(pilot, "colon", "group")
        await until(pilot, lambda: "zone a" not in console.text)
        await pilot.press("colon", *"group ")
        await until(pilot, lambda: "group rack" in console.text)


async def test_headings_are_no_rows_of_the_cursor() -> None:
    async with console_on(hosted()) as (console, pilot):
        await pilot.press("2", "b", "g", "g")
        await until(pilot, lambda: "rack r11" in console.text)
        matrix = fleet(console).matrix
        seen = []
        for _ in range(12):
            seen.append(matrix.cursor_place.name if matrix.cursor_place else "")
            matrix.action_down()
        names = list(dict.fromkeys(seen))
        assert names == [
            "web-1", "web-2", "data-1", "dark-1", "bare-1", "later-1", "shop", "pages"
        ]  # fmt: skip


async def test_a_service_of_an_owner_stands_under_its_owner_and_the_place_under_each() -> None:
    async with console_on(hosted(), size=(120, 36)) as (console, pilot):
        await pilot.press("2")
        await typed(pilot, "colon", "group owner")
        await until(pilot, lambda: "owner mei" in console.text)
        assert sum(line[2:].startswith("web-1") for line in console.lines) == 2


# Filter


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ('rack="r12"', ["web-2", "data-1", "dark-1"]),
        ("bare", ["bare-1"]),
        ("@state=UNKNOWN", ["dark-1", "bare-1", "later-1"]),
        ("owner=kai", ["shop"]),
        ("zone=a !nginx", ["web-1", "web-2"]),
        ("nobody-is-called-so", []),
    ],
)
def test_a_filter_is_over_hosts_services_labels_and_states(text: str, places: list[str]) -> None:
    book = PlaceBook()
    book.take(hosted(), Chosen(parse(text)))
    assert [place.name for place in book.places()] == places


async def test_only_what_is_wrong_leaves_out_hosts_of_which_nothing_is_known() -> None:
    async with console_on(hosted(), size=(120, 36)) as (console, pilot):
        await pilot.press("2", "w")
        await until(pilot, lambda: "web-1" not in console.text)
        assert "bare-1" not in console.text
        assert "dark-1" in console.text


async def test_host_goes_to_what_a_filter_hides() -> None:
    async with console_on(hosted()) as (console, pilot):
        await pilot.press("2", "w")
        await until(pilot, lambda: "web-1" not in console.text)
        await typed(pilot, "colon", "host web-1")
        await until(pilot, lambda: "── web-1" in console.text)


# Only what changed is made again


def test_places_that_did_not_change_are_the_same_objects() -> None:
    first = hosted()
    book = PlaceBook()
    book.take(first)
    before = {place.ident: place for place in book.places()}
    cells = list(first.cells)
    cells[2] = msgspec.structs.replace(cells[2], state=State.OK)
    states = tuple(msgspec.structs.replace(one) for one in first.host_states)
    book.take(msgspec.structs.replace(first, cells=tuple(cells), host_states=states))
    after = {place.ident: place for place in book.places()}
    assert [name for name in after if after[name] is not before[name]] == ["data-1"]


@pytest.mark.parametrize("label", ["", "rack", "owner"])
def test_a_book_shows_what_a_new_one_would(label: str) -> None:
    chosen = Chosen(label=label)
    book = PlaceBook()
    worlds = [hosted(), _changed(hosted()), hosted(host_service("bare-1")), hosted()]
    for world in worlds:
        book.take(world, chosen)
        fresh = PlaceBook()
        fresh.take(world, chosen)
        assert _headed(book) == _headed(fresh)
    for other in (Chosen(only_wrong=True), Chosen(parse("web")), Chosen(label="zone"), chosen):
        book.take(worlds[-1], other)
        fresh = PlaceBook()
        fresh.take(worlds[-1], other)
        assert _headed(book) == _headed(fresh)


def _headed(book: PlaceBook) -> tuple[Place, ...]:
    return book.under_headings(book.places())


def _changed(world: Snapshot) -> Snapshot:
    cells = tuple(msgspec.structs.replace(one, state=State.STALE) for one in world.cells[:3])
    states = (msgspec.structs.replace(world.host_states[0], facts=None), *world.host_states[1:])
    return msgspec.structs.replace(
        world, cells=(*cells, *world.cells[3:]), host_states=states, namespaces=()
    )


# What opens


async def test_a_host_opens_with_all_its_facts_from_its_cell_and_from_its_row() -> None:
    async with console_on(hosted(), size=(120, 70)) as (console, pilot):
        await typed(pilot, "colon", "host data-1")
        await until(pilot, lambda: "── data-1" in console.text)
        for keys in (("enter",), ("l", "d")):
            await pilot.press(*keys)
            await until(pilot, lambda: isinstance(console.app.screen, HostScreen))
            await until(pilot, lambda: "as registered" in console.text)
            for part in (
                "disk / 94 %, over 90 %", "97%! of 4 processors", "READ-ONLY!", "inodes 95%!",
                "exited(137)  OOM killed  2 restarts", "in 1.2 MB/s", "failed (failed)",
                "df gave none", "+0.2 s beside ours", "1 of 2 OK",
                "healthy  mem 5.9 of 6 GiB 98 %, cpu 40 %", "(running)  mem 300 of 512 MiB 59 %",
            ):  # fmt: skip
                assert part in console.text
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(console.app.screen, FleetScreen))


async def test_a_host_that_does_not_answer_tells_the_failure_whole() -> None:
    async with console_on(hosted(), size=(120, 50)) as (console, pilot):
        await typed(pilot, "colon", "host dark-1")
        await pilot.press("enter")
        await until(pilot, lambda: "the look failed" in console.text)
        for part in ("no answer on SSH in 10 s", "see whether it runs", "in 30 s", "6m40s ago"):
            assert part in console.text
        assert "ssh -J ops@10.0.0.1 -p 2222 10.0.0.4 uptime" in console.text


async def test_a_namespace_opens_with_its_pods_and_their_reasons() -> None:
    async with console_on(hosted(), size=(120, 36)) as (console, pilot):
        await typed(pilot, "colon", "host shop")
        await pilot.press("enter")
        await until(pilot, lambda: "CrashLoopBackOff" in console.text)
        assert "2 of 3 ready" in console.text
        assert "on k8s-2" in console.text


async def test_a_service_tells_versions_elsewhere_certificates_and_both_ways() -> None:
    async with console_on(hosted(), size=(120, 50)) as (console, pilot):
        await typed(pilot, "colon", "host nginx-1")
        await pilot.press("enter")
        await until(pilot, lambda: "the same elsewhere" in console.text)
        sibling = next(line for line in console.lines if "nginx-2@web-2" in line)
        assert "1.26.0  DRIFT" in sibling
        assert "9 days left" in console.text
        assert "redis FIRING: ServiceDown fires" in console.text


async def test_a_service_tells_its_container_its_alerts_and_who_needs_it() -> None:
    async with console_on(hosted(), size=(120, 50)) as (console, pilot):
        await typed(pilot, "colon", "host redis")
        await pilot.press("enter")
        await until(pilot, lambda: "what runs it" in console.text)
        for part in (
            "exited(137)",
            "OOM killed",
            "ServiceDown",
            "tcp refused, 3s ago",
            "needed by",
        ):
            assert part in console.text


async def test_a_place_that_is_gone_says_so() -> None:
    async with console_on(hosted()) as (console, pilot):
        await typed(pilot, "colon", "host bare-1")
        await pilot.press("enter")
        await until(pilot, lambda: "no SSH: nothing can be run on it" in console.text)
        console.publish(snapshot(cells=(cell(),)))
        await until(pilot, lambda: "not known any more" in console.text)


async def test_hostile_names_of_hosts_and_labels_are_shown_not_obeyed() -> None:
    hosts = tuple(
        Host(f"h{number}{text}", labels=((f"l{number}", text),))
        for number, text in enumerate(ATTACKS)
    )
    cells = tuple(
        cell(Service(f"s{number}{text}", ServiceType.HTTP, host.name, host=host.name, owner=text))
        for number, (host, text) in enumerate(zip(hosts, ATTACKS, strict=True))
    )
    dirty = msgspec.structs.replace(
        facts(), kernel=Raw("".join(ATTACKS)), missing=(ATTACKS[0],), containers=None
    )
    states = tuple(HostState(host, dirty, at()) for host in hosts)
    world = msgspec.structs.replace(snapshot(cells=cells), hosts=hosts, host_states=states)
    async with console_on(world, size=(120, 36)) as (console, pilot):
        await pilot.press("2")
        await until(pilot, lambda: "h0" in console.text)
        for keys in (("b",), ("G",), ("enter",), ("pagedown",), ("escape",)):
            await pilot.press(*keys)
            await pilot.pause()
            assert not any(
                (ord(char) < 32 or 0x7F <= ord(char) < 0xA0) and char != "\n"
                for char in console.text
            )
            assert all(cell_width(line) <= 120 for line in console.lines)


def test_the_matrix_beside_the_worklist_has_host_cells_too() -> None:
    named = {place.name: place for place in places_of(hosted())}
    assert [one.name for one in named["data-1"].services][:2] == ["host", "redis"]
    assert [place.name for place in places_of(hosted())][: len(HOSTS)] == [h.name for h in HOSTS]


def test_a_certificate_that_has_expired_is_told_as_such() -> None:
    from datetime import timedelta

    from screens.service_facts import certificate_fields

    over = msgspec.structs.replace(
        probed("home", Verdict.UNHEALTHY, "expired", ProbeKind.TLS),
        tls_expires=at().wall - timedelta(days=2),
    )
    told = [field.value for field in certificate_fields(cell(probes=[over]), at().wall)]
    assert isinstance(told[0], str)
    assert told[0].startswith("EXPIRED 48h ago")
