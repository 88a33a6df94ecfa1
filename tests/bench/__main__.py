"""`make bench`: the table of figures, each beside its peer and its target.

    python -m tests.bench [NAME...]

Each script runs in a process of its own. It prints what was measured in this run and gives no
verdict by its exit code: the machine is as busy as it is. Ratios say more than figures.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time

from tests.bench.figure import Figure, taken_over

SCRIPTS = (
    "startup",
    "alerts10k",
    "keys",
    "fleet_screen",
    "probes",
    "ssh",
    "acting",
    "memory",
    "history",
    "history_prometheus",
    "week",
)


def figures_of(script: str) -> list[Figure]:
    """What one script measured; a script that fails is a row that says so."""
    ended = subprocess.run(
        [sys.executable, "-m", f"tests.bench.{script}"],
        capture_output=True,
        text=True,
        check=False,
    )
    found = taken_over(ended.stdout)
    if ended.returncode != 0:
        last = (ended.stderr.strip().splitlines() or ["no message"])[-1]
        found.append(Figure(script, None, "", None, 0.0, f"failed: {last[:120]}"))
    return found


def line_of(figure: Figure) -> str:
    """One line of the table."""
    ratio, met = figure.ratio, figure.is_met
    ours = "-" if figure.ours is None else f"{figure.ours:,.1f} {figure.unit}"
    peer = "-" if figure.peer is None else f"{figure.peer:,.1f} {figure.unit}"
    reach = f"{figure.reach:g}x" if figure.peer is not None else f"{figure.reach:g} {figure.unit}"
    word = {True: "met", False: "NOT MET", None: "not known"}[met]
    parts = (
        f"{figure.what:<58}{ours:>14}{peer:>14}",
        f"{'-' if ratio is None else f'{ratio:.2f}x':>9}",
        f"{'<= ' + reach if figure.reach else '':>14}  {word}",
    )
    note = f"\n    {figure.note}" if figure.note else ""
    return "".join(parts) + note


def main() -> None:
    """Measure and print."""
    wanted = sys.argv[1:] or SCRIPTS
    out = sys.stdout
    load = os.getloadavg()[0]
    out.write(f"{os.cpu_count()} CPUs, load {load:.1f}, Python {sys.version.split()[0]}\n\n")
    out.write(f"{'':<58}{'ours':>14}{'peer':>14}{'ratio':>9}{'to reach':>14}\n")
    for script in wanted:
        began = time.monotonic()
        for figure in figures_of(script):
            out.write(line_of(figure) + "\n")
        out.flush()
        sys.stderr.write(f"    ({script} took {time.monotonic() - began:.0f} s)\n")


if __name__ == "__main__":
    main()
