"""Where runbooks come from, which one is offered for an alert, and what lint says of them."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from unicodedata import category

import pytest
from click.testing import CliRunner

from console.cli.main import oncall as command
from console.model.snapshot import KnownAlert
from console.runbook.library import book_of, library_of, open_book, shipped
from console.runbook.lint import lint
from console.runbook.matching import candidates
from console.runbook.parse import parse
from console.runbook.scaffold import Wanted, scaffold
from console.safety.text import Raw
from tests.build import alert, known
from tests.runbook.pages import OPERATOR, OURS, PLAIN, RUNME, read
from tests.spawn import Ended

TODAY = date(2026, 11, 22)
LIMIT = timedelta(days=90)


def rules(text: str) -> list[str]:
    found = lint(read(text), "page.md", TODAY, LIMIT)
    return [f"{one.line} {one.rule}" for one in found]


def ran(folder: Path, *words: str, exit_code: int = 0) -> Ended:
    """What `oncall runbook` says; it must end with `exit_code`, and not by a fault of ours."""
    settings = folder / "settings"
    settings.mkdir(exist_ok=True)
    books = json.dumps([str(folder / "team"), str(folder / "clone")])
    (settings / "oncall.yaml").write_text(f"runbooks: {{folders: {books}}}\n")
    result = CliRunner().invoke(
        command, ["--config", str(settings), "runbook", *words], env={"ONCALL_CONFIG": ""}
    )
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    said = Ended(result.exit_code, result.stdout, result.stderr)
    assert said.exit_code == exit_code, said
    return said


@pytest.fixture
def team(tmp_path: Path) -> Path:
    """A folder of the team's own, and a checkout that wins over it."""
    for place, name, text in (
        ("team", "service-down", "# Ours\n\n1. call mei\n"),
        ("team", "ShopErrors", OURS),
        ("clone/content/etcd", "EtcdSlow", OPERATOR),
        ("clone", "ShopErrors", PLAIN),
        ("clone", "README", "1. no runbook\n"),
        ("clone/.git", "hooks", "1. no runbook\n"),
    ):
        (tmp_path / place).mkdir(parents=True, exist_ok=True)
        (tmp_path / place / f"{name}.md").write_text(text)
    return tmp_path


def test_a_later_folder_overrides_an_earlier_one_by_name(team: Path) -> None:
    library = library_of([team / "team", team / "clone"])
    found = {book.name.exact: book for book in library.books}
    assert set(found) >= {"service-down", "source-lost", "ShopErrors", "EtcdSlow"}
    assert not {"README", "hooks"} & set(found)
    assert found["ShopErrors"].path == team / "clone" / "ShopErrors.md"
    assert open_book(found["service-down"]).runbook.title.exact == "Ours"
    assert found["source-lost"].path is None
    assert library.faults == ()


def test_what_others_could_have_written_is_left_out_and_said(team: Path) -> None:
    (team / "team" / "ShopErrors.md").chmod(0o666)
    (team / "team" / "link.md").symlink_to(team / "clone" / "README.md")
    (team / "team" / "deep").mkdir()
    (team / "team" / "deep" / "service-down.md").write_text("# again\n")
    (team / "clone").chmod(0o777)
    library = library_of([team / "team", team / "clone", team / "gone"])
    said = [str(fault).removeprefix(str(team)) for fault in library.faults]
    assert [one.partition(": ")[0] for one in said] == [
        "/team/ShopErrors.md",
        "/team/link.md",
        "/team/deep/service-down.md",
        "/clone",
        "/gone",
    ]
    assert "symbolic link" in said[1]
    assert {book.name.exact for book in library.books} == {
        *(book.name.exact for book in shipped()),
        "service-down",
    }


def test_candidates_stand_in_the_order_of_their_reasons() -> None:
    def front(text: str) -> str:
        return f"---\noncall:\n  {text}\n---\n"

    books = [
        book_of("by-service", front("services: [redis]")),
        book_of("cache_down", "# called as it"),
        book_of("by-matcher", front("matchers: ['job=~\"red.*\"', 'env!=\"dev\"']")),
        book_of("by-other", front("matchers: ['job=\"web\"']")),
        book_of("by-both", front("{alerts: [CacheDown], matchers: ['job=\"web\"']}")),
        book_of("by-alert", front("alerts: [CacheDown]")),
        book_of("KubeCache", "# named"),
    ]
    one = alert("CacheDown", job="redis", annotations={"runbook_url": "http://r/kubecache"})
    found = candidates(known(one), "redis", books)
    assert [(each.name.exact, each.why) for each in found] == [
        ("KubeCache", "the alert names it"),
        ("by-alert", "for this alert"),
        ("by-matcher", "its matchers hold"),
        ("cache_down", "called as the alert"),
        ("by-service", "for this service"),
    ]
    missing: KnownAlert = known(alert("X", annotations={"runbook": "gone"}))
    assert [(each.name, each.on_shelf) for each in candidates(missing, None, books)] == [
        (Raw("gone"), False)
    ]


def test_runbooks_that_ship_and_plain_pages_lint_clean() -> None:
    for book in shipped():
        assert lint(open_book(book), "x", TODAY, LIMIT) == ()
    for text in (OURS, OPERATOR, RUNME, PLAIN, ""):
        assert rules(text) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"excludeFromRunAll":"true",', "", ["39 exclude"]),
        ("**Carts are lost.** One replica at a time:\n", "", ["38 warning"]),
        ('"oncall.rollback":"back",', "", ["39 rollback"]),
        ("2026-11-01", "2026-08-01", ["7 stale"]),
        ("2026-11-01", "2026-12-01", ["7 reviewed"]),
        ("  reviewed: 2026-11-01\n", "", ["1 reviewed"]),
        ("  owner: team-shop\n", "", ["1 owner"]),
        ("## Impact", "## Effects", ["1 headings"]),
        ('tag: "web,shop"', "tag: [web]", ["3 format"]),
        (' "$BASE_URL/healthz"', ' "http://a"', ["12 params"]),
        ("# Shop", '```sh {"name":"params"}\nexport BASE_URL="x"\n```\n# Shop', ["15 params"]),
    ],
)
def test_each_rule_names_the_line(old: str, new: str, said: list[str]) -> None:
    assert old in OURS
    assert rules(OURS.replace(old, new)) == said


def test_a_disruptive_step_needs_a_step_below_it_that_verifies() -> None:
    text = OURS.replace("oncall.risk=verify", "oncall.risk=read")
    assert "39 verify" in rules(text)


def test_a_scaffold_lints_clean_whatever_the_alert_is_called() -> None:
    for name in ("RedisDown", 'x"]}\n---\n# y', "`*[a](b)<script>", "\x1b[2J", "{owner}"):
        text = scaffold(Wanted(name, name, name, name), TODAY)
        found = parse(text.encode(), "new")
        assert lint(found, "new.md", TODAY, LIMIT) == (), name
        assert found.runbook.alerts == (name,) or "\x1b" in name
        assert [one.name for one in found.runbook.steps if one.is_runnable] == [
            *("last-words", "restart", "answers", "stop")
        ]


def test_the_commands_list_show_lint_and_begin(team: Path) -> None:
    listed = ran(team, "list", "--json")
    facts = {one["name"]: one for one in json.loads(listed.stdout)["runbooks"]}
    assert facts["EtcdSlow"]["source"] == str(team / "clone")
    assert (facts["source-lost"]["source"], facts["ShopErrors"]["runnable"]) == ("shipped", 0)
    assert "EtcdSlow" in ran(team, "list").stdout
    assert "kubectl -n etcd get pods" in ran(team, "show", "etcd-slow").stdout
    ran(team, "show", "nothing", exit_code=1)
    assert "no faults" in ran(team, "lint", str(team / "clone")).stderr
    bad = team / "team" / "bad.md"
    bad.write_text("# a\n\n```sh {name: x}\ntrue\n```\n")
    said = ran(team, "lint", str(bad), exit_code=1).stdout
    assert said.startswith(f"{bad}:3:7: expected") and said.endswith("[format]\n")
    (one,) = json.loads(ran(team, "lint", "--json", str(bad), exit_code=1).stdout)["findings"]
    assert (one["line"], one["column"], one["rule"]) == (3, 7, "format")
    ran(team, "lint", exit_code=1)
    ran(team, "lint", str(team / "gone"), exit_code=2)
    new = ("new", "--alert", "RedisDown", "--to", str(team / "team"))
    assert ran(team, *new).stdout.strip() == str(team / "team" / "redis-down.md")
    ran(team, *new, exit_code=4)
    ran(team, "lint", str(team / "team" / "redis-down.md"))


def test_a_hostile_runbook_is_shown_as_plain_characters(team: Path) -> None:
    evil = "\x1b]0;x\x07\u202e\x9b31m"
    text = f'# t{evil}\n\n1. a{evil}\n\n```sh {{"name":"{evil[1:4]}"}}\necho {evil}\n```\n'
    (team / "team" / "evil.md").write_text(text)
    for words in (["show", "evil"], ["list"], ["lint", str(team / "team" / "evil.md")]):
        ended = ran(team, *words, exit_code=int(words[0] == "lint"))
        shown = (ended.stdout + ended.stderr).replace("\n", "")
        assert not [one for one in shown if category(one) in ("Cc", "Cf")]
