"""A process with many SSH listeners on loopback, which answers looks at hosts from memory.

    python -m tests.bench.ssh_hosts COUNT FOLDER

It makes the keys in FOLDER, prints the ports as JSON and serves until its stdin is closed. What
it answers was printed once by the real script on this machine, so that a round costs no
process: what is measured is the client.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from pathlib import Path

import asyncssh

from console.safety import process
from console.sources.hosts.script import look_at
from console.sources.hosts.settings import Wanted

TOKEN = re.compile(rb"^token=(\S+)$", re.MULTILINE)


class Recorded:
    """One real answer, told again with the mark of whoever asks."""

    def __init__(self, token: bytes, stdout: bytes, stderr: bytes) -> None:
        self._token = token
        self._stdout = stdout
        self._stderr = stderr

    async def answer(self, session: asyncssh.SSHServerProcess[bytes]) -> None:
        """Read the script to its end, and tell what it would print."""
        script = await session.stdin.read()
        asked = TOKEN.search(script)
        token = asked.group(1) if asked else b""
        session.stdout.write(self._stdout.replace(self._token, token))
        session.stderr.write(self._stderr.replace(self._token, token))
        session.exit(0)


async def recorded() -> Recorded:
    """What the script prints here."""
    look = look_at(Wanted(), twice=False, timeout_s=15, sudo=False)
    argv = ("sh", "-s", "--", *look.argv)
    ended = await process.run(argv, stdin=look.sent, timeout_s=20)
    return Recorded(look.token.encode(), ended.stdout, ended.stderr)


async def serve(count: int, folder: Path) -> None:
    """Listen, tell where, and answer until stdin ends."""
    told = await recorded()
    host_key = asyncssh.generate_private_key("ssh-ed25519")
    user_key = asyncssh.generate_private_key("ssh-ed25519")
    user_key.write_private_key(folder / "id")
    (folder / "id").chmod(0o600)
    (folder / "authorized").write_bytes(user_key.export_public_key())
    servers = [
        await asyncssh.listen(
            "127.0.0.1",
            0,
            server_host_keys=[host_key],
            authorized_client_keys=str(folder / "authorized"),
            process_factory=told.answer,
            encoding=None,
        )
        for _ in range(count)
    ]
    ports = [server.get_port() for server in servers]
    public = host_key.export_public_key().decode().strip()
    lines = [f"[127.0.0.1]:{port} {public}\n" for port in ports]
    (folder / "known_hosts").write_text("".join(lines))
    sys.stdout.write(json.dumps(ports) + "\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2])))
