"""Incidents by keys: opened without a typed word, written down, mitigated, closed by rules."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import msgspec
import pytest
from textual import events

from console.actions.registry import action_by_id
from console.model.acting import Ended, Outcome
from console.model.incident import MOVES, ActionItem, IncidentProse, IncidentState
from console.model.paper_wish import (
    Attach,
    MoveIncident,
    OpenIncident,
    UpdateIncident,
    WriteIncident,
)
from console.model.papers import BrokenPaper, Clash, Draft, PaperKind
from console.model.snapshot import Snapshot
from console.model.state import Priority, State
from screens.incident import IncidentScreen, UpdateForm, offered, open_incident
from screens.incident_form import IncidentForm, OpeningForm, open_new_incident
from screens.paper_form import KEEP_AFTER_S
from tests.build import T0, ack, ago, alert, cell, known, resolved, service, snapshot, source
from tests.screens.console import until
from tests.screens.incident_world import (
    ID,
    answered,
    copies_of,
    form_on_top,
    incidents_on,
    papers_of,
    publish,
    redis,
    sheet_of,
    wishes_of,
)
from widgets.chooser import Chooser

DOWN = alert(
    "ServiceDown", starts_at=ago(162), severity="critical", summary="no PING reply",
    instance="data-1:6379",
)  # fmt: skip


def world(*, acked: bool = False, fires: bool = True) -> Snapshot:
    """redis is down, and perhaps somebody has it."""
    one = known(DOWN, cell="redis", acked=ack("kai") if acked else None)
    cells = (cell(service("redis", "data-1")), cell(service("api", "web-1")))
    over = () if fires else (resolved(DOWN, ago(5), "redis"),)
    shown = snapshot(*((one,) if fires else ()), cells=cells, sources=[source("am")], resolved=over)
    return msgspec.structs.replace(shown, complete=True)


# Opening one


async def test_three_keys_open_an_incident_from_an_alert_and_no_word_is_typed() -> None:
    async with incidents_on(world(acked=True)) as (console, pilot, _):
        assert console.engine is not None
        console.engine.acting.outcome = Outcome(Ended.DONE, "opened", document=ID)
        await pilot.press("i")
        await form_on_top(console, pilot, OpeningForm)
        assert "new incident: ServiceDown redis, P0, 1 alert" in console.text
        await pilot.press("enter", "enter")
        await until(pilot, lambda: bool(wishes_of(console)))
        (wish,) = wishes_of(console)
        assert isinstance(wish, OpenIncident)
        one = wish.incident
        assert one.prose.what == "ServiceDown: no PING reply"
        assert (one.services, one.hosts) == (("redis",), ("data-1",))
        assert (one.severity, one.started) == (Priority.P0, DOWN.starts_at)
        assert one.alerts == (DOWN.fingerprint,) and one.acknowledged is not None
        await until(pilot, lambda: isinstance(console.app.screen, IncidentScreen))
        publish(console, papers_of(redis()))
        await until(pilot, lambda: "redis is down" in console.text)


async def test_the_ongoing_incident_of_an_alert_is_opened_and_not_a_second_one() -> None:
    there = redis(alerts=(DOWN.fingerprint,))
    async with incidents_on(world(), there) as (console, pilot, _):
        await pilot.press("i")
        await until(pilot, lambda: isinstance(console.app.screen, IncidentScreen))
        assert ID in console.text and not wishes_of(console)


async def test_an_incident_of_the_same_service_is_offered_first() -> None:
    there = redis()
    async with incidents_on(world(), there) as (console, pilot, _):
        await pilot.press("i")
        await answered(console, pilot, "right", "enter")
        await until(pilot, lambda: bool(wishes_of(console)))
        (wish,) = wishes_of(console)
        assert isinstance(wish, WriteIncident) and wish.opened == sheet_of(there)
        assert wish.incident == msgspec.structs.replace(there.incident, alerts=(DOWN.fingerprint,))
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(console.app.screen, IncidentScreen))
        await pilot.press("i")
        await answered(console, pilot, "right", "right", "enter")
        await form_on_top(console, pilot, OpeningForm)


async def test_from_nothing_what_and_where_are_asked_and_nothing_less_will_do() -> None:
    async with incidents_on(snapshot(sources=[source("am")])) as (console, pilot, _):
        await pilot.press("i")
        form = await form_on_top(console, pilot, OpeningForm)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "expected one sentence" in console.text)
        form.set_fields({"what": "all is slow"})
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "expected a service, a host or a place" in console.text)
        assert not wishes_of(console)
        form.set_fields({"where": "the shop, in Taipei"})
        await pilot.press("ctrl+s")
        await until(pilot, lambda: bool(wishes_of(console)))
        one = wishes_of(console)[0].incident
        assert (one.title, one.prose.where) == ("all is slow", "the shop, in Taipei")
        assert one.services == () and one.severity is None


async def test_a_paste_opens_nothing() -> None:
    async with incidents_on(world()) as (console, pilot, _):
        await pilot.press("i")
        form = await form_on_top(console, pilot, OpeningForm)
        form.row("where").editor.focus()
        await pilot.pause()
        for key in (events.Key("x", "x"), events.Key("enter", "\r")):  # one packet brings both
            console.app.post_message(key)
        await until(pilot, lambda: "press it again" in console.text)
        assert not wishes_of(console) and form.typed["where"] == "redis@data-1x"


async def test_a_hostile_alert_makes_a_title_of_one_printable_line() -> None:
    evil = alert("A\x1b[2J\u202eB\nC", severity="error", summary="\x00[red]z[/red]")
    async with incidents_on(snapshot(known(evil), sources=[source("am")])) as (console, pilot, _):
        await pilot.press("i")
        form = await form_on_top(console, pilot, OpeningForm)
        what = form.typed["what"]
        assert what.isprintable() and "[red]z[/red]" in what and "\n" not in what
        assert "[red]z[/red]" in console.text


async def test_an_incident_is_found_by_the_end_of_its_id_and_an_unknown_one_is_said() -> None:
    async with incidents_on(world(), redis()) as (console, pilot, _):
        frame = console.app.frame
        assert frame is not None
        frame.act("row.incident", "zzz")
        assert "no incident is called zzz; there is INC-20261122-001" in console.lines[-1]
        frame.act("row.incident", "-001")
        await until(pilot, lambda: isinstance(console.app.screen, IncidentScreen))


# The screen


async def test_the_screen_shows_its_clocks_what_is_owed_its_alerts_and_its_file() -> None:
    item = ActionItem("Add an alert", owner="mei", due=date(2026, 11, 21))
    shown = redis(
        alerts=(DOWN.fingerprint,), started=ago(162), detected=ago(100), actions=(item,),
        prose=IncidentProse(what="no PING", why="memory [b]limit[/b]"),
    )  # fmt: skip
    async with incidents_on(world(), shown, size=(100, 50)) as (console, pilot, _):
        open_incident(console.app, ID)
        await until(pilot, lambda: "3f2a91c0" in console.text)
        for text in (
            "open  no severity  nobody leads it",
            "TTD 1m02s  TTA 1m40s running  TTM 2m42s running  TTR 2m42s running",
            "overdue by",
            "it has no severity",
            "ServiceDown",
            "FIRING",
            "memory [b]limit[/b]",
            "[ ] 1",
            "mei, due 2026-11-21",
            "restarted it",
            "incidents/2026/INC-20261122-001.md",
        ):
            assert text in console.text, text
        console.clock.advance(60)
        console.app.frame.tick(console.clock.now())  # type: ignore[union-attr]
        await until(pilot, lambda: "TTR 3m42s running" in console.text)


async def test_resolved_alerts_propose_mitigated_and_change_nothing_by_themselves() -> None:
    shown = redis(alerts=(DOWN.fingerprint,))
    async with incidents_on(world(fires=False), shown, size=(100, 50)) as (console, pilot, _):
        open_incident(console.app, ID)
        await until(pilot, lambda: "its alerts have resolved: m says mitigated" in console.text)
        assert not wishes_of(console)
        await pilot.press("m")
        await until(pilot, lambda: isinstance(console.app.screen, Chooser))
        await pilot.press("1")
        await until(pilot, lambda: bool(wishes_of(console)))
        assert wishes_of(console) == [MoveIncident(shown, IncidentState.MITIGATED)]


async def test_a_source_that_was_not_asked_yet_is_no_proof_that_alerts_resolved() -> None:
    blind = msgspec.structs.replace(world(fires=False), complete=False)
    shown = redis(alerts=(DOWN.fingerprint,))
    async with incidents_on(blind, shown) as (console, pilot, _):
        open_incident(console.app, ID)
        await until(pilot, lambda: "not every source was asked yet" in console.text)
        assert "have resolved" not in console.text


async def test_a_dark_source_is_no_proof_that_alerts_resolved() -> None:
    dark = source("am", state=State.UNKNOWN)
    blind = msgspec.structs.replace(world(fires=False), resolved=(), sources=(dark,))
    mine = redis(alerts=(DOWN.fingerprint,))
    async with incidents_on(blind, mine, size=(140, 50)) as (console, pilot, _):
        open_incident(console.app, ID)
        await until(pilot, lambda: "no usable answer from am" in console.text)
        assert "m says mitigated" not in console.text


async def test_closing_says_in_words_what_is_lacking_and_sends_nothing() -> None:
    shown = redis(state=IncidentState.RESOLVED)
    async with incidents_on(world(), shown) as (console, pilot, _):
        open_incident(console.app, ID)
        await until(pilot, lambda: "resolved" in console.text)
        await pilot.press("m")
        await until(pilot, lambda: isinstance(console.app.screen, Chooser))
        assert "it has no severity" in console.text and "nobody led it" in console.text
        await pilot.press("2", "escape")
        console.app.frame.act("paper.move", "closed")  # type: ignore[union-attr]
        await until(pilot, lambda: "not closed: it has no severity" in console.lines[-1])
        assert not wishes_of(console)


def test_enter_on_the_list_of_states_does_not_open_it_again() -> None:
    for state, ways in MOVES.items():
        order = offered(redis(state=state).incident)
        assert set(order) == ways
        assert IncidentState.OPEN not in order[:1]


async def test_an_action_item_is_ticked_off_from_the_list() -> None:
    items = (ActionItem("Add an alert", owner="mei"), ActionItem("Raise it", done=T0))
    shown = redis(actions=items)
    async with incidents_on(world(), shown) as (console, pilot, _):
        open_incident(console.app, ID)
        await until(pilot, lambda: "Add an alert" in console.text)
        await pilot.press("x")
        await until(pilot, lambda: isinstance(console.app.screen, Chooser))
        assert "Raise it" not in console.text.split("which one is done?")[1].split("─")[0]
        await pilot.press("enter")
        await until(pilot, lambda: bool(wishes_of(console)))
        done = wishes_of(console)[0].incident.actions
        assert done[0].done is not None and done[1] == items[1]


async def test_an_update_says_conditions_actions_and_needs() -> None:
    async with incidents_on(world(), redis()) as (console, pilot, _):
        open_incident(console.app, ID)
        await until(pilot, lambda: "redis is down" in console.text)
        await pilot.press("p")
        form = await form_on_top(console, pilot, UpdateForm)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "not saved" in console.text)
        form.set_fields({"conditions": "carts are lost", "needs": "a person of storage"})
        await pilot.press("ctrl+s")
        await until(pilot, lambda: bool(wishes_of(console)))
        (wish,) = wishes_of(console)
        assert isinstance(wish, UpdateIncident)
        assert wish.update.text == (
            "Conditions: carts are lost. Actions: none. Needs: a person of storage."
        )
        await until(pilot, lambda: isinstance(console.app.screen, IncidentScreen))


async def test_a_broken_file_says_its_faults_and_nothing_but_the_editor_writes_to_it() -> None:
    broken = msgspec.structs.replace(redis(), faults=("INC.md:3:7: expected a date",))
    async with incidents_on(world(), broken) as (console, pilot, _):
        open_incident(console.app, ID)
        await until(pilot, lambda: "INC.md:3:7: expected a date" in console.text)
        for key in "empx":
            await pilot.press(key)
        assert isinstance(console.app.screen, IncidentScreen) and not wishes_of(console)
        assert "its file has faults" in console.lines[-1]


async def test_a_file_that_is_broken_while_it_is_shown_says_where_and_the_editor_mends_it() -> None:
    async with incidents_on(world(), redis()) as (console, pilot, _):
        open_incident(console.app, ID)
        await until(pilot, lambda: f"{ID}  open" in console.text)
        fault = f"{ID}.md:3:6: expected a list"
        gone = BrokenPaper(f"incidents/2026/{ID}-redis.md", "b9", (fault,))
        publish(console, papers_of(broken=(gone,)))
        await until(pilot, lambda: fault in console.text and "E opens it" in console.text)
        await pilot.press("e")
        assert "its file cannot be read: E mends it" in console.lines[-1]
        frame = console.app.frame
        assert frame is not None and frame.why_not(action_by_id("paper.editor")) == ""


def kept_in(folder: Path) -> Path:
    (kept,) = folder.glob("oncall-kept-*/*")
    return kept


async def test_what_was_edited_as_text_and_is_refused_is_kept_and_said_where(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("screens.editor.edit_text", lambda *_: "mine, of half an hour")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    async with incidents_on(world(), redis(), size=(200, 50)) as (console, pilot, _):
        assert console.engine is not None
        console.engine.acting.outcome = Outcome(Ended.DENIED, "not saved: its id stays")
        open_incident(console.app, ID)
        await until(pilot, lambda: f"{ID}  open" in console.text)
        await pilot.press("E")
        await until(pilot, lambda: "what you wrote is kept in" in console.lines[-1])
        kept = kept_in(tmp_path)
        assert str(kept) in console.lines[-1] and "not saved: its id stays" in console.text
        assert kept.read_text() == "mine, of half an hour"


async def test_attaching_names_the_file_and_copying_gives_the_markdown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent = copies_of(monkeypatch)
    async with incidents_on(world(), redis()) as (console, pilot, _):
        open_incident(console.app, ID)
        await until(pilot, lambda: "redis is down" in console.text)
        console.app.frame.act("paper.attach", "/tmp/shot one.png")  # type: ignore[union-attr]
        await until(pilot, lambda: bool(wishes_of(console)))
        assert wishes_of(console) == [Attach(ID, ("/tmp/shot one.png",))]
        await pilot.press("y")
        await until(pilot, lambda: bool(sent))
        assert sent == [(sheet_of(redis()).content.decode(), f"{ID} as Markdown")]


# The whole form, its draft, and two who write


async def test_the_form_saves_what_was_typed_on_the_file_that_it_opened() -> None:
    shown = redis()
    async with incidents_on(world(), shown) as (console, pilot, desk):
        open_incident(console.app, ID)
        await until(pilot, lambda: "redis is down" in console.text)
        await pilot.press("e")
        form = await form_on_top(console, pilot, IncidentForm)
        form.set_fields({"why": "支付 memory\n\nlimit", "severity": "P1", "started": "5m ago"})
        await pilot.press("ctrl+s")
        await until(pilot, lambda: bool(wishes_of(console)))
        (wish,) = wishes_of(console)
        assert isinstance(wish, WriteIncident)
        assert (wish.opened, wish.before) == (sheet_of(shown), shown.incident)
        assert wish.incident.prose.why == "支付 memory\n\nlimit"
        assert wish.incident.severity is Priority.P1
        assert wish.incident.started == T0 - timedelta(minutes=5)
        await until(pilot, lambda: isinstance(console.app.screen, IncidentScreen))
        assert ID in desk.dropped


async def test_a_fault_is_shown_at_its_field_and_nothing_is_sent() -> None:
    async with incidents_on(world(), redis()) as (console, pilot, _):
        open_incident(console.app, ID)
        await until(pilot, lambda: "redis is down" in console.text)
        await pilot.press("e")
        form = await form_on_top(console, pilot, IncidentForm)
        form.set_fields({"held": "tomorrow-ish", "actions": "Add a test\ndue 1/2"})
        await pilot.pause()
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "not saved: actions: line 2: expected a day" in console.text)
        assert form.row_under_cursor is form.row("actions")
        assert form.row("held").said == "expected 03:14, 2026-11-22 03:14, 5m ago or now"
        assert not wishes_of(console)


async def test_what_is_typed_is_on_disk_and_is_offered_when_the_form_opens_again(
    tmp_path: Path,
) -> None:
    async with incidents_on(world(), redis(), drafts=tmp_path) as (console, pilot, desk):
        open_incident(console.app, ID)
        await until(pilot, lambda: "redis is down" in console.text)
        await pilot.press("e")
        form = await form_on_top(console, pilot, IncidentForm)
        form.row("why").editor.focus()
        await pilot.press(*"limit")
        console.clock.advance(KEEP_AFTER_S)
        await until(pilot, lambda: bool(desk.saved))
        await until(pilot, lambda: "draft kept" in console.text)
        assert desk.saved[-1].fields["why"] == "limit" and desk.saved[-1].sheet == form.sheet
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(console.app.screen, IncidentScreen))
        assert "kept as a draft" in console.lines[-1] and desk.left == [ID]

        await pilot.press("e")
        await answered(console, pilot, "right", "enter")
        form = await form_on_top(console, pilot, IncidentForm)
        assert form.typed["why"] == "limit"
        form.set_fields({"why": ""})
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(console.app.screen, IncidentScreen))
        assert desk.dropped == [ID]  # nothing was left of it


async def test_a_draft_can_be_looked_at_and_discarded(tmp_path: Path) -> None:
    async with incidents_on(world(), redis(), drafts=tmp_path) as (console, pilot, desk):
        assert desk.drafts is not None
        draft = Draft(ID, PaperKind.INCIDENT, {"title": "redis is down", "why": "[b]limit"}, T0)
        desk.drafts.save(msgspec.structs.replace(draft, document_id=ID))
        open_incident(console.app, ID)
        await until(pilot, lambda: "redis is down" in console.text)
        await pilot.press("e")
        await answered(console, pilot, "right", "right", "enter")
        await until(pilot, lambda: "[b]limit" in console.text)
        await pilot.press("escape")
        await answered(console, pilot, "left", "enter")
        form = await form_on_top(console, pilot, IncidentForm)
        await until(pilot, lambda: desk.dropped == [ID])
        assert not form.is_touched


async def test_a_draft_that_cannot_be_kept_is_said_and_leaving_asks() -> None:
    async with incidents_on(world()) as (console, pilot, _):
        await pilot.press("i")
        form = await form_on_top(console, pilot, OpeningForm)
        await pilot.press("x")
        console.clock.advance(KEEP_AFTER_S)
        await until(pilot, lambda: "NOT kept: there is no folder to keep it in" in console.text)
        await pilot.press("escape")
        await answered(console, pilot, "enter")  # Cancel
        assert console.app.screen is form
        await pilot.press("escape")
        await answered(console, pilot, "right", "enter")
        await until(pilot, lambda: console.app.screen is not form)


async def test_two_who_write_see_both_versions_and_a_merge_keeps_what_each_typed(
    tmp_path: Path,
) -> None:
    shown = redis()
    async with incidents_on(world(), shown, drafts=tmp_path) as (console, pilot, _):
        assert console.engine is not None
        theirs = msgspec.structs.replace(shown.incident, lead="mei", title="redis fell over")
        sheet = msgspec.structs.replace(sheet_of(shown, theirs), blob="b9")
        clash = Clash(sheet_of(shown), sheet)
        console.engine.acting.outcome = Outcome(Ended.FAILED, "changed meanwhile", clash=clash)
        open_incident(console.app, ID)
        await until(pilot, lambda: "redis is down" in console.text)
        await pilot.press("e")
        form = await form_on_top(console, pilot, IncidentForm)
        form.set_fields({"why": "limit", "title": "redis is gone"})
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "both touched title" in console.text)
        await pilot.pause()
        console.clock.advance(1)
        await pilot.press("right", "enter")
        await until(pilot, lambda: console.app.screen is form)
        await until(pilot, lambda: "both versions are in the form now" in console.text)
        assert form.typed["lead"] == "mei"
        assert (form.typed["why"], form.typed["title"]) == ("limit", "redis is gone")
        console.engine.acting.outcome = Outcome(Ended.DONE, "edited", document=ID)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: len(wishes_of(console)) == 2)
        again = wishes_of(console)[1]
        assert again.opened == sheet and again.before == theirs
        assert (again.incident.lead, again.incident.title) == ("mei", "redis is gone")


async def test_what_fails_keeps_the_form_and_says_why() -> None:
    async with incidents_on(world()) as (console, pilot, _):
        assert console.engine is not None
        console.engine.acting.outcome = Outcome(Ended.FAILED, "the folder is full", ("df -h",))
        await pilot.press("i")
        form = await form_on_top(console, pilot, OpeningForm)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "not saved: the folder is full" in console.text)
        assert "df -h" in console.text and console.app.screen is form


async def test_a_draft_of_a_new_incident_is_gone_on_with(tmp_path: Path) -> None:
    async with incidents_on(world(), drafts=tmp_path) as (console, pilot, desk):
        assert desk.drafts is not None
        fields = {"what": "it was dark", "where": "redis"}
        alerts = (DOWN.fingerprint, "of one that ended meanwhile")
        draft = Draft("new-1", PaperKind.INCIDENT, fields, T0, alerts=alerts)
        desk.drafts.save(draft)
        open_new_incident(console.app, (), draft=draft)
        form = await form_on_top(console, pilot, OpeningForm)
        assert form.typed == fields
        await pilot.press("ctrl+s")
        await until(pilot, lambda: bool(wishes_of(console)))
        one = wishes_of(console)[0].incident
        assert one.alerts == alerts and one.started == DOWN.starts_at
        assert (one.severity, one.title) == (Priority.P0, "ServiceDown redis")
        await until(pilot, lambda: desk.dropped == ["new-1"])


async def test_a_read_only_console_says_so_at_the_key() -> None:
    async with incidents_on(world(), redis(), read_only=True) as (console, pilot, _):
        await pilot.press("i")
        await until(pilot, lambda: "read-only" in console.lines[-1])
        open_incident(console.app, ID)
        await until(pilot, lambda: "redis is down" in console.text)
        await pilot.press("e")
        assert isinstance(console.app.screen, IncidentScreen)


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_a_hostile_wide_document_is_drawn_as_text_at_every_size(
    size: tuple[int, int],
) -> None:
    title = "支付网关 \x1b[31m[red]down[/red]\u202e " * 3
    shown = redis(
        prose=IncidentProse(what=title, why="[link=x]y"), lead="黃凱\x07", services=("支付网关",)
    )
    shown = msgspec.structs.replace(
        shown, incident=msgspec.structs.replace(shown.incident, title=title.replace("\n", " "))
    )
    async with incidents_on(world(), shown, size=size) as (console, pilot, _):
        open_incident(console.app, ID)
        await until(pilot, lambda: "支付网关" in console.text)
        assert "[red]down[/red]" in console.text
        assert not any(one in console.text for one in "\x1b\u202e\x07")
        await pilot.press("e")
        await form_on_top(console, pilot, IncidentForm)
        assert "支付网关" in console.text
        assert not any(one in console.text for one in "\x1b\u202e\x07")
