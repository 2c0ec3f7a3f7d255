"""What a virtual machine is made of, fetched once by apt-get and unpacked into a cache folder: qemu,
a Debian kernel of the series asked for, and a static busybox. Nothing is installed, and apt's own
state is not touched: lists, sources and the list of installed packages are the cache's."""
import gzip, lzma, os, re, shutil, subprocess, sys, tempfile

TOOL_TIMEOUT = 600


class VmError(Exception):
    """The virtual machine failed, not the command in it."""


def tool(*argv, may_fail=False, **options):
    """Runs a tool to its end; returns what it printed."""
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=TOOL_TIMEOUT, **options)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise VmError(error) from None
    if done.returncode and not may_fail:
        raise VmError(f"{' '.join(argv)}\nfailed with status {done.returncode}:\n{done.stdout[-3000:]}")
    return done.stdout


class Apt:
    """apt-get with this machine's sources, their backports, and lists of its own, fetched on first use."""

    def __init__(self, folder):
        self.folder, self.backports, self.ready = folder, None, False

    def run(self, program, *argv, **options):
        if not self.ready:
            self.set_up()
        return tool(program, "-c", f"{self.folder}/apt.conf", *argv, **options)

    def set_up(self):
        for folder in ("lists/partial", "cache/archives/partial", "none"):
            os.makedirs(f"{self.folder}/{folder}", exist_ok=True)
        # As if nothing were installed: what is unpacked has to run by itself.
        open(f"{self.folder}/status", "w").close()
        listed = tool("apt-get", "indextargets", "--format", "$(REPO_URI)|$(RELEASE)|$(COMPONENT)",
                      "Identifier: Packages")
        sources = sorted({tuple(line.split("|")) for line in listed.splitlines() if line.count("|") == 2})
        if not sources:
            raise VmError("apt-get knows no package sources on this machine")
        settings = {
            "Dir::Etc::SourceList": f"{self.folder}/sources.list", "Dir::Etc::SourceParts": f"{self.folder}/none",
            "Dir::State::Lists": f"{self.folder}/lists", "Dir::State::status": f"{self.folder}/status",
            "Dir::Cache": f"{self.folder}/cache", "APT::Sandbox::User": "root",
            "Acquire::Languages": "none", "Acquire::Retries": "3",
        }
        with open(f"{self.folder}/apt.conf", "w") as file:
            file.writelines(f'{key} "{value}";\n' for key, value in settings.items())
        self.ready = True
        backports = {(uri, f"{release}-backports", part) for uri, release, part in sources
                     if part == "main" and "-" not in release and "security" not in uri}
        with open(f"{self.folder}/sources.list", "w") as file:
            file.writelines(f"deb {uri} {release} {part}\n" for uri, release, part in {*sources, *backports})
        tool("apt-get", "-c", f"{self.folder}/apt.conf", "update", "-q", "--error-on=any")
        self.backports = next((release for _, release, _ in backports), None)

    def unpack(self, names, target):
        """Downloads packages and unpacks them into one folder, which appears whole or not at all."""
        print("fetching", *names, file=sys.stderr, flush=True)
        part = tempfile.mkdtemp(prefix="part-", dir=os.path.dirname(target))
        try:
            self.run("apt-get", "download", "-q", *names, cwd=part)
            for package in sorted(os.listdir(part)):
                tool("dpkg", "-x", f"{part}/{package}", f"{part}/root")
            shutil.rmtree(target, ignore_errors=True)
            os.rename(f"{part}/root", target)
        finally:
            shutil.rmtree(part, ignore_errors=True)


class Parts:
    """The parts in their cache folder."""

    def __init__(self, folder):
        os.makedirs(folder, exist_ok=True)
        self.folder, self.apt = folder, Apt(f"{folder}/apt")

    def qemu(self):
        """How to start qemu: (argument vector, environment)."""
        root = f"{self.folder}/qemu"
        libraries = f"{root}/usr/lib/x86_64-linux-gnu"
        path = ":".join([libraries, f"{root}/lib/x86_64-linux-gnu"])
        environment = dict(os.environ, LD_LIBRARY_PATH=path, QEMU_MODULE_DIR=f"{libraries}/qemu")
        argv = [f"{root}/usr/bin/qemu-system-x86_64"]
        for data in ("share/qemu", "share/seabios", "lib/ipxe/qemu"):
            argv += ["-L", f"{root}/usr/{data}"]
        if not os.path.exists(argv[0]):
            self.apt.run("apt-get", "--version")
            release = ["-t", self.apt.backports] if self.apt.backports else []
            plan = self.apt.run("apt-get", "install", "-s", "--no-install-recommends", *release, "qemu-system-x86")
            found = re.findall(r"^Inst (\S+) \((\S+)", plan, re.M)
            # The libraries that it needs, but for the C library, which belongs to the loader of this machine.
            wanted = [f"{name}={version}" for name, version in found
                      if re.match(r"(lib|zlib|qemu|seabios|ipxe)", name)
                      and not re.match(r"lib(c6|gcc-s1|pam|semanage)", name)]
            self.apt.unpack(wanted, root)
        version = tool(*argv, "--version", env=environment, may_fail=True)
        if "version" not in version:
            raise VmError(f"{argv[0]} does not run: {version}")
        return argv, environment

    def busybox(self):
        root = f"{self.folder}/busybox"
        if not os.path.exists(root):
            self.apt.unpack(["busybox-static"], root)
        return next(path for path in (f"{root}/bin/busybox", f"{root}/usr/bin/busybox") if os.path.exists(path))

    def kernel(self, series):
        """(kernel image, folder of its modules): the newest plain one of a series such as 6.1."""
        root = f"{self.folder}/kernel-{series}"
        if not os.path.exists(root):
            part = f"{root}.part"
            self.apt.unpack([self.newest_kernel(series)], part)
            places = [f"{part}/lib/modules", f"{part}/usr/lib/modules"]
            modules = next(place for place in places if os.path.isdir(place))
            version = os.listdir(modules)[0]
            os.rename(f"{modules}/{version}", f"{part}/modules")
            with open(f"{part}/boot/vmlinuz-{version}", "rb") as file:
                image = without_wrapper(file.read())
            with open(f"{part}/image", "wb") as file:
                file.write(image)
            os.rename(part, root)
        return f"{root}/image", f"{root}/modules"

    def newest_kernel(self, series):
        listed = self.apt.run("apt-cache", "search", "--names-only", "^linux-image-")
        names = re.findall(rf"^(linux-image-{re.escape(series)}\.[0-9.+a-z-]*-amd64) ", listed, re.M)
        # The cloud kernel has no 9p; rt has another scheduler.
        names = [name for name in names if not re.search(r"cloud|rt-|dbg|unsigned", name)]
        if not names:
            raise VmError(f"apt-get has no kernel package of series {series}")
        return max(names, key=lambda name: [int(number) for number in re.findall(r"\d+", name)])


def without_wrapper(image):
    """The ELF kernel inside a bzImage, which a software CPU would take seconds to unpack at each boot;
    the bzImage itself where there is no tool to unpack it."""
    start = ((image[0x1F1] or 4) + 1) * 512 + int.from_bytes(image[0x248:0x24C], "little")
    packed = image[start:start + int.from_bytes(image[0x24C:0x250], "little")]
    try:
        if packed[:6] == b"\xfd7zXZ\0":
            elf = lzma.LZMADecompressor().decompress(packed)
        elif packed[:2] == b"\x1f\x8b":
            elf = gzip.zlib.decompressobj(31).decompress(packed)
        else:
            unpacker = {b"\x28\xb5\x2f\xfd": "zstd", b"\x02\x21\x4c\x18": "lz4"}[packed[:4]]
            elf = subprocess.run([unpacker, "-dc"], input=packed[:-4], stdout=subprocess.PIPE,
                                 stderr=subprocess.DEVNULL).stdout
    except (KeyError, OSError, lzma.LZMAError):
        elf = b""
    return elf if elf[:4] == b"\x7fELF" else image
