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
                           HttpFault.TOO_BIG, HttpFault.ENCODING})  # fmt: skip
"""By these it may have come through all the same."""
_RETRY_AFTER: Final = re.compile(r"[0-9]{1,6}")


class _Feishu(msgspec.Struct):
    """The two forms in which Feishu answers; one of the codes is there, and 0 is well."""

    code: int | None = None
    status_code: int | None = msgspec.field(default=None, name="StatusCode")
    msg: str = ""


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
        maybe = failure.kind in _MAYBE and not failure.unsent
        said = "it may have been sent or not" if maybe else "nothing was sent"
        ended = Ended.UNKNOWN if maybe else Ended.FAILED
        return nothing_done(ended, f"{said}: {name}: {failure.message}", *_advice(ended))
    finally:
        await client.aclose()
    refused = _refusal(hook, answer)
    if refused:
        return nothing_done(Ended.FAILED, f"{name} did not take it: {refused}")
    title = visible(wish.title, cells=80)
    return Effected(Outcome(Ended.DONE, f"{title} was sent to {name}"))


def _advice(ended: Ended) -> tuple[str, ...]:
    return ("look into the chat before it is sent again",) if ended is Ended.UNKNOWN else ()


def _refusal(hook: Webhook, answer: WebhookAnswer) -> str:
    """Why the chat did not take it, safe to show; empty: it did."""
    if not 200 <= answer.status < 300:
        return _status(answer)
    if hook.kind != "feishu":
        return ""
    try:
        told = msgspec.json.decode(answer.body, type=_Feishu)
    except (msgspec.MsgspecError, RecursionError):
        return f"expected a code in its answer, got {_said(answer.body)}"
    code = told.code if told.code is not None else told.status_code
    if code == 0:
        return ""
    if code is None:
        return f"expected a code in its answer, got {_said(answer.body)}"
    return f"code {code}: {_said(told.msg.encode('utf-8', 'replace'))}"


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
