"""What programs of several distributions print, as short as their formats allow."""

from __future__ import annotations

from typing import Final

DEBIAN_12: Final = {
    "now": b"1795362761.470217601\n",
    "stat": b"cpu  1000 20 300 8000 80 0 40 60 5 0\ncpu0 500 10 150 4000 40 0 20 30 0 0\n"
    b"cpu1 500 10 150 4000 40 0 20 30 0 0\nintr 123 4 5\nctxt 99\nbtime 1795000000\n",
    "again": b"cpu  1030 20 310 8050 80 0 40 70 5 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n",
    "load": b"3.10 2.05 1.00 2/412 24243\n",
    "memory": b"MemTotal:       16384000 kB\nMemFree:          800000 kB\n"
    b"MemAvailable:    9666560 kB\nBuffers:          1000 kB\nCached:          2000 kB\n"
    b"SwapTotal:       1048572 kB\nSwapFree:        1048000 kB\nHugePages_Total:       0\n",
    "uptime": b"3547800.12 7000000.00\n",
    "network": b"Inter-|   Receive                          |  Transmit\n"
    b" face |bytes    packets errs drop fifo frame compressed multicast|bytes packets\n"
    b"    lo:  123 1 0 0 0 0 0 0  123 1 0 0 0 0 0 0\n"
    b"  eth0: 541066043 3 0 0 0 0 0 0 1033042 4 0 0 0 0 0 0\n"
    b"veth1a2b: 5 3 0 0 0 0 0 0 6 4 0 0 0 0 0 0\n",
    "kernel": b"Linux 6.1.0-18-amd64\n",
    "cpus": b"2\n",
    "mounts": b"sysfs /sys sysfs rw,nosuid 0 0\nudev /dev devtmpfs rw 0 0\n"
    b"/dev/sda1 / ext4 rw,relatime,errors=remount-ro 0 0\ntmpfs /run tmpfs rw 0 0\n"
    b"/dev/sda1 /var/lib/docker/volumes/x ext4 rw,relatime 0 0\n"
    b"/dev/sdb1 /srv/my\\040backups xfs ro,relatime 0 0\n"
    b"overlay /var/lib/docker/overlay2/abc/merged overlay rw 0 0\n"
    b"/dev/loop3 /snap/core/1 squashfs ro 0 0\n",
    "disks": b"Filesystem     1024-blocks     Used Available Capacity Mounted on\n"
    b"udev               8000000        0   8000000       0% /dev\n"
    b"/dev/sda1        100000000 45000000  50000000      48% /\n"
    b"tmpfs              1600000     1000   1599000       1% /run\n"
    b"/dev/sda1        100000000 45000000  50000000      48% /var/lib/docker/volumes/x\n"
    b"/dev/sdb1         50000000 49000000   1000000      98% /srv/my backups\n"
    b"overlay          100000000 45000000  50000000      48% "
    b"/var/lib/docker/overlay2/abc/merged\n"
    b"/dev/loop3           60000    60000         0     100% /snap/core/1\n",
    "inodes": b"Filesystem      Inodes  IUsed   IFree IUse% Mounted on\n"
    b"/dev/sda1      6500000 650000 5850000   10% /\n"
    b"/dev/sdb1            0      0       0     - /srv/my backups\n",
    "then": b"1795362761.870217601\n",
}
"""A look at a host that has everything but docker and a reason to ask systemd."""

CGROUP_2: Final = b"8589934592\n7516192768\nanon 5368709120\nfile 2147483648\n" + (
    b"inactive_file 1073741824\nactive_file 1073741824\n"
)
"""`memory.max`, `memory.current` and `memory.stat` of a container with 8 GiB, 6 of them in use."""
CGROUP_1: Final = b"8589934592\n7516192768\ninactive_file 4096\ntotal_inactive_file 1073741824\n"

USES: Final = (
    b"up 3547800.12 7000000.00\n2 5368709120 6442450944 1073741824 1000000 200000 100000 4c1f9d\n"
    b"1 5368709120 9223372036854771712 0 1000000000 -1 100000 /system.slice/nginx.service\n"
)
"""A container of version 2 and a unit of version 1; `USES_AGAIN` is half a second later."""
USES_AGAIN: Final = USES.replace(b"up 3547800.12", b"up 3547800.62").replace(
    b" 1000000 ", b" 1500000 "
)

ALPINE: Final = {
    **DEBIAN_12,
    "now": b"1795362761\n",
    "then": b"1795362762\n",
    "kernel": b"Linux 6.6.30-0-virt\n",
    "mounts": b"/dev/vda3 / ext4 rw,relatime 0 0\nshm /dev/shm tmpfs rw 0 0\n",
    "disks": b"Filesystem           1024-blocks    Used Available Capacity Mounted on\n"
    b"/dev/vda3             19000000   900000  18000000   5% /\n"
    b"shm                     250000        0    250000   0% /dev/shm\n",
    "inodes": b"Filesystem              Inodes      Used Available Use% Mounted on\n"
    b"/dev/vda3               1250000     90000   1160000   7% /\n",
}

RHEL_8: Final = {
    **DEBIAN_12,
    "kernel": b"Linux 4.18.0-553.el8_10.x86_64\n",
    "mounts": b"/dev/mapper/rhel-root / xfs rw,seclabel,relatime 0 0\n"
    b"nfs.test:/export/home /home nfs4 rw,relatime 0 0\n"
    b"//files.test/my\\040share /mnt/share cifs rw 0 0\n",
    "disks": b"Filesystem                 1024-blocks      Used Available Capacity Mounted on\n"
    b"/dev/mapper/rhel-root         52403200  41922560  10480640      80% /\n"
    b"nfs.test:/export/home      10737418240 536870912 -1          100% /home\n"
    b"//files.test/my share          1000000    250000    750000      25% /mnt/share\n",
    "inodes": b"",
}

WSL: Final = {
    **DEBIAN_12,
    "kernel": b"Linux 5.15.153.1-microsoft-standard-WSL2\n",
    "mounts": b"none /mnt/wsl tmpfs rw 0 0\nC:\\134 /mnt/c 9p rw,noatime,aname=drvfs 0 0\n"
    b"/dev/sdc / ext4 rw,relatime 0 0\n",
    "disks": b"Filesystem     1024-blocks      Used Available Capacity Mounted on\n"
    b"none               8000000         4   7999996       1% /mnt/wsl\n"
    b"C:\\              498000000 400000000  98000000      81% /mnt/c\n"
    b"/dev/sdc        1055762868  60000000 942000000       6% /\n",
    "inodes": b"",
}

MACOS: Final = {
    "now": b"1795362761.N\n",
    "plain": b"15:46  up 3 days,  2:01, 2 users, load averages: 1.20 1.31 1.42\n",
    "kernel": b"Darwin 23.5.0\n",
    "cpus": b"10\n",
    "disks": b"Filesystem     1024-blocks      Used Available Capacity  Mounted on\n"
    b"/dev/disk3s1s1   971350180  10000000 500000000     2%    /\n"
    b"devfs                  200       200         0   100%    /dev\n"
    b"map auto_home            0         0         0   100%    /System/Volumes/Data/home\n",
    "then": b"1795362762.N\n",
}
"""The parts that fail there are added by the test: it has no /proc."""

UNITS: Final = b"""\
Id=redis-server.service
Names=redis-server.service redis.service
LoadState=loaded
ActiveState=failed
SubState=failed
Result=oom-kill
ExecMainStatus=9
NRestarts=3
StateChangeTimestamp=Sun 2026-11-22 03:12:51 UTC

Id=nginx.service
Names=nginx.service
LoadState=loaded
ActiveState=active
SubState=running
Result=success
ExecMainStatus=0
NRestarts=0
StateChangeTimestamp=Mon 2026-10-12 08:00:00 UTC
ControlGroup=/system.slice/nginx.service

Id=ghost.service
Names=ghost.service
LoadState=not-found
ActiveState=inactive
SubState=dead
Result=success
ExecMainStatus=0
StateChangeTimestamp=

Id=cron.service
Names=cron.service
LoadState=loaded
ActiveState=failed
SubState=failed
Result=exit-code
ExecMainStatus=1
StateChangeTimestamp=Sun 2026-11-22 01:00:00.123456 UTC
"""
"""Of `redis`, `nginx.service`, `ghost` and a failed unit; RHEL 7 and 8 leave out `NRestarts`."""

FAILED: Final = (
    b"\xe2\x97\x8f redis-server.service loaded failed failed Advanced key-value store\n"
    b"cron.service loaded failed failed Regular background program processing daemon\n"
)

DEAD_REDIS: Final = (
    b'{"name":"/redis","id":"4c1f9d","image":"redis:7.2.5","state":"exited","exit":137,'
    b'"oom":true,"error":"","started":"2026-11-01T10:00:00.123456789Z",'
    b'"finished":"2026-11-22T03:12:51.000000001Z","restarts":2,"policy":"no","health":null}\n'
)
LIVE_REDIS: Final = (
    b'{"name":"/redis","id":"4c1f9d","image":"redis:7.2.5","state":"running","exit":0,"oom":false,'
    b'"error":"","started":"2026-11-20T01:00:00Z","finished":"0001-01-01T00:00:00Z",'
    b'"restarts":0,"policy":"no","health":null}\n'
)
LIVE_API: Final = (
    b'{"name":"/api","id":"77aa","image":"api@sha256:00","state":"running","exit":0,'
    b'"oom":false,"error":"","started":"2026-11-01T10:00:00Z",'
    b'"finished":"0001-01-01T00:00:00Z","restarts":0,"policy":"always","health":"healthy"}\n'
)
