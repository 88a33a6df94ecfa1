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
    plain_words,
    unknown,
    with_only,
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


# curl guesses by the first letters where no protocol is written.
_OTHER: Final = re.compile(
    r"(?!https?://)[a-z][a-z0-9+.-]*://|(?:ftp|dict|ldap|imap|smtp|pop3)\.", re.IGNORECASE
)


def _curl(words: list[str], inner: Inner) -> Verdict:
    method, sends, gets, open_ = "", False, False, ""
    rest = iter(words)
    for word in rest:
        for option, value in _curl_options(word, rest):
            if option in ("-O", "--remote-name", "--remote-name-all", "-J"):
                return acts("curl writes a file")
            if option in ("-w", "--write-out") and "%output" in value:
                return acts("curl writes a file")
            if option in ("-w", "--write-out") and value.startswith("@"):
                open_ = "what curl is to write stands elsewhere"
            if option in ("", "--url") and _OTHER.match(value):
                open_ = "curl speaks another protocol than HTTP there"
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
    """The options that `word` holds, with their values; of the words behind it it takes some.

    An address is the value of an option without a name.
    """
    if word in ("-", "--"):
        return []
    if not word.startswith("-"):
        return [("", word)]
    taking = _CURL_VALUED | _CURL_DATA | _CURL_FILES | listed("-K --config")
    if word.startswith("--"):
        name, equals, value = word.partition("=")
        if name in taking:
            return [(name, value if equals else next(rest, ""))]
        is_known = name in _CURL_FLAGS or name in ("--remote-name", "--remote-name-all", "--next")
        return [(name if is_known else "?", "")]
    found: list[tuple[str, str]] = []
    for at, letter in enumerate(word[1:], 1):
        option = f"-{letter}"
        if option in taking:
            found.append((option, word[at + 1 :] or next(rest, "")))
            break
        is_known = letter in _CURL_LETTERS or option in ("-O", "-J", "-:", "-G")
        found.append((option if is_known else "?", ""))
    return found


_WGET_VALUED: Final = listed("-O -qO -SO -qSO -T -t -U --header --timeout --tries --user-agent")
_WGET: Final = re.compile(
    r"-[qS]*(?:O-)?|-nv|-[46]|--(?:spider|quiet|no-verbose|server-response|no-check-certificate"
    r"|output-document=-|no-hsts|no-config)|--(?:header|timeout|tries|user-agent|max-redirect"
    r"|connect-timeout|read-timeout|ca-certificate)=.*|-[Tt][0-9]+",
    re.DOTALL,
)


def _wget(words: list[str], inner: Inner) -> Verdict:
    if any(one.startswith(("--post", "--method", "--body")) for one in words):
        return acts("wget sends data")
    options, _ = plain_words(words, _WGET_VALUED)
    to_stdout = any(
        re.fullmatch(r"-[qS]*O-", one)
        or (re.fullmatch(r"-[qS]*O", one) and words[at + 1 : at + 2] == ["-"])
        or one == "--output-document=-"
        for at, one in enumerate(words)
    )
    if not to_stdout and "--spider" not in options:
        return acts("wget writes a file")
    if all(one in _WGET_VALUED or _WGET.fullmatch(one) for one in options):
        return READS
    return unknown("wget is given what is not known here")


_OPENSSL_READS: Final = listed("s_client x509 verify crl asn1parse dgst pkey rsa ec req")
_OPENSSL_VALUED: Final = (
    "-in -inform -checkend -checkhost -checkip -checkemail -ext -nameopt -certopt -CAfile -CApath"
    " -untrusted -connect -servername -starttls -host -port -alpn -verify -verify_hostname"
    " -verify_ip -verify_depth -cipher -ciphersuites -groups -sigalgs -curves -proxy -name"
    " -purpose -attime -xmpphost -i -offset -length -outform"
)
_OPENSSL_FLAGS: Final = (
    "-noout -text -dates -startdate -enddate -subject -issuer -serial -fingerprint -hash -modulus"
    " -pubkey -email -ocsp_uri -purpose -alias -sha1 -sha256 -sha384 -sha512 -md5 -showcerts -brief"
    " -quiet -status -tls1 -tls1_1 -tls1_2 -tls1_3 -no_tls1 -no_tls1_1 -no_tls1_2 -no_tls1_3 -4 -6"
    " -verify_return_error -verify_quiet -no_ign_eof -ign_eof -crlf -prexit -state -servername"
    " -noservername -pubin -check -lastupdate -nextupdate -crlnumber -dump -issuer_checks"
    " -x509_strict -partial_chain -trusted_first -show_chain -subject_hash -issuer_hash -r -hex"
)


def _openssl(words: list[str], inner: Inner) -> Verdict:
    writing = ("-out", "-keyout", "-writerand", "-sess_out", "-CAcreateserial", "-keylogfile")
    if any(one in writing for one in words):
        return acts("openssl writes a file")
    if words[:1] == ["version"] or (words[:1] == ["ciphers"] and len(words) < 4):
        return READS
    if words[:1] and words[0] in _OPENSSL_READS:
        return with_only(_OPENSSL_VALUED, _OPENSSL_FLAGS, words=1)(words[1:], inner)
    return not_known("openssl")


REQUESTS: Final[Mapping[str, Judge]] = {"curl": _curl, "wget": _wget, "openssl": _openssl}
