"""`oncall check`, `schema` and `init` as a person meets them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from config.load import load
from console.cli.main import oncall
from console.cli.settings import write_starter
from console.demo.serve import start_demo
from tests.config.folder import written
from tests.config.test_write import EDITED, SSH


def run(*args: str, env: dict[str, str] | None = None) -> Result:
    base = {"ONCALL_CONFIG": "", "XDG_CONFIG_HOME": "", "HOME": "/nonexistent"}
    return CliRunner().invoke(oncall, list(args), env=base | (env or {}))


def test_check_prints_a_line_a_fault_on_stdout_and_the_sum_on_stderr(tmp_path: Path) -> None:
    written(tmp_path, "foo: 1\nlook: {theme: x}\n", "bar: 1\n")
    result = run("check", "--config", str(tmp_path))
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert [line.split(" ")[0] for line in lines] == [
        "oncall.yaml:1:1:",
        "oncall.yaml:2:15:",
        "services.yaml:1:1:",
    ]
    assert result.stderr == f"{tmp_path}: 3 faults\n"


def test_check_of_good_settings_says_what_they_hold_and_exits_0(tmp_path: Path) -> None:
    written(tmp_path, "", EDITED)
    result = run("--config", str(tmp_path), "check")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "no faults: 0 Prometheus, 0 Alertmanager clusters, 1 hosts, 2 services" in result.stderr


def test_check_without_settings_says_how_to_get_some() -> None:
    result = run("check")
    assert result.exit_code == 1
    assert "oncall init" in result.stderr


def test_check_knows_the_actions(tmp_path: Path) -> None:
    written(tmp_path, "keys:\n  row.opne: enter\n")
    result = run("check", "--config", str(tmp_path))
    assert result.stdout.startswith("oncall.yaml:2:3: keys.row.opne: no action")


@pytest.mark.parametrize("file", ["oncall.yaml", "services.yaml"])
def test_schema_prints_json(file: str) -> None:
    result = run("schema", file)
    assert result.exit_code == 0
    assert json.loads(result.stdout)["additionalProperties"] is False


def test_init_writes_a_folder_that_checks_and_never_overwrites(tmp_path: Path) -> None:
    env = {"XDG_CONFIG_HOME": str(tmp_path)}
    folder = tmp_path / "oncall"
    assert run("init", env=env).exit_code == 0
    assert run("check", env=env).exit_code == 0
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "oncall.yaml").stat().st_mode & 0o777 == 0o600
    (folder / "oncall.yaml").write_text("environment: mine\n")
    again = run("init", env=env)
    assert again.exit_code == 0
    assert "is there, left as it is" in again.stdout
    assert (folder / "oncall.yaml").read_text() == "environment: mine\n"


def test_the_welcome_writes_the_same_starter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert write_starter() == 0
    assert "oncall.yaml: written" in capsys.readouterr().out
    assert load(tmp_path / "oncall").settings.environment == "default"


def test_init_says_what_to_do_next(tmp_path: Path) -> None:
    result = run("init", "--config", str(tmp_path / "my folder"))
    assert f"`oncall --config '{tmp_path}/my folder' check`" in result.stderr
    assert "name your Prometheus in oncall.yaml" in result.stderr


def test_init_with_force_puts_the_starter_in_place(tmp_path: Path) -> None:
    written(tmp_path, "foo: 1\n", "bar: 1\n")
    assert run("init", "--config", str(tmp_path), "--force").exit_code == 0
    assert run("check", "--config", str(tmp_path)).exit_code == 0


def test_init_from_an_ssh_configuration_adds_hosts_once(tmp_path: Path) -> None:
    (tmp_path / "ssh").write_text(SSH)
    written(tmp_path, "", EDITED)
    args = ("init", "--config", str(tmp_path), "--from-ssh-config", str(tmp_path / "ssh"))
    first = run(*args)
    assert first.exit_code == 0
    assert "added 7 hosts and 0 services" in first.stdout
    assert "`Include` is not followed" in first.stderr
    text = (tmp_path / "services.yaml").read_text()
    assert "web-1        # the old one" in text
    assert "nothing new to add" in run(*args).stdout
    assert (tmp_path / "services.yaml").read_text() == text
    assert run("check", "--config", str(tmp_path)).exit_code == 0


def test_init_leaves_a_registry_with_faults_alone(tmp_path: Path) -> None:
    (tmp_path / "ssh").write_text(SSH)
    written(tmp_path, "", "hosts: [{nam: x}]\n")
    result = run("init", "--config", str(tmp_path), "--from-ssh-config", str(tmp_path / "ssh"))
    assert result.exit_code == 1
    assert 'services.yaml:1:10: hosts[0]: unknown key "nam"; did you mean "name"?' in result.stderr
    assert (tmp_path / "services.yaml").read_text() == "hosts: [{nam: x}]\n"


@pytest.mark.parametrize("url", ["prom:9090", "http://u:hunter2@p:9090"])
def test_init_refuses_what_is_no_url_before_it_writes_anything(tmp_path: Path, url: str) -> None:
    folder = tmp_path / "new"
    result = run("init", "--config", str(folder), "--from-prometheus", url)
    assert result.exit_code == 1
    assert result.stderr.startswith("--from-prometheus: expected")
    assert "hunter2" not in result.output
    assert not folder.exists()


def test_init_from_a_server_that_is_not_there_says_so_and_writes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    result = run("init", "--config", str(folder), "--from-prometheus", "http://127.0.0.1:1")
    assert result.exit_code == 1
    assert "http://127.0.0.1:1: refused" in result.stderr
    assert not folder.exists()


def test_init_from_prometheus_proposes_its_targets_and_keeps_what_was_edited(
    tmp_path: Path,
) -> None:
    demo = start_demo("calm", settings_dir=tmp_path / "demo")
    try:
        _, url = demo.endpoints.prometheus[0]
        args = ("init", "--config", str(tmp_path / "mine"), "--from-prometheus", url)
        first = run(*args)
        assert first.exit_code == 0, first.output
        registry = tmp_path / "mine" / "services.yaml"
        found = load(tmp_path / "mine")
        assert found.settings.sources.prometheus[0].url == url
        assert len(found.registry.hosts) >= 4
        assert len(found.registry.services) > 30
        name = found.registry.services[0].name
        edited = registry.read_text().replace(f"name: {name}\n", "name: ours  # renamed\n", 1)
        registry.write_text(edited)
        again = run(*args)
        assert "nothing new to add" in again.stdout
        assert registry.read_text() == edited
    finally:
        demo.stop()


def test_these_commands_import_no_textual() -> None:
    code = (
        "import sys, console.cli.settings, config.load, config.write, config.json_schema\n"
        "print([name for name in ('textual', 'rich') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
