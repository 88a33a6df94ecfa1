"""What asks servers: curl, wget, openssl."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from console.runbook.verdict import (
    READS,
    Inner,
    Judge,
    Verdict,
    acts,
    listed,
    not_known,
    unknown,
)
from console.runbook.words import VALUE

_CURL_DATA: Final = listed(
    "-d --data --data-raw --data-binary --data-ascii --data-urlencode --json -F --form"
    " --form-string -T --upload-file --mail-from -Q --quote"
)
_CURL_FILES: Final = listed("-o --output -D --dump-header -c --cookie-jar --trace --trace-ascii --etag-save --stderr --hsts --alt-svc --libcurl")  # fmt: skip # noqa: E501
_CURL_VALUED: Final = listed(
    "-X --request -H --header -A --user-agent -e --referer -u --user -b --cookie -m --max-time"
    " --connect-timeout --resolve --connect-to --cacert --capath --cert -E --key --max-redirs --url"
    " --retry --retry-delay --retry-max-time -w --write-out --interface -x --proxy --noproxy"
    " --oauth2-bearer --limit-rate --proto -r --range --unix-socket --ciphers --tls-max -y -Y -z"
)
_CURL_FLAGS: Final = listed(
    "--silent --show-error --fail --fail-with-body --location --head --insecure --ipv4 --ipv6"
    " --compressed --globoff --get --http1.1 --http1.0 --http2 --path-as-is --no-keepalive"
    " --verbose --include --no-progress-meter --no-buffer --disable --progress-bar --tlsv1.2"
    " --tlsv1.3 --location-trusted --negotiate --basic --digest --anyauth --netrc --parallel"
    " --no-clobber --suppress-connect-headers"
)
_CURL_LETTERS: Final = frozenset("sSfLIkgG46vinNq0123#jl")


def _curl(words: list[str], inner: Inner) -> Verdict:
    method, sends, gets, open_ = "", False, False, ""
    rest = iter(words)
    for word in rest:
        for option, value in _curl_options(word, rest):
            if option in ("-O", "--remote-name", "--remote-name-all", "-J"):
                return acts("curl writes a file")
            if option in ("-w", "--write-out") and "%output" in value:
                return acts("curl writes a file")
            if option in _CURL_FILES and value not in ("-", "/dev/null", "/dev/stderr"):
                return acts(f"curl {option} writes a file")
            if option in ("-X", "--request"):
                method = value
            elif option in _CURL_DATA:
                sends = True
            elif option in ("-G", "--get"):
                gets = True
            elif option in ("-K", "--config", "-:", "--next"):
                open_ = "what curl is to do stands elsewhere"
            elif option == "?":
                open_ = "curl is given what is not known here"
    if VALUE in method:
        return unknown("curl's method stands in a variable")
    if (method and method not in ("GET", "HEAD", "OPTIONS")) or (sends and not gets):
        return acts(f"curl sends {method or 'data'}")
    return unknown(open_) if open_ else READS


def _curl_options(word: str, rest: Iterator[str]) -> list[tuple[str, str]]:
    """The options that `word` holds, with their values; of the words behind it it takes some."""
    if not word.startswith("-") or word in ("-", "--"):
        return []
    taking = _CURL_VALUED | _CURL_DATA | _CURL_FILES | listed("-K --config")
    if word.startswith("--"):
        name, equals, value = word.partition("=")
        if name in taking:
            return [(name, value if equals else next(rest, ""))]
        known = name in _CURL_FLAGS or name in ("--remote-name", "--remote-name-all", "--next")
        return [(name if known else "?", "")]
    found: list[tuple[str, str]] = []
    for at, letter in enumerate(word[1:], 1):
        option = f"-{letter}"
        if option in taking:
            found.append((option, word[at + 1 :] or next(rest, "")))
            break
        known = letter in _CURL_LETTERS or option in ("-O", "-J", "-:", "-G")
        found.append((option if known else "?", ""))
    return found


def _wget(words: list[str], inner: Inner) -> Verdict:
    if any(one.startswith(("--post", "--method", "--body")) for one in words):
        return acts("wget sends data")
    if "--spider" in words or re.search(r"(?:^| )-[qnv]*O ?-(?: |$)", " ".join(words)):
        return READS
    return acts("wget writes a file")


def _openssl(words: list[str], inner: Inner) -> Verdict:
    writing = ("-out", "-keyout", "-writerand", "-sess_out", "-CAcreateserial", "-keylogfile")
    if any(one in writing for one in words):
        return acts("openssl writes a file")
    reads = listed("s_client x509 version verify crl asn1parse ciphers dgst pkey rsa ec req")
    return READS if words[:1] and words[0] in reads else not_known("openssl")


REQUESTS: Final[Mapping[str, Judge]] = {"curl": _curl, "wget": _wget, "openssl": _openssl}
