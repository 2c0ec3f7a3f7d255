"""One virtual machine: qemu started, watched and always ended."""
import ctypes, os, re, selectors, signal, socket, subprocess, sys, time

from provision import VmError

# The stream of the guest that is passed on, and the number of its port.
PORTS = {"out": 1, "err": 2, "control": 3}
# Of the host: a guest that says nothing for so long never will.
BOOT_SECONDS = 90
KERNEL_ARGUMENTS = (
    "console=ttyS0 quiet loglevel=4 panic=-1 "
    # A software CPU pays for each feature: no self-tests, no mitigations, random numbers at once, and
    # no watchdogs, which take the pauses of a busy host for faults.
    "nokaslr mitigations=off tsc=reliable no_timer_check cryptomgr.notests random.trust_cpu=on nowatchdog "
    "rcupdate.rcu_cpu_stall_suppress=1"
)


def acceleration():
    """KVM where this CPU has it, else software. /dev/kvm alone says little: some hosts have one that
    runs no stock kernel."""
    with open("/proc/cpuinfo") as file:
        flags = (re.search(r"^flags\s*:(.*)$", file.read(), re.M) or ["", ""])[1].split()
    if ("vmx" in flags or "svm" in flags) and os.access("/dev/kvm", os.R_OK | os.W_OK):
        return ["-accel", "kvm", "-cpu", "host"]
    return ["-accel", "tcg,thread=multi,tb-size=512", "-cpu", "Nehalem,+rdrand"]


class Stream:
    """An output of the guest, passed on up to the end mark."""

    def __init__(self, sink, mark):
        self.sink, self.mark, self.held, self.done = sink, mark.encode(), b"", False

    def feed(self, data):
        if self.done:
            return
        self.held += data
        at = self.held.find(self.mark)
        if at >= 0:
            passed, self.done = self.held[:at], True
        else:
            # The end may be the beginning of the mark.
            keep = next((length for length in range(min(len(self.mark) - 1, len(self.held)), 0, -1)
                         if self.held.endswith(self.mark[:length])), 0)
            passed, self.held = self.held[:len(self.held) - keep], self.held[len(self.held) - keep:]
        self.sink.write(passed)
        self.sink.flush()


class Machine:
    """A guest, from its start to the exit status of its command."""

    def __init__(self, qemu, environment, kernel, initramfs, console, mark, cpus=1):
        ends = {name: socket.socketpair() for name in PORTS}
        argv = [*qemu, *acceleration(), "-M", "q35", "-smp", str(cpus), "-m", "2048", "-nodefaults", "-no-user-config",
                "-display", "none", "-no-reboot", "-serial", f"file:{console}", "-kernel", kernel,
                "-initrd", initramfs, "-append", KERNEL_ARGUMENTS, "-device", "virtio-serial-pci,id=ports",
                "-fsdev", "local,id=root,path=/,security_model=none,multidevs=remap,readonly=on",
                "-device", "virtio-9p-pci,fsdev=root,mount_tag=root"]
        for name, number in PORTS.items():
            argv += ["-chardev", f"socket,id={name},fd={ends[name][1].fileno()}",
                     "-device", f"virtserialport,bus=ports.0,nr={number},chardev={name},name=vm.{name}"]
        libc = ctypes.CDLL(None)

        def dies_with_us():
            os.setsid()
            libc.prctl(1, signal.SIGKILL)

        with open(f"{console}.qemu", "wb") as log:
            self.qemu = subprocess.Popen(argv, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                         pass_fds=[theirs.fileno() for _, theirs in ends.values()],
                                         preexec_fn=dies_with_us)
        self.selector = selectors.DefaultSelector()
        for name, (ours, theirs) in ends.items():
            theirs.close()
            self.selector.register(ours, selectors.EVENT_READ, name)
        self.streams = {"out": Stream(sys.stdout.buffer, mark), "err": Stream(sys.stderr.buffer, mark)}
        self.control, self.ready, self.status = b"", None, None

    def run(self, seconds):
        """The exit status of the command; 124 if it took longer than `seconds`."""
        deadline = time.monotonic() + BOOT_SECONDS
        try:
            while not (self.status is not None and all(stream.done for stream in self.streams.values())):
                before = (self.ready, self.status)
                left = deadline - time.monotonic()
                if left <= 0 or not self.selector.get_map():
                    return self.too_late(seconds, left <= 0)
                for key, _ in self.selector.select(left):
                    self.take(key)
                if before[0] != self.ready:
                    deadline = time.monotonic() + seconds
                if before[1] != self.status:
                    deadline = time.monotonic() + 5
            return self.status
        finally:
            self.qemu.kill()
            self.qemu.wait()

    def too_late(self, seconds, timed_out):
        if self.status is not None:
            return self.status
        if self.ready and timed_out:
            print(f"the command ran longer than {seconds} s: virtual machine stopped", file=sys.stderr)
            return 124
        raise VmError("the guest has died" if not timed_out else f"no guest after {BOOT_SECONDS} s")

    def take(self, key):
        try:
            data = key.fileobj.recv(1 << 16)
        except ConnectionResetError:
            data = b""
        if not data:
            self.selector.unregister(key.fileobj)
        elif key.data != "control":
            self.streams[key.data].feed(data)
        else:
            self.control += data
            *lines, self.control = self.control.split(b"\n")
            for word, number, *_ in (line.decode().split() for line in lines):
                if word == "ready":
                    self.ready = number
                elif word == "exit":
                    self.status = int(number)
