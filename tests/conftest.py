"""What every test stands on: a clean environment, and no skip where none is allowed."""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Generator
from pathlib import Path
from typing import Final

import pytest
from hypothesis import Phase, settings

from tests.servers import package_of, where_is

# Read when the screens' libraries are imported, so before any test is.
for _name in ("NO_COLOR", "FORCE_COLOR", "TEXTUAL_THEME", "ONCALL_CONFIG"):
    os.environ.pop(_name, None)

# A run that was started in the background ignores ctrl+c, and so would all that it starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# What explains a failure counts every line that runs, in every example: that is most of the time
# that generated tests take.
# And nothing is held to a time: other programs use the machine, too.
settings.register_profile(
    "plain", phases=[one for one in Phase if one is not Phase.explain], deadline=None
)
settings.load_profile("plain")

MOST_IN_A_NAME: Final = 120

XDG = ("CONFIG", "STATE", "DATA", "CACHE")


@pytest.fixture(autouse=True)
def _own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes what belongs to the person who runs it."""
    base = _base(tmp_path_factory)
    for kind in XDG:
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(base / kind.lower()))
    monkeypatch.delenv("XDG_CONFIG_DIRS", raising=False)
    for name in ("NO_COLOR", "FORCE_COLOR", "TEXTUAL_THEME", "ONCALL_CONFIG"):
        monkeypatch.delenv(name, raising=False)


_HOMES: Final = itertools.count()


def _base(factory: pytest.TempPathFactory) -> Path:
    # Numbered here: pytest looks through the folders of all tests before for the next number.
    return factory.mktemp(f"home-{next(_HOMES)}", numbered=False)


def skips_are_forbidden() -> bool:
    """Whether a test that would be skipped has to fail: CI installs all programs."""
    return os.environ.get("ONCALL_FORBID_SKIPS") == "1"


@pytest.hookimpl
def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """A test is called after a value of megabytes by the length of that alone.

    Every worker sends the names of all tests, and each report repeats that of its own.
    """
    if isinstance(val, str | bytes) and len(val) > MOST_IN_A_NAME:
        return f"{argname} of {len(val):,}"
    return None


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose real program is not installed, naming what to install."""
    for marker in item.iter_markers("real"):
        for program in marker.args:
            if where_is(program) is None:
                package = package_of(program)
                pytest.skip(f"{program} is not installed (Debian package: {package})")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where skips are forbidden a skipped test is a failed one, with its reason."""
    report = yield
    if report.skipped and skips_are_forbidden() and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{reason}\nONCALL_FORBID_SKIPS=1: no test may be skipped here"
    return report
