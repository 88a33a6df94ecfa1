"""Sending a report to a chat: once, to an address that nobody gets to see."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from config.history import Webhook
from console.actions.chats.shape import body_for
from console.actions.doing import Doing, Effected, nothing_done
from console.model.acting import Ended, Outcome
from console.model.wish import SendReport
from console.safety.http import HttpClient, HttpFailure, HttpFault
from console.safety.http.webhook import WebhookAnswer, post_secretly
from console.safety.secret import SecretError, resolve
from console.safety.text import visible

_NAME_CELLS: Final = 40
_SAID_CELLS: Final = 160
_MOST_CHARS: Final = 4_000_000
"""Of what is asked to be sent at all; each chat takes much less."""
_MAYBE: Final = frozenset({HttpFault.TIMEOUT, HttpFault.RESET, HttpFault.PROTOCOL,
                           HttpFault.TOO_BIG, HttpFault.ENCODING, HttpFault.TLS_OTHER,
                           HttpFault.UNREACHABLE})  # fmt: skip
"""By these it may have come through all the same, unless nothing had been sent yet."""
_RETRY_AFTER: Final = re.compile(r"[0-9]{1,6}")
_HALF_WAY: Final = frozenset({500, 502, 504})
"""By these a server, or one between, says that it does not know how far it came itself."""
_WORD: Final = re.compile(rb"[a-z]+(_[a-z]+)+")
"""How Slack names what it did not like: `invalid_blocks`."""
ADVICE: Final = "look into the chat before it is sent again"


class _Feishu(msgspec.Struct):
    """The two forms in which Feishu answers; one of the codes is there, and 0 is well."""

    code: int | None = None
    status_code: int | None = msgspec.field(default=None, name="StatusCode")
    msg: str = ""


class _Slack(msgspec.Struct):
    """How workflows of Slack, and some who speak as it does, answer in place of `ok`."""

    ok: bool | None = None
    success: bool | None = None
    error: str = ""


class _RefusedError(Exception):
    """Why the chat did not take it, safe to show."""


class _DoubtfulError(Exception):
    """Why nobody knows whether it did, safe to show."""


async def send_report(wish: SendReport, doing: Doing) -> Effected:
    """Send a report to the chat of that name in the settings, once; nothing takes it back."""
    name = visible(wish.webhook, cells=_NAME_CELLS)
    hooks = doing.summary.webhooks
    hook = next((one for one in hooks if one.name == wish.webhook), None)
    if hook is None:
        known = ", ".join(visible(one.name, cells=_NAME_CELLS) for one in hooks) or "none at all"
        text = f"nothing was sent: the settings have no webhook {name}"
        return nothing_done(Ended.DENIED, text, f"expected one of: {known}")
    if not wish.text.strip():
        return nothing_done(Ended.DENIED, f"nothing was sent to {name}: the report is empty")
    if len(wish.text) > _MOST_CHARS:
        return nothing_done(Ended.DENIED, f"nothing was sent to {name}: the report is too large")
    try:
        address = await resolve(hook.url)
    except SecretError as error:
        text = f"nothing was sent to {name}: its address cannot be had"
        return nothing_done(Ended.FAILED, text, visible(str(error), cells=_SAID_CELLS))
    client = HttpClient(doing.clock)
    try:
        body = body_for(hook.kind, wish.title, wish.text)
        answer = await post_secretly(client, address, body, hook.timeout.total_seconds())
    except HttpFailure as failure:
        if failure.kind in _MAYBE and not failure.unsent:
            return _unknown(name, failure.message)
        return nothing_done(Ended.FAILED, f"nothing was sent: {name}: {failure.message}")
    finally:
        await client.aclose()
    try:
        _require_taken(hook, answer)
    except _DoubtfulError as doubt:
        return _unknown(name, str(doubt))
    except _RefusedError as refused:
        return nothing_done(Ended.FAILED, f"{name} did not take it: {refused}")
    title = visible(wish.title, cells=80)
    return Effected(Outcome(Ended.DONE, f"{title} was sent to {name}"))


def _unknown(name: str, why: str) -> Effected:
    return nothing_done(Ended.UNKNOWN, f"it may have been sent or not: {name}: {why}", ADVICE)


def _require_taken(hook: Webhook, answer: WebhookAnswer) -> None:
    """Return where the chat took it.

    Raises:
        _RefusedError, _DoubtfulError: it did not, or its answer tells neither.
    """
    if answer.status in _HALF_WAY:
        raise _DoubtfulError(_status(answer))
    if not 200 <= answer.status < 300:
        raise _RefusedError(_status(answer))
    if hook.kind == "feishu":
        _require_code(answer.body)
    elif hook.kind == "slack":
        _require_ok(answer.body.strip())


def _require_code(body: bytes) -> None:
    """Feishu says 200 to everything, and what it means by a code."""
    try:
        told = msgspec.json.decode(body, type=_Feishu)
    except (msgspec.MsgspecError, RecursionError):
        told = _Feishu()
    code = told.code if told.code is not None else told.status_code
    if code is None:
        raise _DoubtfulError(f"expected a code in its answer, got {_said(body)}")
    if code != 0:
        raise _RefusedError(f"code {code}: {_said(told.msg.encode('utf-8', 'replace'))}")


def _require_ok(body: bytes) -> None:
    """Slack says `ok`; who says nothing beside a status of 200 has taken it too."""
    if body in (b"ok", b""):
        return
    if _WORD.fullmatch(body):
        raise _RefusedError(_said(body))
    try:
        told = msgspec.json.decode(body, type=_Slack)
    except (msgspec.MsgspecError, RecursionError):
        told = _Slack()
    well = told.success if told.ok is None else told.ok
    if well is None:
        raise _DoubtfulError(f"expected ok in its answer, got {_said(body)}")
    if not well:
        raise _RefusedError(_said(told.error.encode("utf-8", "replace")))


def _status(answer: WebhookAnswer) -> str:
    if answer.status == 429:
        after = "" if answer.retry_after is None else answer.retry_after.exact.strip()
        wait = f", in {after} s" if _RETRY_AFTER.fullmatch(after) else ", later"
        return f"status 429, too many messages; send it again{wait}"
    if 300 <= answer.status < 400:
        return f"status {answer.status}: it leads elsewhere, which is not followed"
    return f"status {answer.status}: {_said(answer.body)}"


def _said(body: bytes) -> str:
    text = " ".join(body.decode("utf-8", "replace").split())
    return visible(text, cells=_SAID_CELLS) or "nothing was said"
