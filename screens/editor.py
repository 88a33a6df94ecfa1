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
    file that is removed afterwards, unless the person saved something that is not taken.

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
    path, before, fault = folder / _file_name(name), text.encode("utf-8", "replace"), ""
    try:
        edited, fault = _edited(app, driver, argv, path, before)
    finally:
        kept = bool(fault) and _was_saved(path, before)
        if not kept:
            remove_scratch_dir(folder)
    if fault:
        shown = visible(str(path))
        app.say(f"not taken, kept in {shown}: {fault}" if kept else fault, warning=True)
    return edited


def edit_file(app: OncallApp, path: Path) -> str:
    """Have the person edit a file where it stands; why they could not, empty: they did."""
    driver = app._driver
    if not isinstance(driver, OncallDriver):
        return "this terminal cannot be lent to an editor"
    argv = editor_of(os.environ)
    return argv if isinstance(argv, str) else _run(app, driver, argv, path)


def keep_text(content: bytes, name: str) -> str:
    """Keep what a person wrote, and what went nowhere, in a private file that stays.

    Returns:
        Where it is, or why it is nowhere: safe words that go on after "what you wrote ".
    """
    try:
        path = make_scratch_dir("oncall-kept-") / _file_name(name)
        write_atomic(path, content)
    except FileError as error:
        return f"could not be kept: {visible(str(error))}"
    return f"is kept in {visible(str(path))}"


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
    app: OncallApp, driver: OncallDriver, argv: tuple[str, ...], path: Path, before: bytes
) -> tuple[str | None, str]:
    """What they saved, if that is anything new, and why it is not taken."""
    try:
        write_atomic(path, before)
    except FileError as error:
        return None, f"the text could not be written: {visible(str(error))}"
    fault = _run(app, driver, argv, path)
    if fault:
        return None, fault
    try:
        after = read_capped(path, MAX_BYTES, follow=False)
    except FileError as error:
        return None, f"what was saved is not taken: {visible(error.problem)}"
    if after == before:
        return None, ""
    try:
        return after.decode("utf-8"), ""
    except UnicodeDecodeError as error:
        why = f"byte {error.start + 1} is not UTF-8; save it as UTF-8"
        return None, f"what was saved is not taken: {why}"


def _was_saved(path: Path, before: bytes) -> bool:
    """Whether something of the person's own stands there."""
    try:
        after = read_capped(path, MAX_BYTES, follow=False)
    except FileError:
        # Longer than what is read, or nothing that a person saved: a link, a folder.
        return path.is_file() and not path.is_symlink()
    return after not in (before, b"")


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
