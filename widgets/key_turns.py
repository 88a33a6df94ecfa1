"""One key after the other, so that typing ahead means what it says.

Textual hands every key to the widget that has the focus when it arrives. Of `/db` typed while
the link stalls, all three reach the list before the first has opened the filter, and `d` and
`b` then run as commands. Here a key waits until the one before it has had its whole effect:
the focus has moved, a dialog that opens has been drawn.
"""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import Any, Final

from textual import events
from textual.app import App
from textual.dom import DOMNode
from textual.widgets import Input

_BURST_KEYS: Final = 8
_BURST_SORTS: Final = 5
_PASTE_GAP_S: Final = 0.3
_HIDDEN_S: Final = 0.1
"""Between two looks whether the screen that is waited for is still in front."""
_OPENERS: Final = ("/", ":")


class KeyTurns(App[Any]):
    """An app to derive from: keys are taken in turn, and a pasted text is not commands."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._keys_waiting: deque[events.Key] = deque()
        self._key_in_turn = False
        self._keys_are_dropped = False
        self._keys_from = float("-inf")
        self._dropped_at = float("-inf")
        self._turn = 0
        """Which key's effect is waited for; a word about an earlier one comes too late."""

    @property
    def keys_idle(self) -> bool:
        """Whether every key that arrived has had its whole effect."""
        return not self._key_in_turn

    @property
    def openers(self) -> frozenset[str]:
        """Characters that open a line or a form: what follows at once is its text."""
        return frozenset(_OPENERS)

    def forget_keys(self) -> None:
        """Drop the keys typed so far: they were for something that is over."""
        self._keys_waiting.clear()
        # Some are still on their way from the thread that reads them; keys carry this clock.
        self._keys_from = events.Event().time

    def drop_keys(self) -> None:
        """From now on keys reach nobody, and neither do those typed so far, until `take_keys`."""
        self._keys_are_dropped = True
        self.forget_keys()

    def take_keys(self) -> None:
        """Have keys again: those that are typed from now on."""
        self._keys_are_dropped = False
        self.forget_keys()

    def on_keys_dropped(self, count: int) -> None:
        """Called when `count` keys were taken for a paste without brackets and dropped."""

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key) and not event.is_forwarded:
            if self._keys_are_dropped or event.time < self._keys_from:
                return
            if event.time - self._dropped_at < _PASTE_GAP_S and not self._is_typed_into():
                self._dropped_at = event.time  # the rest of a paste, which came in pieces
                return
            self._keys_waiting.append(event)
            if not self._key_in_turn:
                # Behind whatever else is in the queue, a burst's other keys among it.
                self._key_in_turn = True
                self.call_later(self._next_key)
            return
        await super().on_event(event)

    async def _next_key(self) -> None:
        self._drop_burst()
        if not self._keys_waiting:
            self._key_in_turn = False
            return
        event = self._keys_waiting.popleft()
        screen, target = self.screen, self.focused or self.screen
        await super().on_event(event)
        self._follow(target, screen)

    def _follow(self, node: DOMNode | None, screen: DOMNode) -> None:
        """Walk the way that the key bubbles, behind it in every queue, up to the app."""
        if node is None or node is self:
            done = self.call_later(self._turn_over, screen)
        else:
            done = node.call_later(self._follow, node.parent, screen)
        if not done:
            self.call_later(self._turn_over, screen)

    def _turn_over(self, screen: DOMNode) -> None:
        opened = self.screen
        self._turn += 1
        if opened is screen or not opened.call_after_refresh(self._resume, self._turn):
            self.call_later(self._next_key)
        else:
            self.set_timer(_HIDDEN_S, partial(self._look_again, self._turn, opened))

    def _resume(self, turn: int) -> None:
        if turn == self._turn:
            self._turn += 1
            self.call_later(self._next_key)

    def _look_again(self, turn: int, screen: DOMNode) -> None:
        """A screen upon which another was put before it was drawn never says that it was."""
        if turn != self._turn:
            return
        if self.screen is screen:
            self.set_timer(_HIDDEN_S, partial(self._look_again, turn, screen))
        else:
            self._turn_over(screen)

    def _drop_burst(self) -> None:
        """Drop what came at once and is no repeat of a key, when no text is being typed."""
        waiting = [key.character for key in self._keys_waiting if key.is_printable]
        if len(waiting) < _BURST_KEYS or len(set(waiting)) < _BURST_SORTS:
            return
        if waiting[0] in self.openers or self._is_typed_into():
            return
        self._dropped_at = self._keys_waiting[-1].time
        count = len(self._keys_waiting)
        self._keys_waiting.clear()
        self.on_keys_dropped(count)

    def _is_typed_into(self) -> bool:
        # A text of several lines is not an `Input`, and a fifth of the first frame to import.
        return isinstance(self.focused, Input) or getattr(self.focused, "takes_text", False)
