"""Only `console/history/` opens an SQLite file: one place knows its journal and its locks."""

from __future__ import annotations

import pytest

from tests.safety.lint import caught, findings, named, sources

ALLOWED = ("console/history/*.py",)
RULE = named("sqlite3.connect", "sqlite3.Connection", "sqlite3.dbapi2")


def test_nothing_else_opens_a_database() -> None:
    assert findings(RULE, ALLOWED, sources()) == []


@pytest.mark.parametrize(
    "snippet", ["import sqlite3\nsqlite3.connect('x')", "from sqlite3 import connect\nconnect('x')"]
)
def test_the_lint_can_fail(snippet: str) -> None:
    assert caught(RULE, snippet)
