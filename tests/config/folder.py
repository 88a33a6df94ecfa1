"""Settings folders for the tests of this room."""

from __future__ import annotations

from pathlib import Path

from config.checks import KeyFaults
from config.fault import Fault, SettingsFaults
from config.load import Loaded, load


def written(folder: Path, oncall: str = "", services: str | None = None) -> Path:
    """`folder` with these two files in it."""
    (folder / "oncall.yaml").write_text(oncall)
    if services is not None:
        (folder / "services.yaml").write_text(services)
    return folder


def faults(
    folder: Path, oncall: str = "", services: str | None = None, key_faults: KeyFaults | None = None
) -> list[str]:
    """Every fault of these two files, as it is printed."""
    try:
        load(written(folder, oncall, services), key_faults)
    except SettingsFaults as error:
        assert all(isinstance(each, Fault) for each in error.faults)
        return [str(each) for each in error.faults]
    return []


def loaded(folder: Path, oncall: str = "", services: str | None = None) -> Loaded:
    """What these two files, which have no faults, say."""
    return load(written(folder, oncall, services))
