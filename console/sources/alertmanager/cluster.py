"""One Alertmanager cluster as acting sees it: members that are tried until one has done it.

Its members tell each other of silences, so that an effect goes to one of them and never to
two. Where the answer to an effect is lost the cluster is read before anything is sent again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Final, TypeVar

import msgspec

from console.model.alert import Alert, ClusterStatus, Silence, SilenceState
from console.model.failure import Failure, FailureKind
from console.model.labels import Matcher
from console.safety.clock import Clock
from console.sources.alertmanager.write import (
    AlertmanagerWriter,
    EffectFailed,
    Refused,
    Sent,
    WantedSilence,
)

__all__ = ["AlertmanagerCluster", "EffectFailed", "Refused", "Sent", "WantedSilence"]

OTHERS_S: Final = 1.0
"""For how long, once one member has answered, the others are waited for."""
GOSSIP_S: Final = 0.5
"""After which a member has heard of what another did; they gossip every 0.2 s."""

Told = TypeVar("Told")
Ask = Callable[[AlertmanagerWriter], Awaitable[Told]]


class AlertmanagerCluster:
    """The members of one cluster, at most two requests in flight to each.

    Every method raises `EffectFailed`.
    """

    def __init__(self, name: str, members: Sequence[AlertmanagerWriter], clock: Clock) -> None:
        self.name = name
        self.members = tuple(one.key for one in members)
        self._writers = tuple(members)
        self._clock = clock
        self._ailing: set[str] = set()

    @property
    def skew(self) -> timedelta | None:
        """The clock of the first member that has said what time it is, less ours."""
        return next((one.skew for one in self._writers if one.skew is not None), None)

    async def matching(self, matchers: Sequence[Matcher]) -> tuple[Alert, ...]:
        """The alerts, in any state, that all of `matchers` match: asked from the servers.

        The union over the members that answer, since an alert may have reached one alone.
        """
        told = await self._all(lambda one: one.matching(matchers))
        found: dict[str, Alert] = {}
        for alerts in told.values():
            for alert in alerts:
                found.setdefault(alert.fingerprint, alert)
        return tuple(found[key] for key in sorted(found))

    async def silences(self) -> tuple[Silence, ...]:
        """The active and the pending ones."""
        return await self._first(lambda one: one.silences())

    async def silence(self, silence_id: str) -> Silence | None:
        """The silence of that id, also when it has expired.

        `None` where no member that answers has one; a member may not have heard of it yet.
        """
        told = await self._all(lambda one: one.silence(silence_id))
        found = [one for one in told.values() if one is not None]
        return max(found, key=lambda one: one.updated_at or one.starts_at, default=None)

    async def status(self) -> ClusterStatus:
        """What the first member that answers says of itself."""
        return await self._first(lambda one: one.status())

    async def post(self, wanted: WantedSilence) -> str:
        """Make a silence, or change the one that has the id.

        Returns:
            The id that it has now, maybe a new one.
        """

        async def find() -> tuple[str | None, set[str]]:
            told, failures = await self._each(lambda one: one.silences())
            for silences in told.values():
                made = next((one for one in silences if wanted.is_made(one)), None)
                if made is not None:
                    return made.id, set()
            return None, _certain(told, failures)

        return await self._effect(lambda one: one.post(wanted, self._clock.now().wall), find)

    async def expire(self, silence_id: str) -> None:
        """End a silence now. One that has ended already is fine."""

        async def end(one: AlertmanagerWriter) -> bool:
            await one.expire(silence_id)
            return True

        async def find() -> tuple[bool | None, set[str]]:
            told, failures = await self._each(lambda one: one.silence(silence_id))
            known = [one for one in told.values() if one is not None]
            if any(one.state is SilenceState.EXPIRED for one in known):
                return True, set()
            return None, _certain(told, failures)

        await self._effect(end, find)

    # -- trying members ------------------------------------------------------------------------

    async def _effect(
        self, act: Ask[Told], find: Callable[[], Awaitable[tuple[Told | None, set[str]]]]
    ) -> Told:
        """`act` at the first member that does it.

        Args:
            find: Reads back: what became of it, or `None` with the members that surely have
                not done it.
        """
        failures: list[EffectFailed] = []
        waiting = list(self._in_order())
        again: set[str] = set()
        while waiting:
            one = waiting.pop(0)
            try:
                done = await act(one)
            except Refused:
                raise
            except EffectFailed as failed:
                failures.append(failed)
                self._ailing.add(one.key)
                if failed.sent is Sent.NO:
                    continue
                found, without = await find()
                if found is None and without:
                    await self._clock.sleep(GOSSIP_S)
                    found, without = await find()
                if found is not None:
                    return found
                if one.key not in without:
                    break  # it may yet come to light there: another would make a second one
                if failed.failure.kind is FailureKind.RESET and one.key not in again:
                    again.add(one.key)  # a kept connection that the server had given up
                    waiting.insert(0, one)
            else:
                self._ailing.discard(one.key)
                return done
        raise self._together(failures)

    async def _first(self, ask: Ask[Told]) -> Told:
        failures: list[EffectFailed] = []
        for one in self._in_order():
            try:
                told = await ask(one)
            except EffectFailed as failed:
                failures.append(failed)
                self._ailing.add(one.key)
            else:
                self._ailing.discard(one.key)
                return told
        raise self._together(failures)

    async def _all(self, ask: Ask[Told]) -> dict[str, Told]:
        told, failures = await self._each(ask)
        if not told:
            raise self._together(list(failures.values()))
        return told

    async def _each(self, ask: Ask[Told]) -> tuple[dict[str, Told], dict[str, EffectFailed]]:
        """What each member says, in their order; who is slow is not waited for long."""
        told: dict[str, Told] = {}
        failures: dict[str, EffectFailed] = {}

        async def put(one: AlertmanagerWriter) -> None:
            try:
                told[one.key] = await ask(one)
                self._ailing.discard(one.key)
            except EffectFailed as failed:
                failures[one.key] = failed
                self._ailing.add(one.key)

        waiting = {asyncio.create_task(put(one)) for one in self._writers}
        try:
            while waiting:
                limit = OTHERS_S if told else None
                done, waiting = await asyncio.wait(
                    waiting, timeout=limit, return_when=asyncio.FIRST_COMPLETED
                )
                for each in done:
                    each.result()
                if not done:
                    break
        finally:
            for each in waiting:
                each.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
        return {key: told[key] for key in self.members if key in told}, failures

    def _in_order(self) -> list[AlertmanagerWriter]:
        """As the settings have them; those that failed last time come last."""
        return sorted(self._writers, key=lambda one: one.key in self._ailing)

    def _together(self, failures: list[EffectFailed]) -> EffectFailed:
        """The failures of all members as one: the one that leaves most in doubt."""
        if not failures:
            return EffectFailed(self._no_members(), Sent.NO)
        worst = next((one for one in failures if one.sent is Sent.MAYBE), failures[0])
        others = len({one.failure.source for one in failures} - {worst.failure.source})
        if not others:
            return worst
        cause = f"{worst.failure.cause} (and {others} more of its members failed)"
        return EffectFailed(msgspec.structs.replace(worst.failure, cause=cause), worst.sent)

    def _no_members(self) -> Failure:
        return Failure(
            source=self.name,
            part="members",
            kind=FailureKind.SETTINGS,
            cause="the cluster has no members",
            expected="the address of an Alertmanager",
            remedy="write its addresses into `members:`",
            at=self._clock.now().wall,
        )


def _certain(told: Mapping[str, object], failures: Mapping[str, EffectFailed]) -> set[str]:
    """Members that would have said so had they done it; one that has died has not."""
    dead = {key for key, one in failures.items() if one.failure.kind is FailureKind.REFUSED}
    return set(told) | dead
