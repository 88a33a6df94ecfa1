"""A real Prometheus with a past: blocks that `promtool` makes out of what a test writes down."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from tests.servers import Program, start_prometheus, where_is

DAY_S: Final = 86_400
NOTHING: Final = "groups: []\n"


class Written(NamedTuple):
    """One series: its metric, its labels, and pairs of Unix seconds and value in order."""

    metric: str
    labels: Mapping[str, str]
    points: Sequence[tuple[int, float]]


def write_past(folder: Path, series: Iterable[Written]) -> None:
    """Make blocks of `series` where `start_prometheus(folder)` has its storage.

    promtool reads its whole input again for every two hours of it: so it gets a day at a time.
    """
    promtool = where_is("promtool")
    assert promtool is not None, "promtool is not installed"
    folder.mkdir(parents=True, exist_ok=True)
    days: dict[int, dict[str, list[str]]] = {}
    for metric, labels, points in series:
        shown = ",".join(f'{name}="{value}"' for name, value in labels.items())
        head = f"{metric}{{{shown}}} "
        for at, value in points:
            lines = days.setdefault(at // DAY_S, {})
            lines.setdefault(metric, []).append(f"{head}{value:g} {at}\n")
    for day, metrics in sorted(days.items()):
        path = folder / f"{day}.om"
        with path.open("w") as file:
            for metric, written in metrics.items():
                file.write(f"# TYPE {metric} gauge\n")
                file.writelines(written)
            file.write("# EOF\n")
        subprocess.run(
            [promtool, "tsdb", "create-blocks-from", "openmetrics", "-q", path, folder / "data"],
            check=True,
            capture_output=True,
        )
        path.unlink()


def start_with_past(folder: Path, series: Iterable[Written]) -> Program:
    """A Prometheus that holds `series`, and scrapes nothing but itself, once an hour."""
    write_past(folder, series)
    return start_prometheus(
        folder,
        rules=NOTHING,
        interval="1h",
        flags=("--storage.tsdb.retention.time=10y",),
    )
