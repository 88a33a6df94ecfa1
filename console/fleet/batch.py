"""What jobs and cron jobs say of themselves: by how their runs ended, not by replicas.

A job that failed says no; one that runs, waits, is suspended or complete is well. A cron job says
no where the newest of its runs that have ended failed, and where a run that was due was never
begun. It is well only where it is known how its last run ended, or that one goes on.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from console.model.probe import Verdict
from console.model.words import clock_time
from console.model.workload import Cron, Pod, Run, RunState, Workload, WorkloadKind
from console.safety.text import visible

REASON_CELLS: Final = 90
NAME_CELLS: Final = 60
PILE: Final = 3
"""So many runs at once of which none ends are no slow run any more."""

Judged = tuple[Verdict, str]


def batch_verdict(one: Workload, at: datetime, trouble: str) -> Judged:
    """What a job or a cron job says of itself, and in which words.

    Args:
        at: when it was told.
        trouble: what is wrong with its newest pod that is not well; empty for nothing.
    """
    if one.kind is WorkloadKind.CRONJOB:
        return _of_cron(one, one.cron or Cron(), at, trouble)
    run = one.runs[0] if one.runs else None
    if run is None:
        return Verdict.NO_ANSWER, "Kubernetes does not tell how far the job is"
    if run.state is RunState.FAILED:
        return Verdict.UNHEALTHY, f"failed {_end_of(run, at, trouble)}"
    if run.state is RunState.COMPLETE:
        return Verdict.HEALTHY, f"complete {_end_of(run, at)}"
    if run.state is RunState.SUSPENDED:
        return Verdict.HEALTHY, "suspended"
    if run.state is RunState.WAITING:
        return Verdict.NO_ANSWER, "no controller has begun it yet"
    return Verdict.HEALTHY, f"runs {_since(run, at, trouble)}"


def telling_pods(one: Workload) -> tuple[Pod, ...]:
    """Its pods that tell of how it is: of a job all, of a cron job those of its newest run."""
    if one.kind is not WorkloadKind.CRONJOB or not one.runs:
        return one.pods or ()
    mine = f"{one.runs[0].name.exact}-"
    return tuple(pod for pod in one.pods or () if pod.name.exact.startswith(mine))


def _of_cron(one: Workload, cron: Cron, at: datetime, trouble: str) -> Judged:
    last = _last_of(one, cron)
    going = [run for run in one.runs or () if run.state is RunState.RUNNING]
    told = list(_circumstances(cron, going, at))
    if last is not None and last.state is RunState.FAILED:
        # What a newer run is at says nothing of why that one failed.
        why = "" if going else trouble
        said = f"{visible(last.name, cells=NAME_CELLS)} failed {_end_of(last, at, why)}"
        return Verdict.UNHEALTHY, ", ".join([said, *_missed(cron, going, at), *told])
    missed = list(_missed(cron, going, at))
    if missed:
        return Verdict.UNHEALTHY, ", ".join([*missed, *told])
    verdict, said = _unfailed(one, cron, going, at, trouble)
    return verdict, ", ".join([said, *told])


def _last_of(one: Workload, cron: Cron) -> Run | None:
    """Its newest run that has ended and is told; `None` where a newer one is known to have ended
    well: how many jobs are kept is set apart for those that fail and those that do not."""
    last = one.last_over
    if last is None or last.state is RunState.COMPLETE or cron.succeeded_at is None:
        return last
    ended = last.ended_at or last.began_at
    return None if ended is not None and cron.succeeded_at > ended else last


def _unfailed(one: Workload, cron: Cron, going: list[Run], at: datetime, trouble: str) -> Judged:
    """Of a cron job of which nothing says no: whether it is known to be well."""
    last, due, succeeded = _last_of(one, cron), cron.due_at, cron.succeeded_at
    if cron.suspended is None:
        return Verdict.NO_ANSWER, "Kubernetes does not tell whether it is suspended"
    if _is_pile(one, cron, going):
        said = f"{max(len(going), cron.active or 0)} runs at once, and none of them ends"
        return Verdict.NO_ANSWER, f"{said}: {trouble}" if trouble else said
    if going or cron.active:
        since = _since(going[0], at, trouble) if going else ""
        return _if_readable(cron, " ".join(filter(None, ["runs", since])))
    if due is None and last is None and succeeded is None:
        return _if_readable(cron, "has not run yet")
    is_newest = due is None or cron.suspended or _is_since(last, due)
    if last is not None and is_newest:
        return _if_readable(cron, f"last run complete {_end_of(last, at)}")
    if succeeded is not None and (due is None or cron.suspended or succeeded >= due):
        return _if_readable(cron, f"last run complete {clock_time(succeeded, at)}")
    if cron.suspended and one.runs is not None:
        return Verdict.HEALTHY, "no run of it is left"
    if one.runs is None or due is None:
        return Verdict.NO_ANSWER, "its jobs are not told, and so not how its last run ended"
    said = f"how its run of {clock_time(due, at)} ended is not known: its job is not there any more"
    return Verdict.NO_ANSWER, said


def _is_pile(one: Workload, cron: Cron, going: list[Run]) -> bool:
    """Whether run is begun upon run, and none has ended since the first of them was."""
    if max(len(going), cron.active or 0) < PILE:
        return False
    since = going[-1].began_at if len(going) >= PILE else cron.due_at
    last = one.last_over
    ends = [cron.succeeded_at, *((last.ended_at, last.began_at) if last is not None else ())]
    ended = max((end for end in ends if end is not None), default=None)
    return ended is None or since is None or ended < since


def _if_readable(cron: Cron, said: str) -> Judged:
    """Well, where it can be told that no run was missed."""
    if cron.missed_after is None and not cron.suspended:
        return Verdict.NO_ANSWER, f"{said}, and when the next is due cannot be told"
    return Verdict.HEALTHY, said


def _missed(cron: Cron, going: list[Run], at: datetime) -> Iterator[str]:
    """That a run was due and has not begun, where that is so."""
    if cron.suspended is not False or cron.missed_after is None or at < cron.missed_after:
        return
    if (cron.active or going) and cron.waits is not False:
        return  # none may begin while one runs
    last = f"none since {clock_time(cron.due_at, at)}" if cron.due_at is not None else "none ever"
    yield f"missed its runs, {last}"


def _circumstances(cron: Cron, going: list[Run], at: datetime) -> Iterator[str]:
    if cron.suspended:
        yield "suspended"
    if len(going) > 1:
        yield f"{len(going)} runs at once, the first since {_time(going[-1].began_at, at)}"
    if cron.schedule is not None:
        yield f"schedule {visible(cron.schedule, cells=40)}"


def _end_of(run: Run, at: datetime, trouble: str = "") -> str:
    if run.ended_at is not None:
        said = clock_time(run.ended_at, at)
    else:
        said = f"(begun {_time(run.began_at, at)})"
    if run.reason is not None:
        said += f": {visible(run.reason, cells=REASON_CELLS)}"
    return f"{said}; {trouble}" if trouble else said


def _since(run: Run, at: datetime, trouble: str) -> str:
    said = f"since {_time(run.began_at, at)}"
    if run.failed_pods:
        said += f", {run.failed_pods} of its pods failed"
    return f"{said}: {trouble}" if trouble else said


def _is_since(run: Run | None, moment: datetime | None) -> bool:
    began = run.began_at if run is not None else None
    return began is not None and moment is not None and began >= moment


def _time(at: datetime | None, now: datetime) -> str:
    return "a time not told" if at is None else clock_time(at, now)


def is_whole(one: Workload, at: datetime) -> bool:
    """Whether nothing says no of a job or a cron job."""
    return batch_verdict(one, at, "")[0] is Verdict.HEALTHY
