"""The one world that every server of the demo speaks of.

Nothing here ticks: each answer is computed when it is asked for, from the script, what has
been done from outside, and the clock. `speed` shortens the script: what the script does n
seconds after the start happens n / speed seconds after it. What lies before the start keeps
its true length, and no time that is told ever lies in the future.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar, cast

import msgspec

from console.demo.alerting import (
    STARTED_S,
    Delivery,
    Standing,
    Track,
    delivery,
    standing,
    tracks_of,
)
from console.demo.bent import bent, more_series, release_series
from console.demo.exported import exported, unscraped
from console.demo.history import ended_before, past_of
from console.demo.inventory import BY_NAME, DAY_S
from console.demo.metrics import CORE, EDGE, LabelPairs, Series, base_series, pairs
from console.demo.people import People
from console.demo.rules import RULES
from console.demo.scenarios import scenario_by_name
from console.demo.script import Outage, Release, Scenario, Trouble
from console.demo.shape import COMPARE, jitter_of, key_of_jitter
from console.demo.silences import SilenceStore
from console.demo.week import LocalDays, turns_of
from console.demo.wire import rfc3339_ms, rfc3339_us
from console.safety.clock import Clock

T = TypeVar("T")

STAMPS_KEPT = 50_000
"""A storm of 2,000 alerts has 4,000 new ones a minute, and formatting them is what costs."""

USUAL_CERTIFICATE_S = 61 * DAY_S
NEW_CERTIFICATE_S = 90 * DAY_S

RHYTHMIC = frozenset({"probe_duration_seconds"})
"""Families that before the start go with the hour of the day."""

COMPONENTS = {CORE: "prometheus-core", EDGE: "prometheus-edge"}
"""The service under which each Prometheus is registered."""

EXTERNAL: dict[str, LabelPairs] = {
    CORE: pairs(cluster="core", environment="demo"),
    EDGE: pairs(cluster="edge", environment="demo"),
}
"""External labels of each Prometheus."""


class World:
    """One scenario, from its start on. Used by one thread; see `DemoHandle` for others."""

    def __init__(
        self, scenario: str | Scenario, clock: Clock, speed: float = 1.0, seed: int = 2026
    ) -> None:
        """
        Raises:
            KeyError: no scenario has that name.
            ValueError: `speed` is not a positive number.
        """
        if not (math.isfinite(speed) and speed > 0):
            raise ValueError(f"speed must be a positive number, not {speed}")
        self.scenario = scenario if isinstance(scenario, Scenario) else scenario_by_name(scenario)
        self.clock = clock
        self.speed = speed
        self.seed = seed
        self.start = clock.now()
        self.revision = 0
        """Grows whenever something is put right."""
        self._base = base_series(seed)
        self._days = LocalDays(self.start.wall)
        self._base = [self._since(one) for one in self._base]
        self.turns_before = turns_of(self.start.wall, seed)
        """What is told of the two weeks before the start."""
        self._past = past_of(self._base, seed, self.turns_before)
        self._mended: dict[str, float] = {}
        self._stops: dict[str, list[tuple[float, float]]] = {}
        self._begun: dict[str, float] = {}
        self._reverts: dict[str, list[float]] = {}
        self._fingerprints: dict[tuple[str, LabelPairs], str] = {}
        self._stamps: dict[tuple[float, bool], str] = {}
        self._annotations: dict[Track, dict[str, str]] = {}
        self._listeners: list[Callable[[], None]] = []
        self._thresholds = {rule.family: (rule.op, rule.threshold) for rule in RULES}
        self._jitters: dict[LabelPairs, int] = {}
        self._held: dict[object, object] = {}
        self._held_at = (-1, -1)
        self._rebuild()
        self._people = People(self.scenario.silences, self.wall, self._delivered)

    # Time

    def now_s(self) -> int:
        """The present moment in whole script seconds."""
        return math.floor((self.clock.now().mono - self.start.mono) * self.speed)

    def now(self) -> datetime:
        """The present moment, aware UTC, to the microsecond."""
        return self.start.wall + timedelta(seconds=self.clock.now().mono - self.start.mono)

    def wall(self, at_s: float) -> datetime:
        """When a script second happens, aware UTC."""
        return self.start.wall + timedelta(seconds=at_s if at_s < 0 else at_s / self.speed)

    def stamp(self, at_s: float, *, exact: bool = False) -> str:
        """A script second as RFC 3339, in milliseconds or, if `exact`, microseconds."""
        key = (at_s, exact)
        if key not in self._stamps:
            if len(self._stamps) > STAMPS_KEPT:
                self._stamps.clear()
            write = rfc3339_us if exact else rfc3339_ms
            self._stamps[key] = write(self.wall(at_s))
        return self._stamps[key]

    def script_s(self, unix_s: float) -> float:
        """The script second of a wall-clock moment, given in Unix seconds."""
        since_start_s = unix_s - self.start.wall.timestamp()
        return since_start_s if since_start_s < 0 else since_start_s * self.speed

    def seconds_until(self, at_s: float) -> float:
        """Real seconds from now until a script second; negative when it is past."""
        return at_s / self.speed - (self.clock.now().mono - self.start.mono)

    # Effects from outside

    def restore(self, cause: str) -> bool:
        """Put right what a service (or a switch, or a server) suffers from, now.

        What depended on it recovers too, each at its own pace. Returns whether there was
        anything to put right. Listeners are told.
        """
        known = {
            *(bend.cause for bend in self.scenario.bends),
            *(trouble.cause for trouble in self.scenario.troubles),
            *(release.service for release in self.scenario.releases),
        }
        if cause not in known or cause in self._mended:
            return False
        self._mended[cause] = float(self.now_s())
        self._affect()
        return True

    def stop(self, service: str) -> bool:
        """End a service's process, now; whether it ran."""
        if not self.listens(service):
            return False
        self._stops.setdefault(service, []).append((float(self.now_s()), math.inf))
        self._affect()
        return True

    def begin(self, name: str) -> None:
        """Start or restart a service or a unit, now, which puts right what that puts right."""
        at_s = float(self.now_s())
        stops = self._stops.get(name, [])
        if stops and stops[-1][1] == math.inf:
            stops[-1] = (stops[-1][0], at_s)
        self._begun[name] = at_s
        cured = [cause for restarted, cause in self.scenario.remedies if restarted == name]
        dead = any(trouble.refuse and trouble.cause == name for trouble in self.troubles_of(name))
        for cause in (*cured, *([name] if dead else [])):
            self.restore(cause)
        self.reread(name)
        self._affect()

    def reread(self, name: str) -> None:
        """Let a proxy read its rules again, which ends a bad one that was taken back."""
        rule = self.scenario.rule
        if rule is not None and rule.service == name and len(self.reverts(name)) % 2:
            self.restore(rule.cause)

    def set_env(self, name: str, pair: str) -> None:
        """Change a deployment's environment, `NAME=value`, which may be what mends it."""
        for wished, cause in self.scenario.remedies:
            if wished == f"{name} {pair}":
                self.restore(cause)

    def revert(self, name: str) -> None:
        """Take back the newest commit in the rules of a proxy; again, that one."""
        self._reverts.setdefault(name, []).append(float(self.now_s()))

    def reverts(self, name: str) -> tuple[float, ...]:
        """When that was done."""
        return tuple(self._reverts.get(name, ()))

    def is_mended(self, cause: str) -> bool:
        """Whether it was put right."""
        return cause in self._mended

    def begun_s(self, name: str) -> float | None:
        """When somebody last started it by hand; `None` where nobody has."""
        return self._begun.get(name)

    def certificate_end_s(self, service: str) -> float:
        """When the certificate of a TLS endpoint ends; mended, it is a new one."""
        mended_s = self._mended.get("tls")
        ends = dict(self.scenario.certificates)
        if service in ends and mended_s is not None:
            return mended_s + NEW_CERTIFICATE_S
        return ends.get(service, USUAL_CERTIFICATE_S)

    def _affect(self) -> None:
        self._rebuild()
        self.revision += 1
        for listener in self._listeners:
            listener()

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call `listener` after each effect from outside."""
        self._listeners.append(listener)

    # Facts

    @property
    def silences(self) -> SilenceStore:
        """All silences, with what people and kthxbye have done to them by now."""
        return self._people.by(self.now_s())

    def standings(self, server: str) -> list[Standing]:
        """All pending and firing alerts of a Prometheus, in the order of its rules."""
        at_s, outage = self.now_s(), self.outage_of(COMPONENTS[server])

        def build() -> list[Standing]:
            found = (standing(t, at_s, outage) for t in self.tracks if t.rule.server == server)
            return [one for one in found if one is not None]

        return self.held(("standings", server), build)

    def deliveries(self, member: str) -> list[Delivery]:
        """All alerts that a member of the Alertmanager cluster holds, by fingerprint."""
        at_s = self.now_s()
        start_s = self.component_start_s(member)

        def build() -> list[Delivery]:
            held = self._delivered(at_s, start_s)
            return sorted(held, key=lambda one: one.track.fingerprint)

        return self.held(("deliveries", member), build)

    def _delivered(self, at_s: float, member_start_s: float = STARTED_S) -> list[Delivery]:
        """The alerts at some moment in an Alertmanager that started at another."""
        found = (
            delivery(t, at_s, self.outage_of(COMPONENTS[t.rule.server]), member_start_s)
            for t in self.tracks
        )
        return [one for one in found if one is not None]

    def value(self, series: Series, at_s: float) -> float:
        """What a scrape of the series at that moment gave.

        It strays around the shape, but never across the threshold of the rule that reads
        it: the graph and the alert always agree.
        """
        plain = series.shape.at(at_s)
        stray = plain
        if at_s < 0 and series.family in RHYTHMIC:
            stray *= self._days.rhythm(at_s)
        if series.wobble:
            key = self._jitters.get(series.labels)
            if key is None:
                key = key_of_jitter(self.seed, str(series.labels))
                self._jitters[series.labels] = key
            stray *= 1 + series.wobble * jitter_of(key, at_s)
        if series.whole:
            stray = float(round(stray))
        if stray != plain and series.family in self._thresholds:
            op, threshold = self._thresholds[series.family]
            if COMPARE[op](stray, threshold) != COMPARE[op](plain, threshold):
                return plain
        return stray

    def rule_value(self, track: Track) -> float:
        """What the rule's expression gives for the alert now."""
        if track.series is None:
            return 1.0
        return self.value(track.series, float(self.now_s()))

    def annotations(self, track: Track) -> dict[str, str]:
        """The alert's annotations now."""
        known = self._annotations.get(track)
        if known is not None:
            return known
        found = track.rule.annotations(track.labels, self.rule_value(track))
        if "{value}" not in track.rule.summary + track.rule.description:
            self._annotations[track] = found
        return found

    def troubles_of(self, service: str) -> list[Trouble]:
        """What is wrong with a service now."""
        at_s = self.now_s()
        return [trouble for trouble in self.troubles.get(service, ()) if trouble.at(at_s)]

    def listens(self, service: str) -> bool:
        """Whether the service's port is open."""
        return not any(trouble.refuse for trouble in self.troubles_of(service))

    def version_of(self, service: str) -> str:
        """The version that answers on the service's endpoint."""
        version = BY_NAME[service].version
        for release in self.releases:
            if release.service == service and release.at_s <= self.now_s():
                version = release.version
        return version

    def outage_of(self, component: str) -> Outage | None:
        """The outage of a Prometheus or Alertmanager, past, present or to come."""
        return self.outages.get(component)

    def component_start_s(self, component: str) -> float:
        """When a Prometheus or Alertmanager last started."""
        outage = self.outage_of(component)
        if outage is not None and self.now_s() >= outage.end_s:
            return outage.end_s
        return STARTED_S

    def turns(self) -> list[int]:
        """Script seconds at which a port opens or closes, in order."""
        found = set()
        for troubles in self.troubles.values():
            for trouble in troubles:
                if trouble.refuse:
                    found |= {trouble.start_s, trouble.end_s}
        return sorted(math.ceil(second) for second in found if math.isfinite(second))

    def held(self, key: object, build: Callable[[], T]) -> T:
        """What `build` makes, made once a script second and effect."""
        moment = (self.now_s(), self.revision)
        if moment != self._held_at:
            self._held_at = moment
            self._held.clear()
        if key not in self._held:
            self._held[key] = build()
        return cast("T", self._held[key])

    # The script with its effects

    def _rebuild(self) -> None:
        scenario = self.scenario
        self._annotations.clear()
        self.releases: list[Release] = list(scenario.releases)
        for release in scenario.releases:
            mended_s = self._mended.get(release.service)
            if mended_s is not None and mended_s > release.at_s:
                back = BY_NAME[release.service].version
                self.releases.append(Release(release.service, mended_s, back))
        self.series = [
            *bent(self._base, scenario, self._mended, self._stops, self._past),
            *more_series(scenario, self._mended),
            *release_series(scenario, self._mended),
        ]
        self.probed: dict[tuple[str, str], list[Series]] = {}
        for series in self.series:
            for kind, name in series.labels:
                if kind in ("page", "endpoint"):
                    self.probed.setdefault((kind, name), []).append(series)
        ended = (self._ended(outage) for outage in scenario.outages)
        self.outages = {one.component: one for one in ended if one.end_s > one.start_s}
        self.troubles: dict[str, list[Trouble]] = {}
        for trouble in (*ended_before(), *scenario.troubles):
            end_s = min(trouble.end_s, self._mended.get(trouble.cause, math.inf))
            if end_s > trouble.start_s:
                shorter = msgspec.structs.replace(trouble, end_s=end_s)
                self.troubles.setdefault(trouble.service, []).append(shorter)
        for service, stops in self._stops.items():
            self.troubles.setdefault(service, []).extend(
                Trouble(service, service, start_s, end_s, refuse=True, exit_code=0)
                for start_s, end_s in stops
            )
        self.series = unscraped(self.series, self.troubles)
        self.series += exported(self.series, self.troubles, lambda s: self.wall(s).timestamp())
        self.tracks: list[Track] = tracks_of(self.series, EXTERNAL, self._fingerprints)

    def _since(self, series: Series) -> Series:
        since_s = None
        if series.family == "probe_success":
            since_s = self._days.since_s(dict(series.labels).get("service", ""))
        return series if since_s is None else msgspec.structs.replace(series, since_s=since_s)

    def _ended(self, outage: Outage) -> Outage:
        mended_s = self._mended.get(outage.component, math.inf)
        end_s = max(outage.start_s, min(outage.end_s, mended_s))
        return msgspec.structs.replace(outage, end_s=end_s)
