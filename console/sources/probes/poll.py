"""One probe, asked once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import msgspec

from config.schema import HealthSource
from console.model.failure import FailureKind
from console.model.probe import Probe, ProbeKind, ProbeResult, Verdict
from console.model.reading import ProbeReading
from console.safety.clock import Clock, Instant
from console.safety.http import HttpAnswer, HttpClient
from console.safety.text import visible
from console.sources.answer import Unusable, skew_of
from console.sources.fault import failure_of
from console.sources.probes import errors
from console.sources.probes.client import ProbeClient
from console.sources.probes.decode import NOTHING, Told, told_by
from console.sources.probes.on_host import ON_HOSTS, HostProber
from console.sources.probes.settings import SOURCE, took
from console.sources.reach import Reach

MAX_AGE: Final = timedelta(minutes=5)


class Prober:
    """Asks services how they are. Slots and deadlines are the HTTP and the SSH client's."""

    def __init__(
        self, http: HttpClient, clock: Clock, settings: HealthSource, reach: Reach | None = None
    ) -> None:
        """`reach`: the hosts on which checks of kinds COMMAND and FILE run; without it none do."""
        self.name = SOURCE
        self._clock = clock
        self._on_hosts = None if reach is None else HostProber(reach)
        self._settings = settings
        self._client = ProbeClient(http, settings)

    async def ask(self, probe: Probe) -> ProbeReading:
        """What `probe` learns now. Raises nothing."""
        try:
            result = await self._asked(probe)
        except Exception as error:  # a bug of ours too must cost one probe, not all of them
            result = self._failed(probe, error)
        return ProbeReading(source=SOURCE, at=self._clock.now(), result=result)

    async def _asked(self, probe: Probe) -> ProbeResult:
        if probe.kind in (ProbeKind.HTTP, ProbeKind.READY):
            before = self._clock.now()
            answer = await self._client.http(probe)
            refuse_old(probe, answer, before, self._clock.now())
            return judged(probe, answer)
        if probe.kind is ProbeKind.TCP:
            latency = timedelta(seconds=await self._client.tcp(probe))
            return _timed(probe, "connected", latency)
        if probe.kind is ProbeKind.TLS:
            return self._certificate(probe, await self._client.tls(probe))
        if self._on_hosts is None or not self._on_hosts.can(probe):
            raise errors.not_asked_here(probe)
        return await self._on_hosts.ask(probe)

    def _failed(self, probe: Probe, error: Exception) -> ProbeResult:
        if self._on_hosts is not None and probe.kind in ON_HOSTS:
            asked = errors.asked_on_host(probe, self._on_hosts.typed(probe))
        else:
            asked = errors.asked(probe, self._client.curl(probe))
        failure = failure_of(error, asked, self._clock.now().wall)
        verdict = errors.verdict_of(error)
        return ProbeResult(
            probe=probe,
            verdict=verdict,
            said=failure.cause,
            failure=failure if verdict is Verdict.NO_ANSWER else None,
        )

    def _certificate(self, probe: Probe, ends: datetime) -> ProbeResult:
        left = ends - self._clock.now().wall
        if left <= timedelta(0):
            verdict, said = Verdict.UNHEALTHY, f"certificate expired {_days(-left)} ago"
        elif left < timedelta(days=probe.tls_warn_days):
            verdict, said = Verdict.UNHEALTHY, f"certificate expires in {_days(left)}"
        else:
            verdict, said = Verdict.HEALTHY, f"certificate good for {_days(left)}"
        return ProbeResult(probe=probe, verdict=verdict, said=said, tls_expires=ends)


def refuse_old(probe: Probe, answer: HttpAnswer, before: Instant, after: Instant) -> None:
    """Pass an answer that the service gave now, as far as its headers tell.

    Pages may well come from a cache. What a health endpoint said an hour ago is no proof.

    Raises:
        Unusable: its `Date` or `Age` is off by more than five minutes.
    """
    if not probe.json_body and probe.kind is not ProbeKind.READY:
        return
    skew = skew_of(answer, before, after) or timedelta(0)
    age = answer.header("age")
    if age is not None and age.exact.isdecimal():
        skew = min(skew, -timedelta(seconds=min(int(age.exact[:9]), 10**8)))
    if abs(skew) > MAX_AGE:
        raise Unusable(
            FailureKind.SCHEMA,
            f"got an answer dated {_hours(abs(skew))} {'ago' if skew < timedelta(0) else 'ahead'}",
            expected="an answer of this moment",
            remedy="set the clock of that host; or keep caches away from the health endpoint",
        )


def judged(probe: Probe, answer: HttpAnswer) -> ProbeResult:
    """What an HTTP answer says of the service.

    Raises:
        Unusable: the body had to be JSON and cannot be read.
    """
    latency = timedelta(seconds=answer.took_s)
    expected = answer.status in probe.expect_status
    told = NOTHING
    if probe.method != "HEAD":
        told = told_by(answer.body, must_be_json=probe.json_body and expected)
    result = ProbeResult(
        probe=probe,
        verdict=Verdict.UNHEALTHY,
        said="",
        latency=latency,
        status=answer.status,
        facts=told.facts,
        tls_expires=answer.certificate_expires,
    )
    no = _objection(probe, answer, told)
    if no:
        return _with(result, Verdict.UNHEALTHY, no)
    timed = _timed(probe, str(answer.status), latency)
    said = timed.said
    if told.bad_dependencies:
        said = f"{said}, but {_naming(told)}"
    slow = timed.too_slow
    return msgspec.structs.replace(result, verdict=timed.verdict, said=said, too_slow=slow)


def _objection(probe: Probe, answer: HttpAnswer, told: Told) -> str:
    """Why the answer is a no although it came in time; empty where it is none."""
    if answer.status not in probe.expect_status:
        no = f"{answer.status}, expected {errors.statuses(probe.expect_status)}"
        return f"{no}; {_naming(told)}" if told.bad_dependencies else no
    if told.ok is False:
        word = visible(told.facts.status, cells=40) if told.facts.status else "no"
        no = f"{answer.status}, but it says {word}"
        return f"{no}: {_naming(told)}" if told.bad_dependencies else no
    # A live process may well say what it lacks; one that is asked for readiness, or has no
    # word of its own, is as well as what it depends on.
    if told.bad_dependencies and (probe.kind is ProbeKind.READY or told.ok is None):
        return f"{answer.status}, but {_naming(told)}"
    return ""


def _naming(told: Told) -> str:
    bad = told.bad_dependencies
    named = ", ".join(
        f"{visible(each.name, cells=30)} {visible(each.said, cells=20)}" for each in bad[:4]
    )
    return named + (f" and {len(bad) - 4} more" if len(bad) > 4 else "")


def _timed(probe: Probe, what: str, latency: timedelta) -> ProbeResult:
    said = f"{what} in {took(latency.total_seconds())}"
    if probe.slow is not None and latency > probe.slow:
        said = f"{said}, slower than {took(probe.slow.total_seconds())}"
        return ProbeResult(probe, Verdict.UNHEALTHY, said, latency=latency, too_slow=True)
    return ProbeResult(probe, Verdict.HEALTHY, said, latency=latency)


def _with(result: ProbeResult, verdict: Verdict, said: str) -> ProbeResult:
    return msgspec.structs.replace(result, verdict=verdict, said=said)


def _hours(duration: timedelta) -> str:
    minutes = round(duration.total_seconds() / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes / 60:.0f} h"


def _days(duration: timedelta) -> str:
    if duration < timedelta(days=2):
        return f"{duration.total_seconds() / 3600:.0f} h"
    return f"{duration.days} days"
