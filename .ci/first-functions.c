/* first-functions SYMBOLS COMMAND...: the functions that run, each once, in the order in which they do.
 *
 * SYMBOLS has an address (hexadecimal) and a name in each line, by address: those of COMMAND's program, which
 * is linked statically at fixed addresses. A breakpoint stands at the start of each until it is reached. Forks
 * and threads are followed; what executes another program is let go. COMMAND's output is thrown away, its
 * status is ours. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef __x86_64__
#error "the breakpoint instruction and the registers are those of x86_64"
#endif

enum { BREAKPOINT = 0xcc, MOST = 1 << 18, LONGEST = 1 << 14 };

struct function {
    uintptr_t address;
    char *name;
    unsigned char first_byte;
    char seen;
};

static struct function functions[MOST];
static int count;

static void die(const char *what)
{
    perror(what);
    exit(125);
}

static void read_symbols(const char *path)
{
    static char name[LONGEST];
    FILE *file = fopen(path, "r");
    uintptr_t address;
    if (!file)
        die(path);
    while (count < MOST && fscanf(file, "%lx %16383s", &address, name) == 2)
        if (!count || functions[count - 1].address != address)
            functions[count++] = (struct function){.address = address, .name = strdup(name)};
    fclose(file);
}

static struct function *at(uintptr_t address)
{
    int low = 0, high = count - 1;
    while (low <= high) {
        int middle = low + (high - low) / 2;
        if (functions[middle].address == address)
            return &functions[middle];
        if (functions[middle].address < address)
            low = middle + 1;
        else
            high = middle - 1;
    }
    return NULL;
}

static void set_breakpoints(pid_t process)
{
    char path[64];
    uintptr_t low = functions[0].address;
    size_t length = functions[count - 1].address - low + 1;
    unsigned char *text = malloc(length);
    snprintf(path, sizeof path, "/proc/%d/mem", process);
    int memory = open(path, O_RDWR | O_CLOEXEC);
    if (!text || memory < 0 || pread(memory, text, length, (off_t)low) != (ssize_t)length)
        die(path);
    for (int i = 0; i < count; i++) {
        unsigned char *byte = &text[functions[i].address - low];
        functions[i].first_byte = *byte;
        *byte = BREAKPOINT;
    }
    if (pwrite(memory, text, length, (off_t)low) != (ssize_t)length)
        die(path);
    close(memory);
    free(text);
}

/* Whether a task stands behind one of ours. It goes on as if that had never been there. */
static int reached(pid_t task)
{
    struct user_regs_struct registers;
    if (ptrace(PTRACE_GETREGS, task, 0, &registers))
        return 0;
    struct function *function = at(registers.rip - 1);
    if (!function)
        return 0;
    if (!function->seen) {
        function->seen = 1;
        puts(function->name);
    }
    long word = ptrace(PTRACE_PEEKTEXT, task, function->address, 0);
    ptrace(PTRACE_POKETEXT, task, function->address, (word & ~0xffL) | function->first_byte);
    registers.rip--;
    ptrace(PTRACE_SETREGS, task, 0, &registers);
    return 1;
}

int main(int argc, char **argv)
{
    int status, result = 125;
    if (argc < 3)
        return 125;
    read_symbols(argv[1]);
    if (!count)
        return 125;
    pid_t first = fork();
    if (!first) {
        int nothing = open("/dev/null", O_RDWR);
        dup2(nothing, 0), dup2(nothing, 1), dup2(nothing, 2);
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        execv(argv[2], argv + 2);
        _exit(126);
    }
    if (waitpid(first, &status, 0) < 0 || !WIFSTOPPED(status))
        return 126;
    long options = PTRACE_O_TRACEFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC |
                   PTRACE_O_EXITKILL;
    if (ptrace(PTRACE_SETOPTIONS, first, 0, options))
        die("PTRACE_SETOPTIONS");
    set_breakpoints(first);
    ptrace(PTRACE_CONT, first, 0, 0);
    for (pid_t task; (task = waitpid(-1, &status, __WALL)) > 0;) {
        if (task == first && !WIFSTOPPED(status))
            result = WIFEXITED(status) ? WEXITSTATUS(status) : 125;
        if (!WIFSTOPPED(status))
            continue;
        int event = status >> 16, signal = WSTOPSIG(status);
        if (event == PTRACE_EVENT_EXEC) {
            ptrace(PTRACE_DETACH, task, 0, 0);
            continue;
        }
        /* A new task stops once, with SIGSTOP. */
        int ours = event || signal == SIGSTOP || (signal == SIGTRAP && reached(task));
        ptrace(PTRACE_CONT, task, 0, ours ? 0 : signal);
    }
    return result;
}
