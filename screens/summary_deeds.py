"""What is done with the seven days: other days, archived, sent, and an action item for noise."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from console.actions.papers.action_items import ItemFault, item_of, item_text
from console.model.acting import Outcome
from console.model.action import Action
from console.model.daily import AnyReport
from console.model.incident import ActionItem
from console.model.paper_wish import AddActionItem
from console.model.summary import Noise
from console.safety.text import Raw, visible
from screens.acting import NOT_UP
from screens.frame import Frame
from screens.summary_about import times
from screens.summary_asking import Weeks
from screens.summary_words import days_text, local_zone
from widgets.chooser import MOST, Chooser, Offer
from widgets.detail import Paragraph, Part
from widgets.dialog import Choice, Dialog
from widgets.theme import Ink

if TYPE_CHECKING:
    from console.engine.engine import Engine

REPORTS: Final = ("week", "daily", "kpi")
_TITLES: Final = {"week": "7-day summary", "daily": "daily report", "kpi": "key figures"}
ITEM: Final = "action item"
DUE_IN: Final = timedelta(days=15)
LINES: Final = 2_000
"""Of a report that is to be sent, so many are shown."""
NO_CHAT: Final = "no chat is set: write `summary: webhooks:` into oncall.yaml"
_NOT_ABOUT_ROWS: Final = ("row.detail", "row.incident", "row.change", "row.runbook", "app.note")
"""Not in the footer: `d` is what enter is, and nothing here is a row of the worklist."""


class SummaryDeeds(Frame):
    """A screen to derive from, on which the seven days are shown."""

    def __init__(self) -> None:
        super().__init__()
        self._noisy: Noise | None = None
        """What the line that is open is about, as it was painted."""
        self._unkept = ""
        """An action item that came to nothing: it is typed once."""

    @property
    def weeks(self) -> Weeks:
        """The days that are shown."""
        raise NotImplementedError

    def why_not(self, action: Action) -> str:
        if action.id == "summary.later" and self.weeks.last >= self.weeks.today:
            return "these are the latest days"
        if action.id == "summary.send" and not self._webhooks:
            return NO_CHAT
        return ""

    @property
    def _webhooks(self) -> tuple[str, ...]:
        settings = self.console_app.opened.loaded.settings
        return tuple(one.name for one in settings.summary.webhooks)

    def footer_of(self, action: Action) -> int:
        return 0 if action.id in _NOT_ABOUT_ROWS else action.footer

    # Other days

    def do_summary_earlier(self) -> None:
        """The week before."""
        self.show_days(self.weeks.last - timedelta(days=7))

    def do_summary_later(self) -> None:
        """The week after, up to today."""
        self.show_days(self.weeks.later())

    def show_days(self, end: date | None) -> None:
        """Ask for the days up to and with `end`, today where it is `None`."""
        self.weeks.show(end)

    def do_app_refresh(self) -> None:
        """Make the summary anew, and ask every source."""
        self.weeks.again()
        self.console_app.do_app_refresh()

    # Archive and send

    def do_summary_keep(self, which: str = "") -> None:
        """Archive the report that `which` names, or ask which."""
        self._with_report(which, "archive which report?", self._keep)

    def do_summary_send(self, which: str = "") -> None:
        """Send the report that `which` names, the seven days without a name."""
        self._with_report(which or "week", "send which report?", self._send)

    def _with_report(self, which: str, title: str, use: Callable[[str], Awaitable[None]]) -> None:
        word = which.strip().casefold()
        if word and word not in REPORTS:
            said = visible(which, cells=30)
            self.say(f"no report is called {said}; there are: {', '.join(REPORTS)}", warning=True)
        elif word:
            self.run_worker(use(word), exit_on_error=False, group="report")
        else:
            self._choose(title, use)

    def _choose(self, title: str, use: Callable[[str], Awaitable[None]]) -> None:
        last = self.weeks.last
        day = f"{last.day} {last:%b %Y}"
        week = self.weeks.week
        days = f"up to {day}" if week is None or self.weeks.is_other else days_text(week)
        offers = [Offer(_TITLES[one], day if one == "daily" else days) for one in REPORTS]

        def chosen(index: int | None) -> None:
            if index is not None:
                self.run_worker(use(REPORTS[index]), exit_on_error=False, group="report")

        self.app.push_screen(Chooser(title, offers), chosen)

    async def _report(self, which: str) -> AnyReport | None:
        """The report, of the days that are asked for; `None` where why has been said."""
        weeks = self.weeks
        if which == "week" and weeks.week is not None and weeks.is_fresh:
            return weeks.week  # what is seen is what is archived
        end = weeks.end
        self.say(f"making the {_TITLES[which]}")

        async def made(engine: Engine) -> AnyReport | str:
            if which == "daily":
                return await engine.week.daily(end)
            return await (engine.week.kpi(end) if which == "kpi" else engine.week.week(end))

        future = self.console_app.engine.ask(made)
        found = NOT_UP if future is None else await asyncio.wrap_future(future)
        if isinstance(found, str):
            self.say(found, warning=True)
            return None
        return found

    async def _keep(self, which: str) -> None:
        wishes = self.console_app.wishes
        with wishes.under_way():  # `K1q` is no way to lose it
            report = await self._report(which)
            if report is not None:
                await wishes.asked(lambda engine: engine.week.keep(report))

    async def _send(self, which: str) -> None:
        names = self._webhooks
        if not names:
            self.say(NO_CHAT, warning=True)
            return
        name = names[0] if len(names) == 1 else await self._chat(names)
        report = await self._report(which) if name else None
        if report is None:
            return
        future = self.console_app.engine.ask(lambda engine: engine.week.sent_text(report, name))
        text = NOT_UP if future is None else await asyncio.wrap_future(future)
        if isinstance(text, Outcome):
            self.say(text.text, warning=True)
        elif future is None:
            self.say(text, warning=True)
        elif not self.console_app.is_looked_at:
            self.say("nothing was sent: you went on; P asks again", warning=True)
        elif await self.app.push_screen_wait(self._question(which, name, text)) == "send":
            await self.console_app.wishes.asked(lambda engine: engine.week.send(report, name))

    async def _chat(self, names: tuple[str, ...]) -> str:
        hooks = self.console_app.opened.loaded.settings.summary.webhooks
        offers = [Offer(one.name, f"{one.kind}, {one.form}") for one in hooks]
        note = f"the first {MOST} of {len(names)}" if len(names) > MOST else ""
        index = await self.app.push_screen_wait(
            Chooser("send it to which chat?", offers, note=note)
        )
        return "" if index is None else names[index]

    def _question(self, which: str, name: str, text: str) -> Dialog:
        lines = text.split("\n")
        parts: list[Part] = [
            Paragraph(f"This goes to the chat {visible(name)}; nothing takes it back."),
            *(Paragraph(Raw(line)) for line in lines[:LINES]),
        ]
        if len(lines) > LINES:
            parts.append(Paragraph(f"and {len(lines) - LINES} more lines", Ink.WARNING))
        title = ((f"send the {_TITLES[which]} to {visible(name, cells=30)}?", Ink.WARNING),)
        return Dialog(title, parts, (Choice("send", "Send it"),), clock=self.console_app.clock)

    # Noise

    def ask_item(self, noise: Noise) -> None:
        """Ask for an action item about an alert, with all of it typed already."""
        self._noisy = noise
        incident = self._linked(noise)
        to = f"for {visible(incident)}" if incident else "for the review of noise"
        sign = ((ITEM, Ink.KEY), (f" {to}: ", Ink.MUTED))
        text, self._unkept = self._unkept or self._proposed(noise), ""
        self.ask_line(ITEM, sign, text)

    def _proposed(self, noise: Noise) -> str:
        where = visible(noise.where, cells=60) or noise.service
        on = f" on {where}" if where else ""
        said = f"fired {times(noise.count)}"
        if noise.untold < noise.count:
            said += f", {noise.untouched} ended untouched"
        text = f"Tune or remove {visible(noise.alert, cells=80)}{on}: {said}"
        due = self.weeks.today + DUE_IN
        item = ActionItem(text, owner=self.console_app.opened.who.name, due=due)
        return item_text(item, local_zone("UTC"))

    def _linked(self, noise: Noise) -> str:
        """The newest of the incidents that are about it; empty without one."""
        week = self.weeks.week
        began = {} if week is None else {one.id: one.start for one in week.incidents}
        known = [one for one in noise.incidents if one in began]
        if known:
            return max(known, key=lambda one: began[one])
        return noise.incidents[-1] if noise.incidents else ""

    def deed_sent(self, prompt: str, text: str) -> bool:
        if prompt != ITEM:
            return super().deed_sent(prompt, text)
        noise, self._noisy = self._noisy, None
        if noise is None or not text.strip():
            self.say("no action item was written")
            return True
        try:
            item = item_of(" ".join(text.split()), local_zone("UTC"), None)
        except ItemFault as fault:
            self._unkept = text
            self.say(f"not written: {fault}", warning=True)
            return True
        self.run_worker(self._add(item, noise, text), exit_on_error=False)
        return True

    async def _add(self, item: ActionItem, noise: Noise, text: str) -> None:
        week = self.weeks.week
        title = "Noisy alerts"
        if week is not None:
            title = f"Noisy alerts {week.first.isoformat()} to {week.last.isoformat()}"
        services = (noise.service,) if noise.service else ()
        wish = AddActionItem(item, self._linked(noise), title, services)
        outcome = await self.console_app.wishes.submit(wish)
        self._unkept = "" if outcome.well else text
