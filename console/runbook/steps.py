"""Blocks of code as steps: what they say of themselves, and whether that can be trusted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Final

import msgspec

from config.fault import Fault, meant, quoted
from console.model.action import Effect
from console.model.runbook import STEP_NAME, ParamType, Retry, Step, StepKind
from console.runbook.attributes import Info
from console.runbook.expect import Expected, misplaced, retry_of, timeout_of
from console.runbook.markdown import Code
from console.runbook.places import MAX_COMMAND, SHELLS
from console.runbook.program_text import text_misuse
from console.runbook.shell import (
    Where,
    needed,
    read_fault,
    secret_misuse,
    text_fault,
    unquoted,
    verify_fault,
    where_of,
)
from console.safety.text import Raw

RISK: Final = "oncall.risk"
EXPECT: Final = "oncall.expect"
VERIFY: Final = "verify"
_KNOWN: Final = (
    *(RISK, EXPECT, "oncall.retry", "oncall.timeout", "oncall.rollback", "oncall.verify"),
    "oncall.op",
)
_RISKS: Final = (VERIFY, *(str(each) for each in Effect))
_OP: Final = re.compile(r"[a-z][a-z0-9-]*(?:\.[a-z][a-z0-9-]*)+")
_PROMPT: Final = re.compile(r"^\$ ", re.MULTILINE)
_CONSOLES: Final = ("console", "shell-session", "shellsession", "sh-session")


class Draft(msgspec.Struct, frozen=True):
    """A step as it was met, before the rest of the file is known."""

    text: str
    line: int
    end_line: int
    code: Code | None = None
    info: Info = Info("")
    fault: str = ""
    """What is wrong with its fence."""

    @property
    def risk(self) -> str | None:
        """Its effect class as written; `None` where it has none, so that it is manual."""
        return self.info.value_of(RISK)


def finished(
    drafts: Sequence[Draft],
    expected: Sequence[Expected],
    params: Mapping[str, ParamType],
    blocked: str,
    faults: list[Fault],
    file: str,
) -> tuple[Step, ...]:
    """`drafts` as the steps of one runbook; what is wrong is added to `faults`.

    Args:
        params: what the front matter declares, by name.
        blocked: why nothing of this file is run; empty for nothing.
    """
    return _Finish(drafts, expected, params, blocked, faults, file).steps()


class _Finish:
    def __init__(
        self,
        drafts: Sequence[Draft],
        expected: Sequence[Expected],
        params: Mapping[str, ParamType],
        blocked: str,
        faults: list[Fault],
        file: str,
    ) -> None:
        self._drafts = drafts
        self._params = params
        self._blocked = blocked
        self._faults = faults
        self._file = file
        self._names = self._named()
        self._expected: dict[str, Expected] = {}
        self._twice: set[str] = set()
        known = [name for name in self._names if name]
        for one in expected:
            if one.step not in known:
                hint = meant(one.step, known)
                message = f"expected the name of a step, got {quoted(one.step)}{hint}"
                self._fault(one.line, 1, message)
            elif one.step in self._expected:
                self._fault(one.line, 1, f"{quoted(one.step)} has its conditions already")
                self._twice.add(one.step)
            else:
                self._expected[one.step] = one

    def steps(self) -> tuple[Step, ...]:
        """All of them, in the order of the file."""
        return tuple(self._step(at, draft) for at, draft in enumerate(self._drafts))

    def _named(self) -> list[str]:
        """The name of each draft: as written where that is good and not taken."""
        written = [draft.info.value_of("name") for draft in self._drafts]
        taken = {name for name in written if name}
        names = []
        seen: set[str] = set()
        for at, name in enumerate(written):
            if name and name not in seen and re.fullmatch(STEP_NAME, name):
                names.append(name)
                seen.add(name)
                continue
            made = f"step-{at + 1}"
            while made in taken or made in seen:
                made += "x"
            names.append(made)
            seen.add(made)
        return names

    def _step(self, at: int, draft: Draft) -> Step:
        plain = Step(
            at + 1,
            StepKind.MANUAL,
            self._names[at],
            Raw(draft.text),
            draft.line,
            draft.end_line,
            attributes=tuple((name, Raw(value)) for name, value in draft.info.attributes),
        )
        code = draft.code
        if code is None:
            return plain
        command = code.text
        if draft.info.language in _CONSOLES or draft.risk is None:
            # A page shows prompts; what is copied has none.
            command = _PROMPT.sub("", command)
        plain = msgspec.structs.replace(
            plain,
            command=Raw(command),
            command_line=code.text_line,
            language=Raw(draft.info.language),
        )
        problems = list(self._name_problems(at, draft))
        if draft.risk is None:
            self._tell(draft, (*problems, *self._unknown_keys(draft)))
            return plain
        return self._command(plain, draft, draft.risk, problems)

    def _command(self, plain: Step, draft: Draft, risk: str, problems: list[str]) -> Step:
        if len(plain.command) > MAX_COMMAND:
            refusal = f"expected a command of at most {MAX_COMMAND:,} characters"
            self._tell(draft, (refusal,))
            return msgspec.structs.replace(plain, kind=StepKind.COMMAND, refusal=refusal)
        expected = self._expected.get(plain.name)
        where = where_of(plain.command.exact)
        timed = self._timed(draft, problems)
        problems += self._unknown_keys(draft)
        problems += self._reference_problems(draft)
        problems += _command_problems(plain, risk, where, self._params)
        problems += self._expectation_problems(plain, risk, where, expected)
        self._tell(draft, problems)
        broken = expected is not None and expected.faults
        refusal = (
            self._blocked or draft.fault or (problems[0] if problems else "")
            or ("its conditions have a fault" if broken else "")
        )  # fmt: skip
        effect = Effect.READ if risk == VERIFY else Effect(risk) if risk in _RISKS else None
        return msgspec.structs.replace(
            plain,
            kind=StepKind.VERIFY if risk == VERIFY else StepKind.COMMAND,
            effect=effect,
            on=where.on,
            script=Raw(where.script),
            expect=expected.conditions if expected is not None else (),
            retry=timed[0],
            timeout=timed[1],
            rollback=draft.info.value_of("oncall.rollback") or "",
            verify=draft.info.value_of("oncall.verify") or "",
            op=draft.info.value_of("oncall.op") or "",
            refusal=refusal,
        )

    def _timed(self, draft: Draft, problems: list[str]) -> tuple[Retry | None, timedelta | None]:
        retry_text = draft.info.value_of("oncall.retry")
        timeout_text = draft.info.value_of("oncall.timeout")
        retry = None if retry_text is None else retry_of(retry_text)
        timeout = None if timeout_text is None else timeout_of(timeout_text)
        problems += (one for one in (retry, timeout) if isinstance(one, str))
        if isinstance(retry, Retry) and draft.risk not in (VERIFY, str(Effect.READ)):
            problems.append("expected no retry: only what reads is tried again")
        return (
            retry if isinstance(retry, Retry) else None,
            timeout if isinstance(timeout, timedelta) else None,
        )

    def _name_problems(self, at: int, draft: Draft) -> Iterator[str]:
        written = draft.info.value_of("name")
        if written is None or written == self._names[at]:
            return
        if written in self._names:
            yield f"expected a name of its own, {quoted(written)} is taken"
        else:
            yield f"expected a name of letters, digits, - . and _, got {quoted(written)}"

    def _unknown_keys(self, draft: Draft) -> Iterator[str]:
        for name, _ in draft.info.attributes:
            if name.startswith("oncall.") and name not in _KNOWN:
                yield f"unknown attribute {quoted(name)}{meant(name, _KNOWN)}"

    def _reference_problems(self, draft: Draft) -> Iterator[str]:
        for key in ("oncall.rollback", "oncall.verify"):
            target = draft.info.value_of(key)
            if target is not None and target not in self._names:
                hint = meant(target, self._names)
                yield f"{key}: expected the name of a step, got {quoted(target)}{hint}"
        op = draft.info.value_of("oncall.op")
        if op is not None and _OP.fullmatch(op) is None:
            yield f"oncall.op: expected words with a dot such as service.restart, got {quoted(op)}"

    def _expectation_problems(
        self, plain: Step, risk: str, where: Where, expected: Expected | None
    ) -> Iterator[str]:
        if risk == VERIFY and expected is None:
            block = f'```yaml {{"ignore":"true","{EXPECT}":"{plain.name}"}}'
            yield f"expected conditions for it in a block {block}"
        if plain.name in self._twice:
            yield "expected one block of conditions"
        if expected is not None:
            wrong = misplaced(expected.conditions, where.script)
            if wrong is not None:
                yield f"its command never gives [{wrong.placeholder}], so that this cannot hold"

    def _tell(self, draft: Draft, problems: Sequence[str]) -> None:
        for problem in problems:
            self._fault(draft.line, 1, problem)

    def _fault(self, line: int, column: int, message: str) -> None:
        self._faults.append(Fault(self._file, line, column, "", message))


def _command_problems(
    step: Step, risk: str, where: Where, params: Mapping[str, ParamType]
) -> Iterator[str]:
    command = step.command.exact
    if risk not in _RISKS:
        listed = ", ".join(_RISKS)
        yield f"{RISK}: expected one of {listed}; got {quoted(risk)}{meant(risk, _RISKS)}"
    if step.language.exact not in SHELLS:
        yield f"expected sh or bash behind the fence, got {quoted(step.language.exact)}"
    if not command.strip():
        yield "expected a command"
    fault = text_fault(command) or where.fault
    if fault:
        yield fault
    for name in needed(command):
        if name not in params:
            yield f"{quoted('$' + name)} is not declared: it goes into oncall.params"
    if where.on in params and params[where.on] is not ParamType.HOST:
        yield f"{quoted('$' + where.on)} has to be a parameter of type host"
    bare = next((name for name in unquoted(command) if name in params), None)
    if bare is not None:
        yield f'expected "${bare}" in double quotes'
    script = where.script if not where.fault else command
    why = ""
    if risk == VERIFY:
        why = verify_fault(script)
    elif risk == Effect.READ:
        why = read_fault(script)
    if why:
        yield why
    secrets = frozenset(name for name, kind in params.items() if kind is ParamType.SECRET)
    why = (secret_misuse(script, secrets) if secrets else "") or text_misuse(script, params)
    if why:
        yield why
