"""The engine's own thread and loop, so that a stalled terminal does not stop the polling."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Final, TypeVar

from console.model.update import Update

if TYPE_CHECKING:
    from console.engine.engine import Engine

Answer = TypeVar("Answer")

QUESTIONS_END_S: Final = 2.0
"""How long what was asked may take to end: a program has half a second after it was told."""

MakeEngine = Callable[[Callable[[Update], None]], "Engine"]
"""Makes the engine on its own thread, where its slow imports do not hold up the first frame."""


class EngineThread:
    """Runs one engine until `stop()`.

    `publish` and `crashed` must only hand over (`post_message`), never wait. `crashed` is
    called on the engine's thread, and so is `publish`, except for what `received()` hands on.
    One update at a time is under way: until it has been received only the newest is kept, so
    that a terminal that is stalled for hours does not fill the memory.
    """

    def __init__(
        self,
        make: MakeEngine,
        *,
        publish: Callable[[Update], None],
        crashed: Callable[[BaseException], None],
    ) -> None:
        self._make = make
        self._publish = publish
        self._crashed = crashed
        self._thread = threading.Thread(target=self._run, name="oncall-engine", daemon=True)
        self._ready = threading.Event()
        self._stopping = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._engine: Engine | None = None
        self._task: asyncio.Task[None] | None = None
        self._handing = threading.Lock()
        self._under_way: Update | None = None
        self._newest: Update | None = None
        self._questions: set[asyncio.Task[Any]] = set()
        """Those that are being answered."""

    def start(self) -> None:
        """Begin to watch; returns at once."""
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether wishes can be submitted."""
        return self._ready.is_set() and self._thread.is_alive()

    def stop(self, timeout_s: float = 5.0) -> bool:
        """Cancel everything, save the state, and wait for the thread; whether it ended."""
        self._stopping = True  # before the task is looked for: it may only be made now
        loop, task = self._loop, self._task
        if loop is not None and task is not None and not loop.is_closed():
            loop.call_soon_threadsafe(task.cancel)
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def received(self) -> None:
        """The update that was published has arrived: the next one may come."""
        with self._handing:
            newest = self._newest
            if newest is self._under_way:
                newest = None
            self._under_way = newest
        if newest is not None:
            self._publish(newest)

    def tell(self, wish: Callable[[Engine], None]) -> None:
        """Run `wish` on the engine's loop; does nothing before the engine is up."""
        if self._loop is not None and self._engine is not None and self.running:
            self._loop.call_soon_threadsafe(wish, self._engine)

    def ask(self, question: Callable[[Engine], Awaitable[Answer]]) -> Future[Answer] | None:
        """Run `question` on the engine's loop; `None` before the engine is up."""
        engine, loop = self._engine, self._loop
        if engine is None or loop is None or not self.running:
            return None

        async def answer() -> Answer:
            with self._under_question():
                return await question(engine)

        return asyncio.run_coroutine_threadsafe(answer(), loop)

    def _hand_over(self, update: Update) -> None:
        with self._handing:
            self._newest = update
            if self._under_way is not None:
                return
            self._under_way = update
        self._publish(update)

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except asyncio.CancelledError:
            pass
        except BaseException as error:
            self._crashed(error)
        finally:
            self._ready.clear()

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._engine = self._make(self._hand_over)
        self._task = asyncio.create_task(self._engine.run(), name="engine")
        self._ready.set()
        if self._stopping:
            self._task.cancel()
        try:
            await self._task
        except asyncio.CancelledError:
            if not self._task.cancelled():
                raise
        finally:
            await self._end_questions()

    @contextlib.contextmanager
    def _under_question(self) -> Iterator[None]:
        task = asyncio.current_task()
        assert task is not None
        self._questions.add(task)
        try:
            yield
        finally:
            self._questions.discard(task)

    async def _end_questions(self) -> None:
        # Before the loop's own end cancels every task of it at once: a program that is just being
        # started never gets past that (Python 3.11). What was cancelled cancels others in turn.
        for question in set(self._questions):
            question.cancel()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(QUESTIONS_END_S):
                while ending := [one for one in asyncio.all_tasks() if one.cancelling()]:
                    await asyncio.wait(ending)
