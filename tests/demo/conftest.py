from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from console.demo.routing import config_text

from .real import PROGRAM


@pytest.fixture
def real(tmp_path: Path) -> Iterator[httpx.Client]:
    """A real Alertmanager with the configuration that the demo says it has."""
    (tmp_path / "am.yml").write_text(config_text())
    argv = [
        str(PROGRAM),
        f"--config.file={tmp_path / 'am.yml'}",
        f"--storage.path={tmp_path / 'data'}",
        "--web.listen-address=127.0.0.1:0",
        "--cluster.listen-address=",
    ]
    with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True) as program:
        try:
            assert program.stderr is not None
            heard = next(line for line in program.stderr if "Listening on" in line)
            address = heard.rpartition("address=")[2].strip()
            with httpx.Client(base_url=f"http://{address}/api/v2", trust_env=False) as client:
                yield client
        finally:
            program.terminate()
