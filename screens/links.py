"""Following a link: in a browser on one's own desktop, else through the clipboard."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from console.engine.row_forms import plain_address
from console.model.papers import IncidentPaper
from console.safety.process import ProcessError, start_apart
from console.safety.text import Raw, visible
from screens.copying import copy
from widgets.chooser import MOST, Chooser, Offer

if TYPE_CHECKING:
    from screens.app import OncallApp

_WATCH_S: Final = 3.0
"""A browser that fails does so within this; one that opens may run for days."""

Links = Sequence[tuple[str, Raw]]


def choose_link(app: OncallApp, links: Links, papers: Sequence[IncidentPaper] = ()) -> None:
    """Have the person pick one of `links`, and follow it, or an incident of `papers`."""
    incidents = [paper.incident for paper in papers]
    if not links and not incidents:
        app.say("it has no links", warning=True)
        return
    here = browser_of(os.environ, sys.platform) is not None
    how = "enter opens it in the browser" if here else "enter copies it: no browser is here"
    if len(links) + len(incidents) > MOST:
        how += f"; {MOST - len(incidents)} of {len(links)} links"

    def chosen(index: int | None) -> None:
        if index is None:
            return
        if index >= len(incidents):
            follow(app, *links[index - len(incidents)])
        else:
            from screens.incident import open_incident  # late: it is seldom asked for

            open_incident(app, incidents[index].id)

    offers = [Offer(one.id, Raw(f"{one.title} ({one.state})")) for one in incidents]
    offers += [Offer(Raw(name), url) for name, url in links]
    app.push_screen(Chooser("links", offers, note=how), chosen)


def follow(app: OncallApp, name: str, url: Raw) -> None:
    """Open one link, or send it to the clipboard where no browser can be seen."""
    browser = browser_of(os.environ, sys.platform)
    if browser is None:
        copy(app, url, visible(name, cells=40))
        return
    address = plain_address(url)
    if not address:
        app.say("not opened: it is no plain http address", warning=True)
    else:
        app.run_worker(_open(app, with_url(browser, address)), exit_on_error=False)


def browser_of(environ: Mapping[str, str], platform: str) -> tuple[str, ...] | None:
    """What opens an address on the desktop that the person sits at; `None` over SSH."""
    if environ.get("SSH_CONNECTION") or environ.get("SSH_TTY"):
        return None
    wanted = environ.get("BROWSER", "").split(os.pathsep)[0].strip()
    if wanted:
        try:
            return tuple(shlex.split(wanted)) or None
        except ValueError:
            return None
    if platform == "darwin":
        return ("open",)
    if environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"):
        return ("xdg-open",)
    return None


def with_url(browser: Sequence[str], url: str) -> tuple[str, ...]:
    """The argument list: `%s` stands for the address, which else goes to the end."""
    if any("%s" in word for word in browser):
        return tuple(word.replace("%s", url) for word in browser)
    return (*browser, url)


async def _open(app: OncallApp, argv: Sequence[str]) -> None:
    name = visible(argv[0], cells=40)
    try:
        ended = await start_apart(argv, watch_s=_WATCH_S)
    except ProcessError as error:
        app.say(f"not opened: {visible(str(error))}; y copies the link", warning=True)
        return
    if ended:
        app.say(f"{name} ended with {ended}; y copies the link", warning=True)
    else:
        app.say(f"opened by {name}")
