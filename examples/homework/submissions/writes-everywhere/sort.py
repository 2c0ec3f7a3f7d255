"""Writes, links, renames and deletes all over the file system, and then does what was asked.

It leaves marks, and first looks for marks that an earlier run of its own left: finding one means
that two cases share something writable, and it then says so instead of the answer.
"""
import os
import stat
import sys

QUESTION = sys.stdin.read()
MARK = "capsule-was-here"
FOLDERS = ["/", "/etc", "/usr", "/usr/bin", "/bin", "/lib", "/sbin", "/proc", "/sys", "/sys/fs/cgroup", "/dev",
           "/dev/shm", "/dev/mqueue", "/tmp", "/var/tmp", "/run", "/home", "/root", "/workspace", "/workspace/..",
           "/workspace/submission", "."]
FILES = ["/etc/passwd", "/etc/hosts", "/etc/ld.so.cache", "/usr/bin/env", "/bin/sh", "/proc/sys/kernel/hostname",
         "/proc/sys/kernel/core_pattern", "/proc/sys/vm/overcommit_memory", "/proc/sysrq-trigger", "/proc/1/oom_score_adj",
         "/proc/1/mem", "/proc/self/uid_map", "/sys/kernel/mm/transparent_hugepage/enabled", "/sys/power/state",
         "/sys/fs/cgroup/cgroup.procs", "/dev/null/x", "sort.py", "prog", "/workspace/sort.py", "/workspace/prog"]

stale = [folder for folder in FOLDERS if os.path.exists(os.path.join(folder, MARK))]


def attempt(action, *arguments):
    try:
        return action(*arguments)
    except (OSError, ValueError):
        return None


def overwrite(path):
    with open(path, "r+b") as file:
        file.write(b"#!/bin/sh\necho spoiled\n")


def replace(path):
    """What cannot be written can perhaps be unlinked and made again."""
    os.unlink(path)
    with open(path, "wb") as file:
        file.write(b"#!/bin/sh\necho spoiled\n")
    os.chmod(path, 0o755)


def mark(folder):
    with open(os.path.join(folder, MARK), "w") as file:
        file.write("somebody was here\n")
    os.symlink("/etc/passwd", os.path.join(folder, MARK + "-link"))
    os.mkfifo(os.path.join(folder, MARK + "-fifo"))
    os.mkdir(os.path.join(folder, MARK + "-locked"), 0)
    os.mknod(os.path.join(folder, MARK + "-device"), 0o666 | stat.S_IFBLK, os.makedev(8, 0))


for file in FILES:
    attempt(overwrite, file)
    attempt(os.chmod, file, 0o777)
    attempt(os.truncate, file, 0)
    attempt(replace, file)
for folder in FOLDERS:
    attempt(mark, folder)
    attempt(os.chmod, folder, 0o777)
    attempt(os.rename, folder, folder + "-moved")
for name in ("/usr", "/etc", "/workspace"):
    attempt(os.rmdir, name)

if stale:
    print("an earlier case left its mark in", *stale)
    sys.exit(0)


def half(twice):
    sign = "-" if twice < 0 else ""
    return f"{sign}{abs(twice) // 2}.{'5' if twice % 2 else '0'}"


numbers = sorted(int(word) for word in QUESTION.split())
count = len(numbers)
print("count", count)
print("min", numbers[0] if numbers else "none")
print("max", numbers[-1] if numbers else "none")
print("sum", sum(numbers))
print("median", half(numbers[(count - 1) // 2] + numbers[count // 2]) if numbers else "none")
for number in numbers:
    print(number)
