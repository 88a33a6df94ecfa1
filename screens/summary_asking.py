"""The seven days that are shown: the last ones at once, fresh ones in the background."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from console.model.remembering import Remembering
from console.model.summary import Week
from console.model.words import age_text
from console.safety.clock import Instant
from console.safety.whereabouts import whereabouts
from screens.summary_words import local_zone

if TYPE_CHECKING:
    from console.engine.engine import Engine
    from screens.frame import Frame

REFRESH_S: Final = 180.0
"""Between two summaries of days that are not over."""
SOON_S: Final = 12.0
"""After the first one, and after one that could not be made: a console that has just started has
seen little, and its sources have yet to answer."""
OLD: Final = timedelta(seconds=2 * REFRESH_S)
"""What is older than this is drawn as no longer certain while another one is made."""
AFTER_FRAME_S: Final = 0.1
"""Making a week would take the time in which the first frame is drawn and written."""
TRY_AGAIN_S: Final = 0.1
"""Until the engine is asked again that is not up yet."""
WEEK: Final = timedelta(days=7)


class Weeks:
    """What is known of the days, and since when; told to whoever listens."""

    def __init__(self, owner: Frame) -> None:
        """
        Args:
            owner: the screen that stays for as long as anybody asks.
        """
        self._owner = owner
        # Begun here, so that it is read while the screen is being mounted.
        self._kept = asyncio.get_running_loop().run_in_executor(
            None, owner.console_app.opened.last_week
        )
        self.listeners: list[Callable[[], None]] = []
        self.week: Week | None = None
        self.standing = Remembering()
        self.refused = ""
        """Why there is no fresh one; safe to show."""
        self.end: date | None = None
        """The last of the days that are asked for; `None`: today."""
        self.is_fresh = False
        """Those days were looked at since they were asked for."""
        self.is_asking = False
        self._number = 0
        self._asked_at = float("-inf")
        self._wait_s = SOON_S
        """Until days that go on are asked for again."""
        self._answers = 0

    # Asking

    def begin(self) -> None:
        """Show what a console before had made; ask once that stands."""
        self.is_asking = True
        self._owner.run_worker(self._look_back(), exit_on_error=False, group="remembered")
        self._owner.set_timer(AFTER_FRAME_S, self.again)

    def show(self, end: date | None) -> None:
        """Show the days up to and with `end`, today where it is `None`."""
        if end != self.end:
            self.end, self.is_fresh = end, False
        self.again()

    def again(self) -> None:
        """Ask for the days that are wanted; an answer that is older takes nothing away."""
        self._number += 1
        self.is_asking = True
        now = self._owner.console_app.clock.now()
        self._asked_at = now.mono
        if self.week is not None and now.wall - self.week.made_at > OLD:
            self.is_fresh = False
        self._owner.run_worker(self._ask(self._number, self.end), exit_on_error=False, group="week")
        self._tell()

    def tick(self, now: Instant) -> None:
        """Ask again for days that go on."""
        if not self.is_asking and self.end is None and now.mono - self._asked_at >= self._wait_s:
            self.again()

    def _still(self, number: int) -> None:
        """Ask, now that the engine may be up, unless somebody has asked meanwhile."""
        if number == self._number:
            self.again()

    async def _look_back(self) -> None:
        week = await self._kept
        if self.week is None and week is not None:
            self.week = week
            self._tell()

    async def _ask(self, number: int, end: date | None) -> None:
        async def asked(engine: Engine) -> tuple[Week | str, Remembering]:
            return await engine.week.week(end), engine.week.standing

        future = self._owner.console_app.engine.ask(asked)
        if future is None:
            self._owner.set_timer(TRY_AGAIN_S, lambda: self._still(number))
            return
        answer: Week | str
        standing = self.standing
        try:
            answer, standing = await asyncio.wrap_future(future)
        except Exception as error:  # or what is shown would grow old, and nobody would say why
            answer = f"a fault inside the console: {whereabouts(error)}"
        finally:
            if number == self._number:
                self.is_asking = False
        if number != self._number:
            return
        self.standing = standing
        if isinstance(answer, Week):
            self.week, self.refused, self.is_fresh = answer, "", True
            self._answers += 1
        else:
            self.refused = answer
            self.is_fresh = False
        self._wait_s = REFRESH_S if self._answers > 1 and not self.refused else SOON_S
        self._tell()

    def _tell(self) -> None:
        for listener in list(self.listeners):
            listener()

    # What is shown

    @property
    def today(self) -> date:
        """Today where the days are counted."""
        app = self._owner.console_app
        name = self.week.zone if self.week is not None else app.opened.loaded.settings.rota.zone
        return app.clock.now().wall.astimezone(local_zone(name)).date()

    @property
    def last(self) -> date:
        """The last of the days that are asked for."""
        return self.today if self.end is None else self.end

    @property
    def is_other(self) -> bool:
        """Whether other days are shown than are asked for: those have not come yet."""
        return self.week is not None and self.end is not None and self.week.last != self.end

    def later(self) -> date | None:
        """The end of the week after these; `None`: today."""
        later = self.last + WEEK
        return None if later >= self.today else later

    def age(self, now: Instant) -> str:
        """How old it is, and whether another one is on its way."""
        if self.week is None:
            return "asking" if self.is_asking else ""
        old = max(now.wall - self.week.made_at, timedelta(0))
        made = f"made {age_text(old, coarse=True)} ago"
        if self.is_asking:
            return made if self.is_fresh else f"{made}, asking"
        return made
