"""Looks for everything that a case before it could have left, and says `as new` or what is not."""

import ctypes, errno, fcntl, os, resource, signal, socket, sys, time

libc = ctypes.CDLL(None, use_errno=True)
rt = ctypes.CDLL("librt.so.1", use_errno=True)
wrong = []


def must(what, found, expected):
    if found != expected:
        wrong.append(f"{what}: {found!r}, not {expected!r}")


def text(path):
    try:
        with open(path) as file:
            return file.read()
    except OSError as error:
        return errno.errorcode[error.errno]


# Processes and their numbers. Looked at first: the counter tells of everybody before us.
must("own number", os.getpid(), 2)
must("parent", os.getppid(), 1)
must("session and group", (os.getsid(0), os.getpgid(0)), (2, 2))
must("last number", text("/proc/loadavg").split()[-1], "2")
must("processes", [name for name in os.listdir("/proc") if name.isdigit() and name != "1"], ["2"])
child = os.fork()
if child == 0:
    os._exit(0)
must("first child", child, 3)
os.waitpid(child, 0)
try:
    used = time.clock_gettime((~1 << 3) | 2)
    # An init of one case has used next to nothing; where programs share its user, nothing is kept.
    must("time that init has used", used < 0.05, True)
except OSError as error:
    must("clock of init", error.errno, errno.EINVAL)

# Files and folders.
for place, mode in (("/tmp", 0o1777), ("/dev/shm", 0o1777), ("/workspace", 0o755)):
    stat = os.stat(place)
    must(f"files in {place}", os.listdir(place), [])
    must(f"mode of {place}", stat.st_mode & 0o7777, mode)
    must(f"size and links of {place}", (stat.st_size, stat.st_nlink), (40, 2))
    must(f"attributes of {place}", os.listxattr(place), [])
    # Nobody has set them by hand: what was changed last was not changed after its change was noted.
    must(f"times of {place}", (stat.st_mtime_ns <= stat.st_ctime_ns, stat.st_mtime > 1e9), (True, True))
space = os.statvfs("/tmp")
must("blocks in use", space.f_blocks - space.f_bfree, 0)
must("files in use", space.f_files - space.f_ffree <= 6, True)
os.makedirs("/tmp/new")
must("a new folder", os.listdir("/tmp"), ["new"])
os.rmdir("/tmp/new")

# Locks. Those on files of the host are seen by cases that run at the same time, who let go of them.
for path in ("/usr/bin/env", "/tmp", "/workspace"):
    fd = os.open(path, os.O_RDONLY)
    end = time.monotonic() + 10
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except OSError:
            if time.monotonic() > end:
                wrong.append(f"{path} is locked")
                break
            time.sleep(0.01)
    os.close(fd)

# IPC objects: none are there, and the numbers of new ones begin at the beginning.
for kind in ("shm", "sem", "msg"):
    must(f"/proc/sysvipc/{kind}", len(text(f"/proc/sysvipc/{kind}").splitlines()), 1)
must("queue of its name", rt.mq_open(b"/left", os.O_RDWR), -1)
if libc.shmget(0x5EED, 4096, 0o666) != -1:
    wrong.append("its shared memory is there")
first = libc.semget(0, 1, 0o1600)
# Refused where no control group counts.
must("number of the first semaphore", first in (0, -1), True)
if os.access("/proc/sysvipc/shm", os.R_OK):
    number = libc.shmget(0, 4096, 0o1600)
    # Refused where no cgroup would count it.
    must("number of the first shared memory", number in (0, -1), True)

# Keys.
for call, name in ((248, "add_key"), (249, "request_key"), (250, "keyctl")):
    ctypes.set_errno(0)
    libc.syscall(call, b"user", b"left", None, 0, 0)
    must(name, ctypes.get_errno(), errno.ENOSYS)

# The network: names, counters.
must("abstract sockets", [line for line in text("/proc/net/unix").splitlines() if "left" in line], [])
name = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
try:
    name.bind("\0left")
except OSError:
    wrong.append("the name of its socket is taken")
for line in text("/proc/net/snmp").splitlines():
    words = line.split()
    if words[0] in ("Udp:", "Icmp:", "Ip:") and words[1].isdigit():
        # Forwarding and default TTL stand first in Ip.
        counted = [word for word in words[3 if words[0] == "Ip:" else 1 :] if word != "0"]
        must(f"counters of {words[0]}", counted, [])
    if words[0] == "Tcp:" and words[1].isdigit():
        must("counters of Tcp", [word for word in words[5:] if word != "0"], [])

# What a process has of its own.
must("umask", os.umask(0o022), 0o022)
must("nice", os.nice(0), 0)
must("processors", len(os.sched_getaffinity(0)) >= min(2, os.cpu_count()), True)
must("working folder", os.getcwd(), "/workspace")
must("descriptors", sorted(os.listdir("/proc/self/fd"))[:3], ["0", "1", "2"])
must("blocking", os.get_blocking(1), True)
must("open files", resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= 64, True)
must("timers", signal.getitimer(signal.ITIMER_REAL)[0], 0.0)
status = dict(line.split(":\t", 1) for line in text("/proc/self/status").splitlines() if ":\t" in line)
must("ignored signals but Python's own", int(status["SigIgn"], 16) & ~(1 << 12 | 1 << 24), 0)
must("blocked and pending signals", [int(status[key], 16) for key in ("SigBlk", "SigPnd", "ShdPnd")], [0, 0, 0])
must("capabilities", [int(status[key], 16) for key in ("CapEff", "CapPrm", "CapBnd", "CapAmb")], [0, 0, 0, 0])
must("badness", text("/proc/self/oom_score_adj").strip(), os.environ.get("BADNESS", text("/proc/self/oom_score_adj").strip()))
must("host name", socket.gethostname(), "sandbox")

# Clocks: none has been set.
must("year", 2020 < time.gmtime().tm_year < 2200, True)
must("time of ours", time.process_time() < 5, True)

print("\n".join(wrong) if wrong else "as new")
