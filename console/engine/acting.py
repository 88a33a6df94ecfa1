"""Wishes carried out: decided on, recorded, done, recorded again, read back, and undone."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol

import msgspec

from config.changes import calendar_of, standards_of
from config.identity import identity_of
from config.load import Loaded
from console.actions.acks.keeper import AckKeeper
from console.actions.acks.local_acks import LocalAcks
from console.actions.acks.plan import plan_acks
from console.actions.audit.audit import Audit, Intent
from console.actions.carry_out import Doing, Effected, carry_out
from console.actions.decide import Decision, Facts, decide
from console.actions.registry import action_by_id
from console.actions.undo import UndoShelf
from console.engine.hands import Hands
from console.engine.wording import event_of, subjects_of, what_of, why_of
from console.journal.bench import Bench
from console.journal.errors import JournalFault
from console.model.acting import Acting, Ended, Outcome, Plan
from console.model.action import Action, Effect
from console.model.alert import Alert
from console.model.change import ChangeState
from console.model.event import Event
from console.model.failure import Failure
from console.model.labels import Matcher
from console.model.paper_wish import MoveChange, PaperWish
from console.model.snapshot import Snapshot
from console.model.wish import (
    AckWish,
    ExpireWish,
    HandOverWish,
    RestoreWish,
    SendReport,
    UnackWish,
    Wish,
)
from console.safety.clock import Clock
from console.safety.text import visible
from console.sources.alertmanager.cluster import AlertmanagerCluster, EffectFailed

NOTHING_TO_UNDO: Final = "there is nothing to take back: that can be done for 30 seconds"
STILL_SENDING: Final = "it is being sent still: once it is done it can be taken back"
NOT_LOOKED: Final = "nothing has been asked yet, so it is not known what that is"


class Matched(msgspec.Struct, frozen=True):
    """What matchers match now, as the servers say."""

    alerts: tuple[Alert, ...]
    failures: tuple[Failure, ...] = ()
    """Of clusters that gave no answer: the count is then too low."""


class Bookkeeper(Protocol):
    """What the desk needs of the journal."""

    async def bench(self) -> Bench | JournalFault:
        """The journal, opened; made where there is none."""

    async def wrote(self, *, well: bool) -> None:
        """Something was written into it, or could not be."""


class World(Protocol):
    """What the desk needs of the engine around it."""

    @property
    def clusters(self) -> Mapping[str, AlertmanagerCluster]:
        """By name."""

    @property
    def snapshot(self) -> Snapshot | None:
        """The world as last shown; `None` before there is one."""

    @property
    def parts(self) -> frozenset[str]:
        """Keys of all on the worklist that is acked and is no alert."""

    def note(self, event: Event) -> None:
        """Put something into the event log."""

    async def read_again(
        self, clusters: Sequence[str], silences: Sequence[tuple[str, str]], *, there: bool
    ) -> tuple[str, ...]:
        """Read clusters again until these silences are listed, or are not; those that could
        not be read."""

    def acks_changed(self) -> None:
        """The folder's acks may be others now."""

    def local_acks(self) -> LocalAcks | None:
        """Where acks are kept that no server has; `None` where there is no folder."""

    @property
    def papers(self) -> Bookkeeper:
        """The journal."""

    def look_after_soon(self) -> None:
        """Have `ActingDesk.look_after` called before its turn."""


class ActingDesk:
    """The one door for effects. Everything in it runs on the engine's loop."""

    def __init__(
        self,
        world: World,
        *,
        clock: Clock,
        hands: Hands | None,
        folder: Path | None,
        loaded: Callable[[], Loaded],
    ) -> None:
        """
        Args:
            hands: `None`: nobody acts from here, and every wish is denied.
            folder: of the state, for the audit and for acks that no server keeps.
        """
        self._world = world
        self._clock = clock
        self._hands = hands
        self._folder = folder
        self._loaded = loaded
        self._audit = None if hands is None else Audit(folder, hands.actor, clock)
        self._shelf = UndoShelf(clock)
        self._keeper = AckKeeper()
        self._under_way: set[asyncio.Task[Outcome]] = set()
        self._acting = Acting()
        self._sending = 0
        """Wishes of a person that are under way, and that `undo` cannot take back yet."""
        self._looking = asyncio.Lock()
        self._by_itself: dict[str, Intent] = {}
        """What the console is doing on its own, by the id of its intent."""

    # What screens and commands ask for.

    async def submit(self, wish: Wish) -> Outcome:
        """Carry `wish` out; it goes on to its end although whoever asked may be gone."""
        return await self._to_its_end(wish, keeps_inverse=True)

    async def undo(self) -> Outcome:
        """Take back the latest effect; never the one before it while that is still under way."""
        if self._sending:
            return Outcome(Ended.DENIED, STILL_SENDING)
        undoable, inverse = self._shelf.latest(), self._shelf.take()
        if undoable is None:
            return Outcome(Ended.DENIED, NOTHING_TO_UNDO)
        if inverse is None:
            earlier = self._shelf.latest()
            said = "" if earlier is None else f" (once more takes back: {earlier.text})"
            return Outcome(Ended.DENIED, f"nothing takes this back{said}: {undoable.text}")
        outcome = await self._to_its_end(inverse, keeps_inverse=False)
        if outcome.ended in (Ended.DENIED, Ended.FAILED) and outcome.failures:
            self._shelf.put_back(undoable, inverse)
        return outcome

    async def plan(self, wish: AckWish) -> Plan:
        """What an ack would do; nothing is sent but questions."""
        snapshot, loaded = self._world.snapshot, self._loaded()
        if snapshot is None:
            return Plan(left_out=tuple((known.key, NOT_LOOKED) for known in wish.alerts))
        return await plan_acks(
            wish.alerts,
            known=snapshot.alerts,
            groups=snapshot.groups,
            clusters=self._world.clusters,
            policy=loaded.policy,
            acks=loaded.settings.acks,
        )

    async def matching(self, matchers: Sequence[Matcher], clusters: Sequence[str] = ()) -> Matched:
        """The alerts that `matchers` match in `clusters`, all of them by default."""
        known = self._world.clusters
        asked = [one for name, one in known.items() if not clusters or name in clusters]
        told = await asyncio.gather(*(_matching(one, matchers) for one in asked))
        alerts = {
            alert.fingerprint: alert
            for answer in told
            if not isinstance(answer, Failure)
            for alert in answer
        }
        failures = tuple(answer for answer in told if isinstance(answer, Failure))
        return Matched(tuple(alerts.values()), failures)

    @property
    def clusters(self) -> tuple[str, ...]:
        """The Alertmanager clusters, by name."""
        return tuple(self._world.clusters)

    def reload(self) -> None:
        """Settings are other ones: they may call the person at the keyboard otherwise."""
        if self._hands is not None:
            actor = self._hands.actor
            who = identity_of(self._loaded().settings, actor.login)
            actor = msgspec.structs.replace(
                actor, who=visible(who.name, cells=200), verified=who.verified
            )
            self._hands = Hands(actor, self._hands.read_only)
            self._audit = Audit(self._folder, actor, self._clock)

    # Effects that other rooms carry out themselves: a shell, later a step of a runbook.

    async def intend(
        self,
        action_id: str,
        what: str,
        subjects: Sequence[str] = (),
        why: str = "",
        *,
        effect: Effect | None = None,
        missing: Sequence[str] = (),
        broke_glass: bool = False,
    ) -> Intent | Decision:
        """Record that an action is about to start; a `Decision` says why it must not.

        Args:
            effect: of a step, which its runbook declares; `None`: that of the action.
            missing: facts that it depends on and that nobody knows now.
        """
        action = action_by_id(action_id)
        if effect is not None:
            action = msgspec.structs.replace(action, effect=effect)
        decision = self._decide(action, missing=missing)
        if not decision.allowed or self._audit is None:
            return decision
        intent = await asyncio.to_thread(self._audit.intend, action, what, subjects, why)
        fault = "" if intent.recorded else self._audit.fault
        decision = self._decide(action, fault, broke_glass=broke_glass, missing=missing)
        if decision.allowed:
            return intent
        await asyncio.to_thread(self._audit.end, intent, Ended.DENIED, decision.reasons[0])
        return decision

    async def ended(self, intent: Intent, ended: Ended, text: str) -> None:
        """Record how it ended."""
        if self._audit is not None:
            await asyncio.to_thread(self._audit.end, intent, ended, text)

    # What the engine asks for.

    @property
    def state(self) -> Acting:
        """Part of every update."""
        fault = "" if self._audit is None else self._audit.fault
        return msgspec.structs.replace(
            self._acting, undo=self._shelf.latest(), audit_fault=fault if self._acted else ""
        )

    @property
    def _acted(self) -> bool:
        return self._audit is not None and bool(self._audit.head or self._audit.held)

    async def settle(self, timeout_s: float) -> None:
        """Give what is under way the time to end, and records a last time to reach the disk."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=timeout_s)
        if self._audit is not None and self._audit.held:
            await asyncio.to_thread(self._audit.retry)

    async def look_after(self) -> None:
        """Extend what would lapse, send what waits, and find out who looks after which ack."""
        async with self._looking:
            await self._look_after()

    async def _look_after(self) -> None:
        snapshot = self._world.snapshot
        if snapshot is None or snapshot.restored or not snapshot.complete:
            return
        if self._audit is not None:
            await asyncio.to_thread(self._audit.retry)
        kept = await self._keeper.look_after(
            self._doing(snapshot, ""),
            self._record,
            acts=self.acts,
            living=self._world.parts,
            end=self._end,
        )
        for event in kept.events:
            self._world.note(event)
        self._acting = Acting(held=kept.held, waiting=kept.waiting)
        self._world.acks_changed()
        if kept.touched:
            await self._world.read_again(kept.touched, (), there=True)

    # How a wish goes.

    @property
    def acts(self) -> bool:
        """Whether anything may be changed from here: somebody is there, and not read-only."""
        return self._hands is not None and not self._hands.read_only

    async def _to_its_end(self, wish: Wish, *, keeps_inverse: bool) -> Outcome:
        self._sending += keeps_inverse
        task = asyncio.create_task(self._submit(wish, keeps_inverse), name=wish.action)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return await asyncio.shield(task)

    async def _submit(self, wish: Wish, keeps_inverse: bool) -> Outcome:
        action = action_by_id(wish.action)
        snapshot = self._world.snapshot
        try:
            knows = isinstance(wish, PaperWish | SendReport) or snapshot is not None
            decision = self._decide(action, disabled="" if knows else NOT_LOOKED)
            if not decision.allowed or self._audit is None:
                return Outcome(Ended.DENIED, decision.reasons[0], decision.reasons[1:])
            if snapshot is None:  # to write something down nobody has to have looked
                snapshot = Snapshot(self._clock.now(), self._loaded().settings.environment)
            effected = await self._recorded(self._audit, action, wish, snapshot)
        finally:
            self._sending -= keeps_inverse
        return await self._after(wish, effected, keeps_inverse)

    async def _recorded(
        self, audit: Audit, action: Action, wish: Wish, snapshot: Snapshot
    ) -> Effected:
        """Carry `wish` out between its two records."""
        intent = await asyncio.to_thread(
            audit.intend, action, what_of(wish), subjects_of(wish), why_of(wish)
        )
        fault = "" if intent.recorded else audit.fault
        decision = self._decide(action, fault)
        if not decision.allowed:  # nothing takes it back, and nobody would find it in the audit
            reason, *others = decision.reasons
            await asyncio.to_thread(audit.end, intent, Ended.DENIED, reason)
            return Effected(Outcome(Ended.DENIED, reason, tuple(others)))
        # What is kept here may be on its way to a server just now.
        turn = self._looking if _is_of_the_folder(wish) else contextlib.nullcontext()
        async with turn:
            effected = await carry_out(wish, self._doing(snapshot, intent.id))
        outcome = effected.outcome
        await asyncio.to_thread(
            audit.end, intent, outcome.ended, outcome.text, outcome.details, outcome.silences
        )
        return effected

    async def _after(self, wish: Wish, effected: Effected, keeps_inverse: bool) -> Outcome:
        outcome = effected.outcome
        if effected.inverse is not None and keeps_inverse:
            undoable = self._shelf.keep(what_of(wish), effected.inverse)
            outcome = msgspec.structs.replace(outcome, undo=undoable)
        elif isinstance(wish, SendReport) and outcome.ended in (Ended.DONE, Ended.UNKNOWN):
            self._shelf.keep(what_of(wish), None)
        at, known = self._clock.now().wall, self._world.snapshot
        event = effected.event or event_of(wish, outcome, self.who, at, known)
        if event is not None:
            self._world.note(event)
        if isinstance(wish, PaperWish):
            await self._world.papers.wrote(well=outcome.ended is Ended.DONE)
        else:
            self._world.acks_changed()
        if effected.touched:
            there = not _ends_silences(wish)
            unread = await self._world.read_again(effected.touched, outcome.silences, there=there)
            if unread and outcome.ended is Ended.DONE:
                where = visible(", ".join(unread), cells=60)
                text = f"{outcome.text}; {where} cannot be read again, so it is not shown yet"
                outcome = msgspec.structs.replace(outcome, text=text)
        self._world.look_after_soon()
        return outcome

    async def _record(self, action_id: str, what: str) -> str:
        """The intent of what the console does on its own, before it does it; its id."""
        if self._audit is None:
            return ""
        action = action_by_id(action_id)
        intent = await asyncio.to_thread(self._audit.intend, action, what, (), "by itself")
        self._by_itself[intent.id] = intent
        return intent.id

    async def _end(self, intent_id: str, ended: Ended, text: str) -> None:
        intent = self._by_itself.pop(intent_id, None)
        if intent is not None:
            await self.ended(intent, ended, text)

    def _decide(
        self,
        action: Action,
        fault: str = "",
        *,
        disabled: str = "",
        broke_glass: bool = False,
        missing: Sequence[str] = (),
    ) -> Decision:
        if self._hands is None:
            return Decision(("nobody acts from here",))
        facts = Facts(
            read_only=self._hands.read_only,
            disabled=disabled,
            audit_fault=fault,
            broke_glass=broke_glass,
            missing=tuple(missing),
        )
        return decide(action, facts)

    @property
    def who(self) -> str:
        """The person in whose name it acts; empty for nobody."""
        return "" if self._hands is None else self._hands.actor.who

    def _doing(self, snapshot: Snapshot, intent: str) -> Doing:
        loaded = self._loaded()
        return Doing(
            clusters=self._world.clusters,
            clock=self._clock,
            who=self.who,
            acks=loaded.settings.acks,
            silences=loaded.settings.silences,
            policy=loaded.policy,
            local=self._world.local_acks(),
            kthxbye=self._keeper.kthxbye,
            snapshot=snapshot,
            intent=intent,
            bench=lambda: self._world.papers.bench(),
            calendar=calendar_of(loaded.settings),
            standards=standards_of(loaded.settings),
            verified=self._hands is not None and self._hands.actor.verified,
            audit_head="" if self._audit is None else self._audit.head,
            summary=loaded.settings.summary,
        )


def _ends_silences(wish: Wish) -> bool:
    """Whether the silences that it touches are gone afterwards."""
    if isinstance(wish, MoveChange):
        return wish.to is not ChangeState.IN_PROGRESS
    return isinstance(wish, UnackWish | ExpireWish)


def _is_of_the_folder(wish: Wish) -> bool:
    """Whether it changes acks that no server keeps."""
    acks = wish.acks if isinstance(wish, UnackWish | HandOverWish | RestoreWish) else ()
    return any(one.is_local for one in acks)


async def _matching(
    cluster: AlertmanagerCluster, matchers: Sequence[Matcher]
) -> tuple[Alert, ...] | Failure:
    try:
        return await cluster.matching(matchers)
    except EffectFailed as failed:
        return failed.failure
