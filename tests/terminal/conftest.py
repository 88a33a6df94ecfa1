"""A demo that all tests of a session look at, and terminals to open the console in."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from console.demo.serve import DemoHandle, start_demo
from tests.demo_settings import without_hosts
from tests.terminal.terminal import ONCALL, Terminal


class Opener(Protocol):
    """Opens `oncall` with these arguments in a terminal that is closed after the test."""

    def __call__(
        self,
        *args: str,
        size: tuple[int, int] = ...,
        env: dict[str, str | None] | None = ...,
        controlling: bool = ...,
        command: tuple[str, ...] = ...,
    ) -> Terminal: ...


@pytest.fixture(scope="session")
def demo() -> Iterator[DemoHandle]:
    """The default scenario, served for the whole session."""
    handle = start_demo("redis-down")
    yield handle
    handle.stop()


@pytest.fixture
def settings(demo: DemoHandle, tmp_path: Path) -> str:
    """A settings folder of its own on that demo, with its state inside."""
    folder = without_hosts(demo.settings_dir, tmp_path / "settings")
    with (folder / "oncall.yaml").open("a") as written:
        # That an ack is old is said in the bottom line, at a moment that no test chooses.
        written.write("\nacks: {remind_after: 30d}\n")
    return str(folder)


@pytest.fixture
def open_in(tmp_path: Path) -> Iterator[Opener]:
    """Terminals, at home in a folder of the test's own."""
    home = tmp_path / "home"
    home.mkdir()
    with contextlib.ExitStack() as stack:

        def opener(
            *args: str,
            size: tuple[int, int] = (80, 24),
            env: dict[str, str | None] | None = None,
            controlling: bool = True,
            command: tuple[str, ...] = ONCALL,
        ) -> Terminal:
            terminal = Terminal(
                [*command, *args], home=home, size=size, env=env, controlling=controlling
            )
            return stack.enter_context(terminal)

        yield opener
