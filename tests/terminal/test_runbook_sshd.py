"""From a failing check to the fix that was verified, on a host behind a real sshd, at 80x24."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sshd import Sshd, running_sshd
from tests.terminal.conftest import Opener
from tests.terminal.test_incident import CALM_S, LONG_S, Hands, git
from tests.terminal.test_runbook import on_row, stands
from widgets.dialog import DEAD_TIME_S

pytestmark = [pytest.mark.real("sshd"), pytest.mark.real("git")]

BOOK = """---
oncall:
  services: [shop]
  params:
    TARGET_HOST: {{type: host, from: registry.host}}
---
# The shop is down

## Diagnosis

```sh {{"name":"look","oncall.risk":"read"}}
ssh "$TARGET_HOST" -- ls {flags}
```

## Mitigation

```sh {{"name":"wait-for-it","oncall.risk":"reversible"}}
ssh "$TARGET_HOST" -- sleep 600
```

```sh {{"name":"raise-flag","oncall.risk":"disruptive","oncall.verify":"is-up"}}
ssh "$TARGET_HOST" -- touch {flags}/up
```

## Verify

```sh {{"name":"is-up","oncall.risk":"verify","oncall.retry":"3x1s"}}
ssh "$TARGET_HOST" -- test -e {flags}/up
```

```yaml {{"ignore":"true","oncall.expect":"is-up"}}
- "[EXIT] == 0"
```
"""


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[Sshd]:
    with running_sshd(tmp_path / "sshd") as running:
        yield running


def folder_of(tmp_path: Path, sshd: Sshd) -> str:
    """Settings with that host, on which a service is well once there is a flag."""
    folder, flags, books = (tmp_path / name for name in ("settings", "flags", "books"))
    for each in (folder, flags, books):
        each.mkdir(mode=0o700)
    (books / "shop-down.md").write_text(BOOK.format(flags=flags))
    (folder / "oncall.yaml").write_text(
        f"""\
environment: test
me: kai
journal: {{folder: {tmp_path / "journal"}}}
runbooks: {{folders: [{books}]}}
sources:
  hosts: {{enabled: false}}
  health: {{interval: 2s}}
ssh:
  config: /dev/null
  known_hosts: [{sshd.known_hosts}]
  identities: [{sshd.identity}]
  agent: false
"""
    )
    (folder / "services.yaml").write_text(
        f"""\
hosts:
  - {{name: box, address: 127.0.0.1, port: {sshd.port}, user: {sshd.user}}}
services:
  - {{name: shop, type: systemd, host: box, critical: true,
     health_endpoint: "test -e {flags}/up"}}
"""
    )
    return str(folder)


def sleeps(sshd: Sshd) -> bool:
    """Whether the step's `sleep 600` runs on the host, which is this machine."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            mine = str(sshd.port).encode() in (process / "environ").read_bytes()
            if (process / "cmdline").read_bytes() == b"sleep\x00600\x00" and mine:
                return True
    return False


@pytest.mark.timeout(400)
def test_a_step_is_stopped_and_another_one_mends_the_host_by_keys_alone(
    open_in: Opener, tmp_path: Path, sshd: Sshd
) -> None:
    kai = open_in("--config", folder_of(tmp_path, sshd))
    kai.wait_for(lambda: "shop" in kai.text and "exit 1" in kai.text, LONG_S)
    kai.wait_quiet(CALM_S)
    hands = Hands(kai)
    hands.press("r", "The shop is down")
    kai.wait_for(lambda: on_row(kai.text, "look"), LONG_S)

    # What hangs there is ended there.
    hands.press("j")
    kai.wait_for(lambda: on_row(kai.text, "wait-for-it"), LONG_S)
    hands.press("x", "> Cancel <")
    hands.press("\x1b[C", "> Run it <")
    kai.wait_quiet(2 * DEAD_TIME_S)
    hands.press("\r")
    kai.wait_for(lambda: stands(kai.text, "wait-for-it", "running"), LONG_S)
    kai.wait_for(lambda: sleeps(sshd), LONG_S)
    hands.press("\x03", "Stop it")
    hands.press("\x1b[C", "> Stop it <")
    kai.wait_quiet(2 * DEAD_TIME_S)
    hands.press("\r")
    kai.wait_for(lambda: stands(kai.text, "wait-for-it", "failed"), LONG_S)
    assert not sleeps(sshd)

    # What disrupts wants the name of its host typed.
    hands.press("j")
    kai.wait_for(lambda: on_row(kai.text, "raise-flag"), LONG_S)
    hands.press("x", "to go on, type")
    kai.wait_quiet(2 * DEAD_TIME_S)
    hands.write("box")
    hands.press("\r")
    kai.wait_for(lambda: stands(kai.text, "raise-flag", "passed"), LONG_S)
    assert stands(kai.text, "is-up", "passed")
    # One step failed, so that it is asked.
    hands.press("f", "> Cancel <")
    hands.press("\x1b[C", "> Close it")
    kai.wait_quiet(2 * DEAD_TIME_S)
    hands.press("\r")
    kai.wait_for(lambda: "exit 1" not in kai.text and "wait-for-it" not in kai.text, LONG_S)

    log = git(tmp_path / "journal", "log", "--format=%s", "-9")
    found = re.search(r"RUN-[0-9]{8}-[0-9a-z]+", log)
    assert found is not None
    paths = git(tmp_path / "journal", "ls-tree", "-r", "--name-only", "HEAD", "runs").splitlines()
    (path,) = [one for one in paths if found[0] in one]
    transcript = git(tmp_path / "journal", "show", f"HEAD:{path}")
    assert "`[EXIT] (0) == 0`" in transcript
    assert "touch" in transcript
