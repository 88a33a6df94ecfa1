"""What every stand-in runs: it hands its words to the demo and prints what comes back.

Run as a file by `python -I -S`, so that it starts in 8 ms: nothing but built-in modules, and
nothing of this package. The demo may answer that another program is to be run in its place.
"""

import _socket
import posix
import sys

MISSING = 69
"""`EX_UNAVAILABLE`: there is no demo any more."""


def main() -> int:
    """One call; the status to end with."""
    environ = posix.environ
    host = environ.get(b"ONCALL_DEMO_HOST", b"")
    inside = environ.get(b"ONCALL_DEMO_INSIDE", b"")
    coding = sys.getfilesystemencoding()
    words = [word.encode(coding, "surrogateescape") for word in sys.argv[1:]]
    talk = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        talk.connect(environ.get(b"ONCALL_DEMO_SOCKET", b""))
        asked = b"\0".join([host, inside, *words])
        talk.sendall(len(asked).to_bytes(4, "big") + asked)
    except OSError:
        posix.write(2, b"the demo is not running any more\n")
        return MISSING
    while True:
        head = exactly(talk, 5)
        if head is None:
            return MISSING
        kind, size = head[:1], int.from_bytes(head[1:], "big")
        body = exactly(talk, size)
        if body is None:
            return MISSING
        if kind == b"x":
            return int(body)
        if kind == b"e":
            become(body)
        write(1 if kind == b"1" else 2, body)


def become(body: bytes) -> None:
    """Run another program in our place: words, an empty one, and what the environment gains."""
    words = body.split(b"\0")
    cut = words.index(b"")
    environ = dict(posix.environ)
    for pair in words[cut + 1 :]:
        name, _, value = pair.partition(b"=")
        environ[name] = value
    posix.execve(words[0], words[:cut], environ)


def exactly(talk: "_socket.socket", size: int) -> "bytes | None":
    """So many bytes; `None` where the other side has gone."""
    parts = []
    while size:
        part = talk.recv(min(size, 65536))
        if not part:
            return None
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def write(where: int, body: bytes) -> None:
    """All of it."""
    while body:
        body = body[posix.write(where, body) :]


if __name__ == "__main__":
    try:
        STATUS = main()
    except KeyboardInterrupt:
        STATUS = 130
    except BrokenPipeError:
        STATUS = 141
    posix._exit(STATUS)
