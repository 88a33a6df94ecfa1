"""Text in the person's own editor, in place of the console until it ends."""

from __future__ import annotations

import os
import re
import shlex
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from console.safety.files import (
    FileError,
    make_scratch_dir,
    read_capped,
    remove_scratch_dir,
    write_atomic,
)
from console.safety.process import Foreground, ProcessError, in_foreground
from console.safety.text import visible
from widgets.driver import OncallDriver

if TYPE_CHECKING:
    from screens.app import OncallApp

MAX_BYTES: Final = 1 << 20
_NOT_IN_A_NAME: Final = re.compile(r"[^A-Za-z0-9._-]+")
_USUAL: Final = "vi"


def edit_text(app: OncallApp, text: str, name: str) -> str | None:
    """Have the person edit `text`; returns it as they saved it.

    `None` where it was left unchanged or nothing usable came back, which is then said. The
    editor is `$VISUAL`, `$EDITOR` or `vi`, without any shell; what it is given is a private
    file that is removed afterwards.

    Args:
        name: what the file is called, for the editor's choice of colours: `redis.md`.
    """
    driver = app._driver
    if not isinstance(driver, OncallDriver):
        app.say("this terminal cannot be lent to an editor", warning=True)
        return None
    argv = editor_of(os.environ)
    if isinstance(argv, str):
        app.say(argv, warning=True)
        return None
    try:
        folder = make_scratch_dir("oncall-edit-")
    except FileError as error:
        app.say(f"nothing to edit in: {visible(str(error))}", warning=True)
        return None
    try:
        return _edited(app, driver, argv, folder / _file_name(name), text)
    finally:
        remove_scratch_dir(folder)


def editor_of(environ: Mapping[str, str]) -> tuple[str, ...] | str:
    """The editor's argument list; a string says why there is none."""
    for variable in ("VISUAL", "EDITOR"):
        wanted = environ.get(variable, "").strip()
        if not wanted:
            continue
        try:
            argv = tuple(shlex.split(wanted))
        except ValueError as error:
            return f"${variable} cannot be read ({error}): expected a program and its arguments"
        if argv:
            return argv
    return (_USUAL,)


def _edited(
    app: OncallApp, driver: OncallDriver, argv: tuple[str, ...], path: Path, text: str
) -> str | None:
    before = text.encode("utf-8", "replace")
    try:
        write_atomic(path, before)
    except FileError as error:
        app.say(f"the text could not be written: {visible(str(error))}", warning=True)
        return None
    fault = _run(app, driver, argv, path)
    if fault:
        app.say(fault, warning=True)
        return None
    try:
        after = read_capped(path, MAX_BYTES, follow=False)
    except FileError as error:
        app.say(f"what was saved is not taken: {visible(error.problem)}", warning=True)
        return None
    if after == before:
        return None
    try:
        return after.decode("utf-8")
    except UnicodeDecodeError as error:
        why = f"byte {error.start + 1} is not UTF-8; save it as UTF-8"
        app.say(f"what was saved is not taken: {why}", warning=True)
        return None


def _run(app: OncallApp, driver: OncallDriver, argv: tuple[str, ...], path: Path) -> str:
    """Lend it the terminal; returns why its text is not to be taken, or nothing."""
    terminal = sys.__stdin__.fileno() if sys.__stdin__ is not None else 0

    def use() -> Foreground | ProcessError:
        try:
            return in_foreground((*argv, str(path)), terminal=terminal)
        except ProcessError as error:
            return error

    name = visible(argv[0], cells=40)
    ended = driver.lend(use, f"oncall: {visible(shlex.join(argv), cells=60)}")
    app.forget_keys()
    if isinstance(ended, ProcessError):
        return f"no editor: {visible(str(ended))}; set $EDITOR"
    if ended.exit_status < 0:
        try:
            how = signal.Signals(-ended.exit_status).name
        except ValueError:
            how = f"signal {-ended.exit_status}"
        return f"{name} was killed by {how}: nothing is taken"
    if ended.exit_status > 0:
        return f"{name} ended with exit {ended.exit_status}: nothing is taken"
    return ""


def _file_name(name: str) -> str:
    safe = _NOT_IN_A_NAME.sub("-", name).strip("-.")[-60:].lstrip("-.")
    return safe or "text.md"
