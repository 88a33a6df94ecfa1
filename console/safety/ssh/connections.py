"""The kept connections: one for each route, and who may dial at once.

Two queues stand before a dial. At most `DIALS_TO_ONE` go to one sshd at once, since it hangs up
on more (`MaxStartups`). And hosts whose last dial failed wait for a few slots of their own, in
which nobody stays longer than a second while it is silent: forty dark hosts delay none that
lives. Time in a queue is part of no deadline, but nobody waits longer than `MAX_WAIT_S`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final

import asyncssh

from console.safety.clock import Clock
from console.safety.http.slots import Slot, Slots
from console.safety.ssh.dial import Dialer
from console.safety.ssh.options import SshFailure, SshFault, SshOptions, SshRoute
from console.safety.ssh.target import MAX_HOPS, Target, target_of
from console.safety.text import visible

SESSIONS: Final = 4
"""Commands at once on one connection. sshd allows 10 and frees them late: with 8 at once 6 of
100 failed, with 6 none."""
FOLLOWED: Final = 3
"""Of them, those that may be followed outputs, so that one is always left for a command."""
DIALS_TO_ONE: Final = 5
DIALS: Final = 50
DOUBTFUL_DIALS: Final = 8
MAX_WAIT_S: Final = 60.0
MAX_KEPT: Final = 600
CLOSE_S: Final = 1.0


class Kept:
    """One connection and the turns on it."""

    def __init__(
        self,
        route: SshRoute,
        target: Target,
        connection: asyncssh.SSHClientConnection,
        jump: Kept | None,
    ) -> None:
        self.route = route
        self.target = target
        self.connection = connection
        self.users = 0
        """Commands, tunnels and connections behind it."""
        self._jump = jump
        self._sessions = asyncio.Semaphore(SESSIONS)
        self._followed = asyncio.Semaphore(FOLLOWED)
        if jump is not None:
            jump.users += 1

    @property
    def is_alive(self) -> bool:
        return not self.connection.is_closed()

    @contextlib.asynccontextmanager
    async def turn(self, *, followed: bool = False) -> AsyncIterator[None]:
        """One of the commands that may run at once.

        Raises:
            SshFailure: CHANNELS: none became free.
        """
        async with contextlib.AsyncExitStack() as stack:
            self.users += 1
            stack.callback(self._leave)
            try:
                async with asyncio.timeout(MAX_WAIT_S):
                    if followed:
                        await stack.enter_async_context(self._followed)
                    await stack.enter_async_context(self._sessions)
            except TimeoutError:
                name = visible(self.target.name, cells=60)
                raise SshFailure(
                    SshFault.CHANNELS,
                    f"{SESSIONS} commands run on {name} already, and none ended "
                    f"in {MAX_WAIT_S:g} s",
                    host=self.target.name,
                    remedy="close the logs that are being followed there",
                ) from None
            yield

    def close(self) -> None:
        """Close it now; what runs on it is lost."""
        self.connection.abort()
        if self._jump is not None:
            self._jump.users -= 1
            self._jump = None

    def _leave(self) -> None:
        self.users -= 1


class Connections:
    """All of one client."""

    def __init__(self, clock: Clock, options: SshOptions) -> None:
        self._options = options
        self._dialer = Dialer(clock, options)
        self._kept: dict[SshRoute, Kept] = {}
        self._opening: dict[SshRoute, asyncio.Task[Kept | SshFailure]] = {}
        self._lanes = Slots(DIALS, DOUBTFUL_DIALS)
        self._dials: dict[str, asyncio.Semaphore] = {}
        self._is_closed = False

    async def get(self, route: SshRoute) -> Kept:
        """The living connection of `route`, made where there is none.

        Raises:
            SshFailure: it cannot be made.
        """
        return await self._get(route, ())

    def drop(self, kept: Kept) -> None:
        """Forget a connection that is of no use any more, and close it."""
        if self._kept.get(kept.route) is kept:
            del self._kept[kept.route]
        kept.close()

    async def aclose(self) -> None:
        """Close all, those behind a jump host before the jump host."""
        self._is_closed = True
        opening = list(self._opening.values())
        for task in opening:
            task.cancel()
        await asyncio.gather(*opening, return_exceptions=True)
        kept = [*self._kept.values()]
        self._kept.clear()
        kept.sort(key=lambda each: -_hops(each.route))
        for each in kept:
            each.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                for each in kept:
                    await each.connection.wait_closed()

    async def _get(self, route: SshRoute, behind: tuple[SshRoute, ...]) -> Kept:
        if self._is_closed:
            raise SshFailure(SshFault.LOCAL, "the console is closing", host=route.name)
        kept = self._kept.pop(route, None)
        if kept is not None:
            if kept.is_alive:
                self._kept[route] = kept  # the last one used stands last
                return kept
            kept.close()
        task = self._opening.get(route)
        if task is None:
            task = asyncio.create_task(self._open(route, behind))
            self._opening[route] = task
            task.add_done_callback(lambda _: self._opening.pop(route, None))
        try:
            outcome = await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled() and not _is_cancelled():
                raise SshFailure(
                    SshFault.LOCAL, "the console is closing", host=route.name
                ) from None
            raise
        if isinstance(outcome, SshFailure):
            raise SshFailure(
                outcome.kind, outcome.message, host=outcome.host, remedy=outcome.remedy
            )
        return outcome

    async def _open(self, route: SshRoute, behind: tuple[SshRoute, ...]) -> Kept | SshFailure:
        try:
            target = target_of(route, self._options)
            jump = await self._jump(route, target, behind)
            try:
                connection = await self._dial(target, jump)
            except SshFailure as failure:
                if jump is None or jump.is_alive:
                    raise
                self.drop(jump)
                raise _lost_on_the_way(target, jump, failure) from None
        except SshFailure as failure:
            return failure
        kept = Kept(route, target, connection, jump)
        self._make_room()
        self._kept[route] = kept
        return kept

    async def _jump(
        self, route: SshRoute, target: Target, behind: tuple[SshRoute, ...]
    ) -> Kept | None:
        if target.jump is None:
            return None
        name = visible(route.name, cells=60)
        if target.jump in (*behind, route) or len(behind) >= MAX_HOPS:
            raise SshFailure(
                SshFault.SETTINGS,
                f"the way to {name} leads in a circle, or over more than {MAX_HOPS} hosts",
                host=route.name,
                remedy="correct `jump:`, or ProxyJump in the client configuration",
            )
        try:
            return await self._get(target.jump, (*behind, route))
        except SshFailure as failure:
            shown = visible(target.jump.name, cells=60)
            raise SshFailure(
                failure.kind if failure.kind is SshFault.SETTINGS else SshFault.JUMP,
                f"the way to {name} leads through {shown}: {failure.message}",
                host=failure.host,
                remedy=failure.remedy,
            ) from None

    async def _dial(self, target: Target, jump: Kept | None) -> asyncssh.SSHClientConnection:
        place = f"{target.host}:{target.port}"
        if jump is not None:
            place += f" by {jump.route!r}"
        async with self._turn(target, place) as slot:
            failed = True
            try:
                connection = await self._dialer.dial(
                    target, None if jump is None else jump.connection
                )
                failed = False
                return connection
            except SshFailure as failure:
                # A host that answers, if only to refuse us, holds no slot for long.
                failed = failure.kind in _DARK
                raise
            finally:
                slot.release()
                self._lanes.note(place, failed=failed)

    @contextlib.asynccontextmanager
    async def _turn(self, target: Target, place: str) -> AsyncIterator[Slot]:
        """The right to dial `target` now, among those at `place` and among all."""
        dials = self._dials.setdefault(place, asyncio.Semaphore(DIALS_TO_ONE))
        async with contextlib.AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(MAX_WAIT_S):
                    await stack.enter_async_context(dials)
                    slot = await self._lanes.take(place)
            except TimeoutError:
                raise SshFailure(
                    SshFault.TIMEOUT,
                    f"{visible(target.name, cells=60)} was not dialled: its turn did not come "
                    f"in {MAX_WAIT_S:g} s, so many others were being dialled",
                    host=target.name,
                    remedy="see whether this machine has a network",
                ) from None
            yield slot

    def _make_room(self) -> None:
        idle = [each for each in self._kept.values() if each.users == 0]
        while len(self._kept) >= MAX_KEPT and idle:
            self.drop(idle.pop(0))


_DARK: Final = frozenset(
    [
        *(SshFault.TIMEOUT, SshFault.NO_BANNER, SshFault.DNS, SshFault.UNREACHABLE),
        *(SshFault.REFUSED, SshFault.PROTOCOL, SshFault.LOCAL),
    ]
)


def _lost_on_the_way(target: Target, jump: Kept, failure: SshFailure) -> SshFailure:
    name, shown = visible(target.name, cells=60), visible(jump.target.name, cells=60)
    return SshFailure(
        SshFault.JUMP,
        f"the way to {name} leads through {shown}, and the connection there went: "
        f"{failure.message}",
        host=jump.target.name,
        remedy=f"see whether {shown} is up",
    )


def _hops(route: SshRoute) -> int:
    return 0 if route.jump is None else 1 + _hops(route.jump)


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
