/* floor COMMAND...: runs it with what takes the kernel longest in any sandbox, and with nothing else: user,
 * mount, PID, IPC, UTS and network namespaces, a root of three mounts, a procfs, and (version 1) a control
 * group each for memory, processes and CPU time. No filter, no second user's rights dropped, no time limit, no
 * captured output, no report: what a single command costs at least. Must be started as root. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { GROUPS = 3, FIRST_ID = 0x6fff0000 };
static const char *const controllers[GROUPS] = {"memory", "pids", "cpuacct"};
static char folders[GROUPS][128];
static int tasks[GROUPS];

static void must(int done, const char *what)
{
    if (!done) {
        perror(what);
        exit(125);
    }
}

static void put(const char *folder, const char *name, const char *value)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int file = open(path, O_WRONLY | O_CLOEXEC);
    must(file >= 0 && write(file, value, strlen(value)) == (ssize_t)strlen(value), path);
    close(file);
}

static void show(const char *from, const char *place)
{
    must(!mount(from, place, NULL, MS_BIND | MS_REC, NULL), place);
}

static void empty_file(const char *path)
{
    int file = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
    must(file >= 0, path);
    close(file);
}

/* In a root of its own; until `go` can be read the ids are not there. */
static int inside(int go, char **command)
{
    static const char *const made[] = {"/tmp/usr", "/tmp/proc", "/tmp/dev", "/tmp/etc", "/tmp/tmp"};
    static const char *const links[][2] = {
        {"usr/bin", "/tmp/bin"}, {"usr/lib", "/tmp/lib"}, {"usr/lib64", "/tmp/lib64"}};
    char byte;
    int status;
    must(read(go, &byte, 1) == 1, "the ids");
    must(!setgroups(0, NULL) && !setresgid(0, 0, 0) && !setresuid(0, 0, 0), "the ids");
    must(!mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "/");
    must(!mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755"), "/tmp");
    for (size_t i = 0; i < sizeof made / sizeof *made; i++)
        must(!mkdir(made[i], 0755), made[i]);
    for (size_t i = 0; i < sizeof links / sizeof *links; i++)
        must(!symlink(links[i][0], links[i][1]), links[i][1]);
    empty_file("/tmp/dev/null");
    empty_file("/tmp/etc/ld.so.cache");
    show("/usr", "/tmp/usr");
    show("/dev/null", "/tmp/dev/null");
    show("/etc/ld.so.cache", "/tmp/etc/ld.so.cache");
    must(!mount("proc", "/tmp/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL), "/proc");
    must(!chdir("/tmp") && !syscall(SYS_pivot_root, ".", ".") && !umount2(".", MNT_DETACH) && !chdir("/"),
         "the root");
    pid_t program = vfork();
    if (!program) {
        for (int i = 0; i < GROUPS; i++)
            if (write(tasks[i], "0", 1) != 1)
                _exit(125);
        execv(command[0], command);
        _exit(126);
    }
    must(program > 0 && waitpid(program, &status, 0) == program, "the program");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 125;
}

int main(int argc, char **argv)
{
    const int namespaces = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET;
    int go[2], status;
    char map[64], folder[64];
    must(argc > 1 && !pipe2(go, O_CLOEXEC), "usage: floor COMMAND...");
    /* Before the fork: the child writes itself into them. */
    for (int i = 0; i < GROUPS; i++) {
        snprintf(folders[i], sizeof *folders, "/sys/fs/cgroup/%s/floor-%d", controllers[i], getpid());
        must(!mkdir(folders[i], 0755), folders[i]);
        char path[400];
        snprintf(path, sizeof path, "%s/tasks", folders[i]);
        tasks[i] = open(path, O_WRONLY | O_CLOEXEC);
        must(tasks[i] >= 0, path);
    }
    put(folders[0], "memory.limit_in_bytes", "268435456");
    put(folders[1], "pids.max", "64");
    pid_t child = (pid_t)syscall(SYS_clone, namespaces | SIGCHLD, NULL, NULL, NULL, NULL);
    must(child >= 0, "the namespaces");
    if (!child)
        _exit(inside(go[0], argv + 1));
    snprintf(map, sizeof map, "0 %d 1\n1000 %d 1\n", FIRST_ID, FIRST_ID + 1);
    snprintf(folder, sizeof folder, "/proc/%d", child);
    put(folder, "uid_map", map);
    put(folder, "gid_map", map);
    must(write(go[1], "a", 1) == 1, "the child");
    must(waitpid(child, &status, 0) == child, "the child");
    for (int i = 0; i < GROUPS; i++)
        must(!rmdir(folders[i]), folders[i]);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 125;
}
