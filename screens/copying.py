"""Text to the terminal's clipboard and to tmux, and the forms in which a row is copied."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from console.engine.row_forms import markdown_of, texts_of
from console.model.snapshot import Snapshot
from console.model.worklist import Row
from console.safety.process import ProcessError, run
from console.safety.text import Raw, visible
from screens.plain import show_plain
from widgets.chooser import Chooser, Offer
from widgets.driver import MAX_CLIPBOARD_BYTES, OncallDriver

if TYPE_CHECKING:
    from screens.app import OncallApp

TMUX_S: Final = 10.0
MAX_TEXT_BYTES: Final = MAX_CLIPBOARD_BYTES // 4 * 3
"""What base64 makes `MAX_CLIPBOARD_BYTES` of."""


def copy(app: OncallApp, text: Raw | str, what: str, *, lines: bool = False) -> None:
    """Send `text` to the terminal's clipboard and to tmux, and say where it went.

    Without `lines` it becomes one line: a line break from outside would run what is pasted
    into a shell. What is too long is offered as a plain view.
    """
    safe = visible(text, lines=lines).rstrip("\n")
    driver = app._driver
    if not isinstance(driver, OncallDriver):
        app.say("this terminal takes no clipboard", warning=True)
        return
    sent = driver.copy(safe)
    if os.environ.get("TMUX"):
        app.run_worker(_also_to_tmux(app, safe, what, sent=sent), exit_on_error=False)
    elif sent:
        app.say(f"sent to the terminal's clipboard: {what}")
    else:
        _offer_plain(app, safe, what)


async def _also_to_tmux(app: OncallApp, text: str, what: str, *, sent: bool) -> None:
    """tmux' own buffer, which it hands on to the terminal's clipboard where it may.

    By default it lets no program within set that (`set-clipboard external`), so that our own
    sequence ends in it.
    """
    fault = await _to_tmux(text, clipboard=sent)
    if not fault:
        clipboard = "the terminal's clipboard and " if sent else ""
        app.say(f"sent to {clipboard}the tmux buffer: {what}")
    elif sent:
        app.say(f"sent to the terminal's clipboard: {what}; not to tmux: {fault}")
    else:
        _offer_plain(app, text, what)


async def _to_tmux(text: str, *, clipboard: bool) -> str:
    """Load tmux' buffer; returns why that failed, or nothing."""
    # `-w` is there since 3.2.
    ways = (("tmux", "load-buffer", "-w", "-"), ("tmux", "load-buffer", "-"))
    fault = ""
    for argv in ways if clipboard else ways[1:]:
        try:
            told = await run(argv, stdin=text.encode("utf-8", "replace"), timeout_s=TMUX_S)
        except ProcessError as error:
            return visible(str(error), cells=60)
        if told.succeeded:
            return ""
        said = told.stderr.decode("utf-8", "replace").strip()
        fault = visible(said, cells=60) or "it does not answer"
    return fault


def _offer_plain(app: OncallApp, text: str, what: str) -> None:
    size = len(text.encode("utf-8", "replace")) / 1000
    most = MAX_TEXT_BYTES / 1000
    offer = Offer("show it plain", "in the terminal itself, to select from")
    note = f"not sent: {what} has {size:.0f} kB, a terminal's clipboard takes {most:.0f}"
    app.say(note, warning=True)

    def chosen(index: int | None) -> None:
        if index is not None:
            show_plain(app, text)

    app.push_screen(Chooser("too long to copy", [offer], note=note), chosen)


class _Form(msgspec.Struct, frozen=True):
    """One way in which rows are copied."""

    label: str
    text: str
    """Empty: they have no such form."""
    why_not: str = ""


def choose_form(app: OncallApp, rows: Sequence[Row], snapshot: Snapshot) -> None:
    """Ask in which form `rows` are to be copied, and copy them."""
    # Made before it is asked: it binds to the rows that were painted when the key was pressed.
    forms = _forms(app, rows, snapshot)

    def chosen(index: int | None) -> None:
        if index is None:
            return
        if index == len(forms):
            show_plain(app, _whole(forms))
        else:
            form = forms[index]
            copy(app, form.text, f"{form.label}, {_many(rows)}", lines=True)

    offers = [
        Offer(form.label, _first_line(form.text), form.why_not if not form.text else "")
        for form in forms
    ]
    offers.append(Offer("plain view", "all of these in the terminal itself, to select from"))
    app.push_screen(Chooser(f"copy {_many(rows)} as", offers), chosen)


def _forms(app: OncallApp, rows: Sequence[Row], snapshot: Snapshot) -> list[_Form]:
    # Late: the first frame needs nothing of it.
    from console.engine.row_commands import amtool_lines, curl_lines

    loaded = app.opened.loaded
    settings = loaded.settings
    now = app.clock.now().wall
    amtool = "\n".join(amtool_lines(rows, snapshot, settings))
    curl = "\n".join(curl_lines(rows, snapshot, settings, loaded.registry.hosts))
    return [
        _Form("text", texts_of(rows)),
        _Form("Markdown", markdown_of(rows, now)),
        _Form("amtool", amtool, "no Alertmanager holds it"),
        _Form("curl", curl, "no source is known that it came from"),
    ]


def _whole(forms: Sequence[_Form]) -> str:
    return "\n\n".join(form.text.rstrip("\n") for form in forms if form.text)


def _first_line(text: str) -> str:
    first, _, rest = text.strip("\n").partition("\n")
    return visible(first, cells=66) + (" …" if rest else "")


def _many(rows: Sequence[Row]) -> str:
    return "row" if len(rows) == 1 else f"{len(rows)} rows"


def edit_rows(app: OncallApp, rows: Sequence[Row]) -> None:
    """Open `rows` as Markdown in the person's editor; what they make of it is copied."""
    from screens.editor import edit_text

    text = markdown_of(rows, app.clock.now().wall)
    edited = edit_text(app, text, "oncall-row.md")
    if edited is not None:
        copy(app, edited, "the edited text", lines=True)
