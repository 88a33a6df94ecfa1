"""Incidents, changes and the journal from the command line, on real git."""

from __future__ import annotations

import json
import os
import socket
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from unicodedata import category

import pytest
from click.testing import CliRunner

from console.cli.main import oncall as command
from tests.actions.on_servers import fire
from tests.actions.on_servers import running as running_at
from tests.cli.test_alone import loaded_by
from tests.cli.test_audit import OBEYED
from tests.journal.folder import git
from tests.servers import Program, ended, start_alertmanager
from tests.spawn import Ended

NOW: Final = datetime.now(UTC)
PLAN: Final = {
    "title": "Raise the memory of redis",
    "services": "redis",
    "steps": "redis-cli config set maxmemory 2gb",
    "risk_likelihood": "low",
    "risk_impact": "low",
    "start": f"{NOW - timedelta(hours=1):%Y-%m-%d %H:%M}Z",
    "end": "+12h",
    "rollback": "redis-cli config set maxmemory 1gb",
    "rollback_takes": "1m",
    "rollback_trigger": "p95 above 2 s",
    "verification": "[STATUS] == 200",
    "accepts": "mei",
    "executor": "kai",
}
FREEZE: Final = """
changes:
  freezes:
    - name: peak
      owner: ann
      reason: the sale
      services: [redis]
      periods: [{start: 2020-01-01T00:00:00Z, end: 2099-01-01T00:00:00Z}]
"""


class Team:
    """Two people with settings of their own, and one journal."""

    def __init__(self, base: Path, source: str) -> None:
        self.base, self.source = base, source
        self.folder = base / "journal"
        self.more = ""

    def settings(self, who: str, more: str = "") -> Path:
        folder = self.base / who
        folder.mkdir(exist_ok=True)
        (folder / "oncall.yaml").write_text(
            f"environment: night\nme: {who}\nsources: {self.source}\n"
            f'journal: {{folder: "{self.folder}", email: "{{me}}@example.org"{more}}}\n{self.more}'
        )
        return folder

    def run(
        self, *words: str, who: str = "kai", stdin: str = "", exit_code: int = 0, more: str = ""
    ) -> Ended:
        """What the command says; it must end with `exit_code`, and not by a fault of ours."""
        env = {"ONCALL_CONFIG": str(self.settings(who, more))}
        ran = CliRunner().invoke(command, list(words), input=stdin, env=env)
        assert ran.exception is None or isinstance(ran.exception, SystemExit), ran.exc_info
        said = Ended(ran.exit_code, ran.stdout, ran.stderr)
        assert ran.exit_code == exit_code, said
        return said

    def json(self, *words: str, who: str = "kai", exit_code: int = 0) -> Any:
        said = self.run(*words, "--json", who=who, exit_code=exit_code)
        assert said.stdout.isascii()
        printed = json.loads(said.stdout)
        assert printed["schema_version"] == 1
        return printed

    def opened(self, what: str = "redis is down", *words: str) -> str:
        told = self.json("incident", "new", "--what", what, "--where", "redis@data-1", *words)
        assert told["outcome"]["ended"] == "done", told
        found: str = told["document"]
        return found

    def requested(self, *words: str, **fields: str) -> str:
        sets = [f"--set={name}={value}" for name, value in (PLAN | fields).items()]
        told = self.json("change", "new", *sets, *words)
        found: str = told["document"]
        return found

    def approved(self, **fields: str) -> str:
        found = self.requested(**fields)
        self.run("change", "submit", found)
        self.run("change", "approve", found, who="mei")
        return found

    def commits(self) -> list[str]:
        return git(self.folder, "log", "--format=%s").splitlines()

    def text(self, document_id: str) -> str:
        """The document as the last commit has it."""
        (path,) = (one for one in git(self.folder, "ls-files").splitlines() if document_id in one)
        return git(self.folder, "show", f"HEAD:{path}")

    def path(self, document_id: str) -> Path:
        (found,) = self.folder.glob(f"*/*/{document_id}*.md")
        return found


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A source that notices whoever asks it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


@pytest.fixture
def team(tmp_path: Path, listener: socket.socket) -> Team:
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    return Team(tmp_path, f'{{prometheus: [{{name: p, url: "{url}"}}]}}')


# Incidents.


def test_an_incident_from_nothing_to_its_end_by_commands_alone_and_no_source_is_asked(
    team: Team, listener: socket.socket
) -> None:
    told = team.json("incident", "new", "--what", "redis is down", "--where", "redis@data-1")
    one, path = told["document"], Path(told["path"])
    assert path == team.path(one)
    assert one in team.run("incident", "note", "restarted it").stdout
    team.run("incident", "set", one, "why", "-", stdin="it ran out of memory\nat night\n")
    team.run("incident", "set", one.rpartition("-")[2], "severity", "p2")
    team.run(
        *("incident", "update", one, "--conditions", "down", "--actions", "restarting"),
        *("--needs", "none"),
    )
    refused = team.run("incident", "close", one, exit_code=4)
    assert "from there it goes to mitigated, resolved" in refused.stdout
    for verb in ("mitigate", "resolve", "close"):
        team.run("incident", verb, one)
    assert team.run("incident", "list").stdout == "no incident is written down that matches\n"
    (facts,) = team.json("incident", "list", "--all")["incidents"]
    assert (facts["id"], facts["state"], facts["severity"]) == (one, "closed", "P2")
    assert (facts["services"], facts["hosts"], facts["lead"]) == (["redis"], ["data-1"], "kai")
    text = team.text(one)
    assert team.run("incident", "show", one).stdout == f"{text}\n"
    for said in ("it ran out of memory\nat night", "restarted it", "Conditions: down."):
        assert said in text
    assert f"{one} closed: redis is down" in team.commits()
    assert team.commits()[-1].startswith(f"{one} opened")
    exported = team.base / "out.json"
    team.run("incident", "export", one, "--format", "json", "-o", str(exported))
    assert json.loads(exported.read_text())["incident"]["state"] == "closed"
    with pytest.raises(BlockingIOError):
        listener.accept()


def test_a_new_document_is_printed_as_its_id_and_path_and_the_rest_is_narration(team: Team) -> None:
    said = team.run("incident", "new", "--what", "redis is down", "--where", "redis")
    one, path = said.stdout.split()
    assert path == str(team.path(one))
    assert said.stderr == f"{one} opened\n"


def test_a_note_without_an_id_is_for_the_only_incident_that_goes_on(team: Team) -> None:
    nobody = team.run("incident", "note", "hello", exit_code=1)
    assert "no incident goes on now" in nobody.stderr
    assert not team.folder.exists()
    first, second = team.opened(), team.opened("api is slow")
    which = team.run("incident", "note", "hello", exit_code=2).stderr
    assert first in which and second in which and "api is slow" in which
    team.run("incident", "note", first, "hello", "there")
    assert "hello there" in team.text(first) and "hello there" not in team.text(second)
    change = team.requested()
    team.run("incident", "note", change, "talked to ann")
    assert "talked to ann" in team.text(change)


def test_what_is_wrong_with_a_value_is_said_by_its_field_and_nothing_is_written(team: Team) -> None:
    one = team.opened()
    before = team.commits()
    for words, said in {
        ("set", one, "severity", "P9"): "severity: expected one of P0, P1, P2, P3, got P9",
        ("set", one, "started", "soon"): "started: expected 03:14",
        ("set", one, "sevrity", "P1"): "sevrity: expected one of the fields title, what",
        ("new", "--what", "x", "--where", "y", "--set", "lead"): "--set lead: expected FIELD=VALUE",
        ("new", "--what", "x"): "expected --what TEXT and --where SERVICE",
        ("new", "--alert", "/(/"): "--filter",
    }.items():
        ended = team.run("incident", *words, exit_code=2)
        assert (ended.stdout, said in ended.stderr) == ("", True), ended
    wrong = team.run("change", "set", team.requested(), "verification", "ok\n[X] == 1", exit_code=2)
    assert "verification" in wrong.stderr
    assert len(team.commits()) == len(before) + 1
    assert "there is no zzz" in team.run("incident", "show", "zzz", exit_code=1).stderr


@pytest.mark.parametrize("words", [("--dry-run",), ()])
def test_a_dry_run_and_read_only_make_no_journal_and_write_nothing(
    team: Team, words: tuple[str, ...]
) -> None:
    new = ("incident", "new", "--what", "redis is down", "--where", "redis")
    outer = () if words else ("--read-only",)
    said = team.run(*outer, *new, *words, exit_code=0 if words else 4).stdout
    assert said.startswith("would write: new incident redis is down" if words else "read-only:")
    assert not team.folder.exists()
    one = team.opened()
    before = team.commits()
    said = team.run(*outer, "incident", "close", one, *words, exit_code=4).stdout
    assert ("it would be refused: it is open" if words else "read-only") in said
    assert team.commits() == before


def test_a_hostile_title_reaches_no_terminal_as_it_is(team: Team) -> None:
    for attack in ("\x1b]0;OWNED\x07 title", "\u202edetrevni", "`$(id)` [/] <b>"):
        team.opened(attack)
    for words in (("list",), ("note", "x")):
        said = team.run("incident", *words, exit_code=0 if words == ("list",) else 2)
        shown = (said.stdout + said.stderr).replace("\n", "")
        assert not [one for one in shown if category(one) in OBEYED]
        assert "^[]0;OWNED^G title" in shown
    found = team.run("journal", "search", "OWNED").stdout.replace("\n", "")
    assert not [one for one in found if category(one) in OBEYED]


def test_files_are_archived_beside_the_document_all_or_none(team: Team) -> None:
    one = team.opened()
    (team.base / "top.txt").write_text("load 40")
    missing = str(team.base / "none.txt")
    refused = team.run("incident", "attach", one, str(team.base / "top.txt"), missing, exit_code=4)
    assert "none.txt" in refused.stdout
    team.run("incident", "attach", one, str(team.base / "top.txt"))
    assert git(team.folder, "show", f"HEAD:incidents/{one[4:8]}/{one}/top.txt") == "load 40"


# Changes.


def test_an_approval_by_the_author_a_start_too_early_and_an_edit_are_refused_in_words(
    team: Team,
) -> None:
    one = team.requested(start=f"{NOW + timedelta(days=2):%Y-%m-%d %H:%M}Z")
    lacking = team.requested(rollback="")
    assert "say how it is rolled back" in team.run("change", "submit", lacking, exit_code=4).stdout
    team.run("change", "submit", one)
    mine = team.run("change", "approve", one, exit_code=4)
    assert "kai is its author; somebody else approves it" in mine.stdout
    team.run("change", "approve", one, "--note", "fine", who="mei")
    early = team.run("change", "start", one, exit_code=4)
    assert "its window has not begun" in early.stdout
    team.run("change", "set", one, "notes", "ann knows of it")
    assert "state: approved" in team.text(one)
    team.run("change", "set", one, "steps", "reboot")
    assert "state: submitted" in team.text(one)
    (facts,) = (each for each in team.json("change", "list")["changes"] if each["id"] == one)
    assert (facts["state"], facts["approved_by"], facts["may_start"]) == ("submitted", [], False)


def test_a_change_from_its_request_to_its_end_by_two_people(team: Team) -> None:
    one = team.approved()
    team.run("change", "start", one)
    team.run("change", "verify", one)
    assert "mei accepts it" in team.run("change", "accept", one, exit_code=4).stdout
    team.run("change", "accept", one, who="mei")
    team.run("change", "close", one)
    authors = set(git(team.folder, "log", "--format=%ae").splitlines())
    assert authors == {"kai@example.org", "mei@example.org"}
    undone = team.approved()
    team.run("change", "start", undone)
    assert team.run("change", "rollback", undone, exit_code=2).stdout == ""
    team.run("change", "rollback", undone, "--because", "p95 rose")
    assert 'state: "rolled back"' in team.text(undone)


def test_a_new_change_from_an_exported_one_has_its_plan_and_nobodys_approval(team: Team) -> None:
    one, exported = team.approved(), team.base / "old.md"
    team.run("change", "export", one, "-o", str(exported))
    told = team.json("change", "new", "--from", str(exported), "--set", "title=once more")
    text = team.text(told["document"])
    assert told["document"] != one
    assert "state: draft" in text and "maxmemory 2gb" in text and "mei@" not in text
    assert "approvals: []" in text
    by_hand = team.base / "hand.md"
    by_hand.write_text("---\nplan: {services: [api], steps: reboot}\n---\n\n# a reboot\n")
    untitled = team.run("change", "new", "--from", str(by_hand), exit_code=2)
    assert "title: expected" in untitled.stderr
    team.run("change", "new", "--from", str(by_hand), "--set", "title=reboot", "--dry-run")
    by_hand.write_text("---\nplan: {services: 7}\n---\n")
    assert "hand.md:2:" in team.run("change", "new", "--from", str(by_hand), exit_code=2).stderr


# The gate.


def test_the_gate_is_open_by_the_calendar_and_closed_by_a_freeze_with_its_reason(
    team: Team,
) -> None:
    assert team.run("change", "gate", "--service", "redis").stdout.startswith("open: redis")
    team.more = FREEZE
    closed = team.run("change", "gate", "--service", "redis", exit_code=1).stdout
    assert "the hard freeze peak is in force until 2099-01-01 00:00 UTC: the sale" in closed
    told = team.json("change", "gate", "--service", "redis", exit_code=1)
    assert (told["open"], told["opens"]) == (False, "2099-01-01T00:00:00Z")
    assert team.json("change", "gate", "--service", "api")["open"] is True


def test_the_gate_lets_an_approved_change_through_that_is_excepted_from_the_freeze(
    team: Team,
) -> None:
    team.more = FREEZE
    one = team.approved()
    gate = ("change", "gate", "--service", "redis")
    why = team.run(*gate, exit_code=1).stdout
    assert f"{one}: the hard freeze peak" in why
    mine = team.run("change", "except", one, "--freeze", "peak", "--why", "now", exit_code=4)
    assert "kai is its author; somebody else allows it" in mine.stdout
    team.run("change", "except", one, "--freeze", "peak", "--why", "now", who="mei")
    assert team.json(*gate)["change"] == one
    assert team.run("change", "gate", "--change", one).exit_code == 0
    # Another environment, another service, or another plan is none that was agreed to.
    team.run(*gate, "--environment", "prod", exit_code=1)
    team.run("change", "gate", "--change", one, "--service", "api", exit_code=1)
    team.run("change", "start", one)
    team.run(*gate)
    path = team.path(one)
    path.write_text(path.read_text().replace("maxmemory 2gb", "maxmemory 3gb", 1))
    again = team.run(*gate, exit_code=1).stdout
    assert "its plan was edited after the approval" in again
    path.write_text(path.read_text().replace("state: in progress", "state: approved\nstate: x", 1))
    team.run(*gate, exit_code=1)
    team.run("change", "gate", "--change", "CHG-20260101-zzz", exit_code=1)


def test_what_cannot_be_judged_is_never_open(team: Team) -> None:
    team.run("change", "gate", exit_code=2)
    settings = team.settings("kai")
    (settings / "services.yaml").write_text(
        "hosts: [{name: data-1, address: 127.0.0.1}]\n"
        "services: [{name: redis, type: docker, host: data-1}]\n"
    )
    typo = team.run("change", "gate", "--service", "rediss", exit_code=2)
    assert "expected a service of services.yaml" in typo.stderr
    team.run("change", "gate", "--service", "redis")
    team.opened()
    head = team.folder / ".git" / "HEAD"
    kept = head.read_bytes()
    head.write_bytes(b"garbage\n")
    torn = team.run("change", "gate", "--service", "redis", exit_code=4)
    assert (torn.stdout, "the journal cannot be read" in torn.stderr) == ("", True)
    head.write_bytes(kept)
    team.more = "changes: {freezes: [{name: x, level: medium}]}\n"
    team.run("change", "gate", "--service", "redis", exit_code=2)


# The journal.


def test_searching_finds_a_line_whatever_its_case_and_width_and_needs_no_http_client(
    team: Team,
) -> None:
    one = team.opened("支付服務 timeout")
    found = team.json("journal", "search", "ＴＩＭＥＯＵＴ")["found"]
    assert one in {each["document"] for each in found}
    assert one in team.run("journal", "search", "支付").stdout
    assert team.run("journal", "search", "no such words", exit_code=1).stdout
    folder = str(team.settings("kai"))
    assert "httpx" not in loaded_by("journal", "search", "timeout", "--config", folder)


def test_sync_tells_by_its_exit_code_whether_both_are_the_same(team: Team) -> None:
    remote = ", remote: {}"
    one = team.opened()
    assert team.run("journal", "sync", exit_code=2).stdout == ""
    assert team.run("journal", "sync", more=remote, exit_code=3).stdout.startswith("journal off")
    there = team.base / "there.git"
    git(team.base, "init", "-q", "--bare", "--initial-branch=main", str(there))
    git(team.folder, "remote", "add", "origin", str(there))
    assert team.run("journal", "sync", more=remote).stdout == "journal pushed\n"
    assert git(there, "log", "--format=%s", "main").splitlines() == team.commits()
    team.opened("api is slow")
    assert "1 commit that" in team.run("journal", "status", more=remote).stdout.replace("s ", " ")
    clone = team.base / "clone"
    git(team.base, "clone", "-q", str(there), str(clone))
    git(clone, "commit", "-q", "--allow-empty", "-m", "somebody else")
    git(clone, "push", "-q")
    assert team.run("journal", "sync", more=remote).stdout == "journal pushed\n"
    git(clone, "pull", "-q")
    (clone / team.path(one).relative_to(team.folder)).write_text("somebody else")
    git(clone, "commit", "-q", "-a", "-m", "somebody else")
    git(clone, "push", "-q")
    team.run("incident", "set", one, "lead", "mei")
    apart = team.run("journal", "sync", more=remote, exit_code=4).stdout
    assert apart.startswith("journal diverged") and "git pull --no-rebase" in apart


def test_verify_names_what_is_broken_uncommitted_or_torn(team: Team) -> None:
    assert team.run("journal", "verify").stdout.startswith("there is no journal yet")
    one = team.opened()
    assert team.run("journal", "verify").stdout.startswith("OK  1 document\n")
    path = team.path(one)
    good = path.read_text()
    path.write_text(good.replace("severity:", "severity: P7"))
    found = team.json("journal", "verify", exit_code=1)
    assert (found["ok"], len(found["faults"]), len(found["uncommitted"])) == (False, 1, 1)
    assert found["faults"][0].startswith(f"{path.name}:6:11: ")
    listed = team.json("incident", "list")["incidents"]
    assert [len(each["faults"]) for each in listed] == [1]
    assert "has to be mended" in team.run("incident", "set", one, "lead", "x", exit_code=4).stderr
    path.write_text("no front matter")
    said = team.run("incident", "list").stderr
    assert said == (
        "1 file of the journal is no document: oncall journal verify tells which and why\n"
    )
    path.write_text(good)
    team.run("journal", "verify")
    blob = git(team.folder, "rev-parse", f"HEAD:{path.relative_to(team.folder)}")
    torn = team.folder / ".git" / "objects" / blob[:2] / blob[2:]
    torn.chmod(stat.S_IRUSR | stat.S_IWUSR)
    torn.write_bytes(b"x")
    assert team.json("journal", "verify", exit_code=1)["repository"]


def test_verify_finds_that_the_audit_behind_a_commit_is_gone(team: Team) -> None:
    host = socket.gethostname()
    team.more = "me: kai\n"
    team.more = ""
    settings = team.settings("kai")
    text = (settings / "oncall.yaml").read_text().replace("example.org", host)
    (settings / "oncall.yaml").write_text(text)

    def run(*words: str) -> tuple[int, str]:
        ran = CliRunner().invoke(command, [*words, "--config", str(settings)])
        return ran.exit_code, ran.output

    run("incident", "new", "--what", "redis is down", "--where", "redis")
    assert run("journal", "verify") == (
        0,
        "OK  1 document\n1 commit compared with the audit here, 0 of other audits\n",
    )
    (audit,) = Path(os.environ["XDG_STATE_HOME"]).glob("oncall/night/audit.jsonl")
    lines = audit.read_bytes().splitlines(keepends=True)
    audit.write_bytes(lines[0].replace(b"redis is down", b"redis is well"))
    code, said = run("journal", "verify")
    assert code == 1 and "which is gone" in said


def test_status_says_how_it_stands_also_where_nothing_can_be_written(team: Team) -> None:
    assert team.json("journal", "status")["state"] == "none"
    assert not team.folder.exists()
    one = team.opened("redis is down", "--severity", "P1")
    team.run("incident", "resolve", one)
    told = team.json("journal", "status")
    assert (told["state"], told["incidents"]) == ("kept", {"resolved": 1})
    assert told["last_commit"]["subject"].startswith(f"{one} resolved")
    assert [each["kind"] for each in told["owed"]] == ["post-mortem"]
    (team.folder / ".git" / "HEAD").write_bytes(b"garbage\n")
    torn = team.json("journal", "status", exit_code=4)
    assert torn["state"] == "fault" and torn["cause"] and torn["remedy"]


# With an Alertmanager.


@pytest.fixture
def am(tmp_path: Path) -> Iterator[Program]:
    with ended(start_alertmanager(tmp_path / "am")) as (program,):
        fire(
            program.url,
            {"alertname": "ServiceDown", "service": "redis", "severity": "critical"},
            {"alertname": "DiskFull", "severity": "warning"},
        )
        yield program


@pytest.mark.real("prometheus-alertmanager")
def test_an_incident_from_an_alert_and_a_change_with_its_silence(
    tmp_path: Path, am: Program
) -> None:
    team = Team(tmp_path, f'{{alertmanager: [{{name: am, members: ["{am.url}"]}}]}}')
    none = team.run("incident", "new", "--alert", "NoSuchAlert", exit_code=1)
    assert "no alert matches" in none.stderr
    told = team.json("incident", "new", "--alert", "ServiceDown", "--where", "redis")
    (facts,) = team.json("incident", "list")["incidents"]
    assert (facts["id"], len(facts["alerts"]), facts["services"]) == (
        told["document"],
        1,
        ["redis"],
    )
    assert facts["title"].startswith("ServiceDown") and facts["started"] is not None
    again = team.run("incident", "new", "--alert", "ServiceDown", "--where", "redis", exit_code=4)
    assert f"there is one for it already: {told['document']}" in again.stdout

    one = team.approved(silence='alertname="DiskFull"')
    team.run("change", "start", one)
    (silence,) = running_at(am.url)
    assert silence["matchers"][0]["value"] == "DiskFull" and one in silence["comment"]
    team.run("change", "rollback", one, "--because", "p95 rose")
    assert running_at(am.url) == []
    quiet = team.approved(silence='alertname="DiskFull"')
    team.run("change", "start", quiet, "--no-silence")
    assert running_at(am.url) == []
