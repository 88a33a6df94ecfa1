"""What is shown before a step runs is what runs, and says when it cannot."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.actions.decide import READ_ONLY
from console.model.action import Effect
from console.model.registry import Host, Registry, Service, ServiceType
from console.model.run import Around, Run, StepPlan, StepState, Tone
from console.model.runbook import Step
from console.runbook.filling import Subject, filled
from console.runbook.jobs import job_of
from console.runbook.library import open_book, shipped
from console.runbook.parse import parse
from console.runbook.plan import (
    BY_HAND,
    CHANGED,
    NO_VERIFY,
    NOT_TRIED,
    PlanFacts,
    plan_of,
    rollback_of,
    shows_colleague,
    timeout_of,
    verifiers_of,
)
from console.runbook.progress import fresh
from console.runbook.running.job import Job
from console.runbook.typed import typed_of, words_of
from console.safety.secret import Secret
from tests.build import T0
from tests.soak import trials

REDIS: Final = Service("redis", ServiceType.DOCKER, "data-1", host="data-1", service_name="r")
REGISTRY: Final = Registry(
    (
        Host("data-1", "10.0.0.5", user="kai", port=2201, jump="hop"),
        Host("hop", "198.51.100.1", user="me"),
        Host("web-2", "10.0.0.6"),
        Host("here", "local"),
        Host("dark"),
    ),
    (REDIS,),
)
FACTS: Final = PlanFacts(REGISTRY, now_mono=1000.0)
BOOK: Final = parse(
    b"""\
---
oncall:
  params:
    TARGET_HOST: {type: host}
    UNIT: {type: name}
    URL: {type: url, from: registry.health}
    TOKEN: {type: secret}
    NOTE: {type: text}
---
# Page

## Diagnosis

```sh {"name":"look","oncall.risk":"read"}
ssh "$TARGET_HOST" -- docker ps --filter name="$UNIT"
```

```sh {"name":"ask","oncall.risk":"read","oncall.timeout":"5s"}
curl -sS -H 'A: b' "$URL"
```

```sh {"name":"long","oncall.risk":"read"}
for i in 1 2; do
  echo "$i $NOTE"
done
```

```sh {"name":"root","oncall.risk":"read"}
ssh "$TARGET_HOST" -- 'df -h | tail -n +2'
```

```sh {"name":"secret","oncall.risk":"read"}
curl -sS -H "X-Token: $TOKEN" http://a/
```

1. Look at the dashboard.

```sh
rm -rf "$UNIT"
```

## Mitigation

First:

```sh {"name":"restart","oncall.risk":"disruptive","oncall.rollback":"start"}
ssh "$TARGET_HOST" -- docker restart "$UNIT"
```

Or:

```bash {"name":"reload","oncall.risk":"reversible"}
ssh "$TARGET_HOST" -- docker kill -s HUP "$UNIT"
```

## Verify

```sh {"name":"check-one","oncall.risk":"verify"}
ssh "$TARGET_HOST" -- docker inspect "$UNIT"
```

```yaml {"ignore":"true","oncall.expect":"check-one"}
- "[EXIT] == 0"
```

```sh {"name":"check-two","oncall.risk":"verify"}
curl -sS "$URL"
```

```yaml {"ignore":"true","oncall.expect":"check-two"}
- "[STATUS] == 200"
```

## Rollback

```sh {"name":"start","oncall.risk":"reversible"}
ssh "$TARGET_HOST" -- docker start "$UNIT"
```
""",
    "page",
).runbook
VALUES: Final = {"TARGET_HOST": "data-1", "UNIT": "redis", "URL": "http://a/?x=1&y=2"}


def a_run(secrets: frozenset[str] = frozenset(), **typed: str) -> Run:
    """One of `BOOK`; an empty value is none."""
    values = {name: text for name, text in {**VALUES, **typed}.items() if text}
    params = filled(BOOK, Subject(service=REDIS), REGISTRY, values, secrets)
    return Run("RUN-20261123-7f3", BOOK, "shipped", T0, "kai", "ops-1", service="redis",
               params=params, steps=fresh(BOOK))  # fmt: skip


def named(name: str) -> Step:
    found = BOOK.step(name)
    assert found is not None
    return found


def plan(step: str, run: Run | None = None, **facts: object) -> StepPlan:
    return plan_of(run or a_run(), named(step), msgspec.structs.replace(FACTS, **facts))


def test_the_page_of_these_tests_has_nothing_wrong_that_would_keep_it_from_running() -> None:
    assert [one.name for one in BOOK.steps if one.refusal] == []


def test_a_step_on_a_host_is_shown_as_it_is_typed_with_the_values_in_it() -> None:
    got = plan("look")
    assert got.typed == (
        "ssh -J me@198.51.100.1 -p 2201 kai@10.0.0.5 docker ps --filter name=redis"
    )
    assert (got.where, got.host) == ("kai@data-1", "data-1")
    assert got.script == 'docker ps --filter name="$UNIT"'
    assert got.values == (("TARGET_HOST", "data-1"), ("UNIT", "redis"))
    assert (got.word, got.around, got.warnings, got.refusals) == ("", (), (), ())
    assert plan("root").typed.endswith("kai@10.0.0.5 'df -h | tail -n +2'")


def test_a_step_here_shows_its_values_quoted_for_a_shell() -> None:
    assert plan("ask").typed == "curl -sS -H 'A: b' 'http://a/?x=1&y=2'"
    run = a_run(NOTE="it's; $(rm)")
    assert plan("long", run).typed.startswith("export NOTE='it'\"'\"'s; $(rm)'\nfor i in 1 2")
    assert plan("long", run).where == "here"


def test_only_the_values_that_a_step_uses_are_shown_with_it() -> None:
    assert [name for name, _ in plan("ask").values] == ["URL"]


def test_a_host_that_is_this_machine_is_here() -> None:
    got = plan("look", a_run(TARGET_HOST="here"))
    assert (got.where, got.host, got.refusals) == ("here", "here", ())
    assert got.typed == "docker ps --filter name=redis"


def test_a_secret_is_shown_nowhere_and_missed_by_name() -> None:
    assert plan("secret").refusals == ("TOKEN has not been given: p gives it",)
    given_one = plan("secret", a_run(frozenset({"TOKEN"})))
    assert given_one.refusals == ()
    assert given_one.values == (("TOKEN", "***"),)
    assert "***" in given_one.typed
    job = job_of(a_run(frozenset({"TOKEN"})), named("secret"), 1, {"TOKEN": Secret("s3")}, "kai")
    assert isinstance(job, Job)
    assert (job.values, [name for name, _ in job.secrets]) == ((), ["TOKEN"])
    assert job_of(a_run(), named("secret"), 1, {}, "kai") == "TOKEN has not been given"


def test_what_disrupts_asks_for_the_name_of_what_it_is_done_to() -> None:
    assert plan("restart").word == "data-1"
    assert plan("reload").word == ""
    assert plan("look").word == ""


def test_a_plan_names_what_is_looked_at_afterwards_and_what_takes_it_back() -> None:
    got = plan("restart")
    assert got.expects == ("check-one: [EXIT] == 0", "check-two: [STATUS] == 200")
    assert got.rollback == "start"
    assert got.warnings == (NOT_TRIED,)
    assert plan("start").warnings == (NO_VERIFY,)
    assert plan("check-one").expects == ("check-one: [EXIT] == 0",)


def test_a_verifying_step_that_could_not_run_is_told_before() -> None:
    got = plan("restart", a_run(URL=""))
    assert got.refusals == ()
    assert any("check-two" in one and "URL" in one for one in got.warnings)


@pytest.mark.parametrize(
    ("step", "run", "facts", "said"),
    [
        ("step-6", a_run(), {}, BY_HAND),
        ("look", a_run(UNIT=""), {}, "UNIT has no value: p gives it one"),
        ("look", a_run(UNIT="-rf"), {}, "does not begin with -"),
        ("look", a_run(TARGET_HOST="dark"), {}, "there is no SSH to dark"),
        ("look", a_run(TARGET_HOST="nope"), {}, 'which has no "nope"'),
        ("look", msgspec.structs.replace(a_run(), ended=T0), {}, "this run is finished"),
        ("look", a_run(), {"is_changed": True}, CHANGED),
        ("look", a_run(), {"disabled": ("nobody acts from here",)}, "nobody acts from here"),
        ("look", a_run(), {"registry": Registry()}, 'which has no "data-1"'),
        ("restart", a_run(), {"read_only": True}, READ_ONLY),
        ("start", a_run(), {"read_only": True}, READ_ONLY),
    ],
)
def test_what_cannot_start_says_why(
    step: str, run: Run, facts: Mapping[str, object], said: str
) -> None:
    got = plan(step, run, **facts)
    assert len(got.refusals) == 1
    assert said in got.refusals[0]


def test_read_only_reads() -> None:
    assert plan("look", read_only=True).refusals == ()


def test_a_step_that_runs_is_not_started_again() -> None:
    run = a_run()
    steps = tuple(
        msgspec.structs.replace(one, state=StepState.RUNNING) if one.name == "look" else one
        for one in run.steps
    )
    got = plan("look", msgspec.structs.replace(run, steps=steps))
    assert got.refusals == ("it is being carried out now",)


def test_a_host_whose_address_moved_to_another_is_not_the_one_that_was_shown() -> None:
    run = a_run(TARGET_HOST="10.0.0.5")
    assert plan("look", run).host == "data-1"
    moved = Registry((Host("data-1", "10.0.0.7"), Host("web-2", "10.0.0.5")))
    refused = plan("look", run, registry=moved).refusals
    assert refused == (
        "TARGET_HOST: by services.yaml as it is now it would be web-2; p gives it another value",
    )


def test_a_jump_that_leads_in_a_circle_is_told_before_anything_is_sent() -> None:
    circle = Registry((Host("data-1", "a", jump="hop"), Host("hop", "b", jump="data-1")))
    got = plan("look", registry=circle)
    assert "leads in a circle" in got.refusals[0]
    assert got.typed.startswith('ssh "$TARGET_HOST" --')


def test_colleagues_and_unknown_facts_come_with_what_disrupts_alone() -> None:
    around = (Around("replicas", "1 of 3", Tone.BAD), Around("freeze", "frozen", Tone.WARNING))
    facts: dict[str, object] = {"holders": ("mei: restart",), "around": around}
    facts["missing"] = ("how redis is",)
    got = plan("restart", None, **facts)
    assert got.around[0] == Around("colleague", "runs there now: mei: restart", Tone.BAD)
    assert got.around[1:] == around
    assert got.missing == ("how redis is",)
    mild = plan("reload", None, **facts)
    assert (mild.around, mild.missing) == ((), ())
    assert "frozen" in mild.warnings


def test_only_a_colleague_who_is_named_was_shown() -> None:
    assert shows_colleague(plan("restart", None, holders=("mei: restart",)))
    assert not shows_colleague(plan("restart", None, holders_fault="no flock on data-1"))
    assert not shows_colleague(plan("restart", None))


def test_a_plan_is_good_for_two_minutes() -> None:
    assert plan("look").until_mono == 1120.0


# The digest.


def test_the_same_facts_give_the_same_digest_at_another_time() -> None:
    assert plan("restart").digest == plan("restart", now_mono=5.0).digest


OTHER: Final[Mapping[str, StepPlan]] = {
    "another step": plan("reload"),
    "another host": plan("restart", a_run(TARGET_HOST="web-2")),
    "another value": plan("restart", a_run(UNIT="redis2")),
    "another way": plan(
        "restart",
        registry=Registry((Host("data-1", "10.0.0.5", user="root"),)),
    ),
    "another program for the way": plan(
        "restart",
        registry=Registry(
            (
                msgspec.structs.replace(REGISTRY.hosts[0], transport="openssh"),
                *REGISTRY.hosts[1:],
            )
        ),
    ),
    "a colleague": plan("restart", holders=("mei",)),
    "what is around": plan("restart", around=(Around("replicas", "1 of 3"),)),
    "how it is meant": plan("restart", around=(Around("replicas", "1 of 3", Tone.BAD),)),
    "a missing fact": plan("restart", missing=("how redis is",)),
    "a refusal": plan("restart", read_only=True),
    "a deadline": plan_of(
        a_run(),
        msgspec.structs.replace(named("restart"), timeout=timedelta(seconds=9)),
        FACTS,
    ),
    "another file": plan_of(
        msgspec.structs.replace(
            a_run(), runbook=msgspec.structs.replace(BOOK, digest="f" * 64)
        ),
        named("restart"),
        FACTS,
    ),
    "another run": plan("restart", msgspec.structs.replace(a_run(), id="RUN-20261123-8zz")),
}  # fmt: skip


@pytest.mark.parametrize("what", OTHER)
def test_whatever_was_shown_and_is_otherwise_makes_another_digest(what: str) -> None:
    digests = [one.digest for one in (*OTHER.values(), plan("restart"))]
    assert digests.count(OTHER[what].digest) == 1


def test_every_field_that_a_person_saw_counts_for_the_digest() -> None:
    from console.runbook.plan import _digest

    shown = plan("restart", around=(Around("a", "b"),))
    other: dict[str, object] = {
        "effect": Effect.DESTRUCTIVE,
        "timeout_s": 1.5,
        "values": (("A", "b"),),
        "around": (Around("a", "c"),),
    }
    # Those that are no text, above; the digest itself and its end count for nothing.
    for field in msgspec.structs.fields(StepPlan):
        if field.name in ("digest", "until_mono"):
            continue
        was = getattr(shown, field.name)
        if field.name in other:
            changed = other[field.name]
        else:
            changed = f"{was}x" if isinstance(was, str) else (*was, "x")
        after = msgspec.structs.replace(shown, **{field.name: changed})
        assert _digest(after, a_run(), named("restart"), None) != _digest(
            shown, a_run(), named("restart"), None
        ), field.name


# The order of things.


def test_what_verifies_a_shipped_restart_is_the_step_that_it_names() -> None:
    book = next(one for one in shipped() if one.name.exact == "service-down")
    runbook = open_book(book).runbook
    restart = runbook.step("restart-container")
    assert restart is not None
    assert [one.name for one in verifiers_of(runbook, restart)] == ["verify-container"]
    back = rollback_of(runbook, restart)
    assert back is not None
    assert back.name == "start-container"


def test_without_a_name_it_is_verified_by_those_below_it() -> None:
    for name in ("restart", "reload"):
        found = [one.name for one in verifiers_of(BOOK, named(name))]
        assert found == ["check-one", "check-two"]
    assert verifiers_of(BOOK, named("start")) == ()
    assert verifiers_of(BOOK, named("look")) == ()
    assert verifiers_of(BOOK, named("step-6")) == ()


def test_a_section_that_acts_twice_is_verified_part_by_part() -> None:
    block = '```sh {{"name":"{0}","oncall.risk":"{1}"}}\ntrue {0}\n```\n\n'
    expect = '```yaml {{"ignore":"true","oncall.expect":"{0}"}}\n- "[EXIT] == 0"\n```\n\n'
    parts = [block.format("one", "reversible"), block.format("v1", "verify"), expect.format("v1"),
             block.format("two", "reversible"), block.format("v2", "verify"), expect.format("v2"),
             "## Later\n\n", block.format("v3", "verify"), expect.format("v3")]  # fmt: skip
    runbook = parse(("# T\n\n## Mitigation\n\n" + "".join(parts)).encode(), "t").runbook
    one, two = runbook.step("one"), runbook.step("two")
    assert one is not None
    assert two is not None
    assert [each.name for each in verifiers_of(runbook, one)] == ["v1"]
    assert [each.name for each in verifiers_of(runbook, two)] == ["v2"]


def test_every_shipped_step_that_disrupts_has_one_that_verifies_it() -> None:
    for book in shipped():
        runbook = open_book(book).runbook
        for step in runbook.steps:
            if step.effect in (Effect.DISRUPTIVE, Effect.DESTRUCTIVE):
                assert verifiers_of(runbook, step), (book.name.exact, step.name)


# The job.


def test_the_job_is_what_was_shown_and_its_values_stand_in_no_command() -> None:
    job = job_of(a_run(), named("restart"), 2, {}, "kai")
    assert isinstance(job, Job)
    assert job.script == 'docker restart "$UNIT"'
    assert (job.host, job.shell) == ("data-1", "sh")
    assert job.values == (("UNIT", "redis"),)
    assert job.id == "RUN-20261123-7f3.restart.2"
    assert job.keeps_marker
    assert job.who == "kai: restart of page (RUN-20261123-7f3)"
    mild = job_of(a_run(), named("reload"), 1, {}, "kai")
    assert isinstance(mild, Job)
    assert (mild.shell, mild.lock, mild.keeps_marker) == ("bash", "", True)
    reading = job_of(a_run(), named("look"), 1, {}, "kai")
    assert isinstance(reading, Job)
    assert (reading.lock, reading.keeps_marker) == ("", False)


def test_what_is_not_ready_makes_no_job() -> None:
    assert job_of(a_run(), named("step-6"), 1, {}, "kai") == BY_HAND
    assert isinstance(job_of(a_run(UNIT="a b"), named("restart"), 1, {}, "kai"), str)
    assert isinstance(job_of(a_run(TARGET_HOST="nope"), named("restart"), 1, {}, "kai"), str)
    assert isinstance(job_of(a_run(TARGET_HOST=""), named("restart"), 1, {}, "kai"), str)


def test_the_lock_is_that_of_what_is_worked_on_whichever_runbook_does_it() -> None:
    def lock(unit: str) -> str:
        job = job_of(a_run(UNIT=unit), named("restart"), 1, {}, "kai")
        assert isinstance(job, Job)
        assert job.lock.isalnum()
        assert job.lock.isascii()
        return job.lock

    assert lock("nginx") == lock("nginx.service")
    assert len({lock("a-b"), lock("ab"), lock("a.b")}) == 3


def test_a_step_has_the_time_that_it_says_else_by_what_it_does() -> None:
    assert timeout_of(named("ask")) == 5.0
    assert timeout_of(named("look")) == 30.0
    assert timeout_of(named("restart")) == 60.0
    quick = msgspec.structs.replace(named("restart"), timeout=timedelta(seconds=2))
    assert plan_of(a_run(), quick, FACTS).timeout_s == 2.0


# What is typed.


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("docker restart \"$A\"", ("docker", "restart", "x y")),
        ('a --b="${A}"z', ("a", "--b=x yz")),
        ("a \\\n  'b c'", ("a", "b c")),
        ('a ""', ("a", "")),
        ("a $A", None),
        ("a | b", None),
        ("a; b", None),
        ("A=1 b", None),
        ('a "$B"', None),
        ('a "${A:-x}"', None),
        ('a "`b`"', None),
        ('a "$(b)"', None),
        ('a "$Ab"', None),
        ("a *", None),
        ("a ~", None),
        ("a 'b", None),
        ("", None),
    ],
)  # fmt: skip
def test_only_a_plain_command_is_shown_as_its_words(
    script: str, words: tuple[str, ...] | None
) -> None:
    assert words_of(script, {"A": "x y"}) == words


TEXT: Final = st.text(alphabet=st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), max_size=12)  # fmt: skip # noqa: E501


@settings(max_examples=trials(40, 2_000), deadline=None)
@given(st.lists(TEXT, min_size=1, max_size=3))
def test_what_is_copied_does_in_a_shell_what_the_step_does_with_its_values(
    values: list[str],
) -> None:
    shown = [one for one in values if one.isprintable() and one.isascii()]
    names = [f"V{at}" for at in range(len(shown))]
    pairs = dict(zip(names, shown, strict=True))
    script = " ".join(["printf '[%s]'", *(f'"${name}"' for name in names)])
    meant = subprocess.run(
        ["/bin/sh", "-c", script], env={"PATH": "/usr/bin:/bin", **pairs}, capture_output=True,
        check=True,
    ).stdout  # fmt: skip
    simple, through = typed_of(script, pairs, None), typed_of(f"{script}; true", pairs, None)
    for typed in (simple, through):
        came = subprocess.run(["/bin/sh", "-c", typed], capture_output=True, check=True)
        assert came.stdout == meant
    assert words_of(script, pairs) == tuple(shlex.split(simple))
