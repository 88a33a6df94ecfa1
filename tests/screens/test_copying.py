"""The forms in which a row leaves the console: nothing in it breaks out of any of them."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any
from unicodedata import category

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.pilot import Pilot

from config.schema import AlertmanagerSource, Auth, Basic, PrometheusSource, Settings, Sources
from console.engine.row_commands import amtool_lines, curl_lines, shell_word
from console.engine.row_forms import address_in_link, markdown_of, plain_address, text_of
from console.model.incident import Incident
from console.model.markdown import code
from console.model.papers import IncidentPaper, Papers
from console.model.registry import Host
from console.model.snapshot import Snapshot
from console.model.worklist import Row
from console.safety.secret import SecretSource
from console.safety.text import MAX_VALUE_CHARS, Raw
from screens.copying import MAX_TEXT_BYTES
from screens.incident import IncidentScreen
from screens.links import browser_of, with_url
from tests.build import T0, ack, ago, alert, known, snapshot
from tests.hostile import hostile_strings
from tests.screens.console import Console, console_on, typed, until, update_of
from tests.screens.worlds import usual
from tests.servers import ended, post_json, start_alertmanager
from widgets.chooser import Chooser

HOSTILE = tuple(text[:MAX_VALUE_CHARS] for text in hostile_strings(120, seed=3))


def rows_of(shown: Snapshot) -> tuple[Row, ...]:
    return update_of(shown).worklist.rows


def row_with(value: str) -> Row:
    """A row whose every text is `value`."""
    hostile = alert(
        value or "Down",
        starts_at=ago(60),
        summary=value,
        severity="critical",
        instance=value,
        annotations={"dashboard": f"https://d.test/{value}"},
    )
    shown = snapshot(known(hostile, acked=ack(value, note=value)))
    return rows_of(shown)[0]


# Text and Markdown


def test_a_row_is_one_line_of_text() -> None:
    shown = usual()
    line = text_of(rows_of(shown)[0])
    assert line == (
        "P0  ServiceDown  redis@data-1  since 2026-11-22 03:14:00 UTC  no PING reply, 1 of 1"
    )


def test_markdown_has_clocks_ack_labels_and_links() -> None:
    rows = rows_of(usual())
    down = markdown_of(rows[:1], T0)
    assert down.startswith("### P0 `ServiceDown` on `redis@data-1`\n")
    assert "- respond: due in" in down
    assert "severity   critical" in down
    assert "- `dashboard`: <https://d.test>" in down
    acked = next(row for row in rows if row.acked_by is not None)
    assert "- acked by `mei` since 2026-11-22" in markdown_of([acked], T0)


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_row_is_one_line_and_no_markup(value: str) -> None:
    row = row_with(f"x{value}")
    assert not {category(char) for char in text_of(row)} & {"Cc", "Cf", "Zl", "Zp", "Cn", "Co"}
    assert outside_of_code(markdown_of([row], T0)) == outside_of_code(
        markdown_of([row_with("plain")], T0)
    )


def outside_of_code(text: str) -> list[str]:
    """What a reader of CommonMark would take for more than code: spans, fences, links gone."""
    kept = []
    fence = ""
    for line in text.split("\n"):
        opened = re.match(r"(`{3,})text$", line)
        if fence:
            if line == fence:
                fence = ""
        elif opened:
            fence = opened.group(1)
        else:
            bare = re.sub(r"(?<!`)(`+)(?!`)(.*?)(?<!`)\1(?!`)", "CODE", line)
            kept.append(re.sub(r"<https://[!-;=?-~]*>", "LINK", bare))
    assert not fence
    return kept


@given(st.text(max_size=60))
def test_a_code_span_is_ended_by_nothing_in_it(text: str) -> None:
    span = code(Raw(text))
    assert re.sub(r"(?<!`)(`+)(?!`)(.*?)(?<!`)\1(?!`)", "CODE", span) == "CODE"


def test_a_link_that_is_no_address_or_holds_a_password_is_not_passed_on() -> None:
    assert address_in_link("javascript:alert(1)") == ""
    assert address_in_link("https://u:secret@d.test/x?token=abc") == "https://d.test/x?token=***"
    assert (
        address_in_link("https://d.test/> @here <b>`") == "https://d.test/%3E%20@here%20%3Cb%3E%60"
    )


# Command lines

URL = "http://127.0.0.1:9093"


def settings_with(url: str = URL, **more: Any) -> Settings:
    cluster = AlertmanagerSource(name="am", members=(url,), **more)
    prometheus = PrometheusSource(name="prom", url="http://127.0.0.1:9090")
    return Settings(
        environment="test", sources=Sources(prometheus=(prometheus,), alertmanager=(cluster,))
    )


def test_what_is_asked_by_way_of_a_host_is_repeated_there() -> None:
    bastion = Host("bastion", "bastion.example", user="ops")
    hosts = (bastion, Host("inner", "10.0.0.5", jump="bastion"))
    shown = snapshot(known(alert("Down", severity="critical")))
    (line,) = curl_lines(rows_of(shown), shown, settings_with(via="inner"), hosts)
    assert line.startswith("ssh -J ops@bastion.example 10.0.0.5 'curl ")


def test_the_lines_name_no_secret() -> None:
    login = Basic(user="kai", password=SecretSource(env="HIDDEN"))
    shown = snapshot(known(alert("Down", severity="critical")))
    settings = settings_with(auth=Auth(basic=login))
    (line,) = curl_lines(rows_of(shown), shown, settings)
    assert '-u kai:"$ONCALL_PASSWORD"' in line
    assert "HIDDEN" not in line


def test_a_pending_alert_is_asked_of_prometheus() -> None:
    shown = snapshot(known(alert("Down", severity="critical", cluster="prom")))
    (line,) = curl_lines(rows_of(shown), shown, settings_with())
    assert "127.0.0.1:9090/api/v1/query?query=ALERTS%7Balertname%3D%22Down%22" in line
    assert amtool_lines(rows_of(shown), shown, settings_with()) == ()


def test_a_cut_label_makes_no_line() -> None:
    cut = alert("Down", severity="critical")
    cut.labels.over_cap = True
    shown = snapshot(known(cut))
    assert curl_lines(rows_of(shown), shown, settings_with()) == ()


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
def test_a_word_reaches_the_program_byte_for_byte(value: str) -> None:
    exact = value.encode("utf-8", "replace").decode().replace("\0", "") + "."
    word = shell_word(exact)
    assert "\n" not in word
    done = subprocess.run(["sh", "-c", f"printf %s {word}"], capture_output=True, check=True)
    assert done.stdout.decode() == exact


@pytest.mark.real("prometheus-alertmanager", "curl")
def test_both_lines_find_exactly_their_alert_in_a_real_alertmanager(tmp_path: Path) -> None:
    values = [v.encode("utf-8", "replace").decode() for v in HOSTILE if v][:60]
    with ended(start_alertmanager(tmp_path)) as (program,):
        labels = [
            {"alertname": "Down", "value": value, "n": str(number)}
            for number, value in enumerate(values)
        ]
        post_json(f"{program.url}/api/v2/alerts", [{"labels": each} for each in labels])
        for each in labels:
            shown = snapshot(known(alert("Down", labels=each)))
            rows, settings = rows_of(shown), settings_with(program.url)
            (curl,) = curl_lines(rows, shown, settings)
            found = json.loads(ran(curl))
            assert [one["labels"] for one in found] == [each]
            for line in amtool_lines(rows, shown, settings):
                told = json.loads(ran(line.replace("alert query", "alert query -o json")))
                assert [one["labels"] for one in told] == [each]


def ran(line: str) -> str:
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=False)
    assert done.returncode == 0, (line, done.stderr)
    return done.stdout


# On screen


def copies_of(console: Console, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What is sent to the clipboard from now on, with what it is called."""
    sent: list[tuple[str, str]] = []

    def copy(_: object, text: Raw | str, what: str, *, lines: bool = False) -> None:
        sent.append((text.exact if isinstance(text, Raw) else text, what))

    monkeypatch.setattr("screens.copying.copy", copy)
    return sent


async def open_chooser(pilot: Pilot[int], key: str) -> None:
    await pilot.press(key)
    await until(pilot, lambda: isinstance(pilot.app.screen, Chooser))


@pytest.mark.parametrize(
    ("key", "begins"), [("1", "P0  ServiceDown"), ("2", "### P0 `ServiceDown`")]
)
async def test_a_form_is_chosen_by_its_number(
    key: str, begins: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with console_on(usual()) as (console, pilot):
        sent = copies_of(console, monkeypatch)
        await open_chooser(pilot, "Y")
        assert "copy row as" in console.text
        await pilot.press(key)
        await until(pilot, lambda: bool(sent))
        assert sent[0][0].startswith(begins)
        assert "NEXT STEP" in console.text


async def test_a_form_that_there_is_not_says_why_and_is_not_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with console_on(usual()) as (console, pilot):
        sent = copies_of(console, monkeypatch)
        await open_chooser(pilot, "Y")
        assert "no Alertmanager holds it" in console.text
        await pilot.press("3")
        assert isinstance(pilot.app.screen, Chooser)
        await pilot.press("escape")
        await until(pilot, lambda: "NEXT STEP" in console.text)
        assert sent == []


async def test_a_row_that_slides_under_the_cursor_meanwhile_is_not_copied(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown = usual()
    async with console_on(shown) as (console, pilot):
        sent = copies_of(console, monkeypatch)
        await open_chooser(pilot, "Y")
        console.publish(msgspec.structs.replace(shown, alerts=shown.alerts[1:]))
        await pilot.press("1")
        await until(pilot, lambda: bool(sent))
        assert "ServiceDown" in sent[0][0]


async def test_one_of_several_links_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[str, str]] = []

    def copy(_: object, text: Raw, what: str) -> None:
        sent.append((text.exact, what))

    monkeypatch.setattr("screens.links.copy", copy)
    monkeypatch.setenv("SSH_CONNECTION", "10.0.0.1 1 10.0.0.2 22")
    async with console_on(usual()) as (console, pilot):
        await pilot.press("o")
        await until(pilot, lambda: "https://d.test" in console.text)
        await open_chooser(pilot, "o")
        assert "no browser is here" in console.text
        await pilot.press("j", "enter")
        await until(pilot, lambda: bool(sent))
        assert sent == [("https://d.test", "dashboard")]


async def test_the_incident_of_an_alert_stands_among_its_links_and_opens() -> None:
    shown = usual()
    async with console_on(shown) as (console, pilot):
        key = rows_of(shown)[0].alerts[0].key
        mine = Incident("INC-20261122-7f3", "down [again]", ago(60), alerts=(key,))
        papers = Papers(incidents=(IncidentPaper(mine, "incidents/2026/a.md", "b"),))
        update = msgspec.structs.replace(update_of(shown), papers=papers)
        assert console.engine is not None
        console.engine.publish(update)
        await until(pilot, lambda: console.app.fresh is update)
        await pilot.press("o")
        await until(pilot, lambda: "down [again] (open)" in console.text)
        await open_chooser(pilot, "o")
        await pilot.press("1")
        await until(pilot, lambda: isinstance(pilot.app.screen, IncidentScreen))


async def test_a_long_link_stands_there_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "https://d.test/" + "0123456789" * 30
    long = alert("Down", severity="critical", annotations={"dashboard": url})
    async with console_on(snapshot(known(long))) as (console, pilot):
        await pilot.press("o")
        await until(pilot, lambda: "d.test" in console.text)
        assert url in re.sub(r"\s+", "", console.text)


def test_a_browser_is_taken_only_where_the_person_sits() -> None:
    here = {"DISPLAY": ":0"}
    assert browser_of(here, "linux") == ("xdg-open",)
    assert browser_of({"WAYLAND_DISPLAY": "wayland-0"}, "linux") == ("xdg-open",)
    assert browser_of({}, "darwin") == ("open",)
    assert browser_of({"BROWSER": "firefox -P 'on call' %s:lynx"}, "linux") == (
        *("firefox", "-P", "on call", "%s"),
    )
    assert browser_of({}, "linux") is None
    for far in ("SSH_CONNECTION", "SSH_TTY"):
        assert browser_of({**here, "BROWSER": "firefox", far: "x"}, "linux") is None
    assert with_url(("firefox", "%s"), "https://d.test") == ("firefox", "https://d.test")
    assert with_url(("open",), "https://d.test") == ("open", "https://d.test")


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "javascript:1",
        "--help",
        "https://a b",
        "https://a\n",
        "https://a\u202e",
    ],
)
def test_nothing_but_a_plain_http_address_is_opened(url: str) -> None:
    assert plain_address(Raw(url)) == ""
    assert plain_address(Raw("https://d.test/a?b=c&d=%20#e")) == "https://d.test/a?b=c&d=%20#e"


async def test_notice_says_how_it_stands_and_takes_three_words() -> None:
    async with console_on(usual()) as (console, pilot):
        assert "no notice for 1 row" in console.app.notices[0]
        await typed(pilot, "colon", "notice")
        assert "notices are on" in console.text
        await typed(pilot, "colon", "notice off")
        assert "notices are off" in console.text
        await typed(pilot, "colon", "notice loud")
        assert "expected on, off or test" in console.text


def test_the_cap_is_what_a_terminal_takes_of_base64() -> None:
    assert MAX_TEXT_BYTES == 56_244
