"""The first file system of the guest: busybox, the modules that it takes to see this machine's files,
the scripts of `guest/`, and the command."""
import lzma, os, re, shlex

from provision import VmError

GUEST = os.path.join(os.path.dirname(os.path.abspath(__file__)), "guest")
MODULES = ["virtio_pci", "virtio_console", "9pnet_virtio", "9p", "overlay"]
# The ordinary user of the guest, made in its copy of /etc only.
USER, UID = "vmuser", 1042


class Cpio:
    """An archive in the format that kernels unpack."""

    def __init__(self):
        self.bytes, self.inode = bytearray(), 1

    def add(self, name, mode, data=b"", device=(0, 0)):
        name = name.encode() + b"\0"
        fields = (self.inode, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(name), 0)
        self.inode += 1
        for part in (b"070701" + b"".join(b"%08x" % field for field in fields) + name, data):
            self.bytes += part
            self.bytes += b"\0" * (-len(self.bytes) % 4)


def modules(folder):
    """[(name, bytes)] of the modules needed and all that they depend on, in loading order."""
    files, seen, order = {}, set(), []
    for place, _, names in os.walk(folder):
        for name in names:
            if found := re.match(r"(.+)\.ko(\.xz)?$", name):
                files[found[1].replace("-", "_")] = os.path.join(place, name)
    with open(os.path.join(folder, "modules.builtin")) as file:
        builtin = file.read().replace("-", "_")

    def load(name):
        name = name.replace("-", "_")
        if name in seen or f"/{name}.ko" in builtin:
            return
        seen.add(name)
        if name not in files:
            raise VmError(f"there is no kernel module {name} in {folder}")
        with open(files[name], "rb") as file:
            data = file.read()
        if files[name].endswith(".xz"):
            data = lzma.decompress(data)
        depends = re.search(rb"\0depends=([^\0]*)\0", data)
        for needed in depends[1].decode().split(",") if depends else ():
            if needed:
                load(needed)
        order.append((name, data))

    for name in MODULES:
        load(name)
    return order


def script(command, folder, user):
    """The command as a shell script, with a clean environment."""
    home = f"/home/{USER}" if user else "/root"
    keep = re.compile(r"(PATH|LANG|LC_\w+|CI|RUST_\w+)$")
    variables = {name: value for name, value in os.environ.items() if keep.match(name)}
    variables.update(HOME=home, USER=USER if user else "root", CAPSULE_RUN_VM="1")
    lines = [f"cd {shlex.quote(folder)} || exit 125"]
    lines += [f"export {name}={shlex.quote(value)}" for name, value in sorted(variables.items())]
    return "\n".join(lines + [f"exec {shlex.join(command)}", ""])


def build(command, user, busybox, module_folder, end_mark):
    """The archive, for a command that runs in the current folder."""
    archive = Cpio()
    for name in ("bin", "dev", "proc", "sys", "mod", "vm"):
        archive.add(name, 0o40755)
    archive.add("dev/console", 0o20600, device=(5, 1))
    archive.add("dev/null", 0o20666, device=(1, 3))
    with open(busybox, "rb") as file:
        archive.add("bin/busybox", 0o100755, file.read())
    for number, (name, data) in enumerate(modules(module_folder)):
        archive.add(f"mod/{number:02}-{name}.ko", 0o100644, data)
    folder = os.getcwd()
    # Where systemd puts a service, or a scope that a user has asked it to delegate.
    delegated = f"/user.slice/user-{UID}.slice/user@{UID}.service"
    settings = {
        "NAME": USER, "NUMBER": UID, "RUN_AS": UID if user else 0, "FOLDER": folder, "END_MARK": end_mark,
        "DELEGATED": delegated,
        "CGROUP": f"{delegated}/app.slice/test.scope" if user else "/system.slice/test.service",
    }
    conf = "".join(f"{name}={shlex.quote(str(value))}\n" for name, value in settings.items())
    archive.add("vm/conf", 0o100644, conf.encode())
    archive.add("vm/command", 0o100644, script(command, folder, user).encode())
    for name, target, mode in (("init", "init", 0o100755), ("main", "vm/main", 0o100644)):
        with open(f"{GUEST}/{name}", "rb") as file:
            archive.add(target, mode, file.read())
    archive.add("TRAILER!!!", 0)
    return bytes(archive.bytes)
