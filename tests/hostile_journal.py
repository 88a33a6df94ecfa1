"""A journal that somebody filled with attacks: documents, event files, names of files, drafts."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from console.journal.change_text import CHANGES
from console.journal.incident_text import INCIDENTS
from console.journal.language import Language
from console.journal.timeline import Entry
from console.model.change import (
    Acceptance,
    Approval,
    Change,
    ChangeProse,
    ChangeState,
    Plan,
    Rollback,
    plan_hash,
)
from console.model.event import Event, EventKind
from console.model.freeze import Period
from console.model.incident import ActionItem, Incident, IncidentProse, IncidentState, PostMortem
from console.model.state import Priority
from tests.hostile import ATTACKS
from tests.journal.folder import git

NOW: Final = datetime.now(UTC).replace(microsecond=0)
OWNED: Final = "OWNED-TITLE"
"""Stands in a title, and is shown as plain text."""
_HOUR: Final = timedelta(hours=1)
_EVIL: Final = [one.encode("utf-8", "replace").decode().replace("\x00", "") for one in ATTACKS]
_MARKS: Final = (
    "<!-- oncall:timeline -->\n- x\n<!-- oncall:end timeline -->",
    "## Why <!-- oncall:why -->\n\nnot mine",
    "---\nid: INC-20260101-000\n---",
    "```\n# unclosed",
    "<!-- oncall:end facts -->",
    "![x](http://evil.test/?leak) <img src=x onerror=alert(1)> [a](javascript:alert(1))",
)


def _bomb() -> str:
    """Aliases of aliases: some 10^12 words, were they followed."""
    lines = ["title: &b0 [x, x, x, x, x, x, x, x]"]
    for number in range(12):
        again = ", ".join([f"*b{number}"] * 9)
        lines.append(f"k{number}: &b{number + 1} [{again}]")
    return "\n".join(lines) + "\n"


_HANDS: Final = {
    "duplicates": "title: one\ntitle: two\nstate: open\n",
    "bomb": _bomb(),
    "numbers": "title: numbers\nimpact: {users: 1000000000, failed_requests: 1e9, "
    "budget_percent: 1e308}\n",
    "long-number": f"title: digits\nimpact: {{users: {'9' * 20_000}}}\n",
    "infinite": "title: inf\nimpact: {budget_percent: .inf, users: -.inf}\n",
    "surrogate": 'title: "\\ud800 and \\uDC00"\n',
    "nul": 'title: "a\\0b\\x1b]0;OWNED\\a\\N\\_\\L\\P"\nlead: "\\x9b2J"\n',
    "deep": f"title: deep\nservices: {'[' * 5_000}{']' * 5_000}\n",
    "times": "title: times\nstarted: 0001-01-01T00:00:00+14:00\n"
    "resolved: 9999-12-31T23:59:59-14:00\n",
    "types": "title: {a: b}\nseverity: P9\nstate: over\nservices: 7\nactions: [1, {text: []}]\n",
    "tag": "title: !!python/object/apply:os.system ['id']\n",
    "merge": "title: merged\n<<: {state: closed}\n",
}


def evil(number: int) -> str:
    return _EVIL[number % len(_EVIL)]


def write_journal(folder: Path) -> None:
    """A git repository at `folder`, all of it committed as far as git takes it."""
    for part in ("incidents/2026", "changes/2026", "events/2026-11-22"):
        (folder / part).mkdir(parents=True)
    folder.chmod(0o700)
    git(folder, "init", "-q", "--initial-branch=main")
    for number in range(16):
        _put(folder, f"incidents/2026/{incident_id(number)}-x.md", _incident(number))
        _put(folder, f"changes/2026/{change_id(number)}-x.md", _change(number))
    for number, (name, front) in enumerate(_HANDS.items()):
        one = f"INC-20261122-h{number:02x}"
        _put(folder, f"incidents/2026/{one}-{name}.md", f"---\nid: {one}\n{front}---\n\n# x\n")
        one = f"CHG-20261122-h{number:02x}"
        _put(folder, f"changes/2026/{one}-{name}.md", f"---\nid: {one}\nplan:\n  {front}---\n")
    big = (
        "---\nid: INC-20261122-big\ntitle: big\nstate: open\n---\n\n# big\n\n" + "x y\n" * 2_400_000
    )
    _put(folder, "incidents/2026/INC-20261122-big-big.md", big)
    raw = b"---\nid: INC-20261122-raw\ntitle: \xff\xfe\x1b]0;OWNED\x07\n---\n\x00\x9b2J\n"
    (folder / "incidents/2026/INC-20261122-raw-raw.md").write_bytes(raw)
    for odd in ("INC-20261122-nl1-\n\x1b]0;OWNED\x07.md", "\udcff.md", "-rf.md", "$(id).md"):
        (folder / "incidents/2026" / odd).write_text("---\ntitle: x\n---\n")
    (folder / "incidents/2026/INC-20261122-dir.md").mkdir()
    (folder / "incidents/2026/INC-20261122-lnk.md").symlink_to("/etc/passwd")
    os.mkfifo(folder / "incidents/2026/INC-20261122-fif.md")
    _put(folder, "events/2026-11-22/mei-\n\x1b[2J.jsonl", _events())
    _put(folder, "events/2026-11-22/lin-laptop.jsonl", _events())
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "\x1b]0;OWNED\x07 \u202eevil \x9b2J")


def incident_id(number: int) -> str:
    return f"INC-20261122-e{number:02x}"


def change_id(number: int) -> str:
    return f"CHG-20261122-e{number:02x}"


def write_drafts(state: Path) -> None:
    """Drafts beside each other: hostile ones, broken ones, large ones."""
    folder = state / "drafts"
    folder.mkdir(parents=True, mode=0o700)
    state.chmod(0o700)
    for number in range(8):
        draft = {
            "key": evil(number),
            "kind": "incident" if number % 2 else "change",
            "fields": {"what": f"{evil(number)} {OWNED}", evil(number): "x", "title": evil(number)},
            "saved_at": "2026-11-22T03:14:00Z",
            "title": f"{evil(number)} {OWNED}",
            "document_id": (evil(number), incident_id(1), "")[number % 3],
            "alerts": [evil(number)],
        }
        (folder / f"new-e{number}.json").write_text(json.dumps(draft))
    (folder / "broken.json").write_text('{"key": ' + "[" * 100_000)
    (folder / "torn.json").write_bytes(b'{"key": "\xff\x00')
    (folder / "a\n\x1b]0;OWNED\x07.json").write_text("{}")
    (folder / "future.json").write_text(
        '{"key":"f","kind":"incident","fields":{},"saved_at":"9999-12-31T23:59:59-14:00"}'
    )


def _put(folder: Path, path: str, text: str) -> None:
    (folder / path).write_bytes(text.encode("utf-8", "surrogateescape"))


def _incident(number: int) -> str:
    texts = [evil(5 * number + n) for n in range(5)]
    prose = IncidentProse(
        *(f"{evil(7 * number + n)}\n{_MARKS[(number + n) % len(_MARKS)]}" for n in range(14))
    )
    state = list(IncidentState)[number % len(IncidentState)]
    incident = Incident(
        incident_id(number),
        f"{number} {texts[0]} {OWNED}",
        NOW - 3 * _HOUR,
        state,
        Priority(number % 4) if number % 3 else None,
        (texts[1], "redis"),
        (texts[2],),
        environment=texts[3],
        started=NOW - 4 * _HOUR,
        resolved=NOW - _HOUR
        if state not in (IncidentState.OPEN, IncidentState.MITIGATED)
        else None,
        lead=texts[4],
        reporter=texts[1],
        participants=tuple(texts),
        alerts=(texts[0],),
        changes=(change_id(number),),
        related=(texts[2],),
        post_mortem=PostMortem(attended=(texts[3],)),
        actions=(ActionItem(f"Add {texts[0]}", owner=texts[1], link=texts[2], due=NOW.date()),),
        prose=prose,
    )
    event = Event(NOW - _HOUR, EventKind.NOTE, texts[0], texts[1], texts[2], link=texts[3])
    return INCIDENTS.new(incident, Language.ENGLISH, (Entry(event, texts[4]),)).text


def _change(number: int) -> str:
    texts = [evil(6 * number + n) for n in range(6)]
    plan = Plan(
        template=texts[0],
        services=("redis", texts[1]),
        hosts=(texts[2],),
        environment="hostile",
        steps="\n".join(texts),
        runbook=texts[3],
        version=texts[4],
        expected_alerts=(texts[5],),
        silence=(f"service={texts[0]}", 'alertname="x"'),
        window=Period(NOW - _HOUR, NOW + 5 * _HOUR),
        timezone=texts[1],
        rollback=Rollback(texts[2], _HOUR, texts[3]),
        verification=(texts[4], "[STATUS] == 200"),
        acceptance=Acceptance(texts[5]),
        executor=texts[0],
        reviewer=texts[1],
    )
    change = Change(
        change_id(number),
        f"{number} {texts[0]} {OWNED}",
        texts[1],
        NOW - _HOUR,
        list(ChangeState)[number % len(ChangeState)],
        plan,
        approvals=(Approval(texts[2], NOW, plan_hash(plan), note=texts[3]),),
        incidents=(incident_id(number), texts[4]),
        silence_id=texts[5],
        refused_by=texts[0],
        refused_because=texts[1],
        prose=ChangeProse(*(f"{one}\n{_MARKS[number % len(_MARKS)]}" for one in texts)),
    )
    event = Event(NOW - _HOUR, EventKind.CHANGE, texts[0], texts[1], texts[2], link=texts[3])
    return CHANGES.new(change, Language.ENGLISH, (Entry(event, texts[4]),)).text


def _events() -> str:
    lines = []
    for number, text in enumerate(_EVIL):
        event = {
            "at": f"{NOW - timedelta(minutes=number):%Y-%m-%dT%H:%M:%SZ}",
            "kind": ("note", "incident", "acked", "fired", "storm")[number % 5],
            "subject": text,
            "text": f"{text} {OWNED}",
            "who": text,
            "key": "redis",
            "link": text,
            "documents": [incident_id(number % 16), text],
        }
        lines.append(json.dumps(event))
    lines += ["[" * 200_000, '{"at": 1e400}', "\x00\x1b[2J", '{"at":"9999-12-31T23:59:59-14:00",'
              '"kind":"note","subject":"","text":"late"}', "x" * 600_000]  # fmt: skip
    return "\n".join(lines) + "\n"


def write_settings(folder: Path, journal: Path) -> None:
    """Settings whose texts are no better, on that journal and a source that does not answer."""
    folder.mkdir()
    reason, owner = json.dumps(evil(7)), json.dumps(evil(0))
    (folder / "oncall.yaml").write_text(
        f"""environment: hostile
me: kai
sources: {{prometheus: [{{name: p, url: "http://127.0.0.1:9"}}]}}
journal: {{folder: "{journal}", email: "kai@example.org"}}
changes:
  freezes:
    - name: "[red]{OWNED}[/]"
      owner: {owner}
      reason: {reason}
      services: [redis]
      periods: [{{start: 2020-01-01T00:00:00Z, end: 2099-01-01T00:00:00Z}}]
"""
    )
