"""Leaves something behind, the kind that its argument names, and says what it did.

The case after it (see.py) must not find it. Where the sandbox refuses even the attempt, that is said
too: the pair then holds in another way.
"""

import ctypes, mmap, os, resource, signal, socket, sys, time

libc = ctypes.CDLL(None, use_errno=True)


def refused(call, *args):
    ctypes.set_errno(0)
    return libc.syscall(call, *args) < 0


def fork(child):
    pid = os.fork()
    if pid == 0:
        try:
            child()
        finally:
            os._exit(0)
    return pid


def files():
    for place in ("/tmp", "/dev/shm", "/workspace"):
        os.makedirs(f"{place}/left/deep")
        open(f"{place}/left/deep/file", "w").write("left")
        open(f"{place}/.hidden", "w").write("left")
        os.symlink("/etc/passwd", f"{place}/link")


def made_and_removed():
    for place in ("/tmp", "/dev/shm", "/workspace"):
        for number in range(50):
            path = f"{place}/gone-{number}"
            open(path, "w").write("x")
            os.unlink(path)


def mode():
    os.chmod("/workspace", 0o700)


def mode_and_back():
    before = os.stat("/workspace").st_mode & 0o7777
    os.chmod("/workspace", 0o700)
    os.chmod("/workspace", before)


def times():
    os.utime("/workspace", (1, 1))


def times_and_back():
    stat = os.stat("/workspace")
    os.utime("/workspace", (1, 1))
    os.utime("/workspace", ns=(stat.st_atime_ns, stat.st_mtime_ns))


def attributes():
    try:
        os.setxattr("/workspace", "user.left", b"left")
    except OSError:
        pass


def unnamed_file():
    for place in ("/tmp", "/dev/shm", "/workspace"):
        fd = os.open(place, os.O_TMPFILE | os.O_RDWR, 0o600)
        os.write(fd, b"x" * 100_000)
        os.close(fd)


def unnamed_file_another_way():
    class How(ctypes.Structure):
        _fields_ = [("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64)]

    how = How(os.O_TMPFILE | os.O_RDWR, 0o600, 0)
    refused(437, -100, b"/tmp", ctypes.byref(how), ctypes.sizeof(how))


def disk():
    with open("/dev/shm/big", "wb") as file:
        for _ in range(24):
            file.write(b"x" * (1 << 20))


def locks():
    import fcntl

    def hold():
        for path in ("/usr/bin/env", "/tmp", "/workspace"):
            fd = os.open(path, os.O_RDONLY)
            fcntl.flock(fd, fcntl.LOCK_EX)
        time.sleep(1000)

    fork(hold)
    time.sleep(0.05)


def sysv():
    for _ in range(3):
        libc.shmget(0x5EED, 4096, 0o1666)
        libc.semget(0x5EED, 3, 0o1666)
        libc.msgget(0x5EED, 0o1666)


def sysv_and_removed():
    for _ in range(3):
        libc.shmctl(libc.shmget(0, 4096, 0o1666), 0, 0)
        libc.semctl(libc.semget(0, 3, 0o1666), 0, 0)
        libc.msgctl(libc.msgget(0, 0o1666), 0, 0)


def posix_queue():
    rt = ctypes.CDLL("librt.so.1", use_errno=True)
    rt.mq_open(b"/left", os.O_CREAT | os.O_RDWR, 0o666, None)


def keys():
    for call in (248, 249, 250):
        refused(call, b"user", b"left", b"secret", 6, -3)


def abstract_sockets():
    one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    one.bind("\0left")
    one.listen()
    # A cycle: each socket is on its way through itself, and lives until the kernel looks for such.
    a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    socket.send_fds(a, [b"x"], [a.fileno(), b.fileno(), one.fileno()])


def counters_of_the_network():
    for _ in range(20):
        try:
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 9))
        except OSError:
            pass
        try:
            socket.socket(socket.AF_INET, socket.SOCK_STREAM).connect(("127.0.0.1", 9))
        except OSError:
            pass


def process_numbers():
    for _ in range(200):
        os.waitpid(fork(lambda: None), 0)


def daemons():
    def daemon():
        os.setsid()
        fork(lambda: time.sleep(1000))

    for _ in range(5):
        fork(daemon)


def deaf_daemon():
    def deaf():
        for number in range(1, 65):
            try:
                signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError):
                pass
        time.sleep(1000)

    fork(deaf)


def stopped_and_zombies():
    fork(lambda: os.kill(os.getpid(), signal.SIGSTOP))
    for _ in range(10):
        fork(lambda: None)


def timers():
    signal.setitimer(signal.ITIMER_REAL, 3600)
    fork(lambda: [signal.setitimer(signal.ITIMER_VIRTUAL, 3600), time.sleep(1000)])


def its_own_state():
    os.umask(0o777)
    os.nice(5)
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    resource.setrlimit(resource.RLIMIT_NOFILE, (8, 8))
    os.chdir("/")
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    libc.prctl(15, b"left", 0, 0, 0)


def inits_state():
    for attempt in (
        lambda: os.sched_setaffinity(1, {min(os.sched_getaffinity(0))}),
        lambda: os.setpriority(os.PRIO_PROCESS, 1, 10),
        lambda: resource.prlimit(1, resource.RLIMIT_NOFILE, (8, 8)),
        lambda: os.kill(1, signal.SIGUSR1),
        lambda: os.kill(1, signal.SIGKILL),
        lambda: os.sched_setscheduler(1, os.SCHED_BATCH, os.sched_param(0)),
    ):
        try:
            attempt()
        except OSError:
            pass


def times_of_devices():
    for name in ("null", "zero", "full", "random", "urandom"):
        try:
            os.utime(f"/dev/{name}")
            print("HIT", name)
        except OSError:
            pass


def memory():
    held = mmap.mmap(-1, 32 << 20)
    for at in range(0, len(held), 4096):
        held[at] = 1


def processor():
    end = time.process_time() + 0.2
    while time.process_time() < end:
        pass


def many_processes():
    for pid in [fork(lambda: time.sleep(0.05)) for _ in range(15)]:
        os.waitpid(pid, 0)


def output():
    sys.stdout.flush()
    os.set_blocking(1, False)
    for _ in range(200):
        try:
            os.write(1, b"")
        except OSError:
            pass


def nothing():
    pass


globals()[sys.argv[1].replace("-", "_")]()
print("left")
