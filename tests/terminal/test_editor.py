"""Text in an editor, and in the plain terminal: the console comes back whole, whatever happens."""

from __future__ import annotations

import signal
from pathlib import Path

from screens.editor import editor_of
from tests.terminal.conftest import Opener
from tests.terminal.terminal import Terminal
from tests.terminal.test_copy import clipboards


def editor(tmp_path: Path, script: str) -> dict[str, str | None]:
    """An environment whose editor is this shell script; `$1` is the file."""
    program = tmp_path / "editor"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return {"VISUAL": str(program), "TMPDIR": str(tmp_path)}


def started(terminal: Terminal) -> Terminal:
    terminal.wait_for("P0 ack")
    terminal.wait_quiet()
    return terminal


def wait_told(terminal: Terminal, said: str) -> None:
    """Read until `said` stands at the bottom."""
    terminal.wait_for(lambda: said in terminal.lines[-1])


def back(terminal: Terminal, said: str) -> None:
    """In the console again, whole, with `said` at the bottom, and it still takes keys."""
    wait_told(terminal, said)
    assert "NEXT STEP" in terminal.text
    terminal.type("2")
    terminal.wait_for("data-1")
    terminal.type("q")
    assert terminal.wait_end() == 0
    assert terminal.not_restored() == []


def in_fleet_and_back(terminal: Terminal) -> None:
    """It takes keys, and draws both screens whole; what was said is gone from the bottom."""
    terminal.type("2")
    terminal.wait_for(lambda: "data-1" in terminal.text and "NEXT STEP" not in terminal.text)
    terminal.type("1")
    terminal.wait_for("NEXT STEP")


def scratch(tmp_path: Path) -> list[Path]:
    return list(tmp_path.glob("oncall-edit-*"))


def test_the_editor_has_the_row_in_a_private_file_that_is_gone_afterwards(
    open_in: Opener, settings: str, tmp_path: Path
) -> None:
    script = 'ls -l "$1" > "$0.seen"; cat "$1" >> "$0.seen"; echo edited >> "$1"'
    terminal = started(open_in("--config", settings, env=editor(tmp_path, script)))
    terminal.type("e")
    terminal.wait_for(lambda: bool(clipboards(terminal)))
    seen = (tmp_path / "editor.seen").read_text()
    assert seen.startswith("-rw-------")
    assert "### P0 `ServiceDown` on `redis@data-1`" in seen
    assert clipboards(terminal)[0].endswith("edited")
    back(terminal, "sent to the terminal's clipboard: the edited text")
    assert scratch(tmp_path) == []


def test_it_has_the_terminal_to_itself(open_in: Opener, settings: str, tmp_path: Path) -> None:
    script = 'printf "name: "; read name; echo "$name" > "$1"'
    terminal = started(open_in("--config", settings, env=editor(tmp_path, script)))
    terminal.type("e")
    terminal.wait_for("name: ")
    terminal.type("qq kai\r")
    terminal.wait_for(lambda: clipboards(terminal) == ["qq kai"])
    back(terminal, "the edited text")


ENDS = {
    "fails": ("exit 1", "ended with exit 1: nothing is taken"),
    "killed": ("kill -KILL $$", "was killed by SIGKILL: nothing is taken"),
    "raw": ("stty raw -echo; exit 3", "ended with exit 3: nothing is taken"),
    "another screen": ('printf "\\033[?1049h\\033[?1000h\\033[31m"; exit 4', "ended with exit 4"),
    "removed": ('rm "$1"', "what was saved is not taken: No such file"),
    "symlink": ('rm "$1"; ln -s /etc/passwd "$1"', "not taken: is a symbolic link"),
}
"""What an editor may do, and what is said then; no two say the same."""


def test_whatever_the_editor_does_the_console_comes_back_and_says_it(
    open_in: Opener, settings: str, tmp_path: Path
) -> None:
    env = editor(tmp_path, "exit 0")
    terminal = started(open_in("--config", settings, env=env, size=(160, 40)))
    for script, said in ENDS.values():
        editor(tmp_path, script)
        terminal.type("e")
        wait_told(terminal, said)
        in_fleet_and_back(terminal)
    back(terminal, "")
    assert clipboards(terminal) == []
    assert scratch(tmp_path) == []


def test_what_was_saved_and_is_not_taken_stays_where_it_is_said(
    open_in: Opener, settings: str, tmp_path: Path
) -> None:
    env = editor(tmp_path, "exit 0")
    terminal = started(open_in("--config", settings, env=env, size=(240, 40)))
    for script, said, size in (
        ('echo mine > "$1"; exit 1', "ended with exit 1: nothing is taken", 5),
        ('printf "ab\\377" > "$1"', "byte 3 is not UTF-8", 3),
        ('head -c 1100000 /dev/zero > "$1"', "not taken: has 1,100,000 bytes", 1_100_000),
    ):
        before = scratch(tmp_path)
        editor(tmp_path, script)
        terminal.type("e")
        wait_told(terminal, said)
        line = terminal.lines[-1]
        (kept,) = set(scratch(tmp_path)) - set(before)
        assert f"kept in {kept / 'oncall-row.md'}: " in line
        assert (kept / "oncall-row.md").stat().st_size == size
        in_fleet_and_back(terminal)
    back(terminal, "")


def test_an_editor_that_is_not_there_is_named(open_in: Opener, settings: str) -> None:
    env: dict[str, str | None] = {"EDITOR": "no-such-editor --wait"}
    terminal = started(open_in("--config", settings, env=env))
    terminal.type("e")
    back(terminal, "no editor: there is no program 'no-such-editor'; set $EDITOR")


def test_a_text_left_as_it_was_is_copied_nowhere(
    open_in: Opener, settings: str, tmp_path: Path
) -> None:
    terminal = started(open_in("--config", settings, env=editor(tmp_path, "echo was here; :")))
    terminal.type("e")
    terminal.wait_for(lambda: terminal.raw.count(b"\x1b[?1049h") == 2)
    terminal.wait_for("NEXT STEP")
    assert clipboards(terminal) == []


def test_a_console_that_is_told_to_end_ends_its_editor_first(
    open_in: Opener, settings: str, tmp_path: Path
) -> None:
    terminal = started(open_in("--config", settings, env=editor(tmp_path, "echo up; sleep 60")))
    terminal.type("e")
    terminal.wait_for("up")
    terminal.send(signal.SIGTERM)
    assert terminal.wait_end() == 143
    assert terminal.left_behind() == []
    assert scratch(tmp_path) == []


def test_the_editor_is_an_argument_list_and_no_shell_line() -> None:
    assert editor_of({"EDITOR": "nano"}) == ("nano",)
    assert editor_of({"VISUAL": "code --wait 'a b'", "EDITOR": "nano"}) == (
        *("code", "--wait", "a b"),
    )
    assert editor_of({"VISUAL": "vi; rm -rf /"}) == ("vi;", "rm", "-rf", "/")
    assert editor_of({"VISUAL": "  "}) == ("vi",)
    assert "$EDITOR cannot be read" in str(editor_of({"EDITOR": "vi 'x"}))


# The plain view


def plainly(terminal: Terminal) -> Terminal:
    started(terminal)
    terminal.type("Y")
    terminal.wait_for("plain view")
    terminal.type("5")
    terminal.wait_for("enter comes back")
    return terminal


def test_the_plain_view_stands_in_the_terminals_own_screen_until_enter(
    open_in: Opener, settings: str
) -> None:
    terminal = plainly(open_in("--config", settings, size=(120, 60)))
    assert "amtool alert query" in terminal.text
    assert "curl -q -sS" in terminal.text
    assert "### P0 `ServiceDown`" in terminal.text
    assert [wrong for wrong in terminal.not_restored() if wrong.startswith("mode")] == []
    for key in ("q", "\x03", "\x1a", "\x1c"):  # what hands press that want to copy
        terminal.type(key)
        terminal.wait_quiet(0.3)
        assert "enter comes back" in terminal.text
    terminal.type("\r")
    terminal.wait_for("NEXT STEP")
    terminal.type("q")
    assert terminal.wait_end() == 0
    assert terminal.not_restored() == []


def test_the_plain_view_ends_when_the_console_is_told_to(open_in: Opener, settings: str) -> None:
    terminal = plainly(open_in("--config", settings, size=(120, 60)))
    terminal.send(signal.SIGTERM)
    assert terminal.wait_end() == 143
    assert terminal.not_restored() == []


def test_the_plain_view_ends_with_its_terminal(open_in: Opener, settings: str) -> None:
    terminal = plainly(open_in("--config", settings, size=(120, 60)))
    terminal.close_all()
    assert terminal.program.wait(15) in (129, -signal.SIGHUP)
