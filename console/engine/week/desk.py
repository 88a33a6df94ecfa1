"""Reports of what is remembered: gathered from history, Prometheus and the journal, and made."""

from __future__ import annotations

from datetime import date
from typing import Literal

import msgspec

from console.model.acting import Outcome
from console.model.daily import Daily, Inspection, Kpi
from console.model.history import Bout
from console.model.summary import Slot, Week
from console.safety.text import Raw

From = Literal["auto", "history", "prometheus"]
Form = Literal["short", "detailed"]


class Remembering(msgspec.Struct, frozen=True):
    """How the memory stands. Texts are safe to show."""

    path: str = ""
    """Of the file; empty: nothing is remembered."""
    writer: str = ""
    """Who records now: `this console`, `mei@ops-1 (recorder)`; empty: nobody."""
    fault: str = ""
    """Why nothing is recorded, or read; empty: nothing is wrong."""
    size_bytes: int = 0


class WeekDesk:
    """The one place at which the past is asked about. All of it on the engine's loop."""

    async def week(
        self, end: date | None = None, days: int = 7, source: From | None = None
    ) -> Week | str:
        """The summary of the `days` local days up to and with `end`, today where it is `None`.

        A text: why there is none, safe to show.
        """
        raise NotImplementedError

    def remembered(self) -> Week | None:
        """The last summary that was made, also by a console before; for a first look at once."""
        raise NotImplementedError

    async def daily(self, day: date | None = None, source: From | None = None) -> Daily | str:
        """The report of one day, today where it is `None`."""
        raise NotImplementedError

    async def kpi(
        self, end: date | None = None, days: int = 7, source: From | None = None
    ) -> Kpi | str:
        """The key figures of the `days` days up to and with `end`."""
        raise NotImplementedError

    async def hours(self, service: str, day: date) -> tuple[Slot, ...] | str:
        """One service by hours of a local day; those that have not begun are left out."""
        raise NotImplementedError

    async def bouts(
        self, first: date, last: date, service: str = "", alert: Raw | None = None
    ) -> tuple[Bout, ...] | str:
        """The episodes of some days, of one service or one alert where that is given."""
        raise NotImplementedError

    async def inspection(self, day: date | None = None) -> Inspection | str:
        """The inspection of a day with its ticks as the journal has them, today's for `None`."""
        raise NotImplementedError

    async def keep(self, report: Week | Daily | Kpi) -> Outcome:
        """Archive it in the journal: Markdown, JSON and HTML, short and detailed in one."""
        raise NotImplementedError

    async def shown(self, report: Week | Daily | Kpi, form: Form) -> str:
        """Its Markdown, as it is sent or kept."""
        raise NotImplementedError

    async def send(self, report: Week | Daily | Kpi, webhook: str) -> Outcome:
        """Send it to the chat of that name, in that chat's form."""
        raise NotImplementedError

    @property
    def standing(self) -> Remembering:
        """How the memory stands now."""
        raise NotImplementedError
