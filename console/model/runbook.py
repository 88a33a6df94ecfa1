"""Runbooks as they are read from Markdown: sections, steps, parameters, expectations."""

from __future__ import annotations

import enum
from datetime import date, timedelta
from typing import Final

import msgspec

from console.model.action import Effect
from console.model.condition import Condition
from console.model.labels import Matcher
from console.safety.text import Raw

PARAM_NAME: Final = r"[A-Z][A-Z0-9_]{0,63}"
"""A parameter is a variable of the shell, in capitals; so it is told from the shell's own."""
STEP_NAME: Final = r"[A-Za-z0-9](?:[A-Za-z0-9_-]|\.(?=[A-Za-z0-9_-])){0,63}"


class StepKind(enum.StrEnum):
    COMMAND = "command"
    """Can be run from here."""
    VERIFY = "verify"
    """Reads, and is judged by conditions."""
    MANUAL = "manual"
    """Done by a person and ticked off; a command in it is only copied."""


class Role(enum.StrEnum):
    """What a heading is for, by its word."""

    MEANING = "meaning"
    IMPACT = "impact"
    DIAGNOSIS = "diagnosis"
    MITIGATION = "mitigation"
    VERIFY = "verify"
    ROLLBACK = "rollback"
    ESCALATION = "escalation"
    OTHER = "other"


class ParamType(enum.StrEnum):
    HOST = "host"
    """A host of the registry, by its name; nothing else is taken."""
    SERVICE = "service"
    """A service of the registry, by its name; nothing else is taken."""
    URL = "url"
    INT = "int"
    DURATION = "duration"
    NAME = "name"
    """One word, as pods, units and queues have: letters, digits, `.`, `_`, `-`, `:`, `@`, `/`;
    none of the signs first."""
    TEXT = "text"
    """Anything on one line. Only a person gives it, never a label."""
    CHOICE = "choice"
    SECRET = "secret"
    """Given by a person, handed over by stdin, shown nowhere."""


class Origin(enum.StrEnum):
    """Where a parameter's first value comes from."""

    LABEL = "label"
    REGISTRY = "registry"
    PERSON = "person"


class Param(msgspec.Struct, frozen=True):
    """One value that the steps need, as `"$NAME"`."""

    name: str
    type: ParamType
    origin: Origin = Origin.PERSON
    key: str = ""
    """Which label, or which fact of the registry; empty where a person gives it."""
    default: Raw | None = None
    """`None`: there is none."""
    choices: tuple[Raw, ...] = ()
    """Of a CHOICE: all that it may be."""
    help: Raw = Raw("")
    line: int = 0
    """In the file; from 1, 0 where it is not known."""


class Retry(msgspec.Struct, frozen=True):
    """How often a step is tried, and how long is waited between two tries."""

    times: int
    wait: timedelta


class Step(msgspec.Struct, frozen=True):
    """One thing to do."""

    number: int
    """From 1, in the order of the file."""
    kind: StepKind
    name: str
    """Unique in its runbook: as written, else `step-3`."""
    text: Raw
    """What is said about it, as Markdown: the list's item, or the paragraph before the block."""
    line: int
    """Of its first line in the file, from 1; of a block, the one with the fence."""
    end_line: int
    effect: Effect | None = None
    """`None`: nobody declared it, so that it is not run from here."""
    command: Raw = Raw("")
    """The exact text of the block, without a line break at its end; empty where there is none."""
    command_line: int = 0
    """Where the command's first line stands."""
    language: Raw = Raw("")
    """The first word behind the fence."""
    attributes: tuple[tuple[str, Raw], ...] = ()
    """As written, unknown ones too."""
    on: str = ""
    """The parameter that names the host where it runs; empty: where the console runs."""
    script: Raw = Raw("")
    """What is run there: the command, without its `ssh "$HOST" --`."""
    expect: tuple[Condition, ...] = ()
    """All of them have to hold."""
    retry: Retry | None = None
    timeout: timedelta | None = None
    """`None`: it does not say."""
    rollback: str = ""
    """The step that takes it back."""
    verify: str = ""
    """The step that shows whether it worked; empty: the next one that verifies."""
    op: str = ""
    """What it does, by the console's own name: `service.restart`."""
    refusal: str = ""
    """Why it is not run though it says that it can be: a sentence; empty for nothing. Safe to
    show."""

    @property
    def is_runnable(self) -> bool:
        """Whether it may be run from here at all."""
        return self.kind is not StepKind.MANUAL and not self.refusal


class Prose(msgspec.Struct, frozen=True):
    """What is read, not done."""

    text: Raw
    """Markdown, line by line as it stands in the file."""
    line: int


Part = Prose | Step


class Section(msgspec.Struct, frozen=True):
    """A heading and what stands below it, up to the next one."""

    title: Raw
    """Empty for what stands above the first heading."""
    level: int
    """1 to 6; 0 above the first heading."""
    role: Role
    line: int
    parts: tuple[Part, ...] = ()


class Runbook(msgspec.Struct, frozen=True):
    """One file, read. Whatever was wrong with it, it can be read and ticked off."""

    name: str
    """Its file's name without the ending; unique in a library. Not safe to show."""
    title: Raw
    digest: str
    """SHA-256 of the file's bytes, in hexadecimal: another one is another runbook."""
    sections: tuple[Section, ...] = ()
    params: tuple[Param, ...] = ()
    owner: Raw = Raw("")
    reviewed: date | None = None
    """The day when somebody last read it through; `None`: it does not say."""
    alerts: tuple[str, ...] = ()
    """Names of the alerts that it is for."""
    matchers: tuple[Matcher, ...] = ()
    """All of which hold for the alerts that it is for."""
    services: tuple[str, ...] = ()
    is_ours: bool = False
    """Written for this console: it has `oncall` front matter or an `oncall.` attribute."""

    @property
    def steps(self) -> tuple[Step, ...]:
        """All of them, in the order of the file."""
        return tuple(
            part for section in self.sections for part in section.parts if isinstance(part, Step)
        )

    def step(self, name: str) -> Step | None:
        """The step of that name."""
        return next((step for step in self.steps if step.name == name), None)

    def param(self, name: str) -> Param | None:
        """The parameter of that name."""
        return next((param for param in self.params if param.name == name), None)
