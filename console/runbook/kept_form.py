"""A run as bytes, for the state folder, and back again. Pure.

The runbook is not in them: it is parsed again from its own file. Neither is the value of any
secret, as no run has one.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import msgspec

from console.model.condition_check import Checked
from console.model.run import Attempt, Filled, Run, StepRun, StepState
from console.model.runbook import ParamType
from console.runbook.parse import parse
from console.safety.text import Raw

SCHEMA: Final = 1
ENDED_MEANWHILE: Final = "the console ended while it ran"
NOT_LEARNT: Final = "the console ended while it ran: its host knows what became of it"
_S = TypeVar("_S", bound=msgspec.Struct)


class Unfit(Exception):  # noqa: N818 - it is named for what the file is
    """No run can be made of that; the text says why, and is not safe to show."""


class _Attempt(msgspec.Struct, frozen=True, omit_defaults=True):
    number: int
    state: StepState
    began: datetime
    who: str
    where: str
    typed: str
    ended: datetime | None = None
    exit_status: int | None = None
    said: str = ""
    checks: tuple[Checked, ...] = ()
    tries: int = 1
    values: tuple[tuple[str, str], ...] = ()
    excerpt: str = ""
    output_bytes: int = 0
    job: str = ""
    host: str = ""
    intent: str = ""
    by: tuple[str, ...] = ()


class _Step(msgspec.Struct, frozen=True, omit_defaults=True):
    name: str
    state: StepState = StepState.PENDING
    attempts: tuple[_Attempt, ...] = ()
    reason: str = ""
    at: datetime | None = None
    who: str = ""


class _Filled(msgspec.Struct, frozen=True, omit_defaults=True):
    name: str
    type: ParamType
    value: Raw | None = None
    is_given: bool = False
    source: str = ""
    fault: str = ""
    resolved: str = ""
    help: Raw = Raw("")


class _Run(msgspec.Struct, frozen=True, omit_defaults=True):
    schema: int
    id: str
    runbook: str
    """Its name."""
    digest: str
    source: str
    began: datetime
    who: str
    console: str
    subject: str = ""
    alert: str = ""
    service: str = ""
    incident: str = ""
    change: str = ""
    params: tuple[_Filled, ...] = ()
    steps: tuple[_Step, ...] = ()
    ended: datetime | None = None
    notes: tuple[str, ...] = ()


def content_of(run: Run, most_bytes: int) -> bytes:
    """`run` as JSON; where that has more than `most_bytes`, without excerpts of output but for
    those of each step's latest attempt."""
    content = _encoded(run)
    if len(content) <= most_bytes:
        return content
    steps = tuple(
        msgspec.structs.replace(
            step,
            attempts=tuple(
                one if one is step.last else msgspec.structs.replace(one, excerpt="")
                for one in step.attempts
            ),
        )
        for step in run.steps
    )
    return _encoded(msgspec.structs.replace(run, steps=steps))


def run_of(kept: bytes, content: bytes, run_id: str) -> tuple[Run, tuple[str, ...]]:
    """The run in `kept`, as the next console has it, and the steps that were running.

    A step that ran is UNKNOWN where its host keeps a marker of it, else it FAILED. A secret has
    to be given anew.

    Args:
        content: the file of its runbook.

    Raises:
        Unfit: either is not what it should be.
    """
    try:
        read = msgspec.json.decode(kept, type=_Run, dec_hook=_decoded)
    except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError) as error:
        raise Unfit(str(error)) from error
    if read.schema != SCHEMA:
        raise Unfit(f"it has the form {read.schema}, and {SCHEMA} is known")
    if read.id != run_id:
        raise Unfit(f"the run {read.id} stands in it")
    if hashlib.sha256(content).hexdigest() != read.digest:
        raise Unfit("its runbook is another one than the one that was run")
    runbook = parse(content, read.runbook).runbook
    steps = tuple(_step(one) for one in read.steps)
    if [one.name for one in steps] != [one.name for one in runbook.steps]:
        raise Unfit("its steps are not those of its runbook")
    run = Run(
        **_values(read, Run)
        | {
            "runbook": runbook,
            "began": _utc(read.began),
            "ended": None if read.ended is None else _utc(read.ended),
            "params": tuple(_filled(one) for one in read.params),
            "steps": tuple(_left(one) for one in steps),
        }
    )
    return run, tuple(one.name for one in steps if one.state is StepState.RUNNING)


def _step(read: _Step) -> StepRun:
    attempts = tuple(
        Attempt(
            **_values(one, Attempt)
            | {
                "began": _utc(one.began),
                "ended": None if one.ended is None else _utc(one.ended),
            }
        )
        for one in read.attempts
    )
    at = None if read.at is None else _utc(read.at)
    return StepRun(**_values(read, StepRun) | {"attempts": attempts, "at": at})


def _left(step: StepRun) -> StepRun:
    """`step` as it stands now that nobody watches it any more."""
    if step.state is not StepState.RUNNING:
        return step
    last = step.last
    state = StepState.UNKNOWN if last is not None and last.job else StepState.FAILED
    said = NOT_LEARNT if state is StepState.UNKNOWN else ENDED_MEANWHILE
    attempts = step.attempts
    if last is not None:
        attempts = (*attempts[:-1], msgspec.structs.replace(last, state=state, said=said))
    return msgspec.structs.replace(step, state=state, attempts=attempts)


def _filled(read: _Filled) -> Filled:
    found = Filled(**_values(read, Filled))
    if found.type is ParamType.SECRET:
        return msgspec.structs.replace(found, value=None, is_given=False, resolved="")
    return found


def _encoded(run: Run) -> bytes:
    kept = _Run(
        **_values(run, _Run)
        | {
            "schema": SCHEMA,
            "runbook": run.runbook.name,
            "digest": run.runbook.digest,
            "params": tuple(_plain(one, _Filled) for one in run.params),
            "steps": tuple(
                _Step(
                    **_values(one, _Step)
                    | {"attempts": tuple(_plain(each, _Attempt) for each in one.attempts)}
                )
                for one in run.steps
            ),
        }
    )
    try:
        return msgspec.json.encode(kept, enc_hook=_encodable)
    except UnicodeEncodeError:  # half of a surrogate pair has no place in a file
        return msgspec.json.encode(_whole(msgspec.to_builtins(kept, enc_hook=_encodable)))


def _plain(one: msgspec.Struct, form: type[_S]) -> _S:
    return form(**_values(one, form))


def _values(one: msgspec.Struct, form: type[msgspec.Struct]) -> dict[str, Any]:
    """The fields that `one` and `form` both have."""
    return {name: getattr(one, name) for name in form.__struct_fields__ if hasattr(one, name)}


def _utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise Unfit("a time has no zone")
    try:
        return at.astimezone(UTC)
    except OverflowError as error:
        raise Unfit(str(error)) from error


def _encodable(value: object) -> object:
    if isinstance(value, Raw):
        return value.exact
    raise NotImplementedError


def _decoded(kind: type, value: object) -> object:
    if kind is Raw and isinstance(value, str):
        return Raw(value)
    raise NotImplementedError


def _whole(value: object) -> object:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {key: _whole(each) for key, each in value.items()}
    return [_whole(each) for each in value] if isinstance(value, list | tuple) else value
