"""Asks why one alert is seen: its Alertmanager's configuration, its rule's value, all at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Final, Protocol

import msgspec

from console.engine.evidence_asked import Asker, number_text
from console.engine.evidence_words import Tone
from console.engine.pause import within
from console.engine.questions import RuleValue, rule_of
from console.engine.routing import Routing
from console.engine.routing_read import RoutingUnreadableError, read_routing
from console.engine.why_route import inhibition_lines, route_lines
from console.engine.why_words import TOPIC_OF, Question, WhyLearned, WhyLine, questions_on
from console.model.alert import ClusterStatus
from console.model.snapshot import KnownAlert, Snapshot
from console.safety.clock import Clock
from console.safety.text import Raw, visible
from console.safety.whereabouts import whereabouts
from console.sources.alertmanager.cluster import EffectFailed

DEADLINE_S: Final = 5.0
"""For each question by itself."""

Take = Callable[[WhyLearned], None]
"""Receives an answer, on the engine's loop; must not wait."""


class Cluster(Protocol):
    """An Alertmanager cluster that can be asked what it is; raises `EffectFailed`."""

    async def status(self) -> ClusterStatus: ...


class WhyDesk:
    """Answers for one alert at a time, as the answers come."""

    def __init__(
        self,
        clock: Clock,
        *,
        asker: Callable[[], Asker],
        clusters: Callable[[], Mapping[str, Cluster]],
    ) -> None:
        """
        Args:
            asker: the Prometheus servers as they are now; a reload swaps them.
            clusters: the Alertmanagers, likewise.
        """
        self._clock = clock
        self._asker = asker
        self._clusters = clusters
        self._read: dict[str, tuple[Raw, Routing | str]] = {}
        """By cluster the configuration that was read last, and what was made of it."""

    async def gather(self, known: KnownAlert, snapshot: Snapshot, take: Take) -> None:
        """Hand every answer to `take` as it comes; ends when all have come.

        Raises nothing but its own cancellation.
        """
        async with asyncio.TaskGroup() as group:
            for question in questions_on(known, snapshot):
                group.create_task(self._answer(question, known, snapshot, take))

    async def _answer(
        self, question: Question, known: KnownAlert, snapshot: Snapshot, take: Take
    ) -> None:
        ask = self._config if question is Question.CONFIG else self._value
        try:
            lines = await within(ask(known, snapshot), self._clock, DEADLINE_S)
        except TimeoutError:
            lines = _not_known(question, f"no answer within {DEADLINE_S:g} s")
        except EffectFailed as error:
            lines = _not_known(question, error.failure.cause)
        except Exception as error:  # costs this question its answer, and the other nothing
            lines = _not_known(question, f"a fault inside the console: {whereabouts(error)}")
        if lines:  # the age of the whole answer stands at its first line
            lines = (msgspec.structs.replace(lines[0], at=self._clock.now()), *lines[1:])
        take(WhyLearned(question, lines))

    # The configuration

    async def _config(self, known: KnownAlert, snapshot: Snapshot) -> tuple[WhyLine, ...]:
        name = known.alert.cluster
        cluster = self._clusters().get(name)
        if cluster is None:
            said = f"{visible(name, cells=40)} is not among the Alertmanagers any more"
            return _not_known(Question.CONFIG, said)
        status = await cluster.status()
        if not status.config:
            return _not_known(Question.CONFIG, "its Alertmanager does not tell its configuration")
        routing = await self._routing(name, status.config)
        if isinstance(routing, str):
            return _not_known(Question.CONFIG, f"its configuration cannot be read here: {routing}")
        found = await asyncio.to_thread(
            lambda: (
                *route_lines(known, snapshot, routing, status),
                *inhibition_lines(known, snapshot, routing),
            )
        )
        return (msgspec.structs.replace(found[0], by=visible(name, cells=40)), *found[1:])

    async def _routing(self, cluster: str, config: Raw) -> Routing | str:
        """What `config` says, or why it cannot be read; each configuration is read once."""
        before = self._read.get(cluster)
        if before is not None and before[0] == config:
            return before[1]
        try:
            found: Routing | str = await asyncio.to_thread(read_routing, config)
        except RoutingUnreadableError as error:
            found = str(error)
        self._read[cluster] = (config, found)
        return found

    # The value

    async def _value(self, known: KnownAlert, snapshot: Snapshot) -> tuple[WhyLine, ...]:
        rule = rule_of(known, snapshot)
        if rule is None:
            return ()
        told = await self._asker().rule_value(rule, known.alert.labels)
        return (value_line(told),)


def value_line(told: RuleValue) -> WhyLine:
    """`0, and it fires while == 0`: the value now against the threshold as it is written."""
    threshold = f"fires while {told.condition}" if told.condition else "no threshold is written"
    by = visible(told.source, cells=40)
    if told.value is not None:
        said = f"{number_text(told.value)}; {threshold}"
        tone = Tone.BAD if told.holds else Tone.WARNING
    else:
        said, tone = f"none; {threshold}", Tone.WARNING
    if told.failure is not None:
        said, tone = f"not known: {told.failure.cause}", Tone.UNKNOWN
    elif told.holds is None:
        said, tone = f"{said}; the answer is partial, so it proves nothing", Tone.UNKNOWN
    elif not told.holds:
        said += "; not true at this moment"
    elif told.partial:
        said += "; a part of the answer is missing"
    return WhyLine(TOPIC_OF[Question.VALUE], "value now", said, tone, by=by)


def _not_known(question: Question, why: str) -> tuple[WhyLine, ...]:
    label = "value now" if question is Question.VALUE else "route"
    return (WhyLine(TOPIC_OF[question], label, f"not known: {why}", Tone.UNKNOWN),)
