"""The options that every command shares, and the settings that they choose."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import click
import msgspec

from config.fault import SettingsFaults
from config.load import Loaded, find_folder, from_prometheus, load

P = ParamSpec("P")
R = TypeVar("R")

EXIT_USAGE = 2
EXIT_FAILED = 4
"""The command itself could not do its work. Not 1: of `oncall status` that says: it fires."""
EXIT_INTERRUPTED = 130
"""What a shell expects of a program that ctrl+c ended."""


class OutputError(Exception):
    """Standard output is closed, or its disk is full."""


class Chosen(msgspec.Struct, frozen=True):
    """What the command line asked for; `None` where it did not say."""

    config: Path | None = None
    prometheus: tuple[str, ...] = ()
    alertmanager: tuple[str, ...] = ()
    read_only: bool = False
    theme: str | None = None
    ascii: bool | None = None
    mouse: bool | None = None

    def over(self, outer: Chosen | None) -> Chosen:
        """These choices, with those of the outer command where these are silent."""
        if outer is None:
            return self
        return Chosen(
            config=self.config or outer.config,
            prometheus=self.prometheus or outer.prometheus,
            alertmanager=self.alertmanager or outer.alertmanager,
            read_only=self.read_only or outer.read_only,
            theme=self.theme or outer.theme,
            ascii=outer.ascii if self.ascii is None else self.ascii,
            mouse=outer.mouse if self.mouse is None else self.mouse,
        )


def source_options(command: Callable[..., R]) -> Callable[..., R]:
    """`--config`, `--prometheus` and `--alertmanager`, before or after the command's name."""

    @click.option(
        "--config",
        type=click.Path(path_type=Path),
        help="The settings folder. Else $ONCALL_CONFIG, $XDG_CONFIG_HOME/oncall, /etc/oncall.",
    )
    @click.option(
        "--prometheus",
        multiple=True,
        metavar="URL",
        help="Look at this Prometheus and its Alertmanagers, with no settings. Repeatable.",
    )
    @click.option(
        "--alertmanager",
        multiple=True,
        metavar="URL",
        help="With or without --prometheus: an Alertmanager to look at. Repeatable.",
    )
    @functools.wraps(command)
    def with_sources(*args: Any, **kwargs: Any) -> R:
        mine = Chosen(
            config=kwargs.pop("config"),
            prometheus=kwargs.pop("prometheus"),
            alertmanager=kwargs.pop("alertmanager"),
            read_only=kwargs.pop("read_only", False),
            theme=kwargs.pop("theme", None),
            ascii=kwargs.pop("ascii", None),
            mouse=kwargs.pop("mouse", None),
        )
        outer = click.get_current_context().parent
        return command(*args, chosen=mine.over(outer.obj if outer else None), **kwargs)

    return with_sources


def look_options(command: Callable[..., R]) -> Callable[..., R]:
    """`--read-only`, `--theme`, `--ascii` and `--mouse`; goes under `source_options`."""
    for option in (
        click.option("--read-only", is_flag=True, help="Look, and change nothing anywhere."),
        click.option(
            "--theme",
            type=click.Choice(["dark", "light", "ansi-dark", "ansi-light"]),
            help="Colours.",
        ),
        click.option("--ascii/--no-ascii", default=None, help="State shapes in ASCII."),
        click.option("--mouse/--no-mouse", default=None, help="Take the mouse."),
    ):
        command = option(command)
    return command


def settings_of(chosen: Chosen) -> Loaded | None:
    """The settings that were chosen, or `None` where there are none to be found.

    Raises:
        SettingsFaults: they are there and cannot be used.
    """
    if chosen.prometheus or chosen.alertmanager:
        return from_prometheus(chosen.prometheus, chosen.alertmanager)
    folder = find_folder(chosen.config)
    return load(folder, faults_of_keys, fault_of_filter) if folder is not None else None


def faults_of_keys(keys: Mapping[str, tuple[str, ...]]) -> Iterable[tuple[str, str]]:
    """The judge of the remapped keys that `config.load.load` takes."""
    # Late: commands without settings of their own need no registry of actions.
    from console.actions.keys import key_faults

    return key_faults(keys)


def fault_of_filter(text: str) -> str:
    """The judge of `notice.filter` that `config.load.load` takes."""
    from console.triage.filter import fault_in

    return fault_in(text)


def settings_or_exit(chosen: Chosen) -> Loaded:
    """The settings that were chosen; ends the process with a sentence where that fails."""
    try:
        loaded = settings_of(chosen)
    except SettingsFaults as faults:
        narrate(*(str(fault) for fault in faults.faults))
        sys.exit(EXIT_USAGE)
    if loaded is None:
        narrate(
            "no settings found: looked at --config, $ONCALL_CONFIG, $XDG_CONFIG_HOME/oncall"
            " and /etc/oncall.",
            "Try `oncall demo`, `oncall --prometheus URL`, or `oncall init`.",
        )
        sys.exit(EXIT_USAGE)
    return loaded


def narrate(*lines: str) -> None:
    """Say something to the person: on stderr, so that stdout stays data."""
    for line in lines:
        click.echo(line, err=True)
