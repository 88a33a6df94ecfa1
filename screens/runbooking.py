"""The key that goes from what is on screen to its runbook."""

from __future__ import annotations

from collections.abc import Coroutine

from screens.papering import Papering


class Runbooking(Papering, inherit_bindings=False):
    """A screen to derive from: what is on it has a runbook, or gets one."""

    def do_row_runbook(self, name: str = "") -> None:
        """Open the runbook of what is under the cursor, or the one of that name."""
        # Late: the first frame needs nothing of it.
        from screens.book_choice import open_for, open_named
        from screens.book_for import wanted_on

        wanted = wanted_on(self._frame)
        if name.strip():
            self._run_apart(open_named(self._frame, name.strip(), wanted))
        elif wanted.is_anything:
            self._oncall.do_app_runbooks()
        else:
            self._run_apart(open_for(self._frame, wanted))

    def learn_book_names(self) -> None:
        """Ask which runbooks there are, so that their names complete what is typed."""
        from screens.book_choice import learn_names

        self._run_apart(learn_names(self._oncall))

    def _run_apart(self, work: Coroutine[object, object, object]) -> None:
        """In a group of its own: nothing else that is under way is given up for it."""
        self.run_worker(work, exit_on_error=False, group="runbooks")
