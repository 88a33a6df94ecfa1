"""What reads is known by name; what acts is never taken for it."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.model.action import Effect
from console.model.runbook import StepKind
from console.runbook.catalogue import Kind, judged
from console.runbook.lint import lint
from console.runbook.parse import parse
from console.runbook.shell import secret_misuse
from console.runbook.words import commands_of, literal
from tests.runbook.pages import read, step
from tests.spawn import PROJECT

READS = """\
uptime
df -h | sort -k5 | tail -n 3
cat /etc/hosts 2>/dev/null
ls /tmp >&2
du -x -h -d1 /var 2>&1 | sort -rh
systemctl status "$UNIT"
systemctl -n50 status "$UNIT"
systemctl list-units --failed --no-legend
systemctl show -p ActiveState,Result "$UNIT"
journalctl --no-pager -n 60 -u "$UNIT"
journalctl --cursor=x -f
docker ps -a --filter name="$UNIT"
docker logs --tail 5 "$UNIT"
docker exec -it "$UNIT" redis-cli -h 127.0.0.1 info memory
docker compose -f x.yml ps
docker stats --no-stream
kubectl -n "$NS" get pods -l app="$APP" -o wide
kubectl rollout status deployment/"$APP" --timeout=60s
kubectl exec "$POD" -- cat /proc/meminfo
redis-cli ping
redis-cli --scan
redis-cli config get maxmemory
psql -U postgres -c "SELECT state, count(*) FROM pg_stat_activity WHERE query = 'a;b' GROUP BY 1"
psql -At -c "SHOW max_connections;"
curl -sS "$URL"
curl -G -d a=b "$URL"
curl -o /dev/null -w '%{http_code}' "$URL"
curl -sS "$URL" | jq .status
openssl s_client -connect a:443 </dev/null | openssl x509 -noout -enddate
sudo -n lsof -i
timeout 5 dig +short example.org
find /var/log -name '*.gz' -mtime +3
sed -n '1,5p' /etc/hosts
awk '{print $1}' /proc/loadavg
date -u +%s
if systemctl is-active x; then echo yes; else echo no; fi
for host in a b; do getent hosts "$host"; done
[ -f /etc/x ] && stat /etc/x
git -C /srv/rules log -n 5
ss -ltnp
ipmitool -H "$HOST"-bmc chassis power status
LC_ALL=C sort /etc/hosts
ip -br addr
echo "$(uptime) on $(hostname -f)"
crontab -l""".splitlines()

ACTS = """\
rm -rf /tmp/x
uptime; rm x
uptime && rm x
uptime | tee /etc/x
echo x > /etc/x
echo x >> "$FILE"
echo "$(rm x)"
echo `rm x`
kill 1
sudo -n systemctl restart x
sudo -n -u x rm x
systemctl --no-block restart x
systemctl daemon-reload
journalctl --vacuum-time=2d
journalctl --rot
journalctl --fl
docker restart "$UNIT"
docker exec "$UNIT" redis-cli flushall
docker exec -u root "$UNIT" rm x
docker compose up -d
docker system prune
kubectl delete pod x
kubectl -n a apply -f x
kubectl scale deployment/x --replicas=2
kubectl rollout undo deployment/x
kubectl exec x -- rm y
redis-cli FLUSHALL
redis-cli config set a b
redis-cli -n 1 del a
psql -c "DELETE FROM a"
psql -c "SELECT pg_terminate_backend(1)"
psql -c "SELECT 1; DROP TABLE a"
curl -X POST "$URL"
curl -XDELETE "$URL"
curl -sSd a=b "$URL"
curl --data-raw a "$URL"
curl -T f "$URL"
curl -sSo f "$URL"
curl --dump-header f "$URL"
curl -w '%output{/etc/x}' "$URL"
find / -name x -delete
find / -exec rm {} +
find / -fprintf x y
xargs rm
sed -i s/a/b/ x
sort -o x x
uniq a b
for x in a b; do rm "$x"; done
while true; do kill 1; done
timeout 5 reboot
date -s tomorrow
dmesg -C
openssl x509 -in a -out b
ipmitool chassis power cycle
git -C /srv revert HEAD
mysql -e "UPDATE a SET b = 1"
env A=b rm x""".splitlines()

UNKNOWN = """\
my-own-tool --check
"$PROGRAM" status
docker "$VERB" x
systemctl "$VERB" x
systemctl --job-mode status restart x
kubectl --cache-dir get delete pods x
docker --tlscacert ps rm x
redis-cli "$COMMAND"
redis-cli --tls-ciphers get flushall
psql -c "$QUERY"
psql -c "SELECT * FROM a WHERE b = '$NAME'"
psql -c "SELECT own_function(1)"
psql -c "SELECT 1 INTO a"
psql -f x.sql
curl -K x
curl -X "$METHOD" "$URL"
curl --no-such-option "$URL"
git -c core.pager=x log
ip -batch x
sed 's/a/b/w x/g' x
sed 's/a/b/e' x
awk 'BEGIN{system("x")}'
awk -f x
find / -exec own-tool {} +
LD_PRELOAD=x uptime
case x in a) uptime;; esac
[[ -f x ]]
ls() { uptime; }
sudo -s id
xargs ls
hostname x
sysctl -q vm.swappiness=1
eval uptime
sh -c uptime
cat <(uptime)
echo $((1+1))""".splitlines()


@pytest.mark.parametrize("command", READS)
def test_it_reads(command: str) -> None:
    assert judged(command).kind is Kind.READS, judged(command).why


@pytest.mark.parametrize("command", ACTS)
def test_it_acts(command: str) -> None:
    verdict = judged(command)
    assert verdict.kind is Kind.ACTS and verdict.why


@pytest.mark.parametrize("command", UNKNOWN)
def test_nobody_can_tell(command: str) -> None:
    verdict = judged(command)
    assert verdict.kind is Kind.UNKNOWN and verdict.why


def test_what_follows_anything_that_reads_is_seen_as_well() -> None:
    for reading in READS:
        for joint in ("; ", " && ", " || ", " | ", "\n", " & "):
            assert judged(f"{reading}{joint}rm -rf x").kind is Kind.ACTS
        assert judged(f"{reading} > /etc/x").kind is Kind.ACTS
        assert judged(f"echo $({reading}; rm x)").kind is Kind.ACTS


@given(st.text("ab \"'\\$(){}`;|&<>\n#=EOF-!", max_size=30))
def test_any_text_is_judged_and_what_is_added_to_it_is_never_taken_for_reading(text: str) -> None:
    for script in (text, f"{text}\nrm x", f"rm x\n{text}"):
        judged(script)
    if commands_of(text) is not None and judged(f"{text}\nrm x").kind is Kind.READS:
        # It was quoted, a comment, or the text of a here-document.
        assert any(sign in text for sign in "\"'\\#<")


@pytest.mark.parametrize(
    ("part", "times"),
    [
        ("$(", 5_000),
        ("`", 5_001),
        ('"', 9_999),
        ("a", 20_000),
        ("((", 99),
        ("( ", 9_999),
        ("a<", 9),
    ],
)
def test_at_its_worst_it_is_judged(part: str, times: int) -> None:
    assert judged(part * times).kind is Kind.UNKNOWN


def test_here_documents_are_text_but_for_what_the_shell_runs_in_them() -> None:
    assert judged("cat <<EOF\nrm x\nEOF").kind is Kind.READS
    assert judged("cat <<'EOF'\n$(rm x)\nEOF").kind is Kind.READS
    assert judged("cat <<EOF\n$(rm x)\nEOF").kind is Kind.UNKNOWN
    assert judged("cat <<EOF\nx\nEOF\nrm x").kind is Kind.ACTS
    assert judged("cat <<EOF\nx").kind is Kind.UNKNOWN


def test_words_are_what_the_shell_makes_of_them() -> None:
    for written, meant in {
        "'a b'": "a b",
        '"a\\"b$X"': 'a"b\0',
        "a\\ b": "a b",
        '"${X}y"': "\0y",
        '"\\n"': "\\n",
        "a$": "a$",
    }.items():
        assert literal(written) == meant
    for written in ('"$(id)"', "`id`", "${X:-y}", "$'x'"):
        assert literal(written) is None


# What a page may say.

PARAMS = "URL: {type: url}, TOKEN: {type: secret}, HOST: {type: host}, UNIT: {type: name}"
EXPECT = '```yaml {"oncall.expect":"look"}\n- "[EXIT] == 0"\n```\n'


def refusal(risk: str, command: str, more: str = "") -> str:
    info = f'{{"name":"look","oncall.risk":"{risk}"}}'
    expect = EXPECT if risk == "verify" else ""
    found = read(step(info, command, params=PARAMS, more=expect)).runbook.step("look")
    assert found is not None
    return found.refusal


def test_what_verifies_is_a_curl_or_known_to_read_and_the_refusal_says_so() -> None:
    assert refusal("verify", 'ssh "$HOST" -- systemctl is-active "$UNIT"') == ""
    assert refusal("verify", 'curl "$URL"') == ""
    assert refusal("verify", "my-check --all") == (
        "expected one simple curl, or a command that is known to read only: "
        "my-check is not known here"
    )
    assert "rm changes something" in refusal("verify", "rm x")
    assert "without" in refusal("verify", "uptime | cat")
    assert "a file may hold anything" in refusal("verify", 'curl -H @x "$URL"')


def test_what_says_that_it_reads_is_refused_where_it_acts_for_certain() -> None:
    assert refusal("read", 'ssh "$HOST" -- sudo -n systemctl restart "$UNIT"') == (
        "expected a command that only reads: systemctl restart changes something"
    )
    assert refusal("read", "ssh \"$HOST\" -- 'cat a > b'").endswith("it writes into b")
    assert refusal("read", "my-check --all") == ""
    assert refusal("reversible", "rm x") == ""


@pytest.mark.parametrize(
    "command",
    [
        'curl -H "Authorization: Bearer $TOKEN" "$URL"',
        'curl -u "kai:$TOKEN" "$URL"',
        'ssh "$HOST" -- curl -u kai:"$TOKEN" "$URL"',
        'printf "%s" "$TOKEN" | login --password-stdin',
        'echo "$TOKEN" | login',
        'printf "%s" "$TOKEN"',
        'uptime\nprintf "%s" "$TOKEN" | login\nuptime',
        "login <<EOF\ntoken=$TOKEN\nEOF",
    ],
)
def test_a_secret_may_stand_where_nobody_else_sees_it(command: str) -> None:
    assert refusal("reversible", command) == ""


@pytest.mark.parametrize(
    "command",
    [
        'login "$TOKEN"',
        'login --password="$TOKEN"',
        'TOKEN="$TOKEN" login',
        'X="$TOKEN"; login "$X"',
        "export TOKEN\nlogin",
        'env "A=$TOKEN" login',
        'echo "$TOKEN" > /tmp/x',
        '/bin/echo "$TOKEN" | login',
        'uptime | echo "$TOKEN"',
        'login "$(printf %s "$TOKEN" | base64)"',
        'printf "%s" "$(login "$TOKEN")" | cat',
        'case x in a) echo "$TOKEN";; esac',
        'curl "$URL/?token=$TOKEN"',
        'curl -H "$TOKEN" "$URL"',
        'curl -u "$TOKEN" "$URL"',
        'curl -d "x=$TOKEN" "$URL"',
        'curl -H "A: $(id)$TOKEN" "$URL"',
        'curl -X POST -d @- -H "A: $TOKEN" "$URL"',
        'curl -H "A: $TOKEN" "$URL" | jq .',
        'curl -sS -H"A: $TOKEN" "$URL"',
        'login <<<"$TOKEN"',
        'ssh "$HOST" -- login "$TOKEN"',
    ],
)
def test_a_secret_stands_in_no_argument_no_environment_and_no_file(command: str) -> None:
    assert refusal("reversible", command) != ""
    if not command.startswith("ssh"):
        assert "secret" in secret_misuse(command, frozenset(["TOKEN"]))


def test_lint_says_which_reading_step_nobody_can_tell_of() -> None:
    page = step('{"name":"look","oncall.risk":"read"}', "my-check --all")
    found = [
        str(one)
        for one in lint(read(page), "page.md", date(2026, 11, 23), timedelta(days=90))
        if one.rule == "reads"
    ]
    assert found == [
        "page.md:1:1: nobody can tell that it only reads: my-check is not known here [reads]"
    ]
    known = step('{"name":"look","oncall.risk":"read"}', "uptime")
    assert "reads" not in {
        one.rule for one in lint(read(known), "page.md", date(2026, 11, 23), timedelta(days=90))
    }


@pytest.mark.parametrize("path", sorted((PROJECT / "runbooks").glob("*.md")), ids=lambda p: p.stem)
def test_every_step_that_ships_is_known_for_what_it_says_it_is(path: Path) -> None:
    for one in parse(path.read_bytes(), path.stem).runbook.steps:
        if one.kind is not StepKind.MANUAL:
            kind = Kind.READS if one.effect is Effect.READ else Kind.ACTS
            assert judged(one.script.exact).kind is kind, one.name
