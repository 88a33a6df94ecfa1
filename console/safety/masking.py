"""Taking secrets out of what programs print, before it is kept or shown.

A secret is found as it is, and as JSON, base64, URLs and HTML write it; of one with several
lines, each line. What stands for it is `***`.
"""

from __future__ import annotations

import base64
import html
import json
import shlex
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import quote, quote_plus

from console.safety.secret import MASK, Secret

LEAST_CHARS: Final = 4
"""A shorter secret is not taken out: every text has its characters, and the holes would tell
it. Whoever asks for a secret refuses such a one."""
_PIECE_BYTES: Final = 1024
"""A longer form is looked for in pieces, so that little has to be held back of a stream."""
_SLICE_BYTES: Final = 1 << 16
_MASK: Final = MASK.encode()


class Masker:
    """Masks what comes in parts; one of them for both streams of a program."""

    def __init__(self, secrets: Iterable[Secret]) -> None:
        forms = {piece for secret in secrets for piece in _forms(secret.reveal())}
        self._forms = tuple(sorted(forms, key=lambda form: (-len(form), form)))
        self._longest = len(self._forms[0]) if self._forms else 0
        self._held: dict[int, bytes] = {}

    def feed(self, stream: int, content: bytes) -> bytes:
        """What may be shown by now of `stream`.

        The beginning of what may become a secret is held back until more comes.
        """
        if not self._forms:
            return content
        slices = range(0, len(content), _SLICE_BYTES)
        return b"".join(self._taken(stream, content[at : at + _SLICE_BYTES]) for at in slices)

    def finish(self, stream: int) -> bytes:
        """What was held back of `stream`, which has ended."""
        held = self._held.pop(stream, b"")
        return _covered(held, self._found(held))

    def whole(self, content: bytes) -> bytes:
        """`content`, all of it, masked."""
        return _covered(content, self._found(content))

    def _taken(self, stream: int, content: bytes) -> bytes:
        held = self._held.pop(stream, b"") + content
        found = self._found(held)
        keep_from = self._unsure_from(held)
        for start, end in found:
            if start < keep_from < end:
                # A second secret may begin inside of the first; but not without an end.
                keep_from = start if len(held) - start <= 4 * self._longest else end
        self._held[stream] = held[keep_from:]
        return _covered(held[:keep_from], [one for one in found if one[1] <= keep_from])

    def _found(self, content: bytes) -> list[tuple[int, int]]:
        """Where secrets stand, joined where they touch."""
        hits: list[tuple[int, int]] = []
        for form in self._forms:
            at = content.find(form)
            while at >= 0:
                hits.append((at, at + len(form)))
                at = content.find(form, at + len(form))
        joined: list[tuple[int, int]] = []
        for start, end in sorted(hits):
            if joined and start <= joined[-1][1]:
                joined[-1] = joined[-1][0], max(end, joined[-1][1])
            else:
                joined.append((start, end))
        return joined

    def _unsure_from(self, content: bytes) -> int:
        """From where on `content` may be the beginning of a secret."""
        first = len(content)
        for form in self._forms:
            at = content.find(form[:1], max(0, len(content) - len(form) + 1), first)
            while at >= 0:
                if form.startswith(content[at:]):
                    first = at
                    break
                at = content.find(form[:1], at + 1, first)
        return first


def masked(text: str, secrets: Iterable[Secret]) -> str:
    """`text` without the secrets in it."""
    plain = text.encode("utf-8", "surrogatepass")
    return Masker(secrets).whole(plain).decode("utf-8", "surrogatepass")


def is_maskable(secret: Secret) -> bool:
    """Whether `secret` is long enough to be kept out of what is shown."""
    return len(secret.reveal().strip()) >= LEAST_CHARS


def _covered(content: bytes, spans: list[tuple[int, int]]) -> bytes:
    if not spans:
        return content
    parts = []
    at = 0
    for start, end in spans:
        parts += [content[at:start], _MASK]
        at = end
    parts.append(content[at:])
    return b"".join(parts)


def _forms(value: str) -> Iterator[bytes]:
    for part in dict.fromkeys((value, value.strip(), *value.splitlines())):
        if len(part.strip()) < LEAST_CHARS:
            continue
        for form in _written(part):
            for start in range(0, len(form), _PIECE_BYTES):
                piece = form[start : start + _PIECE_BYTES]
                if len(piece) >= LEAST_CHARS:
                    yield piece


def _written(part: str) -> Iterator[bytes]:
    """Every way in which programs write `part`."""
    plain = part.encode("utf-8", "surrogatepass")
    urls = {quote(plain, safe=""), quote(plain), quote_plus(plain)}
    quoted = {json.dumps(part, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False)}
    texts = {
        *urls,
        *(_lower_hex(one) for one in urls),
        *quoted,
        *(one.replace("/", "\\/") for one in quoted),
        shlex.quote(part).strip("'"),
        part.replace("\\", "\\\\").replace('"', '\\"'),
        html.escape(part),
        html.escape(part, quote=False),
    }
    yield plain
    for text in texts:
        yield text.encode("utf-8", "surrogatepass")
    yield from _base64(plain)


def _lower_hex(url: str) -> str:
    head, *rest = url.split("%")
    return "%".join((head, *(one[:2].lower() + one[2:] for one in rest)))


def _base64(plain: bytes) -> Iterator[bytes]:
    """`plain` in base64 wherever in a text it stands, as in `user:password`."""
    for before in range(3):
        written = base64.b64encode(b"\0" * before + plain).rstrip(b"=")
        # A character at either end may hold bits of the neighbour.
        start = (before * 8 + 5) // 6
        end = (before + len(plain)) * 8 // 6
        core = written[start:end]
        if len(core) >= LEAST_CHARS:
            yield core
            yield core.replace(b"+", b"-").replace(b"/", b"_")
