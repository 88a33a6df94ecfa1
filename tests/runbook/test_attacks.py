"""What a page, a label or a file must not bring about, each once tried and found open."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Final

import msgspec
import pytest

from console.model.condition_check import evaluate_all
from console.model.condition_parse import parse_block
from console.model.labels import Labels
from console.model.probe import ProbeKind
from console.model.registry import Host, Registry, Service, ServiceType
from console.model.run import Run
from console.model.runbook import Origin, Param, ParamType, Runbook
from console.runbook.catalogue import Kind, judged
from console.runbook.filling import Subject, filled, text_of
from console.runbook.jobs import job_of
from console.runbook.library import EVERYBODY, library_of
from console.runbook.plan import PlanFacts, plan_of
from console.runbook.program_text import text_misuse
from console.runbook.progress import fresh
from console.runbook.running.curl import MARK
from console.runbook.running.job import Finished, Job
from console.runbook.running.measure import answer_of, split_answer
from console.runbook.shell import needed, unquoted, verify_fault
from console.runbook.values import expected_of
from console.safety.text import Raw
from tests.build import T0, alert, known
from tests.runbook.pages import OURS, read, step

NO_READING: Final = """\
trap 'rm -rf /srv' EXIT
export LD_PRELOAD=/tmp/x.so
PATH=/tmp; df
GCONV_PATH=/tmp df
PSQLRC=/tmp/x psql -c 'select 1'
env CURL_HOME=/tmp curl http://x/
OPENSSL_CONF=/tmp/x openssl version
./df -h
/tmp/df -h
sort --o=/tmp/x f
date --s=2020-01-01
dmesg --console-level 1
file -C -m magic
dmidecode --dump-bin /tmp/x
pidstat -e touch /tmp/x
lsof -Db
ntpq -c ':config x'
apt-cache gencaches
sudo curl dict://redis:6379/FLUSHALL
timeout 5 curl gopher://redis:6379/_FLUSHALL
docker exec x curl file:///etc/shadow
sudo curl -w @/tmp/form http://x/
wget --spider -o /etc/x http://x
wget -qO- --use-askpass=/tmp/x http://x
wget --header 'a -O - ' http://x
openssl req -new -newkey rsa:2048 -nodes
openssl x509 -req -CA a -CAkey b
openssl dgst -engine /tmp/x.so f
openssl s_client -msgfile /tmp/x -connect a:1
docker compose config -o /tmp/x
kubectl get pods --profile=cpu --profile-output=/tmp/x
psql -c 'select "own_function"(1)'
psql -c 'select $$'"'"'$$, own_function(), $$'"'"'$$'
psql -c 'select 1 as "x'"'"'", own_function(), 1 as "y'"'"'"'
mysql -e 'select 1' -e 'drop table x'
mysql -e 'select 1' --init-command='delete from x'
mysql -e 'select 1' --tee=/tmp/x
mysql -e 'select `f`()'
service nginx restart --status-all
mysqladmin ping shutdown
ipmitool sdr fill sensors
sysctl -f /etc/x
mount --source=/dev/sda1
smartctl --smart=off /dev/sda
dpkg --unpack x.deb
dpkg --pre-invoke=/tmp/x -l
nvidia-smi --persistence-mode=0
nvidia-smi -q -f /tmp/x
git log --outpu=/tmp/x
rpm -q --pipe 'rm x' bash
nginx -t -s stop
amtool --comment 'config show' silence add alertname=x
cat {-o,/tmp/x}
test -v 'a[$(rm x)]'""".splitlines()
ACTING: Final = """\
trap 'rm -rf /srv' EXIT
psql -Atc 'delete from x'
mysql -NBe 'delete from x'
ip link set eth0 down
mysqladmin ping shutdown
date --s=2020-01-01
amtool --comment 'config show' silence add alertname=x""".splitlines()
READING: Final = """\
date -u -Iseconds
/usr/bin/df -h
/usr/local/bin/kubectl get pods
trap - EXIT
lsof -iUDP -nP
dpkg -l nginx
smartctl -H -A /dev/sda
nvidia-smi --query-gpu=name --format=csv
openssl s_client -connect a:443 -servername a -brief
openssl x509 -in /etc/x -noout -checkend 86400
mysql -NBe 'show status'
psql -Atc "select count(*) from a where b = 'x'"
psql -c 'select a as "Name" from b'
apt-cache policy x
wget -qO- http://x
mount
nginx -t -q
PGOPTIONS='-c statement_timeout=5s' psql -c 'select 1'""".splitlines()


@pytest.mark.parametrize("command", NO_READING)
def test_what_does_more_than_to_read_is_not_taken_for_reading(command: str) -> None:
    assert judged(command).kind is not Kind.READS
    assert verify_fault(command)


@pytest.mark.parametrize("command", ACTING)
def test_what_is_known_to_act_is_no_reading_step(command: str) -> None:
    assert judged(command).kind is Kind.ACTS


@pytest.mark.parametrize("command", READING)
def test_what_only_reads_is_still_known_to(command: str) -> None:
    assert judged(command).kind is Kind.READS, judged(command).why


# Values never become text.

KINDS: Final = {"URL": ParamType.URL, "WORD": ParamType.TEXT, "PID": ParamType.INT}
AS_TEXT: Final = """\
sh -c "curl $URL"
eval "curl $URL"
docker exec x bash -lc "curl $URL"
kubectl exec x -- sh -c "curl $URL"
sudo -n sh -c "x $URL"
ssh "$HOST" -- sh -c "$URL"
find . -exec sh -c "echo $URL" \\;
xargs sh -c "$URL"
trap "rm $URL" EXIT
su - x -c "rm $URL"
watch "rm $URL"
python3 -c "print('$URL')"
awk "{ print \\"$URL\\" }"
sed "s|x|$URL|"
env -S "$URL"
echo "$URL" | sh
echo "$URL" | tr a b | sudo -n bash -s
x="$URL"; sh -c "$x"
. "$URL"
"$URL" x
bash <<< "echo $URL"
psql -c "select '$WORD'"
echo "$(sh -c "echo $URL")"
case x in x) sh -c "$URL";; esac""".splitlines()
AS_VALUES: Final = """\
sh -c 'curl "$1"' sh "$URL"
sh -c 'curl "$URL"'
docker exec x sh -c 'uptime' && echo "$URL"
awk -v n="$URL" '$1 == n' f
jq --arg a "$URL" .a f
sed -n 1p "$URL"
echo "$URL" | grep x
psql -c "select pg_terminate_backend($PID)"
bash -s "$URL" </tmp/x
systemctl restart sh "$URL"
sh -c "echo $HOME" """.splitlines()


@pytest.mark.parametrize("command", AS_TEXT)
def test_a_value_never_becomes_part_of_a_program(command: str) -> None:
    assert text_misuse(command, KINDS)


def test_a_page_that_makes_a_program_of_a_value_has_a_fault_and_is_not_run() -> None:
    label = "http://a/;id"
    assert expected_of(ParamType.URL, label) == ""
    ended = subprocess.run(
        ["sh", "-c", 'sh -c "echo $URL"'],
        env={**os.environ, "URL": label},
        capture_output=True,
        check=True,
    )
    assert b"uid=" in ended.stdout
    page = step('{"name":"a","oncall.risk":"disruptive"}', 'sh -c "echo $URL"', params="URL: {type: url}")  # fmt: skip # noqa: E501
    only = read(page).runbook.step("a")
    assert only is not None
    assert "never becomes part of a program's text" in only.refusal


@pytest.mark.parametrize("command", AS_VALUES)
def test_a_value_that_is_handed_over_is_none_of_its_text(command: str) -> None:
    assert text_misuse(command, KINDS) == ""


def test_a_variable_inside_of_a_substitution_has_to_be_quoted_there() -> None:
    assert unquoted('rm "$(cat $A)"') == ("A",)
    assert unquoted('rm "$(cat "$A")"') == ()
    assert unquoted("cat $A <<E\n$B\nE") == ("A",)


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("rm\u00a0-rf /tmp", "plain blanks"),
        ("echo a\u3000b", "plain blanks"),
        ("\u0441url http://x", "plain letters"),
        ("uptime; \u0455h x", "plain letters"),
        ("/usr/bin/ssh root@x rm", "ssh"),
        ("\\ssh root@x rm", "ssh"),
    ],
)
def test_what_is_shown_is_what_runs(command: str, why: str) -> None:
    only = read(step('{"name":"a","oncall.risk":"disruptive"}', command)).runbook.step("a")
    assert only is not None
    assert why in only.refusal


# Labels.

REDIS: Final = Service("redis", ServiceType.DOCKER, "data-1", host="data-1")
PAGE: Final = Service(
    "page",
    ServiceType.PAGE,
    "PAGES",
    health="https://shop.example/health",
    health_kind=ProbeKind.HTTP,
)
REGISTRY: Final = Registry(
    (Host("data-1", "10.0.0.5"), Host("web-1", "10.0.0.6"), Host("here", "local")), (REDIS, PAGE)
)


def labelled(kind: ParamType, text: str) -> tuple[str, str | None]:
    about = known(msgspec.structs.replace(alert(), labels=Labels({"alertname": "A", "x": text})))
    book = Runbook("b", Raw("b"), "", params=(Param("X", kind, Origin.LABEL, "x"),))
    one = filled(book, Subject(about), REGISTRY, {}, frozenset())[0]
    return one.fault, text_of(one)


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data",
        "http://evil.example/",
        "http://shop.example.evil.example/",
        "http://evil.example/shop.example",
        "http://evil.example#@shop.example",
        "http://2852039166/",
        "http://local/",
        "http://[::ffff:169.254.169.254]/",
    ],
)
def test_a_label_leads_to_no_address_that_is_not_in_the_registry(url: str) -> None:
    fault, text = labelled(ParamType.URL, url)
    assert "services.yaml" in fault
    assert text is None


@pytest.mark.parametrize("url", ["https://SHOP.example:8443/a?b", "http://10.0.0.5:9100/x"])
def test_a_label_may_lead_to_what_the_registry_has(url: str) -> None:
    assert labelled(ParamType.URL, url) == ("", url)


@pytest.mark.parametrize("name", ["nginx/../../../etc/shadow", "a/..", "a/b/../c"])
def test_a_name_goes_up_no_path(name: str) -> None:
    assert labelled(ParamType.NAME, name)[1] is None
    assert labelled(ParamType.NAME, "shop/api:v1..2") == ("", "shop/api:v1..2")


@pytest.mark.parametrize(("named", "is_astray"), [("web-1", True), ("10.0.0.5:9100", False)])
def test_a_label_that_steers_a_step_to_another_host_than_the_services_is_said(
    named: str, is_astray: bool
) -> None:
    book = read(OURS).runbook
    labels = Labels({"alertname": "A", "instance": named})
    about = known(msgspec.structs.replace(alert(), labels=labels))
    params = filled(book, Subject(about, REDIS), REGISTRY, {}, frozenset())
    run = Run(
        *("RUN-20261123-7f3", book, "", T0, "kai", "c"),
        service="redis",
        params=params,
        steps=fresh(book),
    )
    restart = book.step("restart")
    assert restart is not None
    plan = plan_of(run, restart, PlanFacts(REGISTRY, 0.0))
    said = (
        "TARGET_HOST is web-1, as the alert says; by services.yaml redis is on data-1"
        in plan.warnings
    )
    assert said is is_astray


# Files.


def test_a_folder_inside_that_everybody_may_write_brings_no_runbook(tmp_path: Path) -> None:
    for name in ("ours", "theirs"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.md").write_text("1. do it\n")
    (tmp_path / "theirs").chmod(0o777)
    (tmp_path / "linked").symlink_to(tmp_path / "theirs")
    library = library_of([tmp_path])
    assert library.book("ours") is not None
    assert library.book("theirs") is None
    assert [(one.file, one.message) for one in library.faults] == [
        (str(tmp_path / "theirs"), EVERYBODY)
    ]


@pytest.mark.parametrize("name", ["a..b", "a."])
def test_a_step_whose_name_no_marker_can_have_says_so_before_it_is_run(name: str) -> None:
    found = read(step(f'{{"name":"{name}","oncall.risk":"reversible"}}', "uptime"))
    assert [one.refusal for one in found.runbook.steps if "expected a name" in one.refusal]


def test_a_header_behind_a_thousand_others_is_not_taken_for_missing() -> None:
    flood = b"".join(b"X-%d: y\r\n" % number for number in range(1_100))
    came = b"HTTP/1.1 200 OK\r\n" + flood + b"X-Maintenance: on\r\n\r\nbody"
    assert split_answer(came, 0) == (None, b"body")
    mark = MARK + "0" * 32
    stdout = came + f"\n{mark} 200 0.1 0.1 0 0 [10.0.0.5]\n{mark}.\n".encode()
    answer = answer_of(Finished(0, stdout, stdout_bytes=len(stdout)), None, mark=mark)
    assert "more than 1,000" in answer.fault
    block = parse_block(["has([HEADER].x-maintenance) == false"])
    assert not evaluate_all(block.conditions, answer.result)[0].passed


@pytest.mark.parametrize(
    "command",
    [
        '# UNIT=x\nrm -rf "/srv/$UNIT"',
        'echo "restarts UNIT=$UNIT"; systemctl restart "$UNIT"',
        'env UNIT=x true; rm -rf "/srv/$UNIT"',
        'UNIT="$UNIT.service"; systemctl restart "$UNIT"',
        'echo "a for UNIT in b"; rm -rf "/srv/$UNIT"',
        "sh -c 'rm -rf \"/srv/$UNIT\"'",
    ],
)
def test_a_value_is_handed_over_whatever_looks_as_if_the_script_set_it(command: str) -> None:
    params = "UNIT: {type: name, default: shop}"
    book = read(step('{"name":"a","oncall.risk":"disruptive"}', command, params=params)).runbook
    only = book.step("a")
    assert only is not None
    assert only.refusal == ""
    filled_in = filled(book, Subject(), REGISTRY, {}, frozenset())
    run = Run("RUN-20261123-7f3", book, "", T0, "kai", "c", params=filled_in, steps=fresh(book))
    job = job_of(run, only, 1, {}, "kai")
    assert isinstance(job, Job)
    assert job.values == (("UNIT", "shop"),)
    assert plan_of(run, only, PlanFacts(REGISTRY, 0.0)).values == (("UNIT", "shop"),)
    # Without a value it is not started, whatever the script says.
    none = filled(book, Subject(), REGISTRY, {"UNIT": ""}, frozenset())
    assert plan_of(msgspec.structs.replace(run, params=none), only, PlanFacts(REGISTRY, 0.0)).refusals  # fmt: skip # noqa: E501


def test_what_a_script_sets_for_one_program_alone_has_to_be_declared_all_the_same() -> None:
    assert needed('X=1 echo "$X"') == ("X",)
    assert needed('# X=1\nrm "/srv/$X"') == ("X",)
    assert needed('X=1; rm "$X"') == ()
    assert needed('for x in 1; do rm "$x"; done') == ()
    assert needed('while read -r a b; do rm "$a" "$b"; done') == ()
    assert needed('export X=1; Y="$(Z=1; echo "$Z")"; rm "$X$Y"') == ()
