"""What the readers of runbooks share: limits, reserved names, places in a file."""

from __future__ import annotations

from typing import Final

import msgspec

from config.fault import Fault

MAX_BYTES: Final = 1024 * 1024
MAX_LINES: Final = 10_000
"""A page of more lines is refused: 1 MiB of `- a` takes a CommonMark parser 18 s."""
MAX_FRONT_LINES: Final = 500
MAX_STEPS: Final = 500
MAX_COMMAND: Final = 20_000
"""Characters of one that can be run."""
MAX_FAULTS: Final = 100

SHELLS: Final = ("sh", "bash")
"""What is run from here: by `sh`, or by `bash` where that stands there."""

FACTS: Final = (
    *("name", "unit", "host", "place", "namespace", "port", "base_url", "health"),
    *("owner", "version"),
)
"""What of a service of the registry a parameter may be: `from: registry.base_url`."""

RESERVED: Final = frozenset(
    [
        *("PATH", "HOME", "IFS", "ENV", "SHELL", "USER", "LOGNAME", "PWD", "OLDPWD", "CDPATH"),
        *("TERM", "LANG", "TZ", "UID", "EUID", "PPID", "OPTARG", "OPTIND", "OPTERR", "PS1", "PS2"),
        *("PS4", "SHELLOPTS", "BASHOPTS", "PROMPT_COMMAND", "HISTFILE", "TMPDIR", "EDITOR"),
        *("VISUAL", "PAGER", "RANDOM", "LINENO", "SECONDS", "HOSTNAME", "HOSTTYPE", "OSTYPE"),
        *("FPATH", "MAIL", "MAILPATH", "LINES", "COLUMNS", "FUNCNAME", "PYTHONPATH", "PERL5LIB"),
        *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "KUBECONFIG", "DOCKER_HOST", "ALL_PROXY"),
        *("DOCKER_CONFIG", "CURL_HOME", "SSLKEYLOGFILE", "OPENSSL_CONF", "GCONV_PATH", "PSQLRC"),
        *("PERL5OPT", "PYTHONHOME", "PYTHONSTARTUP", "RUBYOPT", "NODE_OPTIONS", "TAR_OPTIONS"),
        *("JAVA_TOOL_OPTIONS", "LESSOPEN", "SUDO_ASKPASS", "HOSTALIASES", "XDG_CONFIG_HOME"),
        *("XDG_STATE_HOME", "XDG_RUNTIME_DIR"),
    ]
)
"""Variables that mean something to the shell or to what it starts: no parameter is called so."""


def shifted(fault: Fault, lines: int, columns: int = 0) -> Fault:
    """`fault` of a part of a file as one of the whole: so many lines further down."""
    if not fault.line:
        return msgspec.structs.replace(fault, line=max(lines, 1), column=1)
    return msgspec.structs.replace(fault, line=fault.line + lines, column=fault.column + columns)
