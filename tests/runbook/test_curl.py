"""A verifying curl: measured, never fooled by what the server says, its secrets never seen."""

from __future__ import annotations

import asyncio
import shlex
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from console.model.run import StepState
from console.runbook.running.curl import MARK, measured_script, request_of
from console.runbook.running.job import HERE, Finished, Job
from console.runbook.running.measure import answer_of, certificate_left, split_answer
from console.runbook.running.trial import concluded
from console.safety.process import run
from tests.runbook.trying import ShellRunner, Shown, step_of, trial_of
from tests.safety.loopback import answer, reset_in_the_body, saying, serving, silent
from tests.soak import trials

OK = "[STATUS] == 200"
MARK_1 = MARK + "0" * 32


async def test_everything_that_conditions_ask_for_is_measured() -> None:
    body = b'{"status": "UP", "queue": 7}'
    async with serving(saying(answer(body, "200 OK", "X-Version: v2.1"))) as here:
        trial, shown, _ = await trial_of(
            'curl -sS "$URL"',
            OK,
            "[BODY].queue < 10",
            "[HEADER].x-version == pat(v2.*)",
            "[CONNECTED] == true",
            "[IP] == 127.0.0.1",
            "[REDIRECTS] == 0",
            "[EXIT] == 0",
            "[RESPONSE_TIME] < 15s",
            "len([STDERR]) == 0",
            url=here.url(),
        )
    assert (trial.state, trial.exit_status) == (StepState.PASSED, 0)
    assert trial.said == "all 9 conditions hold: [STATUS] (200) == 200"
    assert trial.result.response_time is not None
    # What a person sees is what curl alone prints.
    assert shown.stdout == body == trial.finished.stdout


@pytest.mark.parametrize(
    ("status", "headers", "said"),
    [
        ("503 Down", (), "[STATUS] (503) == 200"),
        ("302 Found", ("Location: /login",), "[STATUS] (302) == 200"),
        ("204 None", (), "[STATUS] (204) == 200"),
    ],
)
async def test_another_status_is_no_pass(status: str, headers: tuple[str, ...], said: str) -> None:
    async with serving(saying(answer(b"", status, *headers))) as here:
        trial, *_ = await trial_of('curl "$URL"', OK, url=here.url())
        assert (trial.state, trial.said) == (StepState.FAILED, said)
        assert len(here.heads) == 1


async def test_a_body_that_imitates_the_measurements_changes_nothing() -> None:
    forged = (
        f"\n{MARK_1} 200 0.001 0.001 0 0 [127.0.0.1]\n{MARK_1}.\n"
        "HTTP/1.1 200 OK\r\nX-Fine: yes\r\n\r\nall is well"
    ).encode()
    async with serving(saying(answer(forged, "503 Down"))) as here:
        trial, shown, job = await trial_of(
            'curl "$URL"', OK, "has([HEADER].x-fine) == true", url=here.url()
        )
    assert [one.passed for one in trial.checks] == [False, False]
    assert trial.result.status == 503
    assert shown.stdout == forged
    assert MARK_1 not in job.script and MARK in job.script


async def test_redirects_are_followed_only_where_that_is_written_and_the_last_answer_counts() -> (
    None
):
    sent_on = answer(b"moved", "302 Found", "Location: /next", "X-Which: first")

    async def talk(head: bytes, writer: asyncio.StreamWriter) -> None:
        first = head.startswith(b"GET / ")
        there = b"HTTP/1.1 100 Continue\r\n\r\n" + answer(b"HTTP/1.1 hi", "200 OK", "X-Which: last")
        writer.write(sent_on if first else there)

    async with serving(talk) as here:
        trial, shown, _ = await trial_of(
            'curl -L "$URL"', OK, "[REDIRECTS] == 1", "[HEADER].x-which == last", url=here.url()
        )
        assert (trial.state, shown.stdout) == (StepState.PASSED, b"HTTP/1.1 hi")
        trial, shown, _ = await trial_of('curl "$URL"', OK, url=here.url())
        assert (trial.result.status, shown.stdout) == (302, b"moved")


@pytest.mark.parametrize(
    ("command", "conditions"),
    [
        ('curl -I "$URL"', (OK, "[HEADER].x-a == b")),
        ('curl -X HEAD "$URL"', (OK, "[HEADER].x-a == b")),
        ('curl --fail "$URL"', (OK, "[BODY] == hi")),
        ('curl --url "$URL" -H "Accept: a/b" -m 5', (OK, "[BODY] == hi")),
    ],
)
async def test_forms_of_asking(command: str, conditions: tuple[str, ...]) -> None:
    async with serving(saying(answer(b"hi", "200 OK", "X-A: b"), close=True)) as here:
        trial, *_ = await trial_of(command, *conditions, url=here.url())
    assert trial.state is StepState.PASSED, trial.said


async def test_fail_ends_with_22_and_the_status_is_known_all_the_same() -> None:
    async with serving(saying(answer(b"no", "503 Down"))) as here:
        bad, *_ = await trial_of('curl --fail "$URL"', OK, url=here.url())
        meant, *_ = await trial_of('curl --fail "$URL"', "[STATUS] == 503", url=here.url())
    assert (bad.state, bad.exit_status) == (StepState.FAILED, 22)
    assert "[STATUS] (503) == 200" in bad.said
    assert meant.state is StepState.PASSED


async def test_a_refused_connection_is_told_in_words_and_passes_nothing() -> None:
    async with serving(silent) as here:
        url = here.url()
    trial, shown, _ = await trial_of('curl "$URL"', OK, "[BODY] != pat(*error*)", url=url)
    assert trial.state is StepState.FAILED
    assert trial.said.startswith("curl: the connection was refused (exit 7, ")
    assert trial.said.endswith("; expected [STATUS] (not known) == 200")
    assert [one.actual for one in trial.checks] == ["not known", "not known"]
    assert shown.stdout == b""
    closed, *_ = await trial_of('curl "$URL"', "[CONNECTED] == false", url=url)
    assert closed.state is StepState.PASSED


async def test_an_answer_that_does_not_come_in_time_is_told() -> None:
    async with serving(silent) as here:
        trial, *_ = await trial_of('curl "$URL"', OK, url=here.url(), timeout_s=0.7)
    assert trial.state is StepState.FAILED
    assert "there was no answer in time (exit 28" in trial.said


async def test_a_status_whose_answer_broke_off_is_not_taken_for_an_answer() -> None:
    async with serving(reset_in_the_body) as here:
        trial, *_ = await trial_of('curl "$URL"', OK, url=here.url())
    assert trial.state is StepState.FAILED
    assert "[STATUS] (not known)" in trial.said
    assert trial.result.status is None and trial.result.body is None


async def test_garbage_and_control_characters_are_a_sentence() -> None:
    async with serving(saying(b"\x1b[2J\x00SSH-2.0-x\r\n\r\n", close=True)) as here:
        trial, *_ = await trial_of('curl "$URL"', OK, url=here.url())
    assert trial.state is StepState.FAILED
    assert "\x1b" not in trial.said


async def test_a_body_of_many_megabytes_is_measured_and_conditions_on_it_fail() -> None:
    megabytes = trials(20, 100)

    async def talk(head: bytes, writer: asyncio.StreamWriter) -> None:
        size = megabytes * 1_000_000
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(megabytes):
            writer.write(b"a" * 1_000_000)
            await writer.drain()

    async with serving(talk) as here:
        trial, *_ = await trial_of(
            'curl "$URL"', OK, "[BODY] != pat(*error*)", url=here.url(), timeout_s=60
        )
    assert [one.passed for one in trial.checks] == [True, False]
    assert "characters were read" in trial.said
    assert trial.state is StepState.FAILED


async def test_a_curl_that_is_not_there_is_told(tmp_path: Path) -> None:
    trial, *_ = await trial_of('curl "$URL"', OK, url="http://127.0.0.1:1/", PATH=str(tmp_path))
    assert trial.state is StepState.FAILED
    assert trial.said == "there is no curl here (exit 127); expected [STATUS] (not known) == 200"


@pytest.mark.parametrize("prints", ["", "HTTP/1.1 200 OK\\r\\n\\r\\n{}", f"\\n{MARK_1} 200\\n"])
async def test_a_program_that_is_called_curl_and_measures_nothing_shows_nothing(
    tmp_path: Path, prints: str
) -> None:
    fake = tmp_path / "curl"
    fake.write_text(f"#!/bin/sh\nprintf '{prints}'\n", encoding="utf-8")
    fake.chmod(0o755)
    trial, *_ = await trial_of(
        'curl "$URL"', OK, "[BODY] != x", url="http://127.0.0.1:1/", PATH=str(tmp_path)
    )
    assert trial.state is StepState.FAILED
    assert trial.said == (
        "[STATUS] (not known) == 200; and 1 more; curl did not tell what it measured"
    )


async def test_settings_of_the_user_are_not_read_and_one_address_is_one_request(
    tmp_path: Path,
) -> None:
    (tmp_path / ".curlrc").write_text('user-agent = "mine"\nlocation\n', encoding="utf-8")
    async with serving(saying(answer(b"x", "404 No"))) as here:
        trial, *_ = await trial_of(
            'curl "$URL"', OK, url=here.url("/{a,b}[1-3]"), HOME=str(tmp_path)
        )
        assert [head.split()[1] for head in here.heads] == [b"/{a,b}[1-3]"]
        assert b"mine" not in here.heads[0]
    assert trial.result.status == 404


@pytest.mark.parametrize("url", ["file:///etc/hostname", "-o{}/never", "ftp://127.0.0.1/x"])
def test_no_value_makes_curl_do_anything_else_than_ask_by_http(url: str, tmp_path: Path) -> None:
    trial, shown, _ = asyncio.run(trial_of('curl "$URL"', "[EXIT] == 0", url=url.format(tmp_path)))
    assert trial.state is StepState.FAILED
    assert trial.exit_status in (1, 3, 6)
    assert shown.stdout == b""
    assert list(tmp_path.iterdir()) == []


HOSTILE_SECRETS = (
    "a\"b\\c d'e$HOME`id`$(id)%s\\n",
    "@/etc/passwd",
    '"\nurl = "http://127.0.0.1:1/',
    "-o x #;",
    "päßwörd€",
)


@pytest.mark.parametrize("secret", HOSTILE_SECRETS)
async def test_a_secret_reaches_the_server_exactly_and_no_argument_list(secret: str) -> None:
    secret = secret.split("\n")[0]
    if len(secret) < 4:
        secret += "----"
    async with serving(saying(answer(b"hello " + secret.encode() + b"!"))) as here:
        trial, shown, job = await trial_of(
            'curl -H "X-A: 1" -H "Authorization: Bearer $TOKEN" "$URL"',
            OK,
            url=here.url(),
            TOKEN=secret,
        )
        lines = here.heads[0].decode().split("\r\n")
        assert f"Authorization: Bearer {secret}" in lines
        assert "X-A: 1" in lines
    assert trial.state is StepState.PASSED
    assert shown.stdout == b"hello ***!"
    curl = job.script[job.script.index("| curl") :]
    assert "TOKEN" not in curl and curl.endswith(" -K -")


async def test_what_is_started_for_a_secret_is_given_it_by_stdin(tmp_path: Path) -> None:
    fake = tmp_path / "curl"
    fake.write_text('#!/bin/sh\nprintf "%s\\n" "$*" >"$0.argv"\nenv >>"$0.argv"\ncat\n')
    fake.chmod(0o755)
    await trial_of(
        'curl -u "kai:$TOKEN" "$URL"',
        OK,
        url="http://127.0.0.1:1/",
        TOKEN="hunter22",
        PATH=f"{tmp_path}:/usr/bin:/bin",
    )
    assert "hunter22" not in (tmp_path / "curl.argv").read_text(encoding="utf-8")


def context_of(folder: Path, not_after: datetime) -> ssl.SSLContext:
    import trustme

    made = trustme.CA().issue_cert("127.0.0.1", not_after=not_after)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.configure_cert(context)
    return context


async def test_a_certificate_tells_how_long_it_is_valid_and_an_expired_one_fails(
    tmp_path: Path,
) -> None:
    now = datetime.now(UTC)
    wanted = "[CERTIFICATE_EXPIRATION] > 14d"
    for days, passes in ((30, True), (3, False), (-3, False)):
        context = context_of(tmp_path, now + timedelta(days=days))
        async with serving(saying(answer(b"ok")), context) as here:
            url = here.url(scheme="https")
            trial, *_ = await trial_of('curl -k "$URL"', OK, wanted, url=url)
            assert (trial.state is StepState.PASSED) is passes, trial.said
            left = trial.result.certificate_left
            assert left is not None and abs(left - timedelta(days=days)) < timedelta(hours=1)
            strict, *_ = await trial_of('curl "$URL"', OK, wanted, url=url)
    assert strict.state is StepState.FAILED
    assert "the server's certificate is not trusted (exit 60" in strict.said


async def test_where_the_certificate_cannot_be_learnt_the_condition_fails_and_says_why() -> None:
    async with serving(saying(answer(b"ok"))) as here:
        trial, *_ = await trial_of(
            'curl "$URL"', OK, "[CERTIFICATE_EXPIRATION] > 1h", url=here.url()
        )
    assert trial.state is StepState.FAILED
    assert trial.said == (
        "[CERTIFICATE_EXPIRATION] (not known) > 1h; "
        "the certificate was not learnt: it takes https and curl 7.88 or newer there"
    )


def test_dates_of_certificates_are_read_as_both_libraries_write_them() -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    for written in (b"Nov 25 00:00:00 2026 GMT", b"2026-11-25 00:00:00 GMT"):
        found = certificate_left(b"Subject:CN = Expire date:x\nExpire date:" + written + b"\n", now)
        assert found == timedelta(days=2)
    for written in (b"", b"Expire date:soon\n", b"\xff\xfe", b"Expire date:\n" * 3):
        assert certificate_left(written, now) is None


def made(rest: bytes, *, mark: str = MARK_1, exit_status: int = 0) -> Finished:
    stdout = b"HTTP/1.1 200 OK\r\nA: b\r\n\r\nbody\n" + mark.encode() + rest
    return Finished(exit_status, stdout, b"", len(stdout), 0)


def test_a_comma_of_a_locale_is_read_and_a_torn_measurement_is_none() -> None:
    good = made(f" 200 0,25 0,01 0 0 [::1]\n{MARK_1}.\n".encode())
    found = answer_of(good, None, mark=MARK_1).result
    assert (found.status, found.response_time) == (200, timedelta(milliseconds=250))
    for end in range(len(good.stdout) - len(MARK_1) - 4):
        torn = Finished(0, good.stdout[:end], b"", end, 0)
        result = answer_of(torn, None, mark=MARK_1).result
        assert (result.status, result.headers, result.body) == (None, None, None)


def test_an_earlier_console_s_request_is_judged_by_the_last_mark() -> None:
    step = step_of('curl "$URL"', [OK])
    forged = f" 200 0.1 0.1 0 0 [::1]\n{MARK_1}.\n"
    real = MARK + "1" * 32
    later = made(f"{forged}\n{real} 503 0.1 0.1 0 0 [::1]\n{real}.\n".encode())
    assert concluded(step, later).said == "[STATUS] (503) == 200"
    assert concluded(step, made(forged.encode())).state is StepState.PASSED
    assert concluded(step, made(forged.encode(), exit_status=28)).state is StepState.FAILED


@pytest.mark.parametrize(
    "came",
    [b"", b"H", b"HTTP/1.1", b"HTTP/1.1 200 OK\r\nA: b", b"\r\n\r\n", b"HTTP/x 1\n\n", b"junk\n\n"],
)
def test_headers_that_are_none_are_not_known(came: bytes) -> None:
    assert split_answer(came, 0)[0] is None


def test_a_body_is_never_taken_for_more_headers_than_there_were_answers() -> None:
    block = b"HTTP/1.1 302 Found\r\nA: %d\r\n\r\n"
    blocks = b"".join(block % number for number in range(4))
    for redirects in range(4):
        headers, body = split_answer(blocks, redirects)
        assert headers is not None
        assert [value.exact for _, value in headers] == [str(redirects)]
        assert body == blocks[(redirects + 1) * len(block % 0) :]


def test_the_script_is_one_command_for_any_shell_and_asks_old_ones_nothing_new() -> None:
    request = request_of('LC_ALL=C curl -sS --max-time 5 "$URL"')
    assert request is not None
    script = measured_script(request, MARK_1, 60.0)
    words = shlex.split(script)
    assert words[:3] == ["LC_ALL=C", "curl", "-q"]
    assert words.count("--max-time") == 1 and "%{certs}" not in script
    long = measured_script(request, MARK_1, 3.0)
    assert shlex.split(long).count("--max-time") == 2 and "--max-time 2.5" in long


@pytest.mark.parametrize(
    "script",
    [
        "curl a | jq .",
        "curl a; rm b",
        "curl a > b",
        "(curl a)",
        "! curl a",
        "wget a",
        "",
        "curl a &",
    ],
)
def test_only_one_simple_curl_is_a_request(script: str) -> None:
    assert request_of(script) is None


async def test_under_dash_and_bash_alike() -> None:
    async with serving(saying(answer(b"hi"))) as here:
        for shell in ("sh", "bash"):
            request = request_of('curl "$URL"')
            assert request is not None
            job = Job(
                "a", measured_script(request, MARK_1, 9.0), shell, HERE, 9.0, (("URL", here.url()),)
            )
            finished = await ShellRunner().run(job, Shown().take)
            assert answer_of(finished, None, mark=MARK_1).result.status == 200
    assert (await run(["sh", "-n", "-c", job.script], timeout_s=5)).succeeded
