"""Only `console/safety/ssh/` speaks SSH, and nobody anywhere switches off the check of keys."""

from __future__ import annotations

import ast

import pytest

from tests.safety.lint import Use, caught, findings, named, sources

ALLOWED = ("console/safety/ssh/*.py",)
# The embedded fleet answers by SSH: a server, never a client.
SERVES = ("console/demo/*.py",)

SPEAKS = named("asyncssh")


def believes_anybody(use: Use) -> bool:
    if use.call is None:
        return False
    return any(
        keyword.arg == "known_hosts"
        and isinstance(keyword.value, ast.Constant)
        and keyword.value.value is None
        for keyword in use.call.keywords
    )


def test_nothing_else_speaks_ssh() -> None:
    assert findings(SPEAKS, (*ALLOWED, *SERVES), sources()) == []


def test_host_keys_are_checked_everywhere() -> None:
    assert findings(believes_anybody, SERVES, sources()) == []


@pytest.mark.parametrize(
    "snippet",
    ["import asyncssh", "from asyncssh import connect", "from asyncssh.config import SSHConfig"],
)
def test_the_lint_can_fail(snippet: str) -> None:
    assert caught(SPEAKS, snippet)


def test_the_lint_for_host_keys_can_fail() -> None:
    assert caught(believes_anybody, "import asyncssh as a\na.connect('h', known_hosts=None)")
    assert caught(believes_anybody, "options(known_hosts=None)")
    assert not caught(believes_anybody, "options(known_hosts=())")
