"""Something that Prometheus scrapes: whatever a test writes down."""

from __future__ import annotations

import contextlib
import http.server
import threading
from collections.abc import Iterator
from typing import Final

TYPE: Final = "text/plain; version=0.0.4"


class Exposition:
    """Metrics in Prometheus' text format, changed while it is served."""

    def __init__(self, text: str) -> None:
        self.text = text
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = owner.text.encode()
                self.send_response(200 if body else 503)
                self.send_header("Content-Type", TYPE)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


@contextlib.contextmanager
def exposed(text: str) -> Iterator[Exposition]:
    """`text` served on loopback, ended on the way out."""
    exposition = Exposition(text)
    try:
        yield exposition
    finally:
        exposition.close()
