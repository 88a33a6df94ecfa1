"""From a key to the action that it stands for, by screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from console.actions.keys import spoken
from console.actions.registry import actions_on
from console.model.action import Action


class Keys:
    """The key tables of all screens, and the first half of a sequence that is under way."""

    def __init__(self, keymap: Mapping[str, Sequence[str]]) -> None:
        self._keymap = keymap
        self._tables: dict[str, dict[str, str]] = {}
        self._begun = ""

    def of(self, action: Action) -> tuple[str, ...]:
        """The keys of an action, as a person would name them."""
        return tuple(spoken(key) for key in self._keymap.get(action.id, ()))

    def pressed(self, screen: str, key: str) -> str | None:
        """The id of the action that `key` stands for on `screen`.

        `None` where it stands for nothing, and where it begins a sequence such as `gg`.
        """
        table = self._table(screen)
        if self._begun:
            sequence, self._begun = f"{self._begun},{key}", ""
            if sequence in table:
                return table[sequence]
        if key in table:
            return table[key]
        if any(known.startswith(f"{key},") for known in table):
            self._begun = key
        return None

    def _table(self, screen: str) -> dict[str, str]:
        if screen not in self._tables:
            self._tables[screen] = {
                key: action.id
                for action in actions_on(screen)
                for key in self._keymap.get(action.id, ())
            }
        return self._tables[screen]


def handler_name(action_id: str) -> str:
    """The method that carries out an action: `row.page-down` is `do_row_page_down`."""
    return "do_" + action_id.replace(".", "_").replace("-", "_")
