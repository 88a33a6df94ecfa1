"""A request by `curl`, made so that what came of it is measured and its secrets stay hidden.

The script stays one `curl`: its own words in their order, ours around them. Its headers and
its body come by stdout as `curl -D -` prints them, and behind a line that nobody can guess,
what curl measured. All of it is understood by curl 7.68; `%{certs}` alone is asked of newer ones
(7.88), and only where somebody wants to know.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from console.runbook.words import VALUE, Command, commands_of, literal

FIELDS: Final = "%{http_code} %{time_total} %{time_connect} %{num_redirects} %{ssl_verify_result}"
"""What is measured, before `[%{remote_ip}]`."""
MARK: Final = "oncall-"
"""Begins what stands before the measurements; 32 random hexadecimal digits come behind it."""
LEAST_S: Final = 0.5
_VALUED: Final = frozenset(
    [
        *("-m", "--max-time", "--connect-timeout", "-H", "--header", "-A", "--user-agent"),
        *("--resolve", "--cacert", "--max-redirs", "-X", "--request", "--url", "-u", "--user"),
        *("-d", "--data", "--data-raw", "--data-binary", "--data-urlencode", "--json", "-e"),
        *("--referer", "--oauth2-bearer", "--connect-to", "--interface", "-b", "--cookie"),
        *("--retry", "--retry-delay", "--noproxy", "--cert", "-E", "--key", "--capath"),
    ]
)
"""Options that take the next word."""
_FLAGS: Final = frozenset(
    [
        *("--silent", "--show-error", "--fail", "--fail-with-body", "--location", "--head"),
        *("--insecure", "--ipv4", "--ipv6", "--compressed", "--globoff", "--get", "--http1.1"),
        *("--http2", "--path-as-is", "--no-keepalive", "--no-progress-meter"),
    ]
)
_SHORT_FLAGS: Final = re.compile(r"-[sSfLIkgG46]+")
_HIDDEN: Final = {
    "-H": "header",
    "--header": "header",
    "-u": "user",
    "--user": "user",
    "--oauth2-bearer": "oauth2-bearer",
}
"""Options that may carry a secret, and what a file of settings for curl calls them."""
_SECONDS: Final = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,3})?")


class Option(msgspec.Struct, frozen=True):
    """One word of the request, or an option and its value. As written."""

    word: str
    value: str = ""
    name: str = ""
    """Which option it is; empty for an address, and for what is not known."""


class Request(msgspec.Struct, frozen=True):
    """One simple `curl`."""

    options: tuple[Option, ...]
    is_head: bool
    follows: bool
    max_time_s: float | None
    """`None`: it has no limit of its own, or none that stands there as a number."""
    measurable: bool
    """Every word of it is known, so that ours go beside them."""
    prefix: str = ""
    """Variables that are set for it."""


def request_of(script: str) -> Request | None:
    """`script` as one simple `curl`; `None`: it is anything else."""
    parts = commands_of(script)
    if parts is None or len(parts) != 1:
        return None
    command = parts[0]
    if not command.words or command.words[0] != "curl" or command.is_fed or command.feeds:
        return None
    if command.redirects or script.rstrip().endswith("&"):
        return None
    if script.lstrip()[:1] in "({!" or command.words[-1] in (")", "}"):
        return None
    return _request(command)


def _request(command: Command) -> Request:
    options: list[Option] = []
    measurable = True
    rest = iter(command.words[1:])
    for word in rest:
        plain = literal(word) or VALUE
        name, equals, value = word.partition("=")
        if plain in _FLAGS or _SHORT_FLAGS.fullmatch(plain):
            options.append(Option(word, name=plain))
        elif plain in _VALUED:
            options.append(Option(word, next(rest, ""), plain))
        elif equals and name.startswith("--") and name in _VALUED:
            # curl itself takes no `=`; whoever writes it means this.
            options.append(Option(name, value, name))
        elif plain.startswith("-"):
            options.append(Option(word, name="?"))
            measurable = False
        else:
            options.append(Option(word))
    names = [one.name for one in options]
    measurable = measurable and names.count("") + names.count("--url") == 1
    short = "".join(name[1:] for name in names if _SHORT_FLAGS.fullmatch(name))
    methods = [literal(one.value) for one in options if one.name in ("-X", "--request")]
    return Request(
        tuple(options),
        "I" in short or "--head" in names or "HEAD" in methods,
        "L" in short or "--location" in names,
        _limit(options),
        measurable,
        " ".join(command.assigned),
    )


def _limit(options: list[Option]) -> float | None:
    for one in reversed(options):
        if one.name in ("-m", "--max-time"):
            plain = literal(one.value) or ""
            return float(plain) if _SECONDS.fullmatch(plain) else None
    return None


def measured_script(
    request: Request,
    mark: str,
    limit_s: float,
    secrets: frozenset[str] = frozenset(),
    *,
    wants_certificate: bool = False,
) -> str:
    """The script that makes `request` and tells what came of it behind `mark`.

    Args:
        mark: `MARK` and 32 random hexadecimal digits.
        limit_s: when it has to be over, in seconds; its own limit stands where it is shorter.
        secrets: names of variables that reach curl by its stdin.
    """
    # Half a second is left to curl to say itself that it took too long.
    limit_s = max(LEAST_S, limit_s - 0.5)
    words = ["-q", "-sS", "-g", "--proto", "=http,https", "--suppress-connect-headers"]
    sent: list[str] = []
    for one in request.options:
        if _carries(one, secrets):
            sent.append(_setting(one))
        elif not one.name:
            # A value that begins with a dash is an address all the same.
            words += ["--url", one.word]
        elif one.value:
            words += [one.word, one.value]
        else:
            words.append(one.word)
    if request.max_time_s is None or request.max_time_s > limit_s or not request.max_time_s:
        words += ["--max-time", f"{limit_s:g}"]
    if request.is_head:
        words.append("-I")
    else:
        words += ["-D", "-"]
    asked = f"\\n{mark} {FIELDS} [%{{remote_ip}}]\\n"
    if wants_certificate:
        asked += "%{certs}"
    words += ["-w", f"'{asked}{mark}.\\n'"]
    return _fed(sent, request.prefix, words)


def hidden_script(request: Request, secrets: frozenset[str]) -> str:
    """The script that makes `request` as it is, its secrets by stdin."""
    words: list[str] = []
    sent: list[str] = []
    for one in request.options:
        if _carries(one, secrets):
            sent.append(_setting(one))
        else:
            words += [one.word, one.value] if one.value else [one.word]
    return _fed(sent, request.prefix, words)


def secret_fault(request: Request, secrets: frozenset[str]) -> str:
    """Why a secret of `request` would be seen by others; empty: it is not."""
    for one in request.options:
        if not _carries(one, secrets):
            continue
        if one.name not in _HIDDEN:
            return 'a secret goes into curl by -H "Name: $SECRET" or -u "name:$SECRET"'
        plain = literal(one.value)
        if plain is None:
            return "expected no $(...) beside a secret"
        if _HIDDEN[one.name] == "header" and not re.match(r"[A-Za-z0-9-]+:", plain):
            return 'expected the name of the header before the secret: -H "Name: $SECRET"'
        if _HIDDEN[one.name] == "user" and ":" not in plain:
            return 'expected the name before the secret: -u "name:$SECRET"'
    if any(re.match(r"@-|@/dev/stdin", literal(one.value) or "") for one in request.options):
        return "expected no data from stdin beside a secret, which goes in there"
    return ""


def _carries(option: Option, secrets: frozenset[str]) -> bool:
    return any(names_variable(part, secrets) for part in (option.word, option.value))


def names_variable(text: str, names: frozenset[str]) -> bool:
    """Whether one of these variables is used in `text`, or named there in any way."""
    return any(found in names for found in re.findall(r"[A-Za-z_][A-Za-z0-9_]*", text))


def _setting(option: Option) -> str:
    """The command that prints one option as curl's settings have it.

    All of it is the shell's own but for sed, and what sed reads comes by its stdin.
    """
    plain = f"printf %s {option.value} | LC_ALL=C sed 's/[\\\\\"]/\\\\&/g'"
    return f'printf \'{_HIDDEN[option.name]} = "%s"\\n\' "$({plain})"'


def _fed(sent: list[str], prefix: str, words: list[str]) -> str:
    curl = " ".join((*([prefix] if prefix else []), "curl", *words))
    if not sent:
        return curl
    return f"{{ {'; '.join(sent)}; }} | {curl} -K -"
