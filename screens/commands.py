"""What is typed after `:` and into the palette: completed, and turned into an action."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

import msgspec

from console.actions.registry import ACTIONS, commands
from console.model.action import Action
from console.model.registry import Host
from console.model.snapshot import Cell
from screens.groups import labels_in
from screens.keys import Keys
from screens.whither import names_to
from widgets.command_line import Completion

NOTICE_WORDS = ("on", "off", "test")
THEMES = ("dark", "light", "ansi-dark", "ansi-light")
QUIT_WORDS = ("q!", "quit", "wq", "exit")
"""What hands type that want out, beside `:q`."""
OFFERED = 40


class Command(msgspec.Struct, frozen=True):
    """An action with what was typed behind its word."""

    action: Action
    argument: str = ""


def command_of(typed: str) -> Command | str:
    """The command that a line means, or why it means none."""
    word, _, rest = typed.strip().partition(" ")
    if not word:
        return ""
    known = commands()
    action = known.get("q" if word in QUIT_WORDS else word)
    if action is None:
        begun = [name for name in known if name.startswith(word)]
        if len(begun) == 1:
            action = known[begun[0]]
        else:
            near = begun or difflib.get_close_matches(word, known, n=3)
            hint = f"; did you mean {', '.join(':' + name for name in near)}?" if near else ""
            return f"no command :{word}{hint}"
    if rest and not action.argument:
        return f":{action.command} takes nothing behind it"
    return Command(action, rest.strip())


def completions(
    typed: str,
    screen: str,
    cells: Sequence[Cell],
    keys: Keys,
    hosts: Sequence[Host] = (),
    books: Sequence[str] = (),
) -> Sequence[Completion]:
    """The ways to go on with what is typed after `:`.

    Args:
        books: names of runbooks.
    """
    word, space, rest = typed.partition(" ")
    if not space:
        found = [
            Completion(_line(action), _help(action, keys))
            for name, action in sorted(commands().items())
            if name.startswith(word) and (not action.where or screen in action.where)
        ]
        return found[:OFFERED]
    action = commands().get(word)
    if action is None:
        return ()
    names = list(books) if action.id == "row.runbook" else _arguments(action, cells, hosts)
    wanted = rest.casefold()
    first = [name for name in names if name.casefold().startswith(wanted)]
    inside = [name for name in names if wanted in name.casefold() and name not in first]
    return [Completion(f"{word} {name}") for name in [*first, *inside][:OFFERED]]


def palette(typed: str, screen: str, keys: Keys) -> Sequence[Completion]:
    """Actions by what they are called and what they do; every typed word has to be there."""
    words = typed.casefold().split()
    found = []
    for action in ACTIONS:
        if action.where and screen not in action.where:
            continue
        text = f"{action.label} {action.help} {action.command}".casefold()
        if all(word in text for word in words):
            begins = bool(words) and action.label.casefold().startswith(words[0])
            found.append((not begins, action))
    found.sort(key=lambda pair: pair[0])
    return [Completion(action.label, _help(action, keys)) for _, action in found]


def action_called(label: str, screen: str) -> Action | None:
    """The action that the palette lists under `label`; else the first that it would offer."""
    here = [action for action in ACTIONS if not action.where or screen in action.where]
    exact = [action for action in here if action.label == label]
    if exact:
        return exact[0]
    words = label.casefold().split()
    for action in here:
        text = f"{action.label} {action.help} {action.command}".casefold()
        if words and all(word in text for word in words):
            return action
    return None


def _line(action: Action) -> str:
    return f"{action.command} " if action.argument else action.command


def _help(action: Action, keys: Keys) -> str:
    shown = ", ".join(keys.of(action))
    argument = f"{action.argument}  " if action.argument else ""
    return f"{argument}{action.help}" + (f"  [{shown}]" if shown else "")


def _arguments(action: Action, cells: Sequence[Cell], hosts: Sequence[Host]) -> list[str]:
    if action.id == "app.theme":
        return list(THEMES)
    if action.id == "app.notice":
        return list(NOTICE_WORDS)
    if action.id == "fleet.group-by":
        return list(labels_in(hosts, cells))
    if action.id == "fleet.host":
        return names_to(hosts, cells)
    return []
