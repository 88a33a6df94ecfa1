"""A report goes to a chat once, in its form, and its address is seen by nobody."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from config.history import Summary, Webhook
from config.schema import Acks, Silences
from console.actions.carry_out import carry_out
from console.actions.chats.shape import CUT, FEISHU_BYTES, SLACK_CHARS, body_for
from console.actions.doing import Doing
from console.engine.wording import event_of, subjects_of, what_of, why_of
from console.model.acting import Ended, Outcome
from console.model.policy import Policy
from console.model.snapshot import Snapshot
from console.model.wish import SendReport
from console.safety.clock import SystemClock
from console.safety.secret import SecretSource
from tests.hostile import ATTACKS
from tests.safety.loopback import answer, serving, silent

TOKEN = "T0SECRET/B0SECRET/x1y2z3w4v5u6t7s8"
PATH = f"/services/{TOKEN}?access_token=abcdefgh12345678"
TEXT = "# Daily report\n\nAll was **well**.\n"
WISH = SendReport("team", "Daily report 2026-11-22", TEXT)


def _doing(kind: str, timeout_s: float = 5) -> Doing:
    clock = SystemClock()
    hook = Webhook(
        name="team",
        kind=kind,  # type: ignore[arg-type]
        url=SecretSource(env="ONCALL_TEST_HOOK"),
        timeout=timedelta(seconds=timeout_s),
    )
    return Doing(
        clusters={},
        clock=clock,
        who="kai",
        acks=Acks(),
        silences=Silences(),
        policy=Policy(),
        local=None,
        kthxbye=frozenset(),
        snapshot=Snapshot(clock.now(), "test"),
        intent="7f3a2c00",
        summary=Summary(webhooks=(hook,)),
    )


class Chat:
    """A chat on loopback: what it got, and what it answers."""

    def __init__(self, said: bytes) -> None:
        self.said = said
        self.got: list[bytes] = []

    async def __call__(self, head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(self.said)
        await writer.drain()


def _told(
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    talk: Callable[[bytes, asyncio.StreamWriter], Awaitable[None]],
    wish: SendReport = WISH,
    timeout_s: float = 5,
) -> tuple[Outcome, list[bytes], str]:
    """What came of it, the heads that the chat got, and its address."""

    async def run() -> tuple[Outcome, list[bytes], str]:
        async with serving(talk) as here:
            monkeypatch.setenv("ONCALL_TEST_HOOK", here.url(PATH))
            effected = await carry_out(wish, _doing(kind, timeout_s))
            assert effected.inverse is None
            return effected.outcome, here.heads, here.url(PATH)

    return asyncio.run(run())


def _everything(outcome: Outcome) -> str:
    event = event_of(WISH, outcome, "kai", SystemClock().now().wall)
    return repr((outcome, event, what_of(WISH), subjects_of(WISH), why_of(WISH)))


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("slack", answer(b"ok")),
        ("slack", answer(b"")),
        ("slack", answer(b'{"ok":true}')),
        ("json", answer(b"", "204 No Content")),
        ("feishu", answer(b'{"code":0,"msg":"success","data":{}}')),
        ("feishu", answer(b'{"StatusCode":0,"StatusMessage":"success"}')),
    ],
)
def test_it_is_posted_once(monkeypatch: pytest.MonkeyPatch, kind: str, said: bytes) -> None:
    outcome, heads, _ = _told(monkeypatch, kind, Chat(said))
    assert outcome.ended is Ended.DONE
    assert outcome.text == "Daily report 2026-11-22 was sent to team"
    (head,) = heads
    assert head.startswith(f"POST {PATH} HTTP/1.1".encode())
    assert b"application/json" in head


@pytest.mark.parametrize(
    ("kind", "said", "words"),
    [
        ("slack", answer(b"invalid_payload", "400 Bad Request"), "status 400: invalid_payload"),
        ("slack", answer(b"", "429 Slow", "Retry-After: 30"), "send it again, in 30 s"),
        ("slack", answer(b"", "429 Slow", "Retry-After: \x1b[2J"), "send it again, later"),
        ("json", answer(b"oops", "503 Down"), "status 503: oops"),
        ("json", answer(b"", "302 Found", "Location: http://evil.example/"), "is not followed"),
        ("feishu", answer(b'{"code":19001,"msg":"param invalid"}'), "code 19001: param invalid"),
        ("slack", answer(b"\x1b[2Jboo", "503 Oh"), "status 503"),
        ("slack", answer(b"invalid_blocks"), "invalid_blocks"),
        ("slack", answer(b'{"ok":false,"error":"no_service"}'), "no_service"),
    ],
)
def test_what_the_chat_refuses_is_told_as_it_came(
    monkeypatch: pytest.MonkeyPatch, kind: str, said: bytes, words: str
) -> None:
    outcome, heads, _ = _told(monkeypatch, kind, Chat(said))
    assert outcome.ended is Ended.FAILED
    assert outcome.text.startswith("team did not take it: ") and words in outcome.text
    assert "\x1b" not in outcome.text
    assert len(heads) == 1


@pytest.mark.parametrize(
    ("kind", "said", "words"),
    [
        ("slack", answer(b"<html>welcome</html>"), "expected ok in its answer, got <html>"),
        ("slack", answer(b"x" * 20_000), "its answer is too large"),
        ("json", answer(b"\x1b[2Jboo", "502 Bad Gateway"), "status 502: "),
        ("json", answer(b"", "504 Gateway Timeout"), "status 504: nothing was said"),
        ("feishu", answer(b"<html>welcome</html>"), "expected a code in its answer"),
        ("feishu", answer(b"[" * 9_000), "expected a code in its answer"),
        ("feishu", answer(b"{}"), "expected a code in its answer"),
    ],
)
def test_an_answer_that_tells_neither_yes_nor_no_is_said_to_be_unknown(
    monkeypatch: pytest.MonkeyPatch, kind: str, said: bytes, words: str
) -> None:
    outcome, heads, _ = _told(monkeypatch, kind, Chat(said))
    assert outcome.ended is Ended.UNKNOWN
    assert outcome.text.startswith("it may have been sent or not: team: ") and words in outcome.text
    assert outcome.details == ("look into the chat before it is sent again",)
    assert "\x1b" not in outcome.text
    assert len(heads) == 1


async def _hang_up(head: bytes, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


@pytest.mark.parametrize(
    ("talk", "ended"),
    [
        (Chat(answer(PATH.encode() + TOKEN.encode(), "400 Bad")), Ended.FAILED),
        (Chat(answer(b"", "429 Slow", f"Retry-After: {TOKEN}")), Ended.FAILED),
        (Chat(answer(b"", "302 Found", f"Location: {PATH}")), Ended.FAILED),
        (Chat(b"nonsense " + TOKEN.encode() + b"\r\n\r\n"), Ended.UNKNOWN),
        (_hang_up, Ended.UNKNOWN),
        (silent, Ended.UNKNOWN),
    ],
)
def test_its_address_stands_nowhere(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    talk: Callable[[bytes, asyncio.StreamWriter], Awaitable[None]],
    ended: Ended,
) -> None:
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.NOTSET)
    with caplog.at_level(logging.DEBUG):
        outcome, _, address = _told(monkeypatch, "slack", talk, timeout_s=0.3)
    assert outcome.ended is ended, outcome
    out, err = capfd.readouterr()
    port = address.split(":")[2].split("/")[0]
    everything = _everything(outcome) + out + err + caplog.text
    for piece in (*TOKEN.split("/"), "abcdefgh12345678", "127.0.0.1", port):
        assert piece not in everything, piece


def test_an_address_that_nobody_answers_at_or_that_is_none_is_told_without_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for url, words in (
        ("http://127.0.0.1:1/x1y2z3w4", "nothing was sent: team: it refused the connection"),
        ("x1y2z3w4", "its address is not of the form https://host/path"),
        ("http://u:x1y2z3w4@127.0.0.1/", "its address is not of the form https://host/path"),
        ("http://169.254.169.254/x1y2z3w4", "link-local or metadata"),
    ):
        monkeypatch.setenv("ONCALL_TEST_HOOK", url)
        outcome = asyncio.run(carry_out(WISH, _doing("slack"))).outcome
        assert outcome.ended is Ended.FAILED and words in outcome.text
        assert "x1y2z3w4" not in _everything(outcome)
    monkeypatch.delenv("ONCALL_TEST_HOOK")
    outcome = asyncio.run(carry_out(WISH, _doing("slack"))).outcome
    assert outcome.ended is Ended.FAILED
    assert outcome.details == ("environment variable 'ONCALL_TEST_HOOK' is not set",)


def test_a_chat_that_is_not_in_the_settings_is_told_with_those_that_are() -> None:
    wish = SendReport("other\x1b[2J", "t", "x")
    outcome = asyncio.run(carry_out(wish, _doing("slack"))).outcome
    assert outcome.ended is Ended.DENIED and outcome.details == ("expected one of: team",)
    assert "\x1b" not in outcome.text
    empty = asyncio.run(carry_out(SendReport("team", "t", " \n"), _doing("slack"))).outcome
    assert empty.ended is Ended.DENIED


# What each chat is given.

MARKDOWN = """# Daily report 2026-11-22, prod

All but **redis** was well: <!channel> @here @channel & <http://evil|click> [docs](http://a/b).

| service | up | note |
|---|---:|---|
| `redis` | 99.1 % | a \\| b |
| 快取 | 100 % | **fine** |

```text
| not | a table |
```
"""


def _slack(text: str) -> str:
    sent: dict[str, Any] = json.loads(body_for("slack", "Daily report 2026-11-22", text))
    assert list(sent) == ["text"]
    found: str = sent["text"]
    return found


def test_slack_gets_its_own_marks_tables_as_blocks_and_calls_nobody() -> None:
    text = _slack(MARKDOWN)
    assert text.startswith("*Daily report 2026-11-22, prod*\n")
    assert "*redis*" in text and "**" not in text
    assert "&lt;!channel&gt;" in text and "&amp;" in text
    assert "<" not in text and "@here" not in text and "@channel" not in text
    assert "```\nservice  up      note\nredis    99.1 %  a | b\n快取     100 %   fine\n```" in text
    assert "| not | a table |" in text
    assert "http://a/b" not in text


def test_feishu_gets_plain_text_in_which_nobody_is_called() -> None:
    body = body_for("feishu", "Daily report 2026-11-22", '<at user_id="all">x</at> **b** @all')
    sent = json.loads(body)
    assert (sent["msg_type"], list(sent["content"])) == ("text", ["text"])
    text = sent["content"]["text"]
    assert text.startswith("Daily report 2026-11-22\n\n")
    assert "<at" not in text and "</at" not in text and "@all" not in text and "**" not in text


def test_json_gets_title_and_markdown() -> None:
    assert json.loads(body_for("json", "T", MARKDOWN)) == {"title": "T", "text": MARKDOWN}


@pytest.mark.parametrize(
    "line",
    ["a line of it", "快取" * 40, "| a | b |", "\x00" * 30],
    ids=["plain", "wide", "table", "nul"],
)
def test_what_is_too_long_is_cut_and_says_so(line: str) -> None:
    text = "\n".join([line] * 9_000)
    slack = _slack(text)
    assert len(slack) <= SLACK_CHARS and slack.endswith(CUT)
    assert slack.count("```") % 2 == 0
    assert _slack("\n".join([line, "```"] * 5_000)).count("```") % 2 == 0
    feishu = json.loads(body_for("feishu", "T", text))["content"]["text"]
    assert len(body_for("feishu", "T", text)) <= FEISHU_BYTES + 200 and feishu.endswith(CUT)


def test_one_endless_line_is_cut_too() -> None:
    assert len(_slack("&" * 300_000)) <= SLACK_CHARS
    assert len(body_for("feishu", "T", "快" * 300_000)) <= FEISHU_BYTES + 200


@pytest.mark.parametrize("kind", ["slack", "feishu", "json"])
def test_hostile_texts_make_sound_json_and_no_mention(kind: Any) -> None:
    for trick in (*ATTACKS, "\ud800", "<!subteam^S1|@x>", "&lt;!here&gt;"):
        sent = json.loads(body_for(kind, f"t {trick}", f"# x\n{trick}\n| {trick} |\n"))
        if kind == "slack":
            assert not {"<", ">"} & set(sent["text"]), trick
