"""The one place that speaks SSH."""

from console.safety.ssh.options import (
    MAX_OUTPUT_BYTES,
    Command,
    SshFailure,
    SshFault,
    SshOptions,
    SshResult,
    SshRoute,
    command,
)

__all__ = [
    "MAX_OUTPUT_BYTES",
    "Command",
    "SshFailure",
    "SshFault",
    "SshOptions",
    "SshResult",
    "SshRoute",
    "command",
]
