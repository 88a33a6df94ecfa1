"""The team's chat: it takes what an incoming webhook of Slack takes, and counts."""

from __future__ import annotations

import msgspec

from console.demo.wire import Answer, Request, text_answer

PATH = "/services/T0DEMO/B0TEAM/oncall"


class _Message(msgspec.Struct):
    text: str | None = None
    blocks: list[object] | None = None


class ChatApi:
    """One channel."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        """Of every message that came, the first first."""

    def __call__(self, request: Request) -> Answer:
        """Answer one request, in Slack's words."""
        if request.path != PATH:
            return text_answer("no_service", 404)
        if request.method != "POST":
            return text_answer("invalid_payload", 400)
        body = request.body
        if request.content_type == "application/x-www-form-urlencoded":
            body = request.param("payload").encode()
        try:
            message = msgspec.json.decode(body, type=_Message)
        except msgspec.MsgspecError:
            return text_answer("invalid_payload", 400)
        if not message.text and not message.blocks:
            return text_answer("no_text", 400)
        self.texts.append(message.text or "")
        return text_answer("ok")
