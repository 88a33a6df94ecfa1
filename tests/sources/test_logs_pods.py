"""The logs of a workload's pods: all of them, those that are not well in front, none twice."""

from __future__ import annotations

import asyncio
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.schema import KubernetesSource
from console.model.failure import Failure, FailureKind
from console.model.logs import LogAnswer, LogLine, LogRequest
from console.model.registry import Host, Registry, Service, ServiceType
from console.model.snapshot import Cell, NamespaceState, Snapshot
from console.model.state import State
from console.model.workload import Pod, Workload, WorkloadKind
from console.safety.clock import ManualClock, SystemClock
from console.safety.ssh import SshOptions
from console.safety.text import Raw
from console.sources.logs.place import MOST_PODS, LogPlace, Places, Seen
from console.sources.logs.poll import Logs
from console.sources.reach import Reach
from console.sources.shell import Shell, Ways, shell_of
from tests.sources.stage import NAME, Stage, reaching
from tests.sshd import Sshd

T0 = datetime(2026, 11, 22, 3, 12, 0, tzinfo=UTC)
API = Service("api", ServiceType.K8S_DEPLOYMENT, "shop", namespace="shop")
CLUSTER = KubernetesSource(name="prod", on=NAME)
SICK, WELL = "api-7c9d-bbbbb", "api-7c9d-aaaaa"


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    stage = Stage(tmp_path / "stage")
    for tool in ("tail", "kill", "printf"):
        real = shutil.which(tool)
        if real is not None:
            (stage.path / tool).symlink_to(real)
    return stage


def pod(name: str, *, ready: bool = True, restarts: int = 0, phase: str = "Running") -> Pod:
    reason = None if ready else Raw("CrashLoopBackOff")
    return Pod(Raw(name), Raw("shop"), Raw(phase), ready, reason=reason, restarts=restarts)


def workload(*pods: Pod, kind: WorkloadKind = WorkloadKind.DEPLOYMENT) -> Workload:
    return Workload(Raw("api"), Raw("shop"), kind, desired=len(pods), pods=pods or None)


def seeing(told: Workload | None) -> Seen:
    """The world as last known: that workload, and the service that stands for it."""
    at = ManualClock(T0).now()
    held = () if told is None else (NamespaceState("shop", "prod", at, (told,)),)
    cell = Cell(API, State.OK, "3 of 3 available")
    return lambda: Snapshot(at, "test", cells=(cell,), namespaces=held)


TWO = workload(pod(WELL), pod(SICK, ready=False, restarts=7))


def logs_of(reach: Reach, told: Workload | None) -> Logs:
    host = reach.host(NAME)
    assert host is not None
    registry = Registry((host,), (API,))
    return Logs(reach, registry, SystemClock(), (CLUSTER,), seen=seeing(told))


async def read(told: Workload | None, sshd: Sshd | None = None) -> LogAnswer | Failure:
    async with reaching((API,), sshd) as reach:
        return await logs_of(reach, told).read(LogRequest("api", T0))


async def answer(told: Workload | None) -> LogAnswer:
    found = await read(told)
    assert isinstance(found, LogAnswer), found
    return found


def texts(found: LogAnswer) -> list[str]:
    return [line.text.exact for line in found.lines]


@pytest.fixture
def here(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """The host is this machine."""
    monkeypatch.setenv("PATH", str(stage.path))
    return stage


TELLS = """\
case "$*" in
*--previous*) echo "[pod/${2#pod/}/api] 2026-11-22T03:12:01.0Z panic: no database"; exit;;
*pod/*-aaaaa*) echo "[pod/api-7c9d-aaaaa/api] 2026-11-22T03:12:03.5Z GET / 200"
  echo "[pod/api-7c9d-aaaaa/proxy] 2026-11-22T03:12:05.5Z GET / 503";;
*pod/*-bbbbb*) echo "[pod/api-7c9d-bbbbb/api] 2026-11-22T03:12:01.0Z panic: no database"
  echo "[pod/api-7c9d-bbbbb/api] 2026-11-22T03:12:04.0Z starting";;
esac
"""


async def test_every_pod_is_read_by_time_with_its_name_and_no_line_comes_twice(
    here: Stage,
) -> None:
    here.program("kubectl", TELLS)
    found = await answer(TWO)
    assert texts(found) == [
        "[bbbbb] panic: no database",
        "[aaaaa] GET / 200",
        "[bbbbb] starting",
        "[aaaaa/proxy] GET / 503",
    ]
    assert found.source == "deployment shop/api, 2 pods, on box"
    # Only where a container was started again is there one before it.
    asked = [call.split()[1] for call in here.calls("kubectl") if "--previous" in call]
    assert asked == [f"pod/{SICK}"]


async def test_the_command_that_is_shown_reads_every_pod(here: Stage) -> None:
    here.program("kubectl", TELLS)
    found = await answer(TWO)
    (here.folder / "kubectl.calls").unlink()
    shown = await asyncio.create_subprocess_exec("sh", "-c", found.command)
    assert await shown.wait() == 0
    assert [call.split()[1] for call in here.calls("kubectl")] == [f"pod/{SICK}", f"pod/{WELL}"]


async def test_of_many_pods_those_that_are_not_well_are_read_and_the_rest_is_counted(
    here: Stage,
) -> None:
    here.program("kubectl", 'echo "[pod/${2#pod/}/api] 2026-11-22T03:12:03.5Z hello"')
    gone = pod("api-7c9d-evict", ready=False, phase="Failed")
    many = workload(gone, *(pod(f"api-7c9d-w{n}") for n in range(9)), pod(SICK, ready=False))
    found = await answer(many)
    assert found.said == f"{MOST_PODS} of 11 pods"
    assert next(line.by for line in found.lines) == f"{SICK}/api"
    assert len(found.lines) == MOST_PODS and not any("evict" in one for one in texts(found))


async def test_a_pod_that_cannot_be_read_costs_no_other_its_lines(here: Stage) -> None:
    waits = 'container "api" in pod "x" is waiting to start: ContainerCreating'
    here.program(
        "kubectl",
        f"case \"$*\" in *{SICK}*) echo 'error: {waits}' >&2; exit 1;; esac\n"
        f'echo "[pod/{WELL}/api] 2026-11-22T03:12:03.5Z GET / 200"',
    )
    found = await answer(TWO)
    assert texts(found) == ["GET / 200"]
    assert found.said == "no container of api has started yet"


@pytest.mark.parametrize("told", [None, workload()])
async def test_where_kubectl_takes_one_pod_of_several_it_is_said(
    here: Stage, told: Workload | None
) -> None:
    here.program(
        "kubectl",
        f'echo "Found 3 pods, using pod/{WELL}" >&2\necho "2026-11-22T03:12:03.5Z GET / 200"',
    )
    found = await answer(told)
    assert texts(found)[-1] == "GET / 200"
    assert found.said == f"1 of 3 pods: {WELL}"


async def test_pods_that_are_no_more_are_found_anew_by_their_workload(here: Stage) -> None:
    here.program(
        "kubectl",
        'case "$*" in *pod/*) echo "Error from server (NotFound): pods \\"x\\" not found" >&2\n'
        'exit 1;; esac\necho "2026-11-22T03:12:03.5Z of the new pod"',
    )
    assert "of the new pod" in texts(await answer(TWO))


@pytest.mark.parametrize(
    "kind", [kind for kind in WorkloadKind if kind is not WorkloadKind.CRONJOB]
)
async def test_log_and_shell_are_asked_of_the_kind_that_it_is(
    here: Stage, kind: WorkloadKind
) -> None:
    name = kind.value.lower()
    here.says("kubectl", "", 1, f'Error from server (NotFound): {name}s.apps "api" not found\n')
    failure = await read(workload(kind=kind))
    assert isinstance(failure, Failure) and failure.kind is FailureKind.NOT_SERVED
    assert failure.cause == f"there is no {name} api in shop"
    assert f"logs {name}/api" in failure.curl
    places = Places(
        Registry((Host(NAME, "local"),), (API,)),
        (CLUSTER,),
        seen=seeing(workload(kind=kind)),
    )
    shell = shell_of("api", Ways(places, SshOptions()))
    assert isinstance(shell, Shell) and f"{name}/api" in shell.argv


def ran(name: str, minute: int, phase: str = "Succeeded") -> Pod:
    at = T0.replace(minute=minute)
    return Pod(Raw(name), Raw("shop"), Raw(phase), ready=False, started_at=at)


@pytest.mark.parametrize("kind", [WorkloadKind.JOB, WorkloadKind.CRONJOB])
async def test_of_what_runs_to_an_end_the_newest_pod_is_read(
    here: Stage, kind: WorkloadKind
) -> None:
    here.program("kubectl", 'echo "$*" >>calls\necho "2026-11-22T03:12:03.5Z dumped"')
    told = workload(ran("api-2-x", 9), ran("api-1-failed", 2, "Failed"), kind=kind)
    found = await answer(told)
    assert texts(found) == ["dumped"] and found.said == "1 of 2 pods"
    assert " logs pod/api-2-x " in found.command
    places = Places(Registry((Host(NAME, "local"),), (API,)), (CLUSTER,), seen=seeing(told))
    shell = shell_of("api", Ways(places, SshOptions()))
    assert isinstance(shell, Shell) and "pod/api-2-x" in shell.argv


async def test_a_run_that_ended_before_the_time_that_is_asked_for_is_read_whole(
    here: Stage,
) -> None:
    here.says("kubectl", "2026-11-22T02:04:03.5Z dumped\n")
    found = await answer(workload(ran("api-2-x", 9), kind=WorkloadKind.CRONJOB))
    assert texts(found) == ["dumped"]
    assert found.said == "of its last run, before that time"
    assert texts(await answer(workload(pod(WELL)))) == []


@pytest.mark.parametrize(
    ("pods", "said"), [(None, "is not known, so whose log"), ((), "no pod of the cron job api in")]
)
async def test_a_cron_job_without_pods_says_so_and_is_not_asked_for(
    here: Stage, pods: tuple[Pod, ...] | None, said: str
) -> None:
    told = Workload(Raw("api"), Raw("shop"), WorkloadKind.CRONJOB, pods=pods)
    failure = await read(told)
    assert isinstance(failure, Failure) and said in failure.cause


def test_a_workload_that_nobody_wrote_down_has_a_log_all_the_same() -> None:
    registry = Registry((Host(NAME, "local"),), ())
    place = Places(registry, (CLUSTER,), seen=seeing(TWO)).place_of("api")
    assert isinstance(place, LogPlace) and place.pods == (SICK, WELL)
    nobody = Places(registry, (CLUSTER,), seen=seeing(TWO)).place_of("other")
    assert "is not in services.yaml" in str(nobody)


def test_a_pod_whose_name_is_a_word_of_a_command_is_never_asked_for() -> None:
    evil = workload(pod("x; reboot"), pod("--all"), pod("api-1"))
    places = Places(Registry((Host(NAME, "local"),), (API,)), (CLUSTER,), seen=seeing(evil))
    place = places.place_of("api")
    assert isinstance(place, LogPlace) and place.pods == ("api-1",)


FOLLOWS = f"""\
case "$*" in *{WELL}*) echo "[pod/{WELL}/api] 2026-11-22T03:12:03.5Z last words"; exit;; esac
echo $$ >>"$CALLS.pids"
echo "[pod/{SICK}/api] 2026-11-22T03:12:04.0Z starting"
exec sleep 600
"""


async def test_pods_are_followed_together_and_leaving_ends_every_program(
    stage: Stage, sshd: Sshd | None
) -> None:
    stage.program("kubectl", FOLLOWS)
    came: list[LogLine] = []
    async with reaching((API,), sshd) as reach, asyncio.timeout(30):
        async with logs_of(reach, TWO).follow(LogRequest("api", T0)) as batches:
            async for batch in batches:
                assert not isinstance(batch, Failure), batch
                came += batch
                if len(came) == 3:
                    break
        (pid,) = (stage.folder / "kubectl.calls.pids").read_text().split()
        process = Path("/proc") / pid / "cmdline"
        # A process tells nobody that it ends.
        while process.exists() and "sleep" in process.read_text():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert sorted(line.text.exact for line in came) == [
        f"[aaaaa] -- the log of {WELL} has ended --",
        "[aaaaa] last words",
        "[bbbbb] starting",
    ]
