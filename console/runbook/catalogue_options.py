"""Programs that read or act by their options alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from console.runbook.verdict import (
    ACTS,
    READS,
    Inner,
    Judge,
    Verdict,
    is_option,
    listed,
    plain_words,
    unknown,
    with_only,
    without,
)


def _only(*forms: str) -> Judge:
    """It reads where its words begin so."""

    def judge(words: list[str], inner: Inner) -> Verdict:
        text = " ".join(words)
        if any(text == form or text.startswith(f"{form} ") for form in forms):
            return READS
        return unknown("what it is to do is not known here")

    return judge


def _unless(acting: str, reading: Judge) -> Judge:
    """It acts with one of these options; what reads is told by `reading`."""

    def judge(words: list[str], inner: Inner) -> Verdict:
        options = plain_words(words, frozenset())[0]
        if any(is_option(option, one) for option in options for one in acting.split()):
            return ACTS
        return reading(words, inner)

    return judge


_LSOF: Final = re.compile(r"[-+]D.*|\+m.*")


def _lsof(words: list[str], inner: Inner) -> Verdict:
    if any(_LSOF.match(one) for one in words):
        return unknown("lsof may write its cache")
    return READS


_NTPQ: Final = listed(
    "peers lpeers opeers associations as rv readvar sysinfo sysstats kerninfo iostats"
)


def _ntpq(words: list[str], inner: Inner) -> Verdict:
    asked = [words[at + 1] for at, one in enumerate(words[:-1]) if one in ("-c", "--command")]
    options = plain_words(words, frozenset(["-c", "--command"]))[0]
    fine = all(re.fullmatch(r"-[pn46wc]+|--command|--peers|--numeric", one) for one in options)
    if fine and all(one.split()[:1] and one.split()[0] in _NTPQ for one in asked):
        return READS
    return unknown("what ntpq is to do is not known here")


_DPKG: Final = with_only(
    "",
    "-l -L -s -S -V -C --list --listfiles --status --search --verify --audit --get-selections"
    " --print-architecture --print-foreign-architectures --version",
    words=100,
)
_NVIDIA: Final = with_only(
    "-i --id -d --display --format --query-gpu --query-compute-apps --query-accounted-apps -l -lms",
    "-q --query -L --list-gpus -x --xml-format -h --help --version",
)
_SMARTCTL: Final = with_only(
    "-d --device -l --log -n --nocheck -T --tolerance -q --quietmode",
    "-a -x -i -H -c -A --all --xall --info --health --capabilities --attributes --scan"
    " --scan-open -j --json -V --version",
    words=1,
)
OPTIONS: Final[Mapping[str, Judge]] = {
    "hostname": without("-F", "-b", "--file", words_act=True),
    "ss": without("-K", "--kill", "-D", "--diag"),
    "netstat": without(),
    "dmesg": without(
        *("-c", "-C", "-D", "-E", "-n", "--clear", "--read-clear", "--console-off"),
        *("--console-on", "--console-level"),
    ),
    "mount": _unless(
        "-a -o -B -R -M --all --options --bind --rbind --move",
        with_only("-t --types", "-l -v --show-labels --verbose -V --version"),
    ),
    "smartctl": _unless(
        "-s -o -S -t -X -B --set --smart --offlineauto --saveauto --test --abort", _SMARTCTL
    ),
    "dpkg": _unless(
        "-i -r -P -A -x -e -b --install --remove --purge --configure --unpack --extract"
        " --set-selections --clear-selections --update-avail --clear-avail --triggers-only"
        " --add-architecture --remove-architecture --build --record-avail",
        _DPKG,
    ),
    "nvidia-smi": _unless(
        "--gpu-reset --persistence-mode --power-limit --compute-mode --ecc-config"
        " --reset-ecc-errors --applications-clocks --lock-gpu-clocks --multi-instance-gpu"
        " --filename",
        _NVIDIA,
    ),
    "crontab": with_only("-u", "-l"),
    "nginx": with_only("-c -p", "-t -T -q -v -V"),
    "haproxy": _only("-c", "-v", "-vv"),
    "rpm": with_only(
        "--qf --queryformat",
        "-q -a -i -l -f -c -d -V -p --last --changelog --scripts --requires --provides",
        words=100,
    ),
    "top": _only("-b", "-bn1"),
    "pg_lsclusters": _only(""),
    "promtool": _only("check", "query"),
    "file": without("-C", "--compile"),
    "dmidecode": without("--dump-bin"),
    "pidstat": without("-e"),
    "lsof": _lsof,
    "ntpq": _ntpq,
}
