"""The curl command that repeats a request, for a person to run."""

from __future__ import annotations

import re
import shlex
from typing import Final
from urllib.parse import quote

from console.safety.http.options import MAX_REDIRECTS, HttpOptions
from console.safety.secret import Secret
from console.safety.text import strip_credentials, visible

_NOT_IN_A_URL: Final = re.compile(r"[^\x21-\x7e]|[\"'`\\<>]")


def curl_for(url: str, options: HttpOptions, *, method: str = "GET", login: str = "") -> str:
    """One line for a POSIX shell that does what `HttpClient` does with `url`.

    With `via` it runs on that host, where the files that it names have to be as well; `login`
    is how a person gets there, `ssh -J bastion kai@10.0.0.7`, else `ssh` and its name. Secrets
    stand as `$ONCALL_TOKEN`, `$ONCALL_PASSWORD`, `$ONCALL_PROXY_PASSWORD` and `$ONCALL_HEADER`,
    for the person to export; they are never in the text. Printable ASCII.
    """
    words = ["curl", "-q", "-sS", "-g", "--max-time", f"{options.timeout_s:g}"]
    if method == "HEAD":
        words.append("-I")
    elif method != "GET":
        words += ["-X", _quoted(method)]
    if options.redirects and method in ("GET", "HEAD"):
        words += ["-L", "--max-redirs", str(MAX_REDIRECTS)]
    words += _proxy_words(options)
    words += _tls_words(options)
    if options.basic is not None:
        words += ["-u", f'{_quoted(options.basic.user + ":")}"$ONCALL_PASSWORD"']
    if options.bearer is not None:
        words += ["-H", '"Authorization: Bearer $ONCALL_TOKEN"']
    for name, value in options.headers:
        if isinstance(value, Secret):
            words += ["-H", f'{_quoted(name + ": ")}"$ONCALL_HEADER"']
        else:
            words += ["-H", _quoted(f"{name}: {value}")]
    address = _NOT_IN_A_URL.sub(lambda bad: quote(bad.group(), errors="surrogatepass"), url)
    words.append(_quoted(strip_credentials(address)))
    line = " ".join(words)
    # What stands for a secret is read by the shell on the host: it is exported there.
    if not options.via:
        return line
    login = login.encode("ascii", "backslashreplace").decode() or f"ssh {_quoted(options.via)} --"
    return f"{login} {shlex.quote(line)}"


def _proxy_words(options: HttpOptions) -> list[str]:
    if options.proxy is None:
        return ["--noproxy", "'*'"]
    words = ["-x", _quoted(strip_credentials(options.proxy))]
    if options.proxy_auth is not None:
        words += ["-U", f'{_quoted(options.proxy_auth.user + ":")}"$ONCALL_PROXY_PASSWORD"']
    return words


def _tls_words(options: HttpOptions) -> list[str]:
    tls = options.tls
    words: list[str] = []
    if tls.insecure_skip_verify:
        words.append("-k")
    if tls.ca_file is not None:
        words += ["--cacert", _quoted(tls.ca_file)]
    if tls.client_cert is not None:
        words += ["--cert", _quoted(tls.client_cert)]
    if tls.client_key is not None:
        words += ["--key", _quoted(tls.client_key)]
    return words


def _quoted(word: str) -> str:
    return shlex.quote(visible(word).encode("ascii", "backslashreplace").decode())
