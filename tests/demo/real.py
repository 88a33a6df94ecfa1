"""Where the real Alertmanager is, if it is."""

from __future__ import annotations

import shutil

PROGRAM = shutil.which("prometheus-alertmanager")
