"""What makes a runbook worth trusting at 3 a.m., beyond that it can be read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

import msgspec

from config.durations import duration_text
from config.fault import Fault
from console.model.action import Effect
from console.model.runbook import Role, Section, Step, StepKind
from console.runbook.parse import Read
from console.runbook.shell import unproven
from console.safety.text import visible

REQUIRED: Final = (
    *(Role.MEANING, Role.IMPACT, Role.DIAGNOSIS, Role.MITIGATION, Role.VERIFY, Role.ROLLBACK),
    Role.ESCALATION,
)
_DANGEROUS: Final = (Effect.DISRUPTIVE, Effect.DESTRUCTIVE)


class Finding(msgspec.Struct, frozen=True):
    """One thing that is wrong with one runbook. All its texts are safe to show."""

    file: str
    line: int
    """From 1; 0 where it is the file as a whole."""
    column: int
    rule: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{place}: {self.message} [{self.rule}]"


def lint(read: Read, file: str, today: date, stale_after: timedelta) -> tuple[Finding, ...]:
    """Everything that is wrong with a runbook, in the order of its file.

    A page that was not written for this console, by any `oncall` key, has only to be readable:
    its steps are manual.

    Args:
        file: how its file is named in what is said; safe to show.
    """
    found = [_of(fault, file) for fault in read.faults]
    if read.runbook.is_ours:
        found += (Finding(file, *rest) for rest in _rules(read, today, stale_after))
    return tuple(sorted(found, key=lambda one: (one.line, one.column)))


def is_stale(reviewed: date | None, today: date, stale_after: timedelta) -> bool | None:
    """Whether it was read through too long ago; `None` where it does not say when."""
    return None if reviewed is None else today - reviewed > stale_after


_Rest = tuple[int, int, str, str]


def _of(fault: Fault, file: str) -> Finding:
    said = ": ".join(part for part in (fault.path, fault.message) if part)
    return Finding(file, fault.line, fault.column, "format", said)


def _rules(read: Read, today: date, stale_after: timedelta) -> Iterator[_Rest]:
    book = read.runbook
    yield from _review(read, today, stale_after)
    there = {section.role for section in book.sections}
    for role in REQUIRED:
        if role not in there:
            yield 1, 1, "headings", f"expected a heading {role.capitalize()}"
    if not book.owner.exact.strip():
        yield 1, 1, "owner", "expected oncall.owner: who is asked when it does not help"
    yield from _params(read)
    for section in book.sections:
        for part in section.parts:
            if isinstance(part, Step) and part.effect in _DANGEROUS:
                yield from _dangerous(part, section, book.steps)
            elif isinstance(part, Step) and part.effect is Effect.READ and part.is_runnable:
                why = unproven(part.script.exact) if part.kind is StepKind.COMMAND else ""
                if why:
                    said = f"nobody can tell that it only reads: {why}"
                    yield part.line, 1, "reads", said


def _review(read: Read, today: date, stale_after: timedelta) -> Iterator[_Rest]:
    reviewed = read.runbook.reviewed
    if reviewed is None:
        yield 1, 1, "reviewed", "expected oncall.reviewed: the day when somebody last tried it"
    elif reviewed > today:
        yield read.reviewed_line, 1, "reviewed", f"{reviewed} is still to come"
    elif is_stale(reviewed, today, stale_after):
        limit = duration_text(stale_after)
        said = f"last reviewed {(today - reviewed).days} days ago, expected {limit} at most"
        yield read.reviewed_line, 1, "stale", said


def _params(read: Read) -> Iterator[_Rest]:
    book = read.runbook
    named = {param.name for param in book.params}
    if read.exported is not None:
        for name in sorted(set(read.exported) - named):
            message = f"${visible(name)} is set here, and missing in oncall.params"
            yield read.exported_line, 1, "params", message
        for name in sorted(named - set(read.exported)):
            yield read.exported_line, 1, "params", f"${name} of oncall.params is not set here"
    used = {
        name
        for step in book.steps
        for name in re.findall(r"\$\{?([A-Z][A-Z0-9_]*)", step.command.exact)
    }
    for param in book.params:
        if param.name not in used:
            yield param.line, 1, "params", f"${param.name} is used by no step"


def _dangerous(step: Step, section: Section, steps: tuple[Step, ...]) -> Iterator[_Rest]:
    effect = step.effect
    attributes = dict(step.attributes)
    excluded = attributes.get("excludeFromRunAll")
    if excluded is None or excluded.exact != "true":
        said = f'a {effect} step needs "excludeFromRunAll":"true", or runme runs it with all'
        yield step.line, 1, "exclude", said
    if not step.text.exact.strip():
        said = f"a {effect} step needs a sentence above it: its attributes are not seen"
        yield step.line, 1, "warning", said
    checks = [
        one
        for one in steps
        if one.kind is StepKind.VERIFY and (one.name == step.verify or one.number > step.number)
    ]
    if not checks:
        yield step.line, 1, "verify", f"a {effect} step needs a step below it that verifies"
    if step.rollback == step.name:
        yield step.line, 1, "rollback", "expected another step than itself"
    if not step.rollback and section.role is not Role.ROLLBACK:
        said = f"a {effect} step needs oncall.rollback: the step that takes it back"
        yield step.line, 1, "rollback", said
