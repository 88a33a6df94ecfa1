"""`oncall history`, on a file that somebody recorded."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from console.cli.main import oncall
from console.history.database import history_file
from console.history.writer import Writer, open_writer
from console.model.history import Origin, Sample, Sight
from console.safety.clock import ManualClock, SystemClock

MINUTE_MS = 60_000


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A settings folder; the state stands beside it."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return settings_called(tmp_path, "prod")


def settings_called(tmp_path: Path, environment: str) -> Path:
    folder = tmp_path / environment
    folder.mkdir()
    (folder / "oncall.yaml").write_text(f"environment: {environment}\n")
    return folder


def on(settings: Path, *words: str, stdin: bytes = b"") -> Result:
    """`oncall history …` in this process."""
    args = ["history", *words, "--config", str(settings)]
    return CliRunner().invoke(oncall, args, input=stdin, prog_name="oncall")


def kept_in(settings: Path) -> Path:
    """Where the state of these settings is."""
    folder = settings.parent / "state" / "oncall" / settings.name
    folder.mkdir(parents=True, exist_ok=True)
    for one in (folder.parent, folder):
        one.chmod(0o700)
    return folder


def writing(settings: Path) -> Writer:
    writer = open_writer(kept_in(settings), Origin.RECORDER, "svc@ops-1")
    assert isinstance(writer, Writer), writer
    return writer


def ms_ago(minutes: int) -> int:
    ago = SystemClock().now().wall - timedelta(minutes=minutes)
    return round(ago.timestamp() * 1000)


def record(settings: Path, *spans: tuple[int, int]) -> None:
    """Samples of one service, a minute apart, from and to so many minutes ago."""
    writer = writing(settings)
    for first, last in spans:
        at = [ms_ago(minutes) for minutes in range(first, last, -1)]
        writer.begin(at[0], MINUTE_MS)
        writer.write([Sample("api", one, Sight.UP, 12.0) for one in at])
        writer.end("the clock jumped by +600 s" if last > 1 else "")
    writer.close()


def document(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_bare_history_tells_the_file_from_when_who_records_and_the_gaps(settings: Path) -> None:
    record(settings, (120, 60), (30, -1))
    writer = writing(settings)
    try:
        said = on(settings).stdout
        told = document(on(settings, "--json"))
    finally:
        writer.close()
    assert said.splitlines()[0].startswith(f"{history_file(kept_in(settings))}: ")
    who = f"svc@ops-1 (recorder), process {os.getpid()}, since {SystemClock().now().wall:%Y-%m-%d}"
    assert f"records   {who} " in said
    assert "writes nothing" not in said
    assert "gaps      1 in the last 7 days, 30m" in said
    assert "the clock jumped by +600 s" in said
    (gap,) = told["gaps"]
    assert gap["seconds"] == pytest.approx(1800, abs=2)
    assert told["writer"] == "svc@ops-1 (recorder)"
    assert told["schema_version"] == 1


def test_who_holds_the_file_and_writes_nothing_is_told_with_what_to_do(settings: Path) -> None:
    record(settings, (30, 20))
    clock = ManualClock(SystemClock().now().wall - timedelta(minutes=20))
    writer = open_writer(kept_in(settings), Origin.CONSOLE, "kai@laptop-1", clock=clock)
    assert isinstance(writer, Writer)
    written = ms_ago(4) / 1000
    os.utime(history_file(kept_in(settings)), (written, written))
    try:
        said = on(settings).stdout
        assert document(on(settings, "--json"))["writer_is_silent"] is True
    finally:
        writer.close()
    assert "kai@laptop-1 (console) holds the file and writes nothing: end process" in said
    assert f"`kill -CONT {os.getpid()}`" in said


def test_where_nothing_was_ever_recorded_that_is_said_and_nothing_is_wrong(
    settings: Path,
) -> None:
    assert "nothing was ever recorded" in on(settings).stdout
    assert "records   nobody now" in on(settings).stdout
    assert on(settings, "check").exit_code == 0
    assert on(settings, "export").exit_code == 4
    assert on(settings, "compact").exit_code == 4
    assert not history_file(kept_in(settings)).exists()


def test_a_whole_file_is_checked_with_0_and_told_in_counts(settings: Path) -> None:
    record(settings, (120, 60), (30, 0))
    told = on(settings, "check").stdout
    assert "1 service on " in told and "; 90 samples of the latest days" in told
    told = document(on(settings, "check", "--json"))
    assert (told["ok"], told["samples"], told["gaps"]) == (True, 90, 1)


def test_a_damaged_file_is_checked_with_3_and_stays_as_it_is(settings: Path) -> None:
    record(settings, (30, 0))
    path = history_file(kept_in(settings))
    broken = b"\xff" * 4096 + path.read_bytes()[4096:]
    path.write_bytes(broken)
    checked = on(settings, "check")
    assert checked.exit_code == 3
    assert "damaged" in checked.stdout
    assert json.loads(on(settings, "check", "--json").stdout)["ok"] is False
    bare = on(settings)
    assert (bare.exit_code, bare.stdout) == (4, "")
    assert "is damaged" in bare.stderr
    assert path.read_bytes() == broken


def test_what_is_exported_is_taken_in_elsewhere_and_twice_is_once(settings: Path) -> None:
    record(settings, (120, 60))
    exported = on(settings, "export")
    assert exported.exit_code == 0
    assert exported.stdout.isascii()
    other = settings_called(settings.parent, "stage")
    kept_in(other)
    for _ in range(2):
        taken = on(other, "import", "-", stdin=exported.stdout_bytes)
        assert taken.exit_code == 0, taken.output
        assert "taken in: 1 recording of 1 service, 60 samples" in taken.stdout
        assert document(on(other, "check", "--json"))["samples"] == 60
    back = document(on(settings, "import", "-", "--json", stdin=exported.stdout_bytes))
    assert (back["known"], back["samples"]) == (1, 0)


def test_an_export_that_was_cut_off_is_refused_whole(settings: Path) -> None:
    record(settings, (120, 60))
    cut = b"\n".join(on(settings, "export").stdout_bytes.splitlines()[:-1])
    other = settings_called(settings.parent, "stage")
    kept_in(other)
    refused = on(other, "import", "-", stdin=cut)
    assert (refused.exit_code, refused.stdout) == (4, "")
    assert "expected" in refused.stderr
    assert document(on(other, "check", "--json"))["samples"] == 0


def test_an_export_of_some_days_leaves_out_the_others(settings: Path) -> None:
    record(settings, (3 * 1440, 3 * 1440 - 10), (30, 0))
    lines = on(settings, "export", "--from", "yesterday").stdout.splitlines()
    assert sum('"samples"' in line and '"at_ms"' in line for line in lines) == 30
    assert on(settings, "export", "--from", "today", "--to", "yesterday").exit_code == 2
    assert on(settings, "export", "--from", "someday").exit_code == 2


def test_compacting_tells_the_size_before_and_after(settings: Path) -> None:
    record(settings, (30, 0))
    told = document(on(settings, "compact", "--json"))
    assert told["after_bytes"] <= told["before_bytes"]
    assert ", now " in on(settings, "compact").stdout


def test_an_import_wants_a_file_or_a_prometheus_and_not_both(settings: Path) -> None:
    for words in ((), ("-", "--prometheus", "prom")):
        refused = on(settings, "import", *words)
        assert refused.exit_code == 2
        assert "expected either FILE" in refused.stderr


def test_in_read_only_the_file_stays_as_it_is_and_may_be_read(settings: Path) -> None:
    record(settings, (30, 0))
    lines = on(settings, "export").stdout_bytes
    before = history_file(kept_in(settings)).read_bytes()

    def looking(*words: str) -> Result:
        args = ["--read-only", "history", *words, "--config", str(settings)]
        return CliRunner().invoke(oncall, args, input=lines, prog_name="oncall")

    for words in (("compact",), ("import", "-")):
        result = looking(*words)
        assert result.exit_code == 4, result.output
        assert "read-only" in result.stderr
    assert looking("check").exit_code == 0
    assert history_file(kept_in(settings)).read_bytes() == before


def test_a_file_without_an_end_is_refused_before_it_fills_the_memory(
    settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("console.history.importing.LINE_BYTES", 1_000)
    result = on(settings, "import", "-", stdin=b"x" * 100_000)
    assert result.exit_code == 4
    assert "line 1: it has 1,001 bytes" in result.stderr
