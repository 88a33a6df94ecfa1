"""Reports and the daily inspection from the command line: printed, archived, sent, refused."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_papers import Team
from tests.cli.test_papers import listener as listener
from tests.journal.folder import git

SECRET = "x1y2z3w4v5u6"
TODAY = datetime.now(UTC).date()
YESTERDAY = TODAY - timedelta(days=1)
SUMMARY = """
summary:
  inspection:
    items: [{name: backups, text: Daily snapshot}, {name: rbac}]
  objectives:
    - {name: crash rate, value: 0.9, by: mei, below: 0.5}
  webhooks: [{name: chat, kind: json, url: {env: ONCALL_TEST_HOOK}}]
"""


@pytest.fixture
def team(tmp_path: Path, listener: socket.socket) -> Team:
    """With a Prometheus that notices whoever asks it."""
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    found = Team(tmp_path, f'{{prometheus: [{{name: p, url: "{url}"}}]}}')
    found.more = SUMMARY
    return found


@pytest.fixture
def chat(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """What a chat on loopback was sent."""
    got: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == f"/{SECRET}"
            got.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        monkeypatch.setenv("ONCALL_TEST_HOOK", f"http://127.0.0.1:{server.server_port}/{SECRET}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield got
        server.shutdown()
        thread.join()


def _asked(listener: socket.socket) -> bool:
    """Whether somebody has connected."""
    try:
        listener.accept()[0].close()
    except BlockingIOError:
        return False
    return True


def test_a_report_is_all_that_is_printed_and_no_source_is_asked_for_history(
    team: Team, listener: socket.socket
) -> None:
    for words in (
        ("daily", "--date", "yesterday"),
        ("daily", "--no-now"),
        ("week",),
        ("week", "--days", "3", "--end", "yesterday", "--detailed"),
        ("kpi",),
    ):
        said = team.run("report", *words, "--source", "history")
        assert said.stdout.startswith("# ") and said.stderr == ""
    assert not _asked(listener)
    assert not team.folder.exists()


def test_json_has_a_schema_version_and_html_is_one_page(team: Team, tmp_path: Path) -> None:
    told = team.json("report", "week", "--source", "history")
    assert told["schema_version"] == 1
    page = tmp_path / "week.html"
    words = ("report", "week", "--source=history", "--format=html", "-o", str(page))
    said = team.run(*words)
    assert said.stdout == "" and said.stderr == f"written: {page}\n"
    assert page.read_text().lower().startswith("<!doctype html")
    said = team.run(*words[:-1], str(tmp_path / "no" / "such" / "x.html"), exit_code=4)
    assert "such" in said.stderr


def test_a_day_that_is_none_or_has_yet_to_begin_is_refused(team: Team) -> None:
    tomorrow = TODAY + timedelta(days=1)
    for words, said in (
        (("daily", "--date", "2026-13-01"), "expected today, yesterday or a day"),
        (("daily", "--date", "x\x1b[2J"), "expected today, yesterday or a day"),
        (("week", "--end", f"{tomorrow + timedelta(days=1)}"), "expected a day that has begun"),
        (("kpi", "--days", "0"), "0 is not in the range"),
        (("week", "--language", "fr"), "expected en, zh-Hant or zh-Hans"),
        (("week", "--send", "nobody"), "expected one of: chat"),
    ):
        ended = team.run("report", *words, exit_code=2)
        assert said in ended.stderr and ended.stdout == "" and "\x1b" not in ended.stderr


def test_unmeasured_is_no_failure_and_a_gate_can_be_made_of_what_is_missed(team: Team) -> None:
    words = ("report", "week", "--source", "history")
    missed = "`crash rate`: ✗ **missed**, 0.90 %, objective \\< 0.5 % (mei, by hand)"
    assert missed in team.run(*words).stdout
    assert missed in team.run(*words, "--fail-on", "missed", exit_code=1).stdout
    kpi = team.run("report", "kpi", "--source", "history", "--fail-on", "missed").stdout
    assert "0 of 9 key figures measured" in kpi and "missed" not in kpi
    team.more = SUMMARY.replace("value: 0.9", "value: 0.4")
    met = "`crash rate`: ✓ met, 0.40 %, objective \\< 0.5 % (mei, by hand)"
    assert met in team.run(*words, "--fail-on", "missed").stdout
    registry = team.settings("kai") / "services.yaml"
    registry.write_text("services: [{name: shop, type: docker, host: h}]\n")
    lacking = "`shop`: ? not enough data, availability — (not observed) (coverage 0.0 %)"
    assert lacking in team.run(*words, "--fail-on", "missed").stdout
    gated = team.run(*words, "--fail-on", "missed", "--fail-on", "no-data", exit_code=1)
    assert lacking in gated.stdout


def test_kept_is_one_commit_with_its_record_in_the_audit(team: Team) -> None:
    words = ("report", "daily", "--date", "yesterday", "--source", "history", "--keep")
    said = team.run(*words, "--language", "zh-TW")
    assert "is in the journal" in said.stderr or "reports/daily/" in said.stderr
    names = git(team.folder, "show", "--name-only", "--format=").splitlines()
    kept = [one for one in names if one.startswith("reports/")]
    assert len(kept) == 3 and all(f"reports/daily/{YESTERDAY}" in one for one in kept)
    audit = team.run("audit").stdout
    assert "summary.keep" in audit and "done" in audit
    assert f"reports/daily/{YESTERDAY}" in team.run("journal", "search", str(YESTERDAY)).stdout
    team.run("journal", "verify")
    ended = team.run("--read-only", *words, exit_code=4)
    assert "read-only: nothing is changed from here" in ended.stderr
    assert ended.stdout.startswith("# ")


def test_a_report_is_sent_and_its_address_stands_nowhere(
    team: Team, chat: list[dict[str, Any]], tmp_path: Path
) -> None:
    words = ("report", "week", "--source", "history", "--send", "chat")
    said = team.run(*words)
    assert said.stderr.endswith(" was sent to chat\n")
    (sent,) = chat
    assert sent["title"] and "objective" in sent["text"].lower()
    printed = said.stdout + said.stderr + team.run("audit", "--json").stdout
    kept = b"".join(one.read_bytes() for one in tmp_path.rglob("*") if one.is_file())
    assert SECRET not in printed and SECRET.encode() not in kept
    assert "summary.send" in printed
    ended = team.run("--read-only", *words, exit_code=4)
    assert "read-only" in ended.stderr and len(chat) == 1


def test_without_a_record_nothing_is_sent_since_nothing_takes_it_back(
    team: Team, chat: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "state/oncall/night/audit.jsonl").mkdir(parents=True)
    words = ("report", "kpi", "--source", "history", "--send", "chat")
    said = team.run(*words, exit_code=4)
    assert "no record can be written: " in said.stderr and "is a folder" in said.stderr
    assert said.stdout.startswith("# ") and not chat


def test_a_chat_that_is_away_ends_with_4_and_the_report_is_there(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONCALL_TEST_HOOK", f"http://127.0.0.1:1/{SECRET}")
    said = team.run("report", "kpi", "--source", "history", "--send", "chat", exit_code=4)
    assert said.stderr == "nothing was sent: chat: it refused the connection\n"
    assert said.stdout.startswith("# ")


def test_items_are_ticked_shown_and_taken_back(team: Team, listener: socket.socket) -> None:
    assert "2 of 2 left" in team.run("inspection").stdout
    assert not team.folder.exists()
    team.run("inspection", "tick", "backups", "--value", "3", "--note", "all 30\x1b[2J there")
    assert team.run("inspection", "tick", "rbac", "--bad", who="mei").stdout == "rbac: not ok\n"
    shown = team.run("inspection").stdout
    assert "done at" in shown and "[x] backups  Daily snapshot" in shown
    assert "ok, 3, kai" in shown and "[!] rbac" in shown and "\x1b" not in shown
    told = team.json("inspection", "untick", "rbac")
    assert told["outcome"]["ended"] == "done"
    facts = team.json("inspection")
    assert (facts["left"], facts["path"]) == (1, f"reports/inspection/{TODAY}.md")
    assert facts["items"][0]["tick"]["value"] == 3.0
    assert [one.partition(" ")[0] for one in team.commits()[:3]] == ["inspection"] * 3
    assert not _asked(listener)


def test_what_cannot_be_ticked_is_told_and_a_dry_run_writes_nothing(team: Team) -> None:
    said = team.run("inspection", "tick", "coffee", exit_code=4)
    assert "expected one of: backups, rbac" in said.stdout
    said = team.run("inspection", "tick", "backups", "-n", "--date", "yesterday")
    assert said.stdout == f"would write: tick: backups of {YESTERDAY}\n"
    said = team.run("--read-only", "inspection", "tick", "backups", exit_code=4)
    assert "read-only" in said.stdout
    team.run("inspection", "tick", "backups", "--date", "2999-01-01", exit_code=2)
    assert "2 of 2 left" in team.run("inspection").stdout
    assert "2 of 2 not ticked" in team.run("inspection", "--date", "2026-01-01").stdout


def test_a_broken_file_is_told_by_line_and_the_report_goes_on(team: Team) -> None:
    team.run("inspection", "tick", "backups")
    place = team.folder / f"reports/inspection/{TODAY}.md"
    place.write_text(place.read_text().replace("schema: 1", "schema: x"))
    said = team.run("inspection", exit_code=4)
    assert f"{TODAY}.md:2:9: schema" in said.stderr
    shown = team.run("report", "daily", "--no-now", "--source", "history", "--detailed")
    assert f"{TODAY}.md" in shown.stdout
