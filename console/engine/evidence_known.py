"""What the snapshot alone tells about a row: shown at once, since nobody has to be asked."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator

from console.engine.evidence_host import host_line
from console.engine.evidence_runs import NOTHING_RUNS, open_lines
from console.engine.evidence_words import (
    RECENT,
    STATE_TONES,
    EvidenceLine,
    Piece,
    Tone,
    Topic,
    is_storming,
    old_after,
    plain,
)
from console.engine.evidence_work import NOBODY_ACTS, work_lines
from console.model.acting import Acting
from console.model.probe import Verdict
from console.model.registry import ServiceType
from console.model.report import Report, Runner
from console.model.run import Runs
from console.model.snapshot import Cell, KnownAlert, Snapshot
from console.model.state import State
from console.model.words import age_text, breach_text, clock_time, count_text
from console.model.worklist import Row, RowKind, Storm, Worklist
from console.safety.text import Raw, visible

SHORT = 40
"""Cells of a neighbour's own reason."""
FIRST_SHOWN = 3
SHARED_SHOWN = 3
RUNNER_LABELS = {
    Runner.CONTAINER: "docker",
    Runner.UNIT: "unit",
    Runner.WORKLOAD: "pods",
    Runner.HOST: "host",
}
_PROOFS = {Runner.CONTAINER: "container", Runner.UNIT: "unit", Runner.WORKLOAD: "pods"}
_TONES = {
    Verdict.HEALTHY: Tone.PLAIN,
    Verdict.UNHEALTHY: Tone.BAD,
    Verdict.NO_ANSWER: Tone.UNKNOWN,
}
_BADNESS = {Verdict.UNHEALTHY: 0, Verdict.NO_ANSWER: 1, Verdict.HEALTHY: 2}


def known_lines(
    row: Row,
    worklist: Worklist,
    snapshot: Snapshot,
    acting: Acting = NOBODY_ACTS,
    runs: Runs = NOTHING_RUNS,
) -> tuple[EvidenceLine, ...]:
    """Every line that needs no asking, in the order in which they are read.

    Args:
        acting: who extends which ack.
        runs: the runbooks that are worked through here.
    """
    return (*_lines(row, worklist, snapshot, acting), *open_lines(row, runs))


def neighbours(cell: Cell, snapshot: Snapshot) -> tuple[tuple[Cell, ...], tuple[Cell, ...]]:
    """What `cell` depends on and what depends on it, each the worst first. On a host depends
    all that lives there."""
    needs = [one for one in snapshot.needs_of(cell.service) if one is not None]
    users = list(snapshot.users_of(cell.service.name))
    if cell.service.type is ServiceType.HOST:
        users += [one for one in snapshot.cells if one.service.host == cell.service.host
                  and one.service.type is not ServiceType.HOST]  # fmt: skip
    return tuple(sorted(needs, key=_worst_first)), tuple(sorted(users, key=_worst_first))


def recent_starts(
    cells: Iterable[Cell], snapshot: Snapshot, row: Row
) -> Iterator[tuple[Cell, Report]]:
    """Containers and pods that were started within `RECENT` before `row` began, or since."""
    for cell in cells:
        for report in cell.reports:
            if (
                report.runner is Runner.CONTAINER
                and (report.verdict is not Verdict.UNHEALTHY or report.runs)
                and report.since is not None
                and row.since - RECENT <= report.since <= snapshot.at.wall
            ):
                yield cell, report


def _lines(
    row: Row, worklist: Worklist, snapshot: Snapshot, acting: Acting
) -> Iterator[EvidenceLine]:
    if row.kind is RowKind.OLD:
        yield from _old_lines(row, snapshot)
        return
    if row.owed:
        yield from _owed_lines(row, snapshot)
        return
    if row.summary:
        yield plain(Topic.SAYS, row.summary)
    if row.failure is not None:
        yield plain(Topic.CAME, row.failure.cause, Tone.UNKNOWN)
        yield plain(Topic.TO_DO, row.failure.remedy)
        if row.failure.curl:
            yield plain(Topic.REPEAT, row.failure.curl)
    if is_storming(row):
        yield from _storm_lines(row, worklist.storm, snapshot)
        yield from work_lines(row, None, snapshot, acting)
        return
    first = row.alerts[0] if row.alerts else None
    if first is not None and first.why:
        yield plain(Topic.WHY, first.why, Tone.WARNING)
    cell = snapshot.cell(row.cell)
    if cell is not None:
        if cell.state not in (State.OK, State.FIRING):
            state = Piece(cell.state.value, STATE_TONES[cell.state])
            yield EvidenceLine(Topic.STATE, (state, Piece(f" {cell.because}")))
        yield from _probe_lines(cell)
        yield from _runner_lines(cell)
    yield from host_line(row, cell, snapshot)
    if cell is not None:
        needs, users = neighbours(cell, snapshot)
        yield from _neighbour_lines(cell, needs, users)
        yield from _start_lines(row, (cell, *needs, *users), snapshot)
    if row.count > 1:
        yield from _shared_lines(row)
    yield from work_lines(row, cell, snapshot, acting)
    if first is not None:
        yield _book_line(first)


def _owed_lines(row: Row, snapshot: Snapshot) -> Iterator[EvidenceLine]:
    """Everything that the incident or the change asks for, the first due in front."""
    now = snapshot.at.wall
    for nag in row.owed:
        tone = Tone.BAD if nag.is_overdue(now) else Tone.MUTED
        who = f" ({nag.owner})" if nag.owner else ""
        until = Piece(f", {breach_text(nag.left(now))}, by {clock_time(nag.due, now)}", tone)
        yield EvidenceLine(Topic.OWED, (Piece(f"{nag.text}{who}"), until))


def _probe_lines(cell: Cell) -> Iterator[EvidenceLine]:
    for result, at in zip(cell.probes, cell.probe_ages, strict=False):
        bad = result.verdict is Verdict.UNHEALTHY
        target = result.probe.target
        where = f" {target}" if result.probe.kind.value in ("tcp", "tls", "file") else ""
        yield EvidenceLine(
            Topic.PROBE,
            (
                Piece(f"{result.probe.kind.value}{where} ", Tone.MUTED),
                Piece(result.said, _TONES[result.verdict]),
            ),
            at=at,
            old_after=old_after(result.probe.interval),
            rank=0 if result.verdict is not Verdict.HEALTHY else 1,
            proof="probe" if bad else "",
        )


def _runner_lines(cell: Cell) -> Iterator[EvidenceLine]:
    """The worst word first, and once where two sources tell the same of one service."""
    newest = sorted(cell.reports, key=lambda one: one.at.mono)
    said = {(one.runner, one.said): one for one in newest if one.runner is not Runner.HOST}
    reports = said.values()
    for number, report in enumerate(sorted(reports, key=lambda one: _BADNESS[one.verdict])):
        bad = report.verdict is Verdict.UNHEALTHY
        yield EvidenceLine(
            Topic.RUNNER,
            (Piece(report.said, _TONES[report.verdict]),),
            at=report.at,
            old_after=old_after(report.interval),
            label=RUNNER_LABELS[report.runner],
            rank=0 if bad else min(number, 1),
            proof=_PROOFS[report.runner] if bad else "",
        )


def _neighbour_lines(
    cell: Cell, needs: tuple[Cell, ...], users: tuple[Cell, ...]
) -> Iterator[EvidenceLine]:
    missing = sorted(set(cell.service.depends_on) - {each.service.name for each in needs})
    if needs or missing:
        pieces = [*_told(needs), *(Piece(f"{name} not registered  ", Tone.UNKNOWN)
                                   for name in missing)]  # fmt: skip
        sick = any(each.state is not State.OK for each in needs)
        yield EvidenceLine(Topic.NEEDS, tuple(pieces), rank=0 if sick or missing else 1)
    if users:
        sick_count = sum(each.state is not State.OK for each in users)
        head = Piece(f"{sick_count} of {len(users)}: ", Tone.MUTED)
        yield EvidenceLine(Topic.HITS, (head, *_told(users)), rank=0 if sick_count else 1)


def _told(cells: Iterable[Cell]) -> Iterator[Piece]:
    """Each with its state, and why it is not well."""
    for cell in cells:
        yield Piece(f"{visible(cell.service.name, cells=30)} ")
        yield Piece(cell.state.value, STATE_TONES[cell.state])
        if cell.state is not State.OK and cell.because:
            yield Piece(f" {visible(cell.because, cells=SHORT)}", Tone.MUTED)
        yield Piece("  ", Tone.MUTED)


def _start_lines(row: Row, cells: tuple[Cell, ...], snapshot: Snapshot) -> Iterator[EvidenceLine]:
    found = sorted(
        recent_starts(cells, snapshot, row),
        key=lambda pair: pair[1].since or row.since,
        reverse=True,
    )
    for of, report in found[:FIRST_SHOWN]:
        when = clock_time(report.since or row.since, snapshot.at.wall)
        said = f"{when} container of {visible(of.service.name, cells=30)} started"
        version = (Piece(" as "), Piece(report.version)) if report.version is not None else ()
        yield EvidenceLine(Topic.CHANGE, (Piece(said), *version), at=report.at)
    yield from _rollout_lines(row, cells, snapshot)


def _rollout_lines(row: Row, cells: Iterable[Cell], snapshot: Snapshot) -> Iterator[EvidenceLine]:
    """Deployments whose newest pod is young, or that are being rolled out now."""
    wanted = {
        (cell.service.namespace, cell.service.unit): cell.service.name
        for cell in cells
        if cell.service.namespace is not None
    }
    for namespace in snapshot.namespaces:
        for one in namespace.workloads:
            name = wanted.get((one.namespace.exact, one.name.exact))
            if name is None or one.kind.is_batch:
                continue  # that it runs again is no change
            shown = visible(name, cells=30)
            images = one.images[0] if one.images else Raw("")
            newest = max(
                (pod.started_at for pod in one.pods or () if pod.started_at is not None),
                default=None,
            )
            if one.updated is not None and one.desired is not None and one.updated < one.desired:
                said = f"{shown} is being rolled out, {one.updated} of {one.desired}: "
                yield EvidenceLine(
                    Topic.CHANGE, (Piece(said, Tone.WARNING), Piece(images)), at=namespace.as_of
                )
            elif newest is not None and newest >= row.since - RECENT:
                said = f"{clock_time(newest, snapshot.at.wall)} newest pod of {shown} started: "
                yield EvidenceLine(Topic.CHANGE, (Piece(said), Piece(images)), at=namespace.as_of)


def _book_line(first: KnownAlert) -> EvidenceLine:
    named = first.alert.runbook
    if named is None:
        return plain(Topic.BOOK, "no runbook", Tone.MUTED)
    return EvidenceLine(
        Topic.BOOK, (Piece(named, Tone.STRONG), Piece(" (the alert names it)", Tone.MUTED))
    )


def _shared_lines(row: Row) -> Iterator[EvidenceLine]:
    for number, (name, value, count) in enumerate(row.shared[:SHARED_SHOWN]):
        yield EvidenceLine(
            Topic.SHARED,
            (
                Piece(Raw(f"{name}=")),
                Piece(value),
                Piece(f" on {count_text(count)} of {count_text(row.count)}", Tone.MUTED),
            ),
            rank=number,
        )


def _storm_lines(row: Row, storm: Storm | None, snapshot: Snapshot) -> Iterator[EvidenceLine]:
    for number, known in enumerate(_oldest(row)):
        yield _alert_line(known, Topic.FIRST, number, snapshot)
    yield from _shared_lines(row)
    for number, suspect in enumerate(storm.suspects[:SHARED_SHOWN] if storm is not None else ()):
        told = (
            f" on {count_text(suspect.inside)} of {count_text(suspect.storm_total)} of the storm,"
            f" {count_text(suspect.outside)} outside"
        )
        yield EvidenceLine(
            Topic.SUSPECT,
            (Piece(Raw(f"{suspect.name}=")), Piece(suspect.value), Piece(told, Tone.MUTED)),
            rank=number,
        )


def _old_lines(row: Row, snapshot: Snapshot) -> Iterator[EvidenceLine]:
    yield plain(Topic.SAYS, row.summary)
    by = (f"{count_text(n)} P{level}" for level, n in enumerate(row.by_priority) if n)
    yield plain(Topic.WORK, f"{row.acked_count} of {row.count} acked; {', '.join(by)}")
    for number, known in enumerate(_oldest(row)):
        yield _alert_line(known, Topic.FIRST, number, snapshot)


def _oldest(row: Row) -> list[KnownAlert]:
    return heapq.nsmallest(FIRST_SHOWN, row.alerts, key=lambda known: known.alert.starts_at)


def _alert_line(known: KnownAlert, topic: Topic, number: int, snapshot: Snapshot) -> EvidenceLine:
    labels = known.alert.labels
    begun = known.alert.starts_at
    when = f"{clock_time(begun, snapshot.at.wall)} "
    if topic is Topic.FIRST and snapshot.at.wall - begun > RECENT:
        when = f"{age_text(snapshot.at.wall - begun)} ago "
    return EvidenceLine(
        topic,
        (
            Piece(when, Tone.MUTED),
            Piece(known.alert.name),
            Piece(" "),
            Piece(labels.value_of("instance") or Raw(known.cell or "")),
        ),
        rank=number,
    )


def _worst_first(cell: Cell) -> tuple[int, bool, str]:
    return (-cell.state.badness, not cell.service.critical, cell.service.name)
