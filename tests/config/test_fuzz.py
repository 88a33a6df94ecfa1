"""Whatever stands in the files: a value or faults, quickly, and never anything else."""

from __future__ import annotations

import random
from importlib import resources
from pathlib import Path

from config.checks import check_settings
from config.fault import Fault
from config.load import parse_services
from config.schema import Settings
from config.services import ServicesFile
from config.validate import Checked
from config.yaml_nodes import read
from tests.config.test_write import EDITED
from tests.hostile import ATTACKS
from tests.soak import trials

TOKENS = (
    *("- ", ": ", "{", "}", "[", "]", ",", "&a ", "*a", "<<: ", "!x ", "|\n", ">\n", "'", '"'),
    *("---\n", "...\n", "\t", "\n", "\r\n", "? ", "#", "%YAML 1.1\n", "null", "~", "yes", "012"),
    *("P0", "5m", "-1s", "9" * 30, "http://u:p@h", "2026-13-45", "24:61", "\ufeff", "\u2028"),
    *ATTACKS[:24],
)
FULL = """\
environment: prod
production: yes
me: kai
sources:
  prometheus:
    - name: p
      url: http://p:9090
      interval: 15s
      headers: {X-Scope-OrgID: a, X-Key: {env: KEY}}
      auth: {basic: {user: u, password: {file: x}}}
      watchdog: {alertname: W}
  alertmanager:
    - {name: am, members: ["http://a:9093", "http://b:9093"]}
  health: {interval: 30s, at_once: 5}
sla: {P0: {respond: 5m, resolve: 30m}}
priorities: {by_alert: {A: P1}}
people: {kai: {name: Kai, level: L1}}
rota:
  zone: Asia/Taipei
  rotations:
    - {name: w, days: [mon], start: 09:00, end: 23:00, people: [kai], first: 2026-01-05}
  overrides:
    - {person: kai, start: 2026-11-22T09:00:00Z, end: 2026-11-23T09:00:00Z}
keys: {row.open: [enter, x]}
"""


def mutated(chance: random.Random, content: bytes) -> bytes:
    """`content` with a few pieces cut, doubled, swapped, flipped or put in."""
    for _ in range(chance.choice((1, 1, 2, 4, 12))):
        start = chance.randrange(len(content) + 1)
        end = min(len(content), start + chance.choice((0, 1, 1, 4, 20, 200)))
        piece = content[start:end]
        kind = chance.randrange(5)
        if kind == 0:
            piece = b""
        elif kind == 1:
            piece = chance.choice(TOKENS).encode("utf-8", "surrogatepass")
        elif kind == 2:
            piece = piece * chance.choice((2, 3, 50))
        elif kind == 3:
            piece = bytes(each ^ (1 << chance.randrange(8)) for each in piece[:3]) + piece[3:]
        else:
            other = chance.randrange(len(content) + 1)
            piece = content[other : other + 30]
        content = (content[:start] + piece + content[end:])[:200_000]
    return content


def test_a_mutated_file_gives_a_value_or_faults_that_are_safe_to_print() -> None:
    chance = random.Random(2026)
    starter = resources.files("config.starter").joinpath("oncall.yaml").read_bytes()
    bases = (FULL.encode(), starter, EDITED.encode())
    good = broken = 0
    for number in range(trials(500, 20_000)):
        base = bases[number % len(bases)]
        content = mutated(chance, base)
        faults = faults_in(content, is_settings=base is not bases[2])
        good += not faults
        broken += bool(faults)
        for fault in faults:
            assert fault.line <= content.count(b"\n") + content.count(b"\r") + 2 + content.count(
                b"\xe2\x80\xa8"
            ) + content.count(b"\xc2\x85") + content.count(b"\xe2\x80\xa9")
            text = str(fault)
            assert text.split(":")[0] in ("oncall.yaml", "services.yaml")
            assert not any(ord(each) < 32 or 127 <= ord(each) < 160 for each in text), text
    assert good > 20
    assert broken > 200


def faults_in(content: bytes, *, is_settings: bool) -> list[Fault]:
    """The faults of one file; where there are none there is a value."""
    faults: list[Fault] = []
    if not is_settings:
        value = parse_services(content, faults, Path("/x"))
        assert faults or isinstance(value, ServicesFile)
        return faults
    root = read(content, "oncall.yaml")
    if isinstance(root, tuple):
        assert root
        return list(root)
    checked = Checked("oncall.yaml", root, Settings, Path("/x"))
    check_settings(checked)
    assert checked.faults or isinstance(checked.value, Settings)
    return checked.faults
