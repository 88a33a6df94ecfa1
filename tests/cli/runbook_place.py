"""A team's own runbooks on a host that is this machine, and the command line on them."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from click.testing import CliRunner

from console.cli.main import oncall as command
from tests.spawn import PROJECT, Ended

BOOK: Final = """\
---
oncall:
  owner: kai
  reviewed: 2026-11-01
  services: [shop]
  params:
    TARGET_HOST: {type: host, from: registry.host}
    FLAG: {type: name, default: "up"}
    NOTE: {type: text, default: "all is 'well'"}
    TOKEN: {type: secret}
---

# The shop

## Diagnosis

```sh {"name":"look","oncall.risk":"read"}
printf '%s|%s\\n' "$NOTE" "$FLAG"
echo seen >&2
```

```sh {"name":"look-there","oncall.risk":"read"}
ssh "$TARGET_HOST" -- echo "$FLAG"
```

```sh {"name":"tell-secret","oncall.risk":"read"}
printf 'it is %s\\n' "$TOKEN"
```

## Mitigation

```sh {"name":"raise","oncall.risk":"reversible","oncall.rollback":"lower","oncall.verify":"is-up"}
ssh "$TARGET_HOST" -- touch @FLAGS@/"$FLAG"
```

**Carts are lost.**

```sh {"name":"break","oncall.risk":"disruptive","oncall.rollback":"raise","oncall.verify":"is-up",\
"excludeFromRunAll":"true"}
ssh "$TARGET_HOST" -- rm @FLAGS@/"$FLAG"
```

```sh {"name":"sleep-long","oncall.risk":"reversible","oncall.verify":"is-up"}
ssh "$TARGET_HOST" -- 'echo begun; sleep 600.25; touch @FLAGS@/slept'
```

```sh {"name":"sleep-on","oncall.risk":"reversible","oncall.verify":"is-up"}
ssh "$TARGET_HOST" -- 'trap "" TERM; echo begun; sleep 600.25; touch @FLAGS@/slept'
```

## Verify

```sh {"name":"is-up","oncall.risk":"verify"}
ssh "$TARGET_HOST" -- ls @FLAGS@
```

```yaml {"ignore":"true","oncall.expect":"is-up"}
- "[EXIT] == 0"
- "[STDOUT] == up"
```

## Rollback

```sh {"name":"lower","oncall.risk":"reversible"}
ssh "$TARGET_HOST" -- rm -f @FLAGS@/"$FLAG"
```

1. Tell the team.
"""
"""Its steps look, change one file below a folder of the test's own, and look whether they did."""

ONCALL: Final = (sys.executable, "-m", "console")


class Place:
    """Settings, runbooks and a journal of one test."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.flags = base / "flags"
        self.flags.mkdir()
        self.books = base / "books"
        self.books.mkdir()
        self.settings = base / "settings"
        self.settings.mkdir()
        self.journal = base / "journal"
        (self.settings / "oncall.yaml").write_text(
            f"environment: night\nme: kai\nrunbooks: {{folders: ['{self.books}']}}\n"
            f"journal: {{folder: '{self.journal}', email: kai@example.org}}\n"
        )
        (self.settings / "services.yaml").write_text(
            "hosts: [{name: box, address: local}]\n"
            'services: [{name: shop, type: external, host: box, health_endpoint: "true"}]\n'
        )
        self.write("shop", BOOK)

    def write(self, name: str, text: str) -> None:
        """Put a runbook into the team's folder; `@FLAGS@` is where its steps may write."""
        (self.books / f"{name}.md").write_text(text.replace("@FLAGS@", str(self.flags)))

    @property
    def env(self) -> dict[str, str]:
        """What the command is given to find all of it."""
        return {
            "ONCALL_CONFIG": str(self.settings),
            "XDG_STATE_HOME": str(self.base / "state"),
            "HOME": str(self.base),
        }

    def run(
        self,
        *words: str,
        exit_code: int = 0,
        before: tuple[str, ...] = (),
        more: Mapping[str, str] | None = None,
    ) -> Ended:
        """What `oncall runbook …` says; it must end with `exit_code`, by no fault of ours."""
        return self.oncall(*before, "runbook", *words, exit_code=exit_code, more=more)

    def oncall(
        self, *words: str, exit_code: int = 0, more: Mapping[str, str] | None = None
    ) -> Ended:
        """The same of any command."""
        ran = CliRunner().invoke(command, list(words), env={**self.env, **(more or {})})
        assert ran.exception is None or isinstance(ran.exception, SystemExit), ran.exc_info
        said = Ended(ran.exit_code, ran.stdout, ran.stderr)
        assert ran.exit_code == exit_code, said
        return said

    def json(self, *words: str, exit_code: int = 0, more: Mapping[str, str] | None = None) -> Any:
        said = self.run(*words, "--json", exit_code=exit_code, more=more)
        assert said.stdout.isascii()
        printed = json.loads(said.stdout)
        assert printed["schema_version"] == 1
        return printed

    def open(self, *words: str) -> subprocess.Popen[str]:
        """The command in a process of its own, its output in pipes."""
        return subprocess.Popen(
            [*ONCALL, "runbook", *words],
            cwd=PROJECT,
            env={**os.environ, **self.env},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def sleepers(self) -> list[int]:
        """Processes of this test's steps that still sleep."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                sleeps = b"600.25" in (folder / "cmdline").read_bytes().split(b"\0")
                if sleeps and str(self.base).encode() in (folder / "environ").read_bytes():
                    found.append(int(folder.name))
        return found

    @property
    def transcripts(self) -> list[Path]:
        """The files of past runs."""
        return sorted(self.journal.glob("runs/*/RUN-*.md"))
