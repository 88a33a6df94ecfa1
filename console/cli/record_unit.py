"""The systemd unit that `oncall record --unit` prints."""

from __future__ import annotations

import os
import shutil
import sys
from importlib import resources
from pathlib import Path
from typing import Final

from config.load import Loaded
from console.cli.chosen import Chosen
from console.safety.text import Raw, visible

UNIT: Final = "oncall-record.service"
_CARRIED: Final = ("XDG_STATE_HOME", "XDG_CONFIG_HOME")
"""Variables that decide what is asked and where it is kept, and that systemd does not set."""


def unit_text(loaded: Loaded, chosen: Chosen) -> str:
    """A unit that records what this command would.

    Raises:
        ValueError: a path cannot stand in a unit; says which.
    """
    words = [*_program(), "record"]
    if loaded.folder is not None:
        words += ["--config", str(loaded.folder.absolute())]
    for option, urls in (
        ("--prometheus", chosen.prometheus),
        ("--alertmanager", chosen.alertmanager),
    ):
        words += [word for url in urls for word in (option, url)]
    environment = [
        f"Environment={unit_word(f'{name}={value}', is_command=False)}"
        for name in _CARRIED
        if (value := os.environ.get(name))
    ]
    text = resources.files("config.starter").joinpath(UNIT).read_text("utf-8")
    text = text.replace("@ONCALL_COMMAND@", " ".join(map(unit_word, words)))
    return text.replace("@ONCALL_ENVIRONMENT@\n", "".join(f"{one}\n" for one in environment))


def unit_word(text: str, *, is_command: bool = True) -> str:
    """One word of a unit, as systemd.syntax(7) and systemd.service(5) have it: `%` begins a
    specifier, and in a command `$` a variable.

    Raises:
        ValueError: a unit cannot hold it.
    """
    if any(ord(character) < 0x20 or ord(character) == 0x7F for character in text):
        shown = visible(Raw(text), cells=80)
        raise ValueError(f"{shown} cannot stand in a unit: expected no control characters")
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    if is_command:
        escaped = escaped.replace("$", "$$")
    plain = escaped == text and text and not set(text) & set(" '#;")
    return text if plain else f'"{escaped}"'


def _program() -> list[str]:
    """How this program was started, in words that hold anywhere."""
    started = Path(sys.argv[0])
    if started.name == "oncall":
        found = shutil.which(str(started))
        if found is not None:
            return [str(Path(found).absolute())]
    beside = Path(sys.executable).with_name("oncall")
    if os.access(beside, os.X_OK):
        return [str(beside)]
    return [sys.executable, "-m", "console"]
