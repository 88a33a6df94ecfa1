"""Whatever a host prints, what is read of it is sane: hostile names, garbage, cut answers."""

from __future__ import annotations

import json
import math
import random
from datetime import datetime, timedelta

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from console.model.failure import Failure
from console.model.host import Use
from console.safety.text import Raw, visible
from console.sources.hosts.decode import Told
from console.sources.hosts.parts import Part, parts_in
from console.sources.hosts.settings import Wanted
from tests.hostile import ATTACKS
from tests.soak import trials
from tests.sources.host_outputs import (
    CGROUP_2,
    DEAD_REDIS,
    DEBIAN_12,
    FAILED,
    UNITS,
    USES,
    USES_AGAIN,
)
from tests.sources.test_hosts_decode import told_by

EXAMPLES = trials(usual=60, soak=5_000)
WANTED = Wanted(docker=True, units=("redis", "nginx"))
FULL = {
    **DEBIAN_12,
    "cgroup": CGROUP_2,
    "docker": DEAD_REDIS,
    "units": UNITS,
    "failed": FAILED,
    "uses": USES,
    "usesagain": USES_AGAIN,
}

NUMBERS = st.one_of(
    st.integers(-(10**30), 10**30).map(str), st.floats().map(str), st.sampled_from(["", "-", "٣"])
)
PIECES = st.one_of(
    st.binary(max_size=40),
    NUMBERS.map(str.encode),
    st.sampled_from(ATTACKS).map(lambda attack: attack.encode("utf-8", "surrogatepass")),
    st.sampled_from([b"\n", b" ", b"\x00", b"\xff\xfe", b"/", b"\\040", b"%", b":", b"{}", b"="]),
)


@st.composite
def spoiled(draw: st.DrawFn, good: bytes) -> bytes:
    """`good` with bytes cut out, put in or replaced, or something else altogether."""
    if draw(st.integers(0, 5)) == 0:
        return b"".join(draw(st.lists(PIECES, max_size=20)))
    content = good
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        past = draw(st.integers(start, min(len(content), start + 30)))
        content = content[:start] + draw(PIECES) + content[past:]
    return content


def assert_sane(value: object) -> None:
    """Numbers are finite, percents are percents, times are UTC, and all of it can be shown."""
    if isinstance(value, msgspec.Struct):
        for field in value.__struct_fields__:
            inner = getattr(value, field)
            if field.endswith("_percent") and inner is not None:
                assert 0 <= inner <= 100
            elif field.endswith(("_bytes", "_per_s", "restarts")) and inner is not None:
                assert inner >= 0
            assert_sane(inner)
        if isinstance(value, Use):
            assert value.memory_percent is None or 0 <= value.memory_percent <= 100
            assert_sane(value.said)
    elif isinstance(value, tuple):
        for each in value:
            assert_sane(each)
    elif isinstance(value, float):
        assert math.isfinite(value)
    elif isinstance(value, datetime):
        assert value.utcoffset() == timedelta(0)
    elif isinstance(value, Raw):
        assert len(value) <= 4096
        shown = visible(value, cells=80)
        assert visible(shown) == shown
    elif isinstance(value, str):
        assert visible(value) == value


def assert_sound(told: Told) -> None:
    facts = told.facts
    assert_sane(facts)
    assert facts.cpus is None or facts.cpus > 0
    assert facts.uptime is None or facts.uptime >= timedelta(0)
    assert facts.load is None or min(facts.load) >= 0
    assert facts.memory_percent is None or 0 <= facts.memory_percent <= 100
    for mount in facts.mounts or ():
        assert mount.size_bytes >= mount.free_bytes
    if facts.memory_total_bytes is None:
        assert any("memory" in words for words in facts.missing)
    # With no container or unit of ours in the answer, nothing may read as "all is well".
    assert facts.containers is not None
    assert facts.units is not None


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.data())
def test_spoiled_parts_are_read_or_missing_in_words(data: st.DataObject) -> None:
    names = data.draw(st.sets(st.sampled_from(sorted(FULL)), min_size=1, max_size=4))
    outputs = {
        name: data.draw(spoiled(content)) if name in names else content
        for name, content in FULL.items()
    }
    status = data.draw(st.sampled_from([0, 0, 0, 1, 124, 127, 137]))
    name = data.draw(st.sampled_from(sorted(FULL)))
    broken = {name: Part(status, outputs[name], data.draw(st.binary(max_size=60)))}
    first = told_by(outputs, wanted=WANTED, broken=broken)
    assert_sound(first)
    rest = {name: said for name, said in FULL.items() if name not in ("again", "usesagain")}
    assert_sound(told_by(rest, wanted=WANTED, before=first.counters))
    assert_sound(told_by(outputs, wanted=WANTED, before=told_by(rest, wanted=WANTED).counters))


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(PIECES, max_size=30), st.lists(PIECES, max_size=10))
def test_output_without_marks_has_no_parts(out: list[bytes], err: list[bytes]) -> None:
    token = "oncall-0123456789abcdef01234567"
    assert not parts_in(b"".join(out), b"".join(err), token)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 255))
def test_a_part_is_exact_to_the_byte(content: bytes, status: int) -> None:
    token = b"oncall-0123456789abcdef01234567"
    output = b"\n%s +docker\n%s\n%s -docker %d\n" % (token, content, token, status)
    part = parts_in(output, b"", token.decode()).get("docker")
    assert part is not None
    assert (part.out, part.status) == (content, status)


def test_a_mebibyte_of_garbage_in_every_part_is_read_in_time() -> None:
    chance = random.Random(3)
    for alphabet in (
        bytes(range(256)),
        b" 1",
        b"1",
        b" ",
        b"/ 1%\n",
        b"cpu:\n 9",
        b"{",
        b"\\0",
        b"up ",
    ):
        garbage = b"\n" + bytes(chance.choices(alphabet, k=1 << 20))
        told = told_by(dict.fromkeys(FULL, garbage), wanted=WANTED)
        assert_sound(told)
        assert told.facts.memory_total_bytes is None


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.text(max_size=60), st.text(max_size=60))
def test_any_container_name_comes_through_exactly(name: str, image: str) -> None:
    container = {**json.loads(DEAD_REDIS), "name": f"/{name}", "image": image}
    line = json.dumps(container).encode()
    containers = told_by({**FULL, "docker": line}, wanted=WANTED).facts.containers
    if isinstance(containers, Failure):
        raise AssertionError(containers.cause)
    assert containers is not None
    assert [(one.name.exact, one.image.exact) for one in containers] == [(name, image)]
