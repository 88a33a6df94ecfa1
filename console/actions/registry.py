"""Every action there is, as data. Keys, footer, `?`, palette and `:` are made from it."""

from __future__ import annotations

from collections.abc import Iterator

from console.model.action import Action, Effect

READ = Effect.READ
LISTS = ("triage", "group", "fleet", "sources")
"""Screens with rows under a cursor."""
VIEWS = (*LISTS, "detail", "service", "host", "source", "logs")
"""Those, and the ones that show a single thing whole."""
ALERTS = ("triage", "group", "detail")
SIDEWAYS = ("fleet", "logs")
PLACES = (*ALERTS, "fleet", "service", "host")
"""Screens on which a service or a host is shown, which has a log."""

ACTIONS: tuple[Action, ...] = (
    # Screens
    Action(
        "app.triage",
        "triage",
        "The worklist: what to work on, in order.",
        ("1",),
        "screens",
        effect=READ,
        command="triage",
        footer=40,
    ),
    Action(
        "app.fleet",
        "fleet",
        "Services by the host or namespace where they live.",
        ("2",),
        "screens",
        effect=READ,
        command="fleet",
        footer=40,
    ),
    Action(
        "app.sources",
        "sources",
        "Every source, its age and error; the event log.",
        ("7",),
        "screens",
        effect=READ,
        command="sources",
        footer=40,
    ),
    # Everywhere
    Action(
        "app.help",
        "help",
        "All keys, those of this screen first.",
        ("question_mark",),
        "console",
        effect=READ,
        command="help",
        footer=90,
    ),
    Action(
        "app.palette",
        "palette",
        "Find any action by its name.",
        ("ctrl+p",),
        "console",
        effect=READ,
        footer=10,
    ),
    Action(
        "app.command",
        "command",
        "Type a command; tab completes it.",
        ("colon",),
        "console",
        effect=READ,
        footer=50,
    ),
    Action(
        "app.filter",
        "filter",
        'Show only what matches: text, /re/, !not, severity="critical". Esc clears.',
        ("slash",),
        "console",
        LISTS,
        READ,
        command="filter",
        argument="TEXT",
        footer=70,
    ),
    Action(
        "app.back",
        "back",
        "Close, clear or leave what is open.",
        ("escape",),
        "console",
        effect=READ,
        footer=20,
    ),
    Action(
        "app.quit",
        "quit",
        "Leave the console.",
        ("q", "ctrl+q"),
        "console",
        effect=READ,
        command="q",
        footer=80,
    ),
    Action(
        "app.suspend",
        "suspend",
        "To the shell; `fg` comes back. Nothing is watched meanwhile.",
        ("ctrl+z",),
        "console",
        effect=READ,
        command="suspend",
    ),
    Action(
        "app.refresh",
        "refresh",
        "Ask every source now.",
        ("R",),
        "console",
        effect=READ,
        command="refresh",
        footer=15,
    ),
    Action(
        "app.reload",
        "reload settings",
        "Read the settings again; what is faulty is not taken.",
        (),
        "console",
        effect=READ,
        command="reload",
    ),
    Action(
        "app.messages",
        "messages",
        "Everything that was said in the bottom line.",
        (),
        "console",
        effect=READ,
        command="messages",
    ),
    Action(
        "app.theme",
        "theme",
        "Change the colours: dark, light, ansi-dark or ansi-light.",
        (),
        "console",
        effect=READ,
        command="theme",
        argument="NAME",
    ),
    # Moving
    Action("move.down", "down", "One row down.", ("j", "down"), "move", VIEWS, READ),
    Action("move.up", "up", "One row up.", ("k", "up"), "move", VIEWS, READ),
    Action("move.left", "left", "One cell left.", ("h", "left"), "move", SIDEWAYS, READ),
    Action("move.right", "right", "One cell right.", ("l", "right"), "move", SIDEWAYS, READ),
    Action("move.top", "top", "To the first row; `gg`.", ("g,g", "home"), "move", VIEWS, READ),
    Action("move.bottom", "bottom", "To the last row.", ("G", "end"), "move", VIEWS, READ),
    Action("move.page-down", "page down", "One page down.", ("pagedown",), "move", VIEWS, READ),
    Action("move.page-up", "page up", "One page up.", ("pageup",), "move", VIEWS, READ),
    Action("move.half-down", "half down", "Half a page down.", ("ctrl+d",), "move", VIEWS, READ),
    Action("move.half-up", "half up", "Half a page up.", ("ctrl+u",), "move", VIEWS, READ),
    Action(
        "move.next-pane",
        "next pane",
        "The keys go to the next pane.",
        ("tab",),
        "move",
        ("sources",),
        READ,
    ),
    # On a row
    Action(
        "row.open",
        "open",
        "Open the row: a group lists its alerts, an alert its detail.",
        ("enter",),
        "row",
        LISTS,
        READ,
        footer=60,
    ),
    Action(
        "row.detail",
        "detail",
        "Labels, annotations, links, silences and rule of the row.",
        ("d",),
        "row",
        (*LISTS, "detail"),
        READ,
        command="detail",
        footer=58,
    ),
    Action(
        "row.trend",
        "trend",
        "The rule's expression over the last hour, drawn.",
        ("t",),
        "row",
        ALERTS,
        READ,
        command="trend",
        footer=46,
    ),
    Action(
        "row.links",
        "links",
        "The row's links, to be copied: dashboard, runbook, generator.",
        ("o",),
        "row",
        ALERTS,
        READ,
        command="links",
        footer=30,
    ),
    Action(
        "row.copy",
        "copy",
        "Send what is under the cursor to the terminal's clipboard.",
        ("y",),
        "row",
        VIEWS,
        READ,
        command="copy",
        footer=28,
    ),
    Action(
        "row.logs",
        "logs",
        "The log of the row's service, from just before its episode began.",
        ("L",),
        "row",
        PLACES,
        READ,
        command="logs",
        argument="SERVICE",
        footer=44,
    ),
    Action(
        "row.shell",
        "shell",
        "A shell on the row's host or in its pod: in tmux a pane, else until you `exit`.",
        ("exclamation_mark",),
        "row",
        (*PLACES, "logs"),
        Effect.DISRUPTIVE,
        command="shell",
        argument="HOST",
        footer=32,
    ),
    # Logs
    Action(
        "logs.follow",
        "follow",
        "New lines as they come, or no longer; it stands still while you have scrolled up.",
        ("f",),
        "logs",
        ("logs",),
        READ,
        command="follow",
        footer=66,
    ),
    Action(
        "logs.find",
        "find",
        "Mark lines with a text or /re/ and go to the next; the others stay around them.",
        ("slash",),
        "logs",
        ("logs",),
        READ,
        command="find",
        argument="TEXT",
        footer=70,
    ),
    Action(
        "logs.next", "next", "To the next line that was found.", ("n",), "logs", ("logs",), READ
    ),
    Action(
        "logs.previous",
        "previous",
        "To the line before that was found.",
        ("N",),
        "logs",
        ("logs",),
        READ,
    ),
    Action(
        "logs.episode",
        "episode",
        "To the moment when the episode began.",
        ("e",),
        "logs",
        ("logs",),
        READ,
        footer=56,
    ),
    Action(
        "logs.earlier",
        "earlier",
        "Have the stretch of time begin earlier: half of it again, 5 minutes at least.",
        ("left_square_bracket",),
        "logs",
        ("logs",),
        READ,
        footer=54,
    ),
    Action(
        "logs.later",
        "later",
        "Have the stretch of time end later, up to now.",
        ("right_square_bracket",),
        "logs",
        ("logs",),
        READ,
        footer=53,
    ),
    Action(
        "logs.wrap",
        "wrap",
        "Break long lines, or cut them and move sideways.",
        ("z",),
        "logs",
        ("logs",),
        READ,
        footer=35,
    ),
    Action(
        "logs.copy-command",
        "copy command",
        "Send the command that reads this log to the terminal's clipboard.",
        ("Y",),
        "logs",
        ("logs",),
        READ,
    ),
    # Triage
    Action(
        "triage.resort",
        "re-sort",
        "In a storm the order is held; this sorts once.",
        ("O",),
        "triage",
        ("triage",),
        READ,
        command="resort",
        footer=25,
    ),
    Action(
        "triage.old",
        "old",
        "List what has been firing for longer than the fold.",
        (),
        "triage",
        ("triage",),
        READ,
        command="old",
    ),
    Action(
        "triage.resolved",
        "resolved",
        "List what was resolved in the last hour.",
        (),
        "triage",
        ("triage",),
        READ,
        command="resolved",
    ),
    # Fleet
    Action(
        "fleet.wrong",
        "only wrong",
        "Show only services that are not OK, or all again.",
        ("w",),
        "fleet",
        ("fleet",),
        READ,
        command="wrong",
        footer=45,
    ),
    Action(
        "fleet.group",
        "group",
        "Put places under headings by the next label: rack, zone, owner; then by none.",
        ("b",),
        "fleet",
        ("fleet",),
        READ,
        footer=44,
    ),
    Action(
        "fleet.group-by",
        "group by",
        "Put places under headings by a label; without one, under none.",
        (),
        "fleet",
        ("fleet",),
        READ,
        command="group",
        argument="LABEL",
    ),
    Action(
        "fleet.host",
        "host",
        "Go to a host, a namespace or a service.",
        (),
        "fleet",
        (),
        READ,
        command="host",
        argument="NAME",
    ),
)


def action_by_id(action_id: str) -> Action:
    """The action of that id.

    Raises:
        KeyError: there is none.
    """
    return _BY_ID[action_id]


def actions_on(screen: str) -> Iterator[Action]:
    """The actions that a screen has, in the registry's order."""
    return (action for action in ACTIONS if not action.where or screen in action.where)


def commands() -> dict[str, Action]:
    """What can be typed after `:`."""
    return {action.command: action for action in ACTIONS if action.command}


_BY_ID = {action.id: action for action in ACTIONS}
