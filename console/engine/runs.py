"""The runs: runbooks that are worked through, their steps carried out, and what is kept of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from config.load import Loaded
from console.engine.hands import Hands
from console.model.acting import Outcome
from console.model.run import PastRun, Run, Runs, Shelved, StepOutput, StepPlan
from console.model.snapshot import KnownAlert, Snapshot
from console.runbook.library import Library
from console.runbook.lint import Finding
from console.runbook.matching import Candidate
from console.safety.clock import Clock
from console.safety.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable


class World(Protocol):
    """What the desk needs of the engine around it."""

    @property
    def snapshot(self) -> Snapshot | None:
        """The world as last shown; `None` before there is one."""


class RunsDesk:
    """The library, and the runs of this console. Everything in it runs on the engine's loop."""

    def __init__(
        self,
        world: World,
        *,
        clock: Clock,
        hands: Hands | None,
        folder: Path | None,
        loaded: Callable[[], Loaded],
    ) -> None:
        """
        Args:
            hands: `None`: nobody acts from here, and no step is carried out.
            folder: of the state, in which open runs are kept.
        """

    # The library.

    async def library(self) -> Library:
        """Every runbook, and what could not be read."""
        raise NotImplementedError

    async def shelf(self) -> tuple[Shelved, ...]:
        """Every runbook as the list shows it, by name."""
        raise NotImplementedError

    async def candidates(self, known: KnownAlert) -> tuple[Candidate, ...]:
        """The runbooks for an alert, the likeliest first."""
        raise NotImplementedError

    async def findings(self, name: str) -> tuple[Finding, ...] | str:
        """What lint has to say about the runbook of that name; a text says why nothing can be."""
        raise NotImplementedError

    async def scaffold(self, known: KnownAlert | None, folder: Path) -> Path | str:
        """Write the beginning of a runbook for an alert into `folder`; a text says why not."""
        raise NotImplementedError

    async def past(self) -> tuple[PastRun, ...]:
        """The runs that the journal has transcripts of, the newest first."""
        raise NotImplementedError

    # A run.

    @property
    def runs(self) -> Runs:
        """Part of every update."""
        raise NotImplementedError

    async def begin(
        self,
        name: str,
        known: KnownAlert | None = None,
        service: str = "",
        given: Mapping[str, str] | None = None,
        change: str = "",
    ) -> Run | str:
        """Open the runbook of that name, filled in; a text, safe to show, says why not.

        The run that is open already for this alert and runbook is returned again.
        """
        raise NotImplementedError

    async def set_value(self, run_id: str, name: str, text: str | Secret) -> str:
        """Give a parameter another value; why it cannot be used, empty: it can.

        A value with a fault is kept, so that nothing typed is lost; no step is given it.
        """
        raise NotImplementedError

    async def prepare(self, run_id: str, step: str) -> StepPlan | str:
        """What the step would do now, exactly; opens no channel that changes anything."""
        raise NotImplementedError

    async def start(self, run_id: str, step: str, digest: str, *, broke_glass: bool = False) -> str:
        """Carry a step out, in the background; why it was not started, empty: it was.

        What only reads needs no `digest`. Else it is that of the plan that was shown: where
        anything of it is otherwise by now, or it is too old, nothing is started.
        """
        raise NotImplementedError

    async def start_reads(self, run_id: str) -> str:
        """Carry out every step that only reads, one after the other; why not, empty: it began."""
        raise NotImplementedError

    async def ended(self, run_id: str) -> Run | None:
        """Wait until nothing of the run is being carried out; the run then."""
        raise NotImplementedError

    async def stop(self, run_id: str) -> str:
        """Stop what runs, on its host too, and look that it is gone; what came of it."""
        raise NotImplementedError

    async def skip(self, run_id: str, step: str, reason: str) -> str:
        """Leave a step out; why not, empty: it is."""
        raise NotImplementedError

    async def tick(self, run_id: str, step: str, note: str = "") -> str:
        """A person did it by hand; once more takes that back. Why not, empty: it is."""
        raise NotImplementedError

    async def output(self, run_id: str, step: str, number: int = 0) -> StepOutput:
        """What an attempt has printed so far; the latest by default."""
        raise NotImplementedError

    async def differences(self, run_id: str) -> tuple[str, str] | None:
        """The runbook as it was run here the last time, and as it is now; `None`: the same."""
        raise NotImplementedError

    async def accept(self, run_id: str) -> str:
        """The differences were shown and are all right; why not, empty: it is noted."""
        raise NotImplementedError

    async def finish(self, run_id: str) -> Outcome:
        """Close the run and keep its transcript in the journal."""
        raise NotImplementedError

    async def keep(self, run_id: str) -> Outcome:
        """Keep its transcript as it stands, and leave it open."""
        raise NotImplementedError

    # What the engine asks for.

    async def watch(self) -> None:
        """Look after runs that an earlier console left behind, until cancelled."""
        raise NotImplementedError

    async def close(self) -> None:
        """Keep what is open; what runs on hosts goes on there."""
        raise NotImplementedError

    def reload(self) -> None:
        """Settings are other ones: the library is read again."""
        raise NotImplementedError
