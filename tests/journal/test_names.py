"""Ids, paths and authors: unique, and safe whatever somebody has typed."""

from __future__ import annotations

import os
import re
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.people import Person
from config.schema import Journal, Settings
from config.validate import Checked
from config.yaml_nodes import read
from console.journal.author import author_of
from console.journal.ids import ID, Kind, new_id, slug
from console.journal.places import (
    any_path_fault,
    attachments_folder,
    daily_report_path,
    document_path,
    events_path,
    home_of,
    id_of,
    observation_report_path,
    path_fault,
)
from console.model.run import RUN_ID
from tests.journal.folder import NOON, opened, saved

HOSTILE = (
    *(
        "../../etc/passwd",
        "/etc/passwd",
        ".git/hooks/post-commit",
        "-rf",
        "--help",
        "",
        "...",
        "\0",
    ),
    *("a\nb", "CON", "\u202egnp.exe", "x" * 5_000, "redis 停了", "ＲＥＤＩＳ", "é" * 100, "🔥🔥"),
    *("$(id)", "; rm -rf /", "a/b\\c", "\x1b]0;x\a", "x.lock", "\udc80"),
)


def test_an_id_tells_kind_and_utc_day() -> None:
    taipei = datetime(2026, 11, 23, 3, tzinfo=timezone(timedelta(hours=8)))
    found = new_id(Kind.INCIDENT, taipei, ())
    assert re.fullmatch(r"INC-20261122-[0-9a-z]{3}", found)
    assert ID.fullmatch(found)


def test_an_id_is_never_one_that_is_taken() -> None:
    taken: set[str] = set()
    for _ in range(3_000):
        found = new_id(Kind.CHANGE, NOON, taken)
        assert found not in taken
        taken.add(found)


def test_a_day_on_which_all_short_ids_are_taken_gets_longer_ones() -> None:
    class Short:
        def __contains__(self, one: object) -> bool:
            return len(str(one)) < len("INC-20261122-0000")

    assert re.fullmatch(r"INC-20261122-[0-9a-z]{4}", new_id(Kind.INCIDENT, NOON, Short()))


@pytest.mark.real("git")
async def test_a_document_is_found_by_its_id_whatever_its_title(tmp_path: Path) -> None:
    journal = await opened(tmp_path / "journal")
    made = await journal.new_id(Kind.INCIDENT)
    path = document_path(made, "redis 停了, again")
    await saved(journal, b"x", path)
    assert await journal.find(made) == path
    assert await journal.find("INC-19990101-000") == ""
    assert await journal.find("../../x") == ""
    assert id_of(path) == made


def test_paths_are_those_of_the_design() -> None:
    made = "INC-20261122-7f3"
    assert document_path(made, "Redis down!") == f"incidents/2026/{made}-redis-down.md"
    assert document_path("CHG-20261122-9b1", "") == "changes/2026/CHG-20261122-9b1.md"
    assert attachments_folder(made) == f"incidents/2026/{made}"
    assert events_path(NOON, "Kai", "jump-1") == "events/2026-11-22/kai-jump-1.jsonl"
    assert daily_report_path(date(2026, 11, 22), "md") == "reports/daily/2026-11-22.md"
    first, last = date(2026, 11, 16), date(2026, 11, 22)
    week = observation_report_path(first, last, "json")
    assert week == "reports/7-day/2026-11-16_2026-11-22.json"


@pytest.mark.parametrize("title", HOSTILE)
def test_no_title_and_no_name_leaves_its_place(title: str) -> None:
    for path in (document_path("INC-20261122-7f3", title), events_path(NOON, title, title)):
        assert path_fault(path) == ""
        assert path.isascii()
        assert re.fullmatch(r"[a-zA-Z0-9/_.-]{1,150}", path)
        assert ".." not in path
    assert len(slug(title)) <= 60


@given(st.text())
def test_a_slug_is_words_and_single_dashes(title: str) -> None:
    found = slug(title)
    assert re.fullmatch(r"([a-z0-9]+(-[a-z0-9]+)*)?", found)
    assert len(found) <= 60
    if title.isascii():
        assert re.sub(r"[^a-z0-9]", "", title.lower()).startswith(found.replace("-", ""))


@given(st.text(max_size=40))
def test_a_path_that_is_taken_stays_inside_and_out_of_git(path: str) -> None:
    if any_path_fault(path):
        return
    place = Path(os.path.normpath(f"/journal/{path}"))
    assert place.is_relative_to("/journal")
    assert str(place) == f"/journal/{path}"
    assert ".git" not in [part.lower() for part in place.parts]


def test_the_journal_is_in_the_state_folder_unless_settings_say_where(tmp_path: Path) -> None:
    assert home_of(Journal(), tmp_path) == tmp_path / "journal"
    assert home_of(Journal(folder="/srv/journal"), tmp_path) == Path("/srv/journal")


async def test_the_author_is_the_person_of_the_settings(tmp_path: Path) -> None:
    people = {"kai": Person(name="Kai 凱", logins=("kai7",))}
    settings = Settings(people=people)
    journal = Journal(email="{login}@example.org")
    author = await author_of(settings, journal, "kai7", "jump-1", {"PATH": os.environ["PATH"]})
    assert (author.name, author.email) == ("Kai 凱", "kai7@example.org")


async def test_a_shared_login_is_marked_as_unverified() -> None:
    author = await author_of(Settings(), Journal(), "root", "jump-1", {"PATH": os.environ["PATH"]})
    assert (author.name, author.email) == ("root (unverified)", "root@jump-1")


@pytest.mark.real("git")
async def test_the_address_is_that_of_the_persons_git_settings(tmp_path: Path) -> None:
    (tmp_path / ".gitconfig").write_text("[user]\n\temail = kai@example.org\n")
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    author = await author_of(Settings(), Journal(), "kai", "jump-1", environ)
    assert author.email == "kai@example.org"


@pytest.mark.parametrize("name", [*HOSTILE, "<>", "a <b> c", "\x1b[2J"])
async def test_no_name_of_a_person_breaks_a_commit(name: str) -> None:
    settings = Settings(people={"x": Person(name=name, logins=("kai",))})
    author = await author_of(settings, Journal(), "kai", name, {"PATH": os.environ["PATH"]})
    assert author.name
    assert author.name.isprintable()
    assert not re.search(r"[<>\n\0]", author.name + author.email)
    assert re.fullmatch(r"[^@]+@[^@]+", author.email)


def judged(folder: Path, text: str) -> Checked[Journal]:
    """`text` as the section of the settings that the journal has."""
    root = read(text.encode(), "oncall.yaml")
    assert not isinstance(root, tuple)
    return Checked("oncall.yaml", root, Journal, folder)


def test_settings_that_no_git_would_take_are_faults_with_their_place(tmp_path: Path) -> None:
    checked = judged(tmp_path, "email: nobody\nremote:\n  name: -x\n  branch: a..b\n")
    assert [fault.line for fault in checked.faults] == [1, 3, 4]
    text = "{folder: notes, remote: {branch: team/journal, push: false}}\n"
    journal = judged(tmp_path, text).value
    assert journal is not None and journal.remote is not None
    assert (journal.remote.name, journal.remote.branch) == ("origin", "team/journal")
    assert home_of(journal, Path("/state")) == tmp_path / "notes"


def test_a_run_has_an_id_and_a_place_and_is_nothing_that_people_write() -> None:
    found = new_id(Kind.RUN, NOON, ())
    assert re.fullmatch(RUN_ID, found)
    assert ID.fullmatch(found) is None
    path = document_path("RUN-20261122-7f3", "../cache down")
    assert path == "runs/2026/RUN-20261122-7f3-cache-down.md"
    assert id_of(path) == "RUN-20261122-7f3"
    assert path_fault(path) == ""
