"""What is written comes out as the type that the settings have there, and never as YAML 1.1."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from config.durations import duration_of, duration_text
from config.identity import identity_of
from config.schema import Settings
from console.model.state import Priority
from console.safety.secret import SecretSource
from tests.config.folder import loaded


def test_text_stays_text_whatever_it_looks_like(tmp_path: Path) -> None:
    words = ["no", "on", "012", "60_000", "12:30", "2026-01-02", "1e3", "0x1F", "true", "-1", "=~"]
    labels = "".join(f"      k{n}: {word}\n" for n, word in enumerate(words))
    found = loaded(tmp_path, "", f"hosts:\n  - name: a\n    labels:\n{labels}")
    assert [value for _, value in found.registry.hosts[0].labels] == words


def test_a_host_may_be_called_no(tmp_path: Path) -> None:
    found = loaded(tmp_path, "", "hosts: [{name: no}, {name: 007}]\n")
    assert [host.name for host in found.registry.hosts] == ["no", "007"]


@pytest.mark.parametrize(
    ("word", "meaning"),
    [("true", True), ("yes", True), ("On", True), ("false", False), ("No", False), ("OFF", False)],
)
def test_a_yes_or_no_may_be_written_in_every_way_that_yaml_knows(
    tmp_path: Path, word: str, meaning: bool
) -> None:
    assert loaded(tmp_path, f"production: {word}\n").settings.production is meaning


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("5m", 300), ("2h", 7200), ("7d", 604800), ("1h30m", 5400), ("1d1s", 86401)],
)
def test_a_duration_is_what_it_says(text: str, seconds: int) -> None:
    assert duration_of(text) == timedelta(seconds=seconds)
    assert duration_of(duration_text(timedelta(seconds=seconds))) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text", ["", "5", "m", "5 m", "-5m", "1m1h", "1.5h", "5M", "5m5m", "٣s", "5m\n", "9" * 40 + "s"]
)
def test_what_is_no_duration_is_none(text: str) -> None:
    assert duration_of(text) is None


def test_half_a_second_may_be_a_deadline(tmp_path: Path) -> None:
    found = loaded(tmp_path, "sources: {health: {timeout: 500ms}}\n")
    assert found.settings.sources.health.timeout == timedelta(milliseconds=500)


def test_moments_become_utc_and_days_stay_days(tmp_path: Path) -> None:
    found = loaded(
        tmp_path,
        "people: {mei: {name: Mei}}\n"
        "rota:\n"
        "  zone: Asia/Taipei\n"
        "  rotations:\n"
        "    - {name: w, days: [mon], start: 09:00, end: 23:00, people: [mei], first: 2026-01-05}\n"
        "  overrides:\n"
        "    - {person: mei, start: 2026-11-22T09:00:00+08:00, end: '2026-11-22 09:00Z'}\n",
    )
    rota = found.settings.rota
    assert rota.rotations[0].start == "09:00"
    assert rota.rotations[0].first == date(2026, 1, 5)
    assert rota.overrides[0].start == datetime(2026, 11, 22, 1, tzinfo=UTC)
    assert rota.overrides[0].end == datetime(2026, 11, 22, 9, tzinfo=UTC)


def test_secrets_are_where_they_come_from(tmp_path: Path) -> None:
    found = loaded(
        tmp_path,
        "sources:\n"
        "  prometheus:\n"
        "    - name: p\n"
        "      url: http://p:9090/prefix\n"
        "      headers: {X-Scope-OrgID: team-a, X-Api-Key: {env: KEY}}\n"
        "      auth: {basic: {user: kai, password: {command: [pass, show, p]}}}\n"
        "    - name: q\n"
        "      url: https://q\n"
        "      auth: {bearer: {file: token}}\n"
        "      tls: {ca: ca.pem}\n",
    )
    first, second = found.settings.sources.prometheus
    assert first.headers == {"X-Scope-OrgID": "team-a", "X-Api-Key": SecretSource(env="KEY")}
    assert first.auth.basic is not None
    assert first.auth.basic.password == SecretSource(command=("pass", "show", "p"))
    assert second.auth.bearer == SecretSource(file=str(tmp_path / "token"))
    assert second.tls.ca == str(tmp_path / "ca.pem")


def test_a_section_whose_lines_are_all_comments_is_its_default(tmp_path: Path) -> None:
    found = loaded(tmp_path, "sources:\n  prometheus:\n# x\nsla:\nlook:\n", "hosts:\n# x\npages:\n")
    assert found.settings == Settings()
    assert found.registry.hosts == ()


def test_a_watchdog_may_be_declared_absent(tmp_path: Path) -> None:
    found = loaded(
        tmp_path,
        "sources:\n"
        "  prometheus:\n"
        "    - {name: p, url: http://p}\n"
        "    - {name: q, url: http://q, watchdog: null}\n"
        "    - {name: r, url: http://r, watchdog: {alertname: DeadMansSwitch, tier: a}}\n",
    )
    shown = [
        (source, [f"{each.name}{each.operator}{each.value.exact}" for each in matchers])
        for source, matchers in found.policy.watchdogs
    ]
    assert shown == [
        ("p", ["alertname=Watchdog"]),
        ("r", ["alertname=DeadMansSwitch", "tier=a"]),
    ]


def test_priorities_of_the_team_add_to_the_usual_ones(tmp_path: Path) -> None:
    found = loaded(
        tmp_path,
        "priorities:\n"
        "  by_severity: {fatal: P0, warning: P1}\n"
        "  by_alert: {HighErrorRate: P1}\n"
        "sla: {P0: {respond: 15m, resolve: 1h}}\n",
    )
    severities = dict(found.policy.severities)
    assert severities["fatal"] is Priority.P0
    assert severities["warning"] is Priority.P1
    assert severities["critical"] is Priority.P0
    assert found.policy.by_alert == (("HighErrorRate", Priority.P1),)
    assert found.policy.sla[Priority.P0].respond == timedelta(minutes=15)
    assert found.policy.sla[Priority.P3].resolve == timedelta(hours=24)


def test_whoever_sits_at_the_keyboard_is_found_by_login(tmp_path: Path) -> None:
    found = loaded(tmp_path, "people: {kai: {name: Kai, level: L1, logins: [k.huang]}}\n")
    assert identity_of(found.settings, "k.huang").name == "Kai"
