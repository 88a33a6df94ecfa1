"""What a step has to come to: `5x3s`, and the visible block of conditions."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

import msgspec

from config.durations import duration_of
from config.fault import Fault, quoted
from config.yaml_nodes import Scalar, Sequence, read
from console.model.condition import Condition, Placeholder
from console.model.condition_parse import parse_block
from console.model.runbook import Retry
from console.runbook.markdown import Code
from console.runbook.shell import is_curl

MOST_TIMES: Final = 100
LONGEST_WAIT: Final = timedelta(minutes=10)
LONGEST_TIMEOUT: Final = timedelta(hours=4)
_RETRY: Final = re.compile(r"([0-9]{1,4})x([0-9a-z]{1,12})", re.ASCII)
_BY_CURL: Final = frozenset(Placeholder) - {Placeholder.STDOUT}
_BY_COMMAND: Final = frozenset(
    [Placeholder.EXIT, Placeholder.STDOUT, Placeholder.STDERR, Placeholder.RESPONSE_TIME]
)


class Expected(msgspec.Struct, frozen=True):
    """One block of conditions."""

    step: str
    """The step that it is about, as written."""
    line: int
    conditions: tuple[Condition, ...] = ()
    lines: tuple[int, ...] = ()
    """Where each condition stands."""
    faults: tuple[Fault, ...] = ()


def retry_of(written: str) -> Retry | str:
    """`5x3s`: five times with three seconds between them; else what was expected."""
    found = _RETRY.fullmatch(written)
    wait = duration_of(found[2]) if found is not None else None
    if found is None or wait is None or not 1 <= int(found[1]) <= MOST_TIMES or wait > LONGEST_WAIT:
        return f"expected tries and a wait such as 5x3s ({MOST_TIMES}x10m at most), got {quoted(written)}"  # fmt: skip # noqa: E501
    return Retry(int(found[1]), wait)


def timeout_of(written: str) -> timedelta | str:
    """A step's deadline; else what was expected."""
    found = duration_of(written)
    if found is None or not timedelta(seconds=1) <= found <= LONGEST_TIMEOUT:
        return f"expected a duration from 1s to 4h, got {quoted(written)}"
    return found


def expected_of(code: Code, step: str, file: str) -> Expected:
    """The conditions that stand in `code`, or every fault in them."""
    # The list gets a key, since a document of the strict reader begins with one.
    below = code.text.replace("\n", "\n ")
    root = read(f"expect:\n {below}".encode("utf-8", "replace"), file)
    above = code.text_line - 2
    if isinstance(root, tuple):
        faults = (
            msgspec.structs.replace(
                one,
                line=max(one.line + above, code.line),
                column=max(one.column - 1, 1),
                message=f'{one.message}; conditions stand in quotes: - "[STATUS] == 200"',
            )
            for one in root
        )
        return Expected(step, code.line, faults=tuple(faults))
    node = root.value_of("expect")
    if not isinstance(node, Sequence) or not all(isinstance(one, Scalar) for one in node.items):
        message = 'expected a list of conditions: - "[STATUS] == 200"'
        return Expected(step, code.line, faults=(Fault(file, code.line, 1, "", message),))
    items = [one for one in node.items if isinstance(one, Scalar)]
    block = parse_block(one.text for one in items)
    found = []
    for fault in block.faults:
        at = items[fault.line] if fault.line >= 0 else None
        line = at.line + above if at is not None else code.line
        column = at.column + (not at.plain) + fault.column - 2 if at is not None else 1
        found.append(Fault(file, line, column, "", fault.expected))
    lines = tuple(one.line + above for one in items)
    return Expected(step, code.line, block.conditions, lines, tuple(found))


def misplaced(conditions: tuple[Condition, ...], script: str) -> Condition | None:
    """The first condition that can never hold, since `script` gives no such thing."""
    known = _BY_CURL if is_curl(script) else _BY_COMMAND
    return next((one for one in conditions if one.placeholder not in known), None)
