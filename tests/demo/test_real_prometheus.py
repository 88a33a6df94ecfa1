"""The real program's own checker reads the demo's rules."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from console.demo.metrics import CORE, EDGE
from console.demo.rules import rules_of

CHECKER = shutil.which("promtool")

pytestmark = [
    pytest.mark.real("prometheus"),
    pytest.mark.skipif(CHECKER is None, reason="promtool is not installed"),
]


@pytest.mark.parametrize("server", [CORE, EDGE])
def test_every_rule_is_one_that_a_real_prometheus_would_load(server: str, tmp_path: Path) -> None:
    rules = [
        {
            "alert": rule.alert,
            "expr": rule.query,
            "for": f"{rule.for_s}s",
            "labels": {"severity": rule.severity},
            "annotations": rule.annotations({}, None),
        }
        for rule in rules_of(server)
    ]
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "all", "rules": rules}]}))
    told = subprocess.run(
        [str(CHECKER), "check", "rules", "--lint=none", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stdout + told.stderr
    assert f"{len(rules)} rules found" in told.stdout
