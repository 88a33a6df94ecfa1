"""A way that breaks costs no truth: what is told is what the host knows, and nothing runs twice."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator

import pytest

from console.runbook.running import following
from console.runbook.running.runner import Runner
from console.safety.clock import SystemClock
from console.safety.ssh import SshFault
from tests.runbook.places_to_run import (
    BOX,
    LONG,
    Heard,
    Seen,
    ended_with,
    fresh_id,
    job,
    marker,
    relayed,
    runner_on,
    sshd_host,
)
from tests.soak import trials
from tests.sources.stage import NAME, broken_reach
from tests.sshd import Sshd, running_sshd

pytestmark = pytest.mark.real("sshd")


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with sshd_host(tmp_path_factory.mktemp("box")) as server:
        yield server


async def test_wherever_the_line_is_cut_the_outcome_is_the_hosts_and_nothing_runs_twice(
    sshd: Sshd,
) -> None:
    chooser = random.Random(20261123)
    for _ in range(trials(usual=8, soak=300)):
        ran = fresh_id()
        status = chooser.randrange(1, 100)
        script = f"echo ran >>$HOME/{ran}; echo out; sleep 0.2; echo err >&2; exit {status}"
        one = job(script, host=BOX)
        async with relayed(sshd) as relay, runner_on(sshd, relay.port) as runner:
            if chooser.random() < 0.8:
                assert ended_with(await runner.run(job("true", host=BOX)), 0)
            relay.bytes_left = chooser.randrange(1, 28_000)
            heard = Heard()
            finished = await runner.run(one, heard)
            relay.bytes_left = None
            again = await runner.rejoin(one.id, BOX)
        count = (sshd.folder / ran).read_text() if (sshd.folder / ran).exists() else ""
        assert not finished.is_unknown
        if count:
            assert count == "ran\n"
            assert ended_with(finished, status), finished
            assert finished.stdout == b"out\n" == heard.streams[1]
            assert finished.stderr == b"err\n" == heard.streams[2]
            assert again is not None and again.exit_status == status
            assert (marker(sshd, one.id) / "rc").read_text().split()[0] == str(status)
        else:
            assert finished.fault and finished.exit_status is None
            assert again is None


async def test_a_line_that_is_cut_in_the_middle_loses_nothing(sshd: Sshd) -> None:
    go = fresh_id()
    one = job(f"echo one; until [ -e $HOME/{go} ]; do sleep 0.05; done; echo two", host=BOX)
    async with relayed(sshd) as relay, runner_on(sshd, relay.port) as runner:
        heard = Heard()
        running = asyncio.ensure_future(runner.run(one, heard))
        await heard.until(b"one\n")
        relay.cut()
        (sshd.folder / go).touch()
        finished = await running
    assert ended_with(finished, 0)
    assert finished.stdout == b"one\ntwo\n" == heard.streams[1]


async def test_an_end_that_cannot_be_asked_for_is_unknown_until_the_host_is_back(
    sshd: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "GRACE_S", 0.0)
    one = job("echo begun; sleep 1; echo done; exit 3", host=BOX, timeout_s=2)
    async with relayed(sshd) as relay, runner_on(sshd, relay.port) as runner:
        heard = Heard()
        running = asyncio.ensure_future(runner.run(one, heard))
        await heard.until(b"begun")
        relay.is_shut = True
        relay.cut()
        finished = await running
        assert finished.is_unknown and finished.exit_status is None
        assert "not known" in finished.fault and finished.remedy
        assert finished.stdout == b"begun\n"
        assert not (await runner.stop(one.id, BOX)).is_gone
        assert isinstance(await runner.holders("redis", BOX), str)
        relay.is_shut = False
        again = await runner.rejoin(one.id, BOX)
    assert again is not None and ended_with(again, 3) and again.stdout == b"begun\ndone\n"


async def test_the_next_console_learns_what_the_last_one_started(sshd: Sshd) -> None:
    go, heard = fresh_id(), Heard()
    one = job(f"echo one; until [ -e $HOME/{go} ]; do sleep 0.05; done; echo two; exit 4", host=BOX)
    async with runner_on(sshd) as runner:
        running = asyncio.ensure_future(runner.run(one, heard))
        await heard.until(b"one")
        running.cancel()
        sshd.drop()
    async with runner_on(sshd) as runner:
        later = Heard()
        rejoining = asyncio.ensure_future(runner.rejoin(one.id, BOX, later))
        await later.until(b"one\n")
        assert not rejoining.done()
        (sshd.folder / go).touch()
        finished = await rejoining
    assert finished is not None and ended_with(finished, 4)
    assert finished.stdout == b"one\ntwo\n" == later.streams[1]


async def test_the_next_console_stops_what_the_last_one_started(sshd: Sshd) -> None:
    heard, one = Heard(), job(f"echo one; {LONG}81231 | cat", host=BOX)
    async with runner_on(sshd) as runner:
        running = asyncio.ensure_future(runner.run(one, heard))
        await heard.until(b"one")
        running.cancel()
    async with runner_on(sshd) as runner:
        assert (await runner.stop(one.id, BOX)).is_gone
        finished = await runner.rejoin(one.id, BOX)
    assert finished is not None and finished.stopped
    assert f"{LONG}81231".encode() not in Seen().arguments


@pytest.mark.parametrize("fault", [SshFault.LOST, SshFault.TIMEOUT])
async def test_what_was_sent_to_a_host_that_is_gone_is_unknown(
    fault: SshFault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "GRACE_S", 0.0)
    runner = Runner(lambda: broken_reach(fault), SystemClock())
    finished = await runner.run(job("true", host=NAME, timeout_s=0.1))
    assert finished.is_unknown and finished.exit_status is None and finished.fault
    monkeypatch.setattr(following, "REJOIN_S", 0.0)
    again = await runner.rejoin(fresh_id(), NAME)
    assert again is not None and again.is_unknown


async def test_what_was_never_sent_did_not_start(sshd: Sshd) -> None:
    one = job("true", host=BOX)
    async with relayed(sshd) as relay, runner_on(sshd, relay.port) as runner:
        relay.is_shut = True
        finished = await runner.run(one)
    assert finished.fault and not finished.is_unknown
    assert not marker(sshd, one.id).exists()
    nowhere = await Runner(lambda: None, SystemClock()).run(one)
    assert nowhere.fault and not nowhere.is_unknown


async def test_a_host_that_runs_none_of_our_scripts_says_so(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("nologin")
    with running_sshd(folder, force_command="echo This account is not available; exit 1") as server:
        async with runner_on(server) as runner:
            finished = await runner.run(job("true", host=BOX))
    assert not finished.is_unknown
    assert finished.exit_status is None and "This account is not available" in finished.fault
