"""Which key stands for which action: the defaults, and what the settings make of them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from console.actions.registry import ACTIONS
from console.model.action import Action

_IDS = {action.id: action for action in ACTIONS}

SPOKEN = {
    "question_mark": "?",
    "colon": ":",
    "slash": "/",
    "escape": "esc",
    "pagedown": "PgDn",
    "pageup": "PgUp",
    "exclamation_mark": "!",
    "comma": ",",
    "full_stop": ".",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "space": "space",
    "plus": "+",
    "asterisk": "*",
}
"""Textual's key names that people call otherwise."""


def spoken(key: str) -> str:
    """A key as a person would name it: `ctrl+d` is `ctrl+d`, `g,g` is `gg`."""
    if "," in key:
        return "".join(spoken(part) for part in key.split(","))
    return SPOKEN.get(key, key)


class KeyFault(NamedTuple):
    """A key in the settings that cannot be."""

    action: str
    """The id under which it stands."""
    message: str


def keymap(chosen: Mapping[str, str | Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Keys by action id: the defaults, with those that the settings choose in their place."""
    keys = {action.id: action.keys for action in ACTIONS}
    for action_id, wanted in chosen.items():
        if action_id in keys:
            keys[action_id] = (wanted,) if isinstance(wanted, str) else tuple(wanted)
    return keys


def key_faults(chosen: Mapping[str, str | Sequence[str]]) -> list[KeyFault]:
    """What is wrong with the keys that the settings choose: unknown ids, clashes, nonsense."""
    faults = [
        KeyFault(
            action_id,
            f"no action has this id; expected one of those in `?`, such as {_nearest(action_id)}",
        )
        for action_id in chosen
        if action_id not in _IDS
    ]
    keys = keymap(chosen)
    for action_id in chosen:
        faults += [
            KeyFault(
                action_id, f"{key!r} is not a key; expected for instance x, X, f5, ctrl+d or g,g"
            )
            for key in keys.get(action_id, ())
            if not _is_key(key)
        ]
        if action_id in _IDS:
            faults += _clashes(_IDS[action_id], keys)
    return faults


def _clashes(action: Action, keys: Mapping[str, tuple[str, ...]]) -> Iterable[KeyFault]:
    for other in ACTIONS:
        if other.id == action.id or not _meet(action, other):
            continue
        for key in keys[action.id]:
            if any(_collide(key, taken) for taken in keys[other.id]):
                yield KeyFault(action.id, f"{key!r} is the key of {other.id} too")


def _collide(one: str, other: str) -> bool:
    """The same, or one is the first half of the other, which could then never be typed."""
    return one == other or one == other.split(",")[0] or other == one.split(",")[0]


def _meet(one: Action, other: Action) -> bool:
    return not one.where or not other.where or bool(set(one.where) & set(other.where))


_NAMED = frozenset(
    [
        *("enter", "escape", "space", "tab", "backspace", "delete", "insert", "home", "end"),
        *("pageup", "pagedown", "up", "down", "left", "right", "question_mark", "colon", "slash"),
        *("exclamation_mark", "comma", "full_stop", "minus", "plus", "equals_sign", "semicolon"),
        *("at", "number_sign", "dollar_sign", "percent_sign", "ampersand", "asterisk"),
        *("underscore", "left_square_bracket", "right_square_bracket"),
        *("less_than_sign", "greater_than_sign"),
    ]
) | {f"f{n}" for n in range(1, 13)}


def _is_key(key: str) -> bool:
    """Whether terminals can send it: one character, a named key, or one of those with ctrl,
    shift or alt; a comma between two keys means one after the other."""
    if "," in key:
        parts = key.split(",")
        return len(parts) == 2 and all(_is_key(part) for part in parts)
    *modifiers, last = key.split("+")
    if any(modifier not in ("ctrl", "shift", "alt") for modifier in modifiers):
        return False
    return last in _NAMED or (len(last) == 1 and last.isalnum())


def _nearest(action_id: str) -> str:
    near = difflib.get_close_matches(action_id, _IDS, n=1, cutoff=0.0)
    return near[0] if near else ACTIONS[0].id
