"""The cells of the matrix: one service each, with the facts that decide its state."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from console.fleet.assign import Index
from console.fleet.cluster import ClusterMemory
from console.fleet.discover import Spot, spot_of
from console.fleet.feeds import Feeds, Word, feed_of_alerts, feeds_of
from console.fleet.hosted import HostedBook
from console.fleet.memory import PrometheusMemory, mono, stale_after_s
from console.fleet.state import AlertWord, CellFacts, Evidence, Feed, state_of
from console.fleet.words import Particulars, because, said_by
from console.model.alert import Target, TargetHealth
from console.model.probe import ProbeKind, ProbeResult, Verdict
from console.model.reading import ProbeReading
from console.model.registry import Service, ServiceType
from console.model.snapshot import Cell, KnownAlert, Standing
from console.model.state import State
from console.safety.clock import Instant

Scraped = tuple[tuple[str, Target], ...]
"""The targets of one cell, each with the Prometheus that scrapes it."""

_EVIDENCE = tuple(Evidence)
_VERDICTS = {
    Verdict.HEALTHY: Evidence.GOOD,
    Verdict.UNHEALTHY: Evidence.BAD,
    Verdict.NO_ANSWER: Evidence.UNKNOWN,
}
_ALERT_WORDS = {
    State.FIRING: AlertWord.FIRING,
    State.LOST: AlertWord.LOST,
    State.STALE: AlertWord.STALE,
}


class _Facts(NamedTuple):
    """What a cell was made from."""

    service: Service
    feeds: Feeds
    scraped: Scraped
    alerts: tuple[KnownAlert, ...]
    touched: int
    unasked: str | None
    told: int
    rules: tuple[Instant | None, ...] | None

    def same(self, other: _Facts) -> bool:
        """Whether a cell made from `other` would be the same; by identity where that is dear."""
        return (
            self.service is other.service
            and self.scraped is other.scraped
            and self.alerts is other.alerts
            and self[4:] == other[4:]
            and (self.feeds is other.feeds or self.feeds == other.feeds)
        )


class _Kept(NamedTuple):
    facts: _Facts
    until: float
    cell: Cell


class CellBook:
    """Remembers probe results and cells, and rebuilds only those cells whose facts changed."""

    def __init__(self) -> None:
        self.results: dict[str, dict[ProbeKind, tuple[ProbeResult, Instant]]] = {}
        self.unasked: dict[str, str] = {}
        self.hosted = HostedBook()
        self._cells: dict[str, _Kept] = {}
        self._touched: dict[str, int] = {}

    def take(self, reading: ProbeReading) -> None:
        """Remember one probe's answer."""
        probe = reading.result.probe
        known = self.results.setdefault(probe.service, {})
        before = known.get(probe.kind)
        if before is None or before[1].mono <= reading.at.mono:
            known[probe.kind] = (reading.result, reading.at)
            self._touched[probe.service] = self._touched.get(probe.service, 0) + 1

    def keep(
        self,
        kept: Mapping[str, Service],
        before: Mapping[str, Service],
        moved: Collection[str] = (),
    ) -> None:
        """Forget the results of services that are gone, or were changed, or were asked on
        hosts that are other ones now (`moved`)."""
        for name in list(self.results):
            service = kept.get(name)
            if (
                service is None
                or (name in before and before[name] != service)
                or service.host in moved
                or service.via in moved
            ):
                del self.results[name]
                self._touched[name] = self._touched.get(name, 0) + 1

    def build(
        self,
        index: Index,
        scraped: Mapping[str, Scraped],
        alerts: Mapping[str, tuple[KnownAlert, ...]],
        clusters: Mapping[str, ClusterMemory],
        proms: Mapping[str, PrometheusMemory],
        now: Instant,
    ) -> tuple[Cell, ...]:
        """All cells: the registered services in their order, then what is only scraped."""
        feeds = feeds_of(clusters, proms, now)
        rules = tuple(prom.rules.as_of for prom in proms.values())
        cells = []
        kept: dict[str, _Kept] = {}
        for service in (*index.services.values(), *self.hosted.cells(), *index.dynamic):
            name = service.name
            of_cell = scraped.get(name, ())
            about = alerts.get(name, ())
            before = self._cells.get(name)
            facts = _Facts(
                service, feeds, of_cell, about, self._touched.get(name, 0),
                self.unasked.get(name), self.hosted.touched(name),
                rules if service.alerts else None,
            )  # fmt: skip
            if before is not None and now.mono < before.until and before.facts.same(facts):
                kept[name] = before
                cells.append(before.cell)
                continue
            cell, until = self._cell(service, feeds, of_cell, about, proms, now)
            cell = _since(cell, before.cell if before else None, about, now)
            kept[name] = _Kept(facts, until, cell)
            cells.append(cell)
        self._cells = kept
        return tuple(cells)

    def _cell(
        self,
        service: Service,
        feeds: Feeds,
        scraped: Scraped,
        alerts: tuple[KnownAlert, ...],
        proms: Mapping[str, PrometheusMemory],
        now: Instant,
    ) -> tuple[Cell, float]:
        """The cell, and the monotonic second until which the passing of time changes nothing."""
        answers = self.results.get(service.name, {})
        probes, probe_words, until = self._probe_evidence(service, answers, now)
        targets, target_words, scraped_by = _target_evidence(scraped, feeds)
        told, report_words, fresh_until = self._report_evidence(service, now)
        until = min(until, fresh_until)
        feed = feed_of_alerts(service, feeds, scraped_by, proms)
        partial = sorted(feeds.partial.intersection(scraped_by))
        facts = CellFacts(
            probes, targets, told, _alert_word(alerts), feed.feed, bool(partial),
            service.name in self.unasked,
        )  # fmt: skip
        judgement = state_of(facts)
        reports = tuple(self.hosted.reports.get(service.name, {}).values())
        words = Particulars(
            probes=probe_words, targets=target_words, reports=report_words, feed=feed.why,
            partial=f"{partial[0]} gave a partial result" if partial else "",
            unasked=self.unasked.get(service.name, ""), alerts=alerts,
            results=tuple(result for result, _ in answers.values()),
            told=reports, up=len(scraped),
        )  # fmt: skip
        times = [*(at for _, at in answers.values()), *(report.at for report in reports)]
        times += [at for name in scraped_by if (at := proms[name].targets.as_of) is not None]
        cell = Cell(
            service,
            judgement.state,
            because(judgement.because, words, service),
            min(times, key=mono, default=None),
            None,
            tuple(result for result, _ in answers.values()),
            tuple(at for _, at in answers.values()),
            tuple(target for _, target in scraped),
            tuple(one.key for one in alerts),
            reports,
        )
        return cell, until

    def _report_evidence(self, service: Service, now: Instant) -> tuple[Evidence, str, float]:
        evidence, words, until = Evidence.NOT_FED, "", float("inf")
        for report in self.hosted.reports.get(service.name, {}).values():
            stale_at = report.at.mono + stale_after_s(report.interval)
            if now.mono > stale_at:
                one, said = Evidence.STALE, f"{report.runner} was last looked at too long ago"
            else:
                until = min(until, stale_at)
                one, said = _VERDICTS[report.verdict], said_by(report)
            if _EVIDENCE.index(one) < _EVIDENCE.index(evidence):
                evidence, words = one, said
        awaited = self.hosted.awaited(service)
        if awaited and evidence is not Evidence.BAD:
            return Evidence.UNKNOWN, awaited, until
        return evidence, words, until

    def _probe_evidence(
        self,
        service: Service,
        answers: Mapping[ProbeKind, tuple[ProbeResult, Instant]],
        now: Instant,
    ) -> tuple[Evidence, str, float]:
        evidence, words, until = Evidence.NOT_FED, "", float("inf")
        for result, at in answers.values():
            stale_at = at.mono + stale_after_s(result.probe.interval)
            if now.mono > stale_at:
                one, said = Evidence.STALE, f"{result.probe.kind} was last answered too long ago"
            else:
                until = min(until, stale_at)
                one, said = _VERDICTS[result.verdict], f"{result.probe.kind} {result.said}"
            if _EVIDENCE.index(one) < _EVIDENCE.index(evidence):
                evidence, words = one, said
        missing = "" if service.name in self.unasked else _unanswered(service, answers)
        if missing and evidence is not Evidence.BAD:
            return Evidence.UNKNOWN, missing, until
        return evidence, words, until


def targets_by_cell(index: Index, proms: Mapping[str, PrometheusMemory]) -> dict[str, Scraped]:
    """Every known target under the cell that it belongs to."""
    cells: dict[str, list[tuple[str, Target]]] = {}
    for name, prom in proms.items():
        for target in prom.targets.value or ():
            cell = index.cell_of_target(target)
            if cell is not None:
                cells.setdefault(cell, []).append((name, target))
    return {cell: tuple(found) for cell, found in cells.items()}


def _unanswered(service: Service, answers: Iterable[ProbeKind]) -> str:
    """Which health check is due and has not been answered yet; empty when none is."""
    asked = set(answers)
    live = asked & {ProbeKind.HTTP, ProbeKind.TCP, ProbeKind.COMMAND, ProbeKind.FILE}
    by_kubelet = service.type is ServiceType.K8S_DEPLOYMENT and service.health_kind in (
        ProbeKind.COMMAND,
        ProbeKind.FILE,
    )
    asked_for = service.health is not None and not by_kubelet
    by_http = service.method in ("GET", "HEAD") and asked_for
    by_tcp = service.type is ServiceType.TCP and service.port is not None
    if (by_http or by_tcp) and not live:
        return "its health has not been asked yet"
    if service.ready is not None and ProbeKind.READY not in asked:
        return "its readiness has not been asked yet"
    return ""


def _target_evidence(scraped: Scraped, feeds: Feeds) -> tuple[Evidence, str, list[str]]:
    """What the targets say, in words too, and which servers' word that is.

    Of the halves of an HA pair one that answers is enough for what both scrape.
    """
    if not scraped:
        return Evidence.NOT_FED, "", []
    words = dict(feeds.targets)
    spots: dict[tuple[Spot, str], list[tuple[str, Target]]] = {}
    for name, target in scraped:
        key = (spot_of(target.labels), target.labels.exact("instance"))
        spots.setdefault(key, []).append((name, target))
    evidence, said = Evidence.NOT_FED, ""
    servers: dict[str, None] = {}
    down = 0
    for told in spots.values():
        well = [one for one in told if words[one[0]].feed is Feed.GOOD]
        one, text = _spot_evidence(well, told, words)
        down += one is Evidence.BAD
        servers |= dict.fromkeys(name for name, _ in well or told)
        if _EVIDENCE.index(one) < _EVIDENCE.index(evidence):
            evidence, said = one, text
    if down > 1:
        said = f"{down} of {len(spots)} targets are down; {said}"
    return evidence, said, list(servers)


def _spot_evidence(
    well: list[tuple[str, Target]], told: list[tuple[str, Target]], words: Mapping[str, Word]
) -> tuple[Evidence, str]:
    for health, evidence in (
        (TargetHealth.DOWN, Evidence.BAD),
        (TargetHealth.UP, Evidence.GOOD),
        (TargetHealth.UNKNOWN, Evidence.UNKNOWN),
    ):
        for _, target in well:
            if target.health is health:
                return evidence, Particulars.of_target(target)
    word = words[told[0][0]]
    return (Evidence.STALE if word.feed is Feed.STALE else Evidence.UNKNOWN), word.why


def _alert_word(alerts: tuple[KnownAlert, ...]) -> AlertWord:
    worst = max(
        (one.state for one in alerts if one.standing is not Standing.PENDING),
        key=lambda state: state.badness,
        default=State.OK,
    )
    return _ALERT_WORDS.get(worst, AlertWord.NONE)


def _since(cell: Cell, before: Cell | None, alerts: tuple[KnownAlert, ...], now: Instant) -> Cell:
    since: datetime | None = None
    if before is not None:
        since = before.since if before.state is cell.state else now.wall
    if cell.state is State.FIRING and since is None:
        starts = [one.alert.starts_at for one in alerts if one.state is State.FIRING]
        since = min(starts, default=now.wall)
    if since is None:
        return cell
    return Cell(
        cell.service, cell.state, cell.because, cell.as_of, since, cell.probes,
        cell.probe_ages, cell.targets, cell.alerts, cell.reports,
    )  # fmt: skip
