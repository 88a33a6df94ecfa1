"""What came of a command, as conditions ask for it. What was not learnt is `None`."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from console.model.condition_check import Output, Result
from console.runbook.running.curl import MARK
from console.runbook.running.job import Finished, OnOutput
from console.safety.text import Raw

_MEASURED: Final = re.compile(
    rb" ([0-9]{3}) ([0-9]+[.,][0-9]+) ([0-9]+[.,][0-9]+) ([0-9]+) (-?[0-9]+) \[([^\]\s]*)\]\n"
)
_ANY_MARK: Final = re.compile(rb"\n(" + MARK.encode() + rb"[0-9a-f]{32}) ")
_STATUS_LINE: Final = re.compile(rb"HTTP/[0-9.]+ ([0-9]{3})(?: |\r?$)")
_EXPIRES: Final = re.compile(rb"^Expire date:[ \t]*(.+?)\r?$", re.MULTILINE)
_DATES: Final = ("%b %d %H:%M:%S %Y GMT", "%Y-%m-%d %H:%M:%S GMT")
_MAX_HEADERS: Final = 1000
"""Of an answer with more none is known: what is not looked at is not missing."""
_HEADERS_LATER: Final = 1 << 18
"""More of headers is not looked through while a request runs."""

ANSWERED: Final = (0, 22)
"""How curl ends where a whole answer came: with `--fail` an answer may be status 22."""
WORDS: Final = {
    1: "it does not know that kind of address",
    2: "curl did not understand how it was called",
    3: "the address is not one",
    5: "the proxy's name is not known",
    6: "the host's name is not known",
    7: "the connection was refused",
    16: "the server broke the rules of HTTP/2",
    18: "the connection ended in the middle of the answer",
    22: "the server answered with an error",
    23: "the answer could not be written",
    26: "what was to be sent could not be read",
    27: "there was no memory left",
    28: "there was no answer in time",
    35: "no TLS connection came about",
    47: "it was redirected too often",
    52: "the server answered nothing",
    55: "the request could not be sent",
    56: "the connection broke",
    58: "our own certificate cannot be used",
    60: "the server's certificate is not trusted",
    61: "the answer is encoded in a way that curl does not know",
    77: "the file with the trusted certificates cannot be read",
    92: "the server broke the rules of HTTP/2",
    97: "the proxy did not connect",
}
_NO_CONNECTION: Final = (5, 6, 7)


class Answer(msgspec.Struct, frozen=True):
    """What a measured request came to."""

    result: Result
    finished: Finished
    """Its stdout as curl alone would have printed it."""
    fault: str = ""
    """What could not be measured; empty: all was."""


def plain_result(finished: Finished) -> Result:
    """What conditions on any command are judged by."""
    return Result(
        exit=finished.exit_status,
        stdout=_output(finished.stdout, _is_cut(finished, 1)),
        stderr=_output(finished.stderr, _is_cut(finished, 2)),
        response_time=_time(finished.took_s),
    )


def answer_of(
    finished: Finished,
    now: datetime | None,
    *,
    mark: str = "",
    is_head: bool = False,
    follows: bool = False,
    wants_certificate: bool = False,
) -> Answer:
    """What came of a request that `measured_script` made.

    Args:
        mark: as it was made with; empty: it was made by an earlier console, and the last one
            counts, since curl prints it behind everything that came.
    """
    plain = msgspec.structs.replace(plain_result(finished), stdout=None)
    at = _mark_at(finished.stdout, mark)
    found = None if at is None else _MEASURED.match(finished.stdout, at[1])
    if at is None or found is None:
        return Answer(plain, finished, "curl did not tell what it measured")
    came = finished.stdout[: at[0]]
    end = finished.stdout.find(finished.stdout[at[0] + 1 : at[1]] + b".\n", found.end())
    cut = _is_cut(finished, 1)
    status, redirects = int(found[1]), int(found[4])
    exit_status = finished.exit_status
    connected = exit_status not in _NO_CONNECTION and _number(found[3]) > 0
    headers, body = split_answer(came, redirects if follows else 0)
    shown = came if is_head else body
    if is_head:
        body = b""
    left_out = finished.stdout_bytes - len(finished.stdout)
    rest = msgspec.structs.replace(
        finished, stdout=shown, stdout_bytes=len(shown) + max(0, left_out)
    )
    result = msgspec.structs.replace(
        plain,
        connected=connected if exit_status is not None else None,
        ip=Raw(found[6].decode("ascii", "replace")) if connected and found[6] else None,
    )
    if exit_status in ANSWERED and status and headers is not None:
        result = msgspec.structs.replace(
            result,
            status=status,
            body=_output(body, cut),
            headers=headers,
            response_time=_time(_number(found[2])),
            redirects=redirects,
        )
    fault = ""
    if exit_status in ANSWERED and status and headers is None:
        fault = f"its headers cannot be told, or are more than {_MAX_HEADERS:,}"
    if wants_certificate:
        left = None
        if end >= 0 and now is not None:
            left = certificate_left(finished.stdout[found.end() : end], now)
        result = msgspec.structs.replace(result, certificate_left=left)
        if left is None and exit_status in ANSWERED and not fault:
            fault = "the certificate was not learnt: it takes https and curl 7.88 or newer there"
    return Answer(result, rest, fault)


def certificate_left(certificates: bytes, now: datetime) -> timedelta | None:
    """How long the first of `certificates`, the server's own, is still valid."""
    found = _EXPIRES.search(certificates)
    if found is None:
        return None
    written = b" ".join(found[1].split()).decode("ascii", "replace")
    for form in _DATES:
        try:
            return datetime.strptime(written, form).replace(tzinfo=UTC) - now
        except ValueError:
            continue
    return None


def split_answer(came: bytes, redirects: int) -> tuple[tuple[tuple[str, Raw], ...] | None, bytes]:
    """The last headers of what `curl -D -` printed, and the body; `None`: there are none.

    Args:
        redirects: how often it was sent on, each time with headers of their own.
    """
    at = 0
    while True:
        end = _headers_end(came, at)
        line = _STATUS_LINE.match(came, at)
        if end is None or line is None:
            return None, came[at:] if at else came
        status = int(line[1])
        goes_on = 100 <= status < 200 and status != 101
        if 300 <= status < 400 and redirects > 0:
            redirects -= 1
            goes_on = True
        if not goes_on:
            return _headers(came[line.end() : end]), came[end:]
        at = end


def _headers_end(came: bytes, at: int) -> int | None:
    """Behind the empty line that ends the headers which begin at `at`."""
    while True:
        line_end = came.find(b"\n", at)
        if line_end < 0:
            return None
        if came[at:line_end] in (b"", b"\r"):
            return line_end + 1
        at = line_end + 1


def _headers(block: bytes) -> tuple[tuple[str, Raw], ...] | None:
    lines = block.split(b"\n")[1:]
    if len(lines) > _MAX_HEADERS:
        return None
    found = []
    for line in lines:
        name, colon, value = line.decode("utf-8", "replace").partition(":")
        if colon:
            found.append((name.strip(), Raw(value.strip())))
    return tuple(found)


def _mark_at(stdout: bytes, mark: str) -> tuple[int, int] | None:
    """Where the line break before the mark stands, and where the mark ends."""
    if mark:
        at = stdout.rfind(b"\n" + mark.encode() + b" ")
        return None if at < 0 else (at, at + 1 + len(mark))
    found = list(_ANY_MARK.finditer(stdout))
    return (found[-1].start(), found[-1].end(1)) if found else None


def _number(written: bytes) -> float:
    # curl writes the comma of its locale.
    return float(written.replace(b",", b"."))


def _time(seconds: float | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)


def _output(content: bytes, cut: bool) -> Output:
    return Output(Raw(content.decode("utf-8", "replace")), cut)


def _is_cut(finished: Finished, stream: int) -> bool:
    missing = (
        finished.stdout_bytes > len(finished.stdout),
        finished.stderr_bytes > len(finished.stderr),
    )
    # Where nobody says which one it was, it was both.
    return missing[stream - 1] or (finished.is_cut and not any(missing))


class Shown:
    """Of what a measured request prints, what curl alone would have printed."""

    def __init__(self, show: OnOutput, mark: str, *, is_head: bool, follows: bool) -> None:
        self._show = show
        self._end = b"\n" + mark.encode() + b" "
        self._follows = follows
        self._headers: bytes | None = None if is_head else b""
        self._held = b""
        self._is_over = False

    def take(self, stream: int, content: bytes) -> None:
        """What has come since."""
        if stream != 1:
            self._show(stream, content)
            return
        if self._headers is not None:
            self._headers += content
            at = _body_at(self._headers, self._follows)
            if at is None and len(self._headers) <= _HEADERS_LATER:
                return
            content, self._headers = self._headers[at or 0 :], None
        self._pass_on(content)

    def finish(self) -> None:
        """It has ended: what was held back can be no mark any more."""
        if not self._is_over and self._headers is None and self._held:
            self._show(1, self._held)

    def _pass_on(self, content: bytes) -> None:
        if self._is_over:
            return
        content = self._held + content
        at = content.find(self._end)
        self._is_over = at >= 0
        keep_from = at if at >= 0 else _begins_at(content, self._end)
        self._held = content[keep_from:]
        if keep_from:
            self._show(1, content[:keep_from])


def _body_at(came: bytes, follows: bool) -> int | None:
    """Where the body begins; `None`: that will be seen later."""
    at = 0
    while True:
        if not came.startswith(b"HTTP/", at):
            return None if b"HTTP/".startswith(came[at:]) else at
        end = _headers_end(came, at)
        if end is None:
            return None
        line = _STATUS_LINE.match(came, at)
        if line is None or not (line[1] < b"200" or (follows and b"300" <= line[1] < b"400")):
            return end
        at = end


def _begins_at(content: bytes, end: bytes) -> int:
    """From where on `content` may be the beginning of `end`."""
    for size in range(min(len(end) - 1, len(content)), 0, -1):
        if end.startswith(content[-size:]):
            return len(content) - size
    return len(content)
