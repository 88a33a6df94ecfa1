"""Only `console/safety/` reveals a secret."""

from __future__ import annotations

import pytest

from tests.safety.lint import any_of, caught, findings, named, sources

ALLOWED = ("console/safety/*",)

RULE = any_of(
    lambda use: use.name.rpartition(".")[2] == "reveal",
    named("getpass.getpass"),
)


def test_nothing_else_reveals_a_secret() -> None:
    assert findings(RULE, ALLOWED, sources()) == []


@pytest.mark.parametrize(
    "snippet", ["token.reveal()", "f = source.token.reveal", "from getpass import getpass"]
)
def test_the_lint_can_fail(snippet: str) -> None:
    assert caught(RULE, snippet)
