"""Where settings are looked for, and what becomes of a folder or a URL."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

import pytest

from config.fault import SettingsFaults
from config.load import environment_of, find_folder, from_prometheus, load, user_folder
from config.registry import probes_of
from console.demo.inventory import BY_NAME, SERVICES
from console.demo.settings import Endpoints, write_settings
from console.demo.world import World
from console.safety.clock import SystemClock
from tests.config.folder import faults, written


def test_the_folder_given_wins_then_the_variable_then_the_users_own(tmp_path: Path) -> None:
    own = tmp_path / "xdg" / "oncall"
    own.mkdir(parents=True)
    written(own)
    environ = {"ONCALL_CONFIG": str(tmp_path / "b"), "XDG_CONFIG_HOME": str(tmp_path / "xdg")}
    assert find_folder(tmp_path / "a", environ) == tmp_path / "a"
    assert find_folder(None, environ) == tmp_path / "b"
    assert find_folder(None, {"XDG_CONFIG_HOME": str(tmp_path / "xdg")}) == own


def test_settings_in_the_current_directory_are_not_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path)
    monkeypatch.chdir(tmp_path)
    nowhere = tmp_path / "nowhere"
    assert find_folder(None, {"HOME": str(nowhere), "XDG_CONFIG_HOME": "."}) in (
        None,
        Path("/etc/oncall"),
    )


def test_without_xdg_the_folder_is_below_the_home() -> None:
    assert user_folder({"HOME": "/home/kai"}) == Path("/home/kai/.config/oncall")
    assert user_folder({"HOME": "/home/kai", "XDG_CONFIG_HOME": "rel"}) == Path(
        "/home/kai/.config/oncall"
    )
    assert user_folder({}) is None


def test_a_folder_that_is_not_there_is_one_fault_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(SettingsFaults) as raised:
        load(tmp_path / "gone")
    assert [str(each) for each in raised.value.faults] == [
        f"oncall.yaml: expected a settings folder at {tmp_path}/gone; `oncall init` makes one"
    ]


def test_a_folder_without_oncall_yaml_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(SettingsFaults) as raised:
        load(tmp_path)
    (fault,) = raised.value.faults
    assert str(fault).startswith("oncall.yaml: No such file or directory")


def test_services_yaml_may_be_missing_but_not_be_broken(tmp_path: Path) -> None:
    assert load(written(tmp_path)).registry.services == ()
    (tmp_path / "services.yaml").symlink_to(tmp_path / "gone.yaml")
    with pytest.raises(SettingsFaults, match=r"services\.yaml: No such file"):
        load(tmp_path)


def test_settings_that_everybody_may_write_are_refused(tmp_path: Path) -> None:
    written(tmp_path)
    (tmp_path / "oncall.yaml").chmod(0o646)
    with pytest.raises(SettingsFaults, match="everybody may write it"):
        load(tmp_path)


def test_a_folder_in_the_place_of_a_file_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "oncall.yaml").mkdir()
    with pytest.raises(SettingsFaults, match=r"oncall\.yaml: is a folder"):
        load(tmp_path)


def test_faults_of_grammar_in_both_files_are_told_together(tmp_path: Path) -> None:
    found = faults(tmp_path, "a: [", "b: {")
    assert [each.split(":")[0] for each in found] == ["oncall.yaml", "services.yaml"]


def test_a_url_alone_is_enough(tmp_path: Path) -> None:
    found = from_prometheus(["http://prom.example.com:9090", "http://b:9090"], ["http://am:9093"])
    assert found.settings.environment == "prom.example.com-9090"
    assert [each.name for each in found.settings.sources.prometheus] == [
        "prometheus",
        "prometheus-2",
    ]
    assert found.settings.sources.alertmanager[0].members == ("http://am:9093",)
    assert found.folder is None
    assert [name for name, _ in found.policy.watchdogs] == ["prometheus", "prometheus-2"]
    assert found.policy.watchdogs_by_rule


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://prom", "prom"),
        ("https://Prom.Example.com/", "prom.example.com"),
        ("https://mimir.example/team-a/prometheus/", "mimir.example-team-a-prometheus"),
        ("http://[::1]:9090", "1-9090"),
        ("http://prüf", "pr-f"),
    ],
)
def test_an_environment_is_called_after_host_and_path(url: str, expected: str) -> None:
    assert environment_of(url) == expected


def test_two_long_addresses_are_two_environments() -> None:
    names = {environment_of("http://" + "a" * 100 + path) for path in ("/one", "/other")}
    assert len(names) == 2
    assert all(len(name) == 64 for name in names)


@pytest.mark.parametrize(
    "url", ["prom:9090", "", "http://", "http://u:hunter2@p", "http://a b", "http://p:99999"]
)
def test_a_url_that_cannot_be_asked_is_refused(url: str) -> None:
    with pytest.raises(SettingsFaults) as raised:
        from_prometheus([url])
    assert "--prometheus: expected" in str(raised.value)
    assert "hunter2" not in str(raised.value)


def test_the_starter_has_no_faults_and_one_source(tmp_path: Path) -> None:
    starter = resources.files("config.starter")
    for name in ("oncall.yaml", "services.yaml"):
        (tmp_path / name).write_text(starter.joinpath(name).read_text("utf-8"))
    found = load(tmp_path)
    assert [each.url for each in found.settings.sources.prometheus] == ["http://127.0.0.1:9090"]
    assert found.registry.services == ()


def test_every_example_in_the_starter_is_right_when_it_is_uncommented(tmp_path: Path) -> None:
    starter = resources.files("config.starter")
    for name in ("oncall.yaml", "services.yaml"):
        lines = starter.joinpath(name).read_text("utf-8").splitlines()
        (tmp_path / name).write_text("\n".join(map(_uncommented, lines)))
    found = load(tmp_path)
    assert set(found.settings.people) == {"kai", "mei"}
    assert [each.name for each in found.registry.services] == [
        "api",
        "redis",
        "home",
        "GET /api/v1/orders",
    ]


def _uncommented(line: str) -> str:
    before, _, after = line.partition("# ")
    is_example = re.fullmatch(r" *(- \{.*|(- )?[A-Za-z_]+:( .*)?)", after)
    return before + after if is_example and not before.strip() else line


def test_what_the_demo_writes_down_of_itself_has_no_faults(tmp_path: Path) -> None:
    world = World("calm", SystemClock())
    names = [*BY_NAME]
    endpoints = Endpoints(
        prometheus=(("prom-core", "http://127.0.0.1:1"), ("prom-edge", "http://127.0.0.1:2")),
        alertmanager=("http://127.0.0.1:3", "http://127.0.0.1:4"),
        ports=tuple((name, 2000 + index) for index, name in enumerate(names)),
    )
    write_settings(tmp_path / "demo", world, endpoints)
    found = load(tmp_path / "demo")
    kinds = {each.type for each in found.registry.services}
    assert len(found.registry.hosts) == 5
    assert len(found.registry.services) > len(SERVICES) >= 55
    assert {"page", "api"} <= kinds
    probed = {each.service for each in probes_of(found.registry, found.settings.sources.health)}
    asked = {each.name for each in found.registry.services if each.method in ("GET", "HEAD")}
    assert probed == asked
