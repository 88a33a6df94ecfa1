"""What `u` does while something is under way, and when the server does not have it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.model.acting import Ended
from console.model.wish import AckWish
from tests.actions.on_servers import running
from tests.real.test_console_acting import DISK, REDIS, acked, console, fire, fired
from tests.servers import Program, ended, start_alertmanager
from tests.sources.between import Said, between

pytestmark = pytest.mark.real("prometheus-alertmanager")


@pytest.fixture
def am(tmp_path: Path) -> Iterator[Program]:
    program = start_alertmanager(tmp_path / "am")
    with ended(program):
        yield program


async def test_u_never_takes_back_what_was_before_the_effect_that_is_being_sent(
    am: Program, tmp_path: Path
) -> None:
    fire(am.url, REDIS, DISK)
    async with console(tmp_path, "kai", am.url) as (kai, seen):
        first, second = await fired(seen, "ServiceDown"), await fired(seen, "DiskFull")
        await kai.acting.submit(AckWish(first.alerts))
        sending = asyncio.create_task(kai.acting.submit(AckWish(second.alerts)))
        await asyncio.sleep(0)
        early = await kai.acting.undo()
        assert early.ended is Ended.DENIED and "being sent still" in early.text
        assert (await sending).ended is Ended.DONE
        assert len(running(am.url)) == 2
        assert (await kai.acting.undo()).ended is Ended.DONE
        (left,) = running(am.url)
        assert "ServiceDown" in str(left["matchers"])


async def test_what_a_server_would_not_take_back_can_be_taken_back_still(
    am: Program, tmp_path: Path
) -> None:
    fire(am.url, REDIS)
    with between(am.port) as proxy:
        async with console(tmp_path, "kai", proxy.url) as (kai, seen):
            row = await fired(seen, "ServiceDown")
            await kai.acting.submit(AckWish(row.alerts))
            await acked(seen, "ServiceDown", "kai")
            proxy.harm["DELETE"] = [Said(405, b"")]
            refused = await kai.acting.undo()
            assert refused.ended is Ended.FAILED, refused
            assert len(running(am.url)) == 1 and kai.acting.state.undo is not None
            proxy.harm["DELETE"] = []
            assert (await kai.acting.undo()).ended is Ended.DONE
            assert running(am.url) == []
