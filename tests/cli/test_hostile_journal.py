"""Commands on a journal that somebody filled with attacks: none of it reaches the terminal raw."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from unicodedata import category

import pytest
from click.testing import CliRunner

from console.cli.main import oncall as command
from tests.cli.test_audit import OBEYED
from tests.hostile_journal import (
    OWNED,
    change_id,
    evil,
    incident_id,
    write_journal,
    write_settings,
)
from tests.journal.folder import git, is_whole
from tests.soak import trials

pytestmark = pytest.mark.real("git")

READ = (
    ("incident", "list", "--all"),
    ("change", "list", "--all"),
    ("journal", "status"),
    ("journal", "verify"),
    ("journal", "search", OWNED),
    ("handover",),
    ("change", "gate", "--service", "redis"),
)
BY_HAND = tuple(f"INC-20261122-h{number:02x}" for number in range(12))
ODD = ("INC-20261122-big", "INC-20261122-raw", "INC-20261122-lnk", "INC-20261122-fif")


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("hostile")
    write_journal(base / "journal")
    write_settings(base / "settings", base / "journal")
    return base / "settings"


def run(settings: Path, words: Sequence[str], stdin: str = "") -> tuple[int, str]:
    """What the command says to a terminal; every line of it is words."""
    ran = CliRunner().invoke(
        command, list(words), input=stdin, env={"ONCALL_CONFIG": str(settings)}
    )
    assert ran.exception is None or isinstance(ran.exception, SystemExit), ran.exc_info
    shown = ran.stdout + ran.stderr
    obeyed = {one for one in shown.replace("\n", "") if category(one) in OBEYED}
    assert not obeyed, (words, obeyed)
    return ran.exit_code, ran.stdout


@pytest.mark.parametrize("words", READ, ids=" ".join)
def test_what_is_listed_is_words_and_its_json_is_exact(
    settings: Path, words: tuple[str, ...]
) -> None:
    code, text = run(settings, words)
    assert code in (0, 1)
    assert OWNED in text or words[0] == "handover" or words[1] in ("status", "verify")
    code, printed = run(settings, (*words, "--json"))
    assert json.loads(printed)["schema_version"] == 1


def test_a_document_by_any_hand_is_shown_or_refused_in_words(settings: Path) -> None:
    for number in (1, 9)[: trials(usual=1, soak=2)]:
        assert OWNED in run(settings, ("incident", "show", incident_id(number)))[1]
        assert OWNED in run(settings, ("change", "show", change_id(number)))[1]
    for document_id in (*BY_HAND[:: trials(usual=4, soak=1)], *ODD):
        code, _ = run(settings, ("incident", "show", document_id))
        assert code in (0, 2, 4), document_id
    for document_id in ODD[:: trials(usual=2, soak=1)]:
        code, _ = run(settings, ("incident", "mitigate", document_id))
        assert code != 0


def test_what_is_typed_is_written_exactly_and_said_as_words(settings: Path) -> None:
    _, said = run(settings, ("incident", "list", "--json"))
    known = {one["id"] for one in json.loads(said)["incidents"]}
    attacks = [evil(number) for number in (0, 33, 7, 22, 41)[: trials(usual=2, soak=5)]]
    for attack in attacks:
        run(settings, ("incident", "new", "--what", attack, "--where", attack, "--title", attack))
        run(settings, ("incident", "note", incident_id(1), attack))
    _, said = run(settings, ("incident", "list", "--json"))
    fresh = [one for one in json.loads(said)["incidents"] if one["id"] not in known]
    assert len(fresh) == len(attacks)
    folder = settings.parent / "journal"
    assert is_whole(folder)
    subjects = git(folder, "log", f"-{2 * len(attacks)}", "--format=%s")
    assert not {one for one in subjects.replace("\n", "") if category(one) in OBEYED}
