"""`w`: why an alert is seen, as a person reads it and steps through the alerts of a row."""

from __future__ import annotations

import asyncio

import msgspec

from console.model.alert import AlertState, ClusterStatus
from console.model.snapshot import Snapshot, Standing
from console.safety.text import Raw, cell_width, visible
from screens.why import WhyScreen
from tests.build import ack, ago, alert, failure, known, snapshot
from tests.hostile import hostile_strings
from tests.screens.console import Console, ScriptedInquiry, console_on, until
from tests.screens.worlds import SICK, WELL, usual

CONFIG = """
route:
  receiver: oncall
  group_by: [alertname]
  routes:
    - matchers: [severity="critical"]
      receiver: pager
receivers:
  - name: oncall
  - name: pager
    pagerduty_configs: [{routing_key: s3cret}]
"""


class Alertmanager:
    """Tells its configuration once it is let."""

    def __init__(self, config: str = CONFIG) -> None:
        self.config = config
        self.asked = 0
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def status(self) -> ClusterStatus:
        self.asked += 1
        await self.may_answer.wait()
        return ClusterStatus("ready", (), Raw("0.25.0"), ago(86_400), Raw(self.config))


def world() -> Snapshot:
    """`usual()`, with the critical alert routed as its server says."""
    shown = usual()
    alerts = tuple(
        msgspec.structs.replace(one, alert=msgspec.structs.replace(
            one.alert, receivers=(Raw("pager" if one.alert.labels.exact("severity") == "critical"
                                      else "oncall"),)))
        for one in shown.alerts
    )  # fmt: skip
    return msgspec.structs.replace(shown, alerts=alerts)


def listen(console: Console, alertmanager: Alertmanager) -> None:
    assert console.engine is not None
    console.engine.alertmanagers["am"] = alertmanager


def told(console: Console, label: str) -> str:
    return next(line[len(label) :].strip() for line in console.lines if line.startswith(label))


async def test_w_explains_the_alert_under_the_cursor_at_80x24() -> None:
    async with console_on(world()) as (console, pilot):
        listen(console, Alertmanager())
        await pilot.press("w")
        await until(pilot, lambda: "pager: pagerduty" in console.text)
        assert console.lines[2].startswith("── what fires ─")
        assert told(console, "alert").startswith("ServiceDown FIRING since 03:14:00, 2m42s ago")
        assert told(console, "route").startswith('root > severity="critical"')
        assert "s3cret" not in console.text
        assert all(cell_width(line) <= 80 for line in console.lines)
        await pilot.press("escape")
        assert not isinstance(console.app.screen, WhyScreen)


async def test_nothing_waits_for_an_answer_and_it_fills_in_as_it_comes() -> None:
    async with console_on(world(), size=(100, 60)) as (console, pilot):
        slow = Alertmanager()
        slow.may_answer.clear()
        listen(console, slow)
        await pilot.press("w")
        await until(pilot, lambda: "fires while == 0" in console.text)
        assert "asking for the configuration of the Alertmanager" in console.text
        assert told(console, "expression").startswith("redis_up == 0")
        assert told(console, "priority") == "P0: severity=critical"
        await pilot.press("j")  # keys are carried out meanwhile
        console.app.engine.tell(lambda _: slow.may_answer.set())
        await until(pilot, lambda: "pager: pagerduty" in console.text)
        assert "asking" not in console.text


async def test_l_and_h_step_through_the_alerts_of_a_group_from_the_most_urgent() -> None:
    async with console_on(world(), size=(100, 60)) as (console, pilot):
        listen(console, Alertmanager())
        row = next(row for row in console.app.fresh.worklist.rows if row.count == 5)  # type: ignore[union-attr]
        console.app.push_screen(WhyScreen(row))
        await until(pilot, lambda: "oncall: notifies nobody" in console.text)
        assert "alert 1 of the 5 of this row" in console.text and "h and l step" in console.text
        assert told(console, "queue") == row.alerts[0].alert.labels.exact("queue")
        await pilot.press("l")
        await until(pilot, lambda: "alert 2 of the 5" in console.text)
        assert told(console, "queue") == row.alerts[1].alert.labels.exact("queue")
        await until(pilot, lambda: "oncall: notifies nobody" in console.text)
        await pilot.press("h", "h")
        await until(pilot, lambda: "that is the first one" in console.text)


async def test_an_answer_about_one_alert_is_never_shown_for_the_next() -> None:
    async with console_on(world(), size=(100, 60)) as (console, pilot):
        told_by = Alertmanager()
        listen(console, told_by)
        row = next(row for row in console.app.fresh.worklist.rows if row.count == 5)  # type: ignore[union-attr]
        console.app.push_screen(WhyScreen(row))
        await until(pilot, lambda: "oncall: notifies nobody" in console.text)
        console.app.engine.tell(lambda _: told_by.may_answer.clear())
        await pilot.press("l")
        await until(pilot, lambda: "alert 2 of the 5" in console.text)
        assert "asking for the configuration" in console.text
        assert "oncall: notifies nobody" not in console.text


async def test_a_row_without_an_alert_says_that_there_is_nothing_to_explain() -> None:
    async with console_on(snapshot(sources=SICK)) as (console, pilot):
        await pilot.press("w")
        await until(pilot, lambda: "nothing to explain" in console.text)
        assert not isinstance(console.app.screen, WhyScreen)


async def test_what_changes_meanwhile_is_shown_and_asked_for_anew() -> None:
    shown = world()
    async with console_on(shown, size=(100, 60)) as (console, pilot):
        told_by = Alertmanager()
        listen(console, told_by)
        await pilot.press("w")
        await until(pilot, lambda: "by its timers" in console.text)
        first = shown.alerts[0]
        taken = ack("mei")
        acked = msgspec.structs.replace(
            first,
            ack=taken,
            silences=(taken.silence_id,),
            standing=Standing.FIRING,
            alert=msgspec.structs.replace(
                first.alert, state=AlertState.SUPPRESSED, silenced_by=(taken.silence_id,)
            ),
        )
        console.publish(msgspec.structs.replace(shown, alerts=(acked, *shown.alerts[1:])))
        await until(pilot, lambda: "nobody is notified while silence a-silenc" in console.text)
        assert told_by.asked == 2


async def test_an_alert_that_is_gone_stays_as_it_was_last_seen() -> None:
    async with console_on(world(), size=(100, 60)) as (console, pilot):
        listen(console, Alertmanager())
        await pilot.press("w")
        await until(pilot, lambda: "pager: pagerduty" in console.text)
        console.publish(snapshot(sources=WELL))
        await until(pilot, lambda: "it is not in the worklist any more" in console.text)
        assert told(console, "alert").startswith("ServiceDown FIRING")


async def test_an_alertmanager_that_refuses_is_said_in_place() -> None:
    class Refusing:
        async def status(self) -> ClusterStatus:
            from console.sources.alertmanager.cluster import EffectFailed, Sent

            raise EffectFailed(failure("am", "refused the connection"), Sent.NO)

    async with console_on(world()) as (console, pilot):
        assert console.engine is not None
        console.engine.alertmanagers["am"] = Refusing()
        await pilot.press("w")
        await until(pilot, lambda: "not known: refused the connection" in console.text)


async def test_hostile_labels_and_configurations_neither_break_nor_colour_the_screen() -> None:
    strings = list(hostile_strings(24, seed=4))
    for one, other in zip(strings[::2], strings[1::2], strict=True):
        labels = {"severity": one, "instance": other, "team": one}
        shown = snapshot(known(alert(other, labels=labels)), sources=WELL)
        async with console_on(shown, size=(80, 50)) as (console, pilot):
            listen(console, Alertmanager(f"route: {{receiver: {one}}}"))
            await pilot.press("w")
            await until(pilot, lambda c=console: "asking" not in c.text)  # type: ignore[misc]
            assert isinstance(console.app.screen, WhyScreen)
            assert "\x1b" not in console.text


async def test_y_copies_the_whole_explanation() -> None:
    async with console_on(world()) as (console, pilot):
        listen(console, Alertmanager())
        await pilot.press("w")
        await until(pilot, lambda: "pager: pagerduty" in console.text)
        copied: list[str] = []

        def copy(text: Raw | str, what: str, *, lines: bool = False) -> None:
            copied.append(visible(text, lines=lines))

        console.app.copy = copy  # type: ignore[method-assign]
        await pilot.press("y")
        await until(pilot, lambda: bool(copied))
        assert 'route root > severity="critical"\nreceiver pager: pagerduty\n' in copied[0]


class Broken(ScriptedInquiry):
    """Has a fault of ours."""

    async def rule_value(self, rule: object, labels: object) -> object:  # type: ignore[override]
        raise RuntimeError("boom")


async def test_a_fault_of_ours_costs_one_answer() -> None:
    async with console_on(world(), size=(100, 60)) as (console, pilot):
        listen(console, Alertmanager())
        assert console.engine is not None
        console.engine.inquirer = Broken()
        await pilot.press("w")
        await until(pilot, lambda: "not known: a fault inside the console" in console.text)
        await until(pilot, lambda: "pager: pagerduty" in console.text)
