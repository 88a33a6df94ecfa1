"""Keys that come at once, and text that was not typed."""

from __future__ import annotations

from tests.terminal.conftest import Opener
from tests.terminal.terminal import Terminal

SCRIPT = """#!/bin/sh
set -e
for host in web-1 web-2; do
  ssh "$host" sudo systemctl restart nginx && echo done 2>&1
done
q
:q
rm -rf /var/tmp/cache
exit 0
"""


def started(terminal: Terminal) -> Terminal:
    terminal.wait_for("redis@")
    terminal.wait_quiet()
    return terminal


def still_on_triage(terminal: Terminal) -> bool:
    """Whether no key has opened, filtered, moved or left anything."""
    terminal.wait_quiet()
    return (
        terminal.program.poll() is None
        and "NEXT STEP" in terminal.lines[2]
        and terminal.lines[3].startswith(">")
    )


def test_a_pasted_script_runs_no_action(open_in: Opener, settings: str) -> None:
    terminal = started(open_in("--config", settings))
    terminal.type(f"\x1b[200~{SCRIPT}\x1b[201~")
    terminal.wait_for("pasted characters ignored")
    assert still_on_triage(terminal)


def test_a_script_pasted_without_brackets_runs_no_action(open_in: Opener, settings: str) -> None:
    terminal = started(open_in("--config", settings))
    terminal.type(SCRIPT.replace("\n", "\r"))
    terminal.wait_for("keys came at once")
    assert still_on_triage(terminal)


def test_a_paste_that_comes_in_pieces_runs_no_action_to_its_last_key(
    open_in: Opener, settings: str
) -> None:
    terminal = started(open_in("--config", settings))
    for begin in range(0, len(SCRIPT), 40):
        terminal.type(SCRIPT[begin : begin + 40].replace("\n", "\r"))
        terminal.read(0.05)
    terminal.wait_for("keys came at once")
    assert still_on_triage(terminal)


def test_a_script_pasted_into_the_filter_is_one_line_of_text(
    open_in: Opener, settings: str
) -> None:
    terminal = started(open_in("--config", settings))
    terminal.type("/")
    terminal.wait_quiet(0.2)
    terminal.type(f"\x1b[200~{SCRIPT}\x1b[201~")
    terminal.wait_for("#!/bin/sh")
    terminal.wait_quiet()
    assert terminal.program.poll() is None
    terminal.escape()
    terminal.wait_for("redis@")


def test_a_filter_typed_ahead_lands_in_the_filter(open_in: Opener, settings: str) -> None:
    terminal = started(open_in("--config", settings))
    terminal.type("/redis")
    terminal.wait_for("/redis")
    terminal.type("\r")
    terminal.wait_for("esc clears")
    terminal.wait_for(lambda: "api@shop" not in terminal.text)
    assert "redis@" in terminal.text


def test_a_command_typed_ahead_is_carried_out(open_in: Opener, settings: str) -> None:
    terminal = started(open_in("--config", settings))
    terminal.type(":host redis\r")
    terminal.wait_for("only wrong")
    terminal.wait_for("── redis ")
    terminal.type(":q\r")
    assert terminal.wait_end() == 0


def test_keys_typed_before_the_first_frame_are_not_lost(open_in: Opener, settings: str) -> None:
    terminal = open_in("--config", settings)
    terminal.wait_for(lambda: b"\x1b[?2004h" in terminal.raw)
    terminal.type("7")
    terminal.wait_for("EVENT")


def test_repeated_movement_is_no_paste(open_in: Opener, settings: str) -> None:
    terminal = started(open_in("--config", settings))
    terminal.type("j" * 12)
    terminal.wait_for("13/")


def test_a_key_held_down_while_the_screen_is_full_of_escapes_leaves_no_debris(
    open_in: Opener, settings: str
) -> None:
    terminal = started(open_in("--config", settings))
    terminal.type("\x1b[B" * 30 + "\x1b[A" * 40)
    terminal.wait_for(lambda: terminal.lines[3].startswith(">"))
    assert still_on_triage(terminal)
