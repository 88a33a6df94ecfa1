"""Where a command keeps clocks and the last known state."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from config.load import load
from console.cli.once import state_of


def folder_with(path: Path, environment: str) -> Path:
    (path / "oncall.yaml").write_text(f"environment: {environment}\n")
    return path


def test_an_environment_keeps_its_state_among_the_users_own(tmp_path: Path) -> None:
    for environment in ("prod", "demo"):  # a team may call its own so
        state, notice = state_of(load(folder_with(tmp_path, environment)))
        assert state is not None
        assert state.folder == Path(os.environ["XDG_STATE_HOME"]) / "oncall" / environment
        assert notice == ""


def test_a_running_demo_keeps_its_state_in_its_own_folder(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir(0o700)
    state, _ = state_of(load(folder_with(tmp_path, "demo")))
    assert state is not None
    assert state.folder == tmp_path / "state"


def test_without_a_place_for_it_the_reason_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    state, notice = state_of(load(folder_with(tmp_path, "prod")))
    assert state is None
    assert "clocks start afresh" in notice
