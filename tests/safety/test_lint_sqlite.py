"""Only `console/history/` opens an SQLite file: one place knows its journal and its locks."""

from __future__ import annotations

import pytest

from tests.safety.lint import caught, findings, named, sources

ALLOWED = ("console/history/*.py",)
RULE = named("sqlite3.connect", "sqlite3.Connection", "sqlite3.dbapi2")


def test_nothing_else_opens_a_database() -> None:
    # Whoever opens one names the module; what does not is not worth parsing.
    naming = [(path, text) for path, text in sources() if "sqlite3" in text]
    assert findings(RULE, ALLOWED, naming) == []
    assert len(naming) > 5


@pytest.mark.parametrize(
    "snippet", ["import sqlite3\nsqlite3.connect('x')", "from sqlite3 import connect\nconnect('x')"]
)
def test_the_lint_can_fail(snippet: str) -> None:
    assert caught(RULE, snippet)
