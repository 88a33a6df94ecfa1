"""Only `console/safety/process` starts programs."""

from __future__ import annotations

import pytest

from tests.safety.lint import any_of, caught, findings, method_called, named, sources

ALLOWED = ("console/safety/process/*.py",)

RULE = any_of(
    named(
        *("subprocess", "multiprocessing", "pty"),
        *("os.system", "os.popen", "os.exec*", "os.spawn*", "os.posix_spawn*", "os.fork*"),
        *("asyncio.create_subprocess_*", "asyncio.subprocess", "os.killpg"),
    ),
    method_called("subprocess_exec", "subprocess_shell"),
)


def test_nothing_else_starts_programs() -> None:
    assert findings(RULE, ALLOWED, sources()) == []


@pytest.mark.parametrize(
    "snippet",
    [
        "import subprocess",
        "from subprocess import run",
        "import os\nos.system('x')",
        "import os\nos.execvp('x', [])",
        "from os import fork",
        "import asyncio\nasyncio.create_subprocess_exec('x')",
        "loop.subprocess_shell(f, 'x')",
    ],
)
def test_the_lint_can_fail(snippet: str) -> None:
    assert caught(RULE, snippet)
