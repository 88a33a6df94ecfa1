"""The programs of a Linux host that are known, and how each is told apart.

A judge says READS only where every word that matters is one that it knows; a variable in the
place of a subcommand is never known.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from console.runbook.catalogue_filters import FILTERS
from console.runbook.catalogue_http import REQUESTS
from console.runbook.catalogue_options import OPTIONS
from console.runbook.catalogue_sql import DATABASES
from console.runbook.catalogue_tools import TOOLS
from console.runbook.verdict import (
    ACTS,
    READS,
    Inner,
    Judge,
    Kind,
    Verdict,
    acts,
    are_known,
    is_option,
    leading,
    listed,
    loads,
    plain_words,
    unknown,
    without,
)
from console.runbook.words import VALUE

READING: Final = frozenset(
    [
        *("uptime", "free", "ps", "w", "who", "whoami", "id", "groups", "last", "lastb", "nproc"),
        *("df", "du", "vmstat", "iostat", "mpstat", "cat", "zcat", "head"),
        *("tail", "tac", "grep", "egrep", "fgrep", "zgrep", "wc", "cut", "tr", "ls", "stat"),
        *("readlink", "realpath", "basename", "dirname", "echo", "printf", "true", "false"),
        *("test", "[", "pwd", "getent", "dig", "host", "nslookup", "ping", "ping6", "traceroute"),
        *("tracepath", "uname", "arch", "lscpu", "lsblk", "lsmod", "lspci", "sleep", "seq"),
        *("expr", "jq", "column", "nl", "rev", "paste", "comm", "cmp", "diff", "join", "fold"),
        *("md5sum", "sha1sum", "sha256sum", "cksum", "pgrep", "pidof", "pstree", "pg_isready"),
        *("namei", "numfmt", "od", "strings", "type", "which", "getconf", "locale"),
        *("dpkg-query", "findmnt", "numastat", "slabtop"),
        *("pmap", "locate", "tty", "logname", "base64", "hexdump"),
    ]
) - {"nmap-ping"}
WRITING: Final = frozenset(
    [
        *("rm", "rmdir", "mv", "cp", "ln", "touch", "mkdir", "mkfifo", "chmod", "chown", "chgrp"),
        *("truncate", "dd", "shred", "install", "kill", "pkill", "killall", "reboot", "shutdown"),
        *("halt", "poweroff", "init", "telinit", "useradd", "usermod", "userdel", "groupadd"),
        *("passwd", "chpasswd", "mkswap", "swapoff", "umount", "fdisk", "parted", "wipefs"),
        *("setfacl", "chattr", "unlink", "rename", "logrotate", "renice", "modprobe", "rmmod"),
        *("insmod", "kexec", "ldconfig", "unzip", "gunzip", "bunzip2", "fstrim", "fsck"),
        *("apt-get", "yum", "dnf", "zypper"),
        *("ansible-playbook", "wall", "pg_restore", "vacuumdb", "reindexdb", "dropdb", "createdb"),
    ]
)

_SUDO_VALUED: Final = frozenset(["-u", "-g", "--user", "--group"])
_SUDO: Final = frozenset(["-n", "--non-interactive", *_SUDO_VALUED])


def _sudo(words: list[str], inner: Inner) -> Verdict:
    options, rest = leading(words, _SUDO_VALUED)
    found = inner(rest)
    if found.kind is Kind.ACTS or all(one in _SUDO for one in options):
        return found
    return unknown("sudo is given what is not known here")


_TIMEOUT_VALUED: Final = frozenset(["-k", "--kill-after", "-s", "--signal"])


def _timeout(words: list[str], inner: Inner) -> Verdict:
    return inner(leading(words, _TIMEOUT_VALUED)[1][1:])


def _nice(words: list[str], inner: Inner) -> Verdict:
    return inner(leading(words, frozenset(["-n", "-c", "--adjustment", "--class"]))[1])


def _command(words: list[str], inner: Inner) -> Verdict:
    if words[:1] in (["-v"], ["-V"]):
        return READS
    return inner(words)


def _env(words: list[str], inner: Inner) -> Verdict:
    rest = [*words]
    while rest and re.match(r"[A-Za-z_][A-Za-z0-9_]*=", rest[0]):
        if loads(rest[0]):
            return unknown("it says where programs are loaded from")
        rest.pop(0)
    return inner(rest)


def _journalctl(words: list[str], inner: Inner) -> Verdict:
    acting = ("--vacuum", "--rotate", "--flush", "--sync", "--relinquish-var", "--smart-relinq")
    more = ("--setup-keys", "--update-catalog", "--cursor-file", "--force")
    for word in words:
        name = word.partition("=")[0]
        # getopt takes the beginning of an option for it.
        if (
            len(name) > 3
            and name not in ("--cursor", "--root")
            and any(name.startswith(one) or one.startswith(name) for one in (*acting, *more))
        ):
            return acts(f"journalctl {name} changes something")
    return READS


_SYSTEMCTL_READS: Final = frozenset(
    [
        *("status", "is-active", "is-failed", "is-enabled", "is-system-running", "show", "cat"),
        *("list-units", "list-unit-files", "list-timers", "list-sockets", "list-jobs", "help"),
        *("list-dependencies", "list-machines", "get-default", "show-environment"),
        *("list-automounts", "list-paths"),
    ]
)

_SYSTEMCTL_FLAGS: Final = frozenset(
    [
        *("--no-pager", "--no-legend", "--plain", "--full", "-l", "-a", "--all", "--failed", "-q"),
        *("--quiet", "--value", "--user", "--system", "--reverse", "--recursive", "-r", "--now"),
        *("--no-ask-password", "--no-block", "--version", "--help", "--force", "-f", "--wait"),
        *("--runtime", "--after", "--before"),
    ]
)


def _systemctl(words: list[str], inner: Inner) -> Verdict:
    valued = frozenset(["-p", "--property", "-t", "--type", "--state", "-n", "--lines", "-o", "-s"])
    options, rest = plain_words(words, valued)
    if not are_known(options, valued, _SYSTEMCTL_FLAGS):
        return unknown("systemctl is given what is not known here")
    if any(one.startswith(("--host=", "--machine=", "--root=", "--image=")) for one in options):
        return unknown("it goes to another host by itself")
    if not rest or rest[0] in _SYSTEMCTL_READS:
        return READS
    if VALUE in rest[0]:
        return unknown("which subcommand it is stands in a variable")
    return acts(f"systemctl {rest[0]} changes something")


def _service(words: list[str], inner: Inner) -> Verdict:
    if words == ["--status-all"] or words[1:] == ["status"]:
        return READS
    if len(words) < 2 or VALUE in words[1]:
        return unknown("what service is to do is not written there")
    return acts(f"service {words[1]} changes something")


_VERB_VALUED: Final = frozenset(["-n", "--namespace", "--node", "-u", "-h", "-P", "-p", "-D", "-c"])
_VERB_FLAGS: Final = frozenset(["-q", "--quiet", "-s", "--silent", "--no-pager"])


def _by_first(reads: frozenset[str], acting: frozenset[str]) -> Judge:
    """By the first word that is no option."""

    def judge(words: list[str], inner: Inner) -> Verdict:
        options, rest = leading(words, _VERB_VALUED)
        first = rest[0] if rest else ""
        if not are_known(options, _VERB_VALUED, _VERB_FLAGS):
            return unknown("it is given what is not known here")
        if first in reads:
            return READS
        if first in acting:
            return ACTS
        return unknown("what it is to do is not known here")

    return judge


def _ipmitool(words: list[str], inner: Inner) -> Verdict:
    valued = frozenset(["-H", "-U", "-P", "-I", "-L", "-f", "-p", "-E", "-k", "-y", "-C"])
    rest = plain_words(words, valued - {"-E"})[1]
    text = " ".join(rest)
    if re.fullmatch(
        r"(?:chassis (?:power )?status|power status"
        r"|sdr(?: (?:list|elist|type|info|get|entity)(?: .*)?)?"
        r"|sel (?:list|elist|info)(?: .*)?"
        r"|sensor(?: list)?|mc info|fru(?: print)?|lan print(?: .*)?|chassis poh)",
        text,
    ):
        return READS
    if re.match(r"(?:chassis )?power (?:on|off|cycle|reset|soft|diag)|sel clear|mc reset", text):
        return ACTS
    return unknown("what ipmitool is to do is not known here")


_IP_ACTS: Final = listed("add del delete set change replace append flush")


def _ip(words: list[str], inner: Inner) -> Verdict:
    options, rest = plain_words(words, frozenset(["-n", "-netns", "-f", "-family"]))
    if any(
        not re.fullmatch(r"-(?:[046sdojphrc]+|br(?:ief)?|n|details|json|stat.*)", one)
        for one in options
    ):
        return unknown("ip is given what is not known here")
    verbs = ("show", "list", "get", "ls")
    if rest[:1] and VALUE not in rest[0] and (len(rest) == 1 or rest[1] in verbs):
        return READS
    if rest[1:2] and rest[1] in _IP_ACTS:
        return acts(f"ip {rest[1]} changes something")
    return unknown("what ip is to do is not known here")


def _date(words: list[str], inner: Inner) -> Verdict:
    options, rest = plain_words(words, frozenset(["-d", "--date", "-f", "-r"]))
    # What stands behind -I belongs to it: -Iseconds.
    if any(is_option(one, "--set") or re.match(r"-[a-zA-HJ-Z]*s", one) for one in options):
        return ACTS
    return READS if all(one.startswith("+") for one in rest) else unknown("it may set the clock")


def _git(words: list[str], inner: Inner) -> Verdict:
    valued = frozenset(["-C", "--git-dir", "--work-tree"])
    options, rest = leading(words, valued)
    if not all(one in valued or one in ("--no-pager", "-P") for one in options):
        return unknown("git is given what is not known here")
    reads = ("log", "status", "show", "diff", "rev-parse", "describe", "ls-files", "ls-tree")
    if any(re.match(r"--(?:ou|ext-diff)", one) for one in words):
        return unknown("git is given what is not known here")
    if rest[:1] and rest[0] in (*reads, "rev-list", "blame", "shortlog", "cat-file", "merge-base"):
        return READS
    acting = ("revert", "reset", "checkout", "switch", "commit", "push", "pull", "merge", "clean")
    if rest[:1] and rest[0] in (*acting, "rebase", "add", "rm", "mv", "restore", "cherry-pick"):
        return acts(f"git {rest[0]} changes something")
    return unknown("what git is to do is not known here")


def _mysqladmin(words: list[str], inner: Inner) -> Verdict:
    # It carries out one after the other.
    judge = _by_first(
        listed("ping status extended-status processlist variables version"),
        listed("shutdown kill flush-hosts flush-logs flush-tables refresh reload drop create"),
    )
    rest = leading(words, _VERB_VALUED)[1]
    found = [judge(words, inner), *(judge([one], inner) for one in rest[1:])]
    acting = next((one for one in found if one.kind is Kind.ACTS), None)
    return acting or next((one for one in found if one is not READS), READS)


def _sysctl(words: list[str], inner: Inner) -> Verdict:
    if any("=" in one or VALUE in one for one in words):
        return unknown("it may set something")
    return without("-w", "-p", "-f", "--write", "--load", "--system")(words, inner)


_BY_VERB: Final[Mapping[str, tuple[str, str]]] = {
    "timedatectl": (
        "status show list-timezones show-timesync timesync-status",
        "set-time set-ntp set-timezone",
    ),
    "hostnamectl": ("status", "set-hostname hostname"),
    "loginctl": (
        "list-sessions list-users session-status show-session",
        "terminate-session kill-session terminate-user",
    ),
    "chronyc": ("tracking sources sourcestats activity ntpdata", "makestep burst online offline"),
    "apt-cache": (
        "policy show search depends rdepends showpkg showsrc madison stats pkgnames",
        "gencaches",
    ),
    "certbot": ("certificates", "renew certonly revoke delete run"),
    "rabbitmq-diagnostics": (
        "ping status cluster_status check_running check_local_alarms check_port_connectivity"
        " alarms listeners memory_breakdown check_virtual_hosts is_running is_booting"
        " server_version",
        "",
    ),
    "rabbitmqctl": (
        "status cluster_status list_queues list_consumers list_connections list_channels"
        " list_exchanges list_bindings list_vhosts list_users list_policies ping",
        "stop stop_app start_app reset force_reset purge_queue delete_queue close_connection"
        " close_all_connections shutdown set_policy clear_policy delete_vhost",
    ),
    "pg_ctl": ("status", "start stop restart reload promote kill logrotate"),
    "supervisorctl": (
        "status pid avail",
        "start stop restart reload update shutdown clear remove signal",
    ),
    "helm": (
        "list ls status history get version search show",
        "upgrade rollback uninstall delete install",
    ),
}
"""What reads, and what acts, by the first word that is no option."""

PROGRAMS: Final[Mapping[str, Judge]] = {
    **FILTERS,
    **TOOLS,
    **DATABASES,
    **REQUESTS,
    **OPTIONS,
    **{name: _by_first(*map(listed, verbs)) for name, verbs in _BY_VERB.items()},
    "sudo": _sudo,
    "timeout": _timeout,
    "nice": _nice,
    "ionice": _nice,
    "command": _command,
    "env": _env,
    "journalctl": _journalctl,
    "systemctl": _systemctl,
    "service": _service,
    "ipmitool": _ipmitool,
    "ip": _ip,
    "date": _date,
    "git": _git,
    "sysctl": _sysctl,
    "mysqladmin": _mysqladmin,
}
