"""A Markdown file as a runbook: whatever is wrong with it, it opens, and its faults are told.

A block that can be run says so: `sh {"name":"restart","oncall.risk":"disruptive"}`. All else,
numbered lists and other blocks of code, is done by a person and ticked off. A block with a
fault is never run.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

import msgspec

from config.fault import Fault
from console.model.runbook import Prose, Role, Runbook, Section
from console.runbook.attributes import read_info
from console.runbook.expect import Expected, expected_of
from console.runbook.front import Front, read_front
from console.runbook.markdown import Block, Code, Heading, Item, blocks_of
from console.runbook.places import MAX_BYTES, MAX_FAULTS, MAX_LINES, MAX_STEPS, SHELLS
from console.runbook.steps import EXPECT, RISK, Draft, finished
from console.safety.text import Raw, visible

_SHOWN: Final = frozenset(
    [
        *("yaml", "yml", "json", "text", "txt", "log", "output", "mermaid", "diff", "ini"),
        *("toml", "xml", "html", "csv", "none", "markdown", "md", "plaintext", "http", "conf"),
    ]
)
"""Languages of what is looked at; a block of any other is something to do."""
_ROLES: Final = {
    **dict.fromkeys(("meaning", "description", "about", "what it means"), Role.MEANING),
    **dict.fromkeys(("impact", "consequences", "severity"), Role.IMPACT),
    **dict.fromkeys(("diagnosis", "diagnose", "investigation", "triage"), Role.DIAGNOSIS),
    **dict.fromkeys(("mitigation", "mitigate", "remediation", "resolution"), Role.MITIGATION),
    **dict.fromkeys(("verify", "verification", "validation"), Role.VERIFY),
    **dict.fromkeys(("rollback", "roll back", "backout", "back out"), Role.ROLLBACK),
    **dict.fromkeys(("escalation", "escalate", "contacts"), Role.ESCALATION),
}
_READ_ONLY: Final = (Role.MEANING, Role.IMPACT)
"""A list below these explains; it is nothing to tick off."""
_DONE: Final = (Role.DIAGNOSIS, Role.MITIGATION, Role.VERIFY, Role.ROLLBACK)
"""Below these even a page without any list says what to do."""
_TASK: Final = re.compile(r"\[[ xX]\][ \t]")
_EXPORT: Final = re.compile(r"[ \t]*export[ \t]+([A-Za-z_][A-Za-z0-9_]*)=", re.MULTILINE)


class Read(msgspec.Struct, frozen=True):
    """A file, read."""

    runbook: Runbook
    faults: tuple[Fault, ...] = ()
    """All that is wrong with its form, in the order of the file."""
    reviewed_line: int = 1
    exported: tuple[str, ...] | None = None
    """What its block `params` sets, for runme; `None`: there is no such block."""
    exported_line: int = 1


def parse(content: bytes, name: str) -> Read:
    """The file `name`.md as a runbook; never raises.

    Args:
        name: the file's name without its ending.
    """
    file = f"{visible(name, cells=100)}.md"
    digest = hashlib.sha256(content).hexdigest()
    text = content.decode("utf-8-sig", "replace").replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    if len(content) > MAX_BYTES or len(lines) > MAX_LINES:
        message = f"expected at most {MAX_BYTES:,} bytes in {MAX_LINES:,} lines"
        runbook = Runbook(name, Raw(name), digest)
        return Read(runbook, (Fault(file, 0, 0, "", message),))
    front = read_front(lines, file)
    reader = _Reader(file, front)
    if "\ufffd" in text:
        at = next(number for number, line in enumerate(lines) if "\ufffd" in line)
        place = (at + 1, lines[at].index("\ufffd") + 1)
        reader.block("expected UTF-8", *place)
    for block in blocks_of(lines[front.body_line - 1 :], front.body_line - 1):
        reader.take(block)
    return reader.read(name, digest)


class _Below:
    """A heading, and what stands below it."""

    def __init__(self, heading: Heading) -> None:
        self.heading = heading
        self.role = _ROLES.get(heading.text.strip().strip(":*_ ").lower(), Role.OTHER)
        self.parts: list[Prose | Draft] = []


class _Reader:
    def __init__(self, file: str, front: Front) -> None:
        self._file = file
        self._front = front
        self._faults = list(front.faults)
        self._sections = [_Below(Heading("", 0, front.body_line))]
        self._expected: list[Expected] = []
        self._is_ours = front.is_ours
        self._exported: tuple[tuple[str, ...], int] | None = None
        self._count = 0
        self._blocked = "the front matter has a fault" if front.faults else ""

    def block(self, why: str, line: int, column: int) -> None:
        """Nothing of this file is run, since it has a fault there."""
        self._blocked = why
        self._fault(line, column, why)

    def take(self, block: Block) -> None:
        """The next block of the page."""
        if isinstance(block, Heading):
            self._sections.append(_Below(block))
        elif isinstance(block, Code):
            self._code(block, None)
        elif isinstance(block, Item):
            self._item(block)
        else:
            self._here.parts.append(Prose(Raw(block.text), block.line))

    def read(self, name: str, digest: str) -> Read:
        """Everything that was taken, as a runbook."""
        for section in self._sections:
            self._settle(section)
        drafts = [part for one in self._sections for part in one.parts if isinstance(part, Draft)]
        known = {param.name: param.type for param in self._front.params}
        steps = finished(drafts, self._expected, known, self._blocked, self._faults, self._file)
        rest = iter(steps)
        sections = tuple(
            Section(
                Raw(one.heading.text),
                one.heading.level,
                one.role,
                one.heading.line,
                tuple(next(rest) if isinstance(part, Draft) else part for part in one.parts),
            )
            for one in self._sections
            if one.heading.level or one.parts
        )
        faults = sorted(self._faults, key=lambda fault: (fault.line, fault.column))[:MAX_FAULTS]
        names, line = self._exported or (None, 1)
        book = self._runbook(name, digest, sections)
        return Read(book, tuple(faults), self._front.reviewed_line, names, line)

    def _runbook(self, name: str, digest: str, sections: tuple[Section, ...]) -> Runbook:
        front = self._front
        first = next((one.title for one in sections if one.level == 1), None)
        return Runbook(
            name,
            first or Raw(front.title or name),
            digest,
            sections,
            front.params,
            Raw(front.owner),
            front.reviewed,
            front.alerts,
            front.matchers,
            front.services,
            self._is_ours,
        )

    @property
    def _here(self) -> _Below:
        return self._sections[-1]

    def _item(self, item: Item) -> None:
        if item.codes:
            # What a list says about a block of code is said of that step.
            before = self._count
            for number, code in enumerate(item.codes):
                self._code(code, item if number == 0 else None)
            if self._count > before:
                return
        task = _TASK.match(item.text)
        role = self._here.role
        if item.text and role not in _READ_ONLY and (item.is_numbered or task or role in _DONE):
            text = item.text[task.end() :] if task is not None else item.text
            self._add(Draft(text.strip(), item.line, item.end_line))
        elif item.text:
            self._here.parts.append(Prose(Raw(item.text), item.line))

    def _code(self, code: Code, item: Item | None) -> None:
        info = read_info(code.info)
        own = any(name.startswith("oncall.") for name, _ in info.attributes)
        self._is_ours = self._is_ours or own
        fault = info.fault or ("" if code.is_closed else "expected the fence to be closed")
        if fault:
            # Behind the fence, which is three characters wide at least.
            self._fault(code.line, 4 + info.column if info.fault else 1, fault)
        expects = info.value_of(EXPECT)
        if expects is not None:
            found = expected_of(code, expects, self._file)
            self._expected.append(found)
            self._faults += found.faults
            return
        if info.value_of("name") == "params" and info.language in (*SHELLS, "zsh", "shell"):
            self._exported = (tuple(_EXPORT.findall(code.text)), code.line)
            return
        risky = info.value_of(RISK) is not None
        if not risky and (info.language in _SHOWN or info.value_of("ignore") == "true"):
            self._here.parts.append(Prose(Raw(_as_written(code)), code.line))
            return
        text = item.text if item is not None else self._said_before(code)
        self._add(Draft(text, code.line, code.end_line, code, info, fault))

    def _said_before(self, code: Code) -> str:
        """The paragraph right above a block: it is the step's."""
        parts = self._here.parts
        last = parts[-1] if parts else None
        if not isinstance(last, Prose) or last.text.exact.startswith(("```", "~~~", "|", "<!--")):
            return ""
        if last.line + last.text.exact.count("\n") + 2 < code.line:
            return ""
        parts.pop()
        return last.text.exact

    def _settle(self, section: _Below) -> None:
        """A section that says what to do in plain text alone is one step."""
        if section.role not in _DONE or any(isinstance(one, Draft) for one in section.parts):
            return
        if section.parts and self._count < MAX_STEPS:
            self._count += 1
            line = section.heading.line
            section.parts.append(Draft(section.heading.text, line, line))

    def _add(self, draft: Draft) -> None:
        self._count += 1
        if self._count <= MAX_STEPS:
            self._here.parts.append(draft)
        elif self._count == MAX_STEPS + 1:
            self._fault(draft.line, 1, f"expected {MAX_STEPS} steps at most")
            self._blocked = f"the file has more than {MAX_STEPS} steps"

    def _fault(self, line: int, column: int, message: str) -> None:
        self._faults.append(Fault(self._file, line, column, "", message))


def _as_written(code: Code) -> str:
    fence = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", code.text)), 0)
    return f"{fence}{code.info}\n{code.text}\n{fence}"
