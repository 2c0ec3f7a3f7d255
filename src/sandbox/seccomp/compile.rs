//! Rules → classic BPF: a binary tree over the numbers, neighbours with the same fate merged, so
//! that a filter of some 380 names costs a hundred and some instructions to install, which every case
//! pays, and ten to run.

use super::{Action, Arch, Asked, Rule, Test, table};
use crate::sandbox::spec::SeccompPolicy;
use crate::sandbox::sys::Instruction;
use crate::sandbox::wire::FilterPlan;

const LOAD: u16 = 0x20; // BPF_LD | BPF_W | BPF_ABS
const JUMP: u16 = 0x05; // BPF_JMP | BPF_JA
const IF_EQUAL: u16 = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
const IF_GREATER_EQUAL: u16 = 0x35; // BPF_JMP | BPF_JGE | BPF_K
const IF_ANY_BIT: u16 = 0x45; // BPF_JMP | BPF_JSET | BPF_K
const AND: u16 = 0x54; // BPF_ALU | BPF_AND | BPF_K
const RETURN: u16 = 0x06; // BPF_RET | BPF_K

const KILL_PROCESS: u32 = 0x8000_0000;
const ERRNO: u32 = 0x0005_0000;
const USER_NOTIFICATION: u32 = 0x7FC0_0000;
const ALLOW: u32 = 0x7FFF_0000;
const ENOSYS: Action = Action::Errno(38);

/// Room for the usual program.
const USUAL: usize = 256;

/// Offsets in seccomp_data.
const NUMBER: u32 = 0;
const ARCH: u32 = 4;
const ARGUMENTS: u32 = 16;

/// The filter for an architecture; `None` for [`SeccompPolicy::Off`].
pub(in crate::sandbox) fn filter(asked: Asked, arch: Arch) -> Option<FilterPlan> {
    if asked.policy == SeccompPolicy::Off {
        return None;
    }
    let ranges = ranges(&table::rules(asked), arch);
    Some(FilterPlan {
        reporting: compile(&ranges, arch, USER_NOTIFICATION),
        killing: compile(&ranges, arch, KILL_PROCESS),
    })
}

fn compile(ranges: &[Range], arch: Arch, report: u32) -> Vec<Instruction> {
    let mut program = Program { code: Vec::with_capacity(USUAL), returns: Vec::new(), report };
    let calls = program.tree(ranges);
    let known = if arch == Arch::X86_64 {
        // The x32 entry points: numbers of other calls under the native architecture's name.
        let foreign = program.give(report);
        program.branch(IF_GREATER_EQUAL, 0x4000_0000, foreign, calls)
    } else {
        program.next(calls)
    };
    let native = program.before(known, instruction(LOAD, NUMBER));
    // A foreign entry point (int 0x80, a 32-bit program): its numbers mean other calls.
    let foreign = program.give(report);
    let checked = program.branch(IF_EQUAL, arch.audit(), native, foreign);
    program.before(checked, instruction(LOAD, ARCH));
    program.code.reverse();
    program.code
}

/// A run of numbers with one fate: from `start` up to the next range's start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Range {
    start: u32,
    tests: &'static [(Test, Action)],
    otherwise: Action,
}

/// Covers every number from 0 on; what no rule names is ENOSYS.
fn ranges(rules: &[Rule], arch: Arch) -> Vec<Range> {
    let mut numbered: Vec<(u32, &Rule)> =
        rules.iter().filter_map(|rule| Some((arch.number(rule.name)?, rule))).collect();
    numbered.sort_by_key(|(number, _)| *number);
    let unknown = |start| Range { start, tests: &[], otherwise: ENOSYS };
    let mut ranges = Vec::new();
    let mut next = 0;
    for (number, rule) in numbered {
        if number > next {
            ranges.push(unknown(next));
        }
        ranges.push(Range { start: number, tests: rule.tests, otherwise: rule.otherwise });
        next = number + 1;
    }
    ranges.push(unknown(next));
    ranges.dedup_by(|later, earlier| {
        later.tests.is_empty() && earlier.tests.is_empty() && later.otherwise == earlier.otherwise
    });
    ranges
}

/// A program that is written from its end: jumps lead forward only, so whatever one leads to is there
/// when the jump is written. Every path ends in a return, which many paths share.
struct Program {
    /// The last instruction first.
    code: Vec<Instruction>,
    /// The nearest return of each value.
    returns: Vec<(u32, Place)>,
    report: u32,
}

/// An instruction, by its number from the end.
type Place = usize;

impl Program {
    fn push(&mut self, instruction: Instruction) -> Place {
        self.code.push(instruction);
        self.code.len() - 1
    }

    /// A return of this value.
    fn give(&mut self, value: u32) -> Place {
        match self.returns.iter().find(|(known, _)| *known == value) {
            Some((_, place)) => *place,
            None => self.give_anew(value),
        }
    }

    fn give_anew(&mut self, value: u32) -> Place {
        let place = self.push(instruction(RETURN, value));
        self.returns.retain(|(known, _)| *known != value);
        self.returns.push((value, place));
        place
    }

    /// The same as `place`, nearer.
    fn nearer(&mut self, place: Place) -> Place {
        match self.code[place] {
            Instruction { code: RETURN, k, .. } => self.give_anew(k),
            _ => {
                let skipped = self.code.len() - place - 1;
                self.push(instruction(JUMP, u32::try_from(skipped).expect("a filter has few instructions")))
            }
        }
    }

    /// `place`, or what leads there, as the instruction that comes next.
    fn next(&mut self, place: Place) -> Place {
        if place + 1 == self.code.len() { place } else { self.nearer(place) }
    }

    /// An instruction that goes on with the one at `place`.
    fn before(&mut self, place: Place, instruction: Instruction) -> Place {
        self.next(place);
        self.push(instruction)
    }

    fn branch(&mut self, code: u16, k: u32, mut yes: Place, mut no: Place) -> Place {
        loop {
            // Conditional jumps reach 255 instructions, unconditional ones any number.
            let skipped = |program: &Self, place: Place| u8::try_from(program.code.len() - place - 1);
            match (skipped(self, yes), skipped(self, no)) {
                (Ok(jt), Ok(jf)) => return self.push(Instruction { code, jt, jf, k }),
                (Err(_), _) => yes = self.nearer(yes),
                (_, Err(_)) => no = self.nearer(no),
            }
        }
    }

    /// A binary decision over the ranges. The accumulator holds the number until a leaf loads an argument.
    fn tree(&mut self, ranges: &[Range]) -> Place {
        if let [range] = ranges {
            return self.leaf(range);
        }
        let (low, high) = ranges.split_at(ranges.len() / 2);
        let is_high = self.tree(high);
        let is_low = self.tree(low);
        self.branch(IF_GREATER_EQUAL, high[0].start, is_high, is_low)
    }

    fn leaf(&mut self, range: &Range) -> Place {
        let mut otherwise = self.give(value(range.otherwise, self.report));
        for (test, action) in range.tests.iter().rev() {
            let holds = self.give(value(*action, self.report));
            otherwise = self.test(*test, holds, otherwise);
        }
        otherwise
    }

    fn test(&mut self, test: Test, holds: Place, otherwise: Place) -> Place {
        let load = |argument: u32| instruction(LOAD, ARGUMENTS + 8 * argument); // low half: both are little endian
        match test {
            Test::AnyBit(argument, bits) => {
                let asked = self.branch(IF_ANY_BIT, bits, holds, otherwise);
                self.before(asked, load(argument))
            }
            Test::OneOf(argument, values) => {
                let asked = self.one_of(values, holds, otherwise);
                self.before(asked, load(argument))
            }
            Test::MaskedOneOf(argument, mask, values) => {
                let asked = self.one_of(values, holds, otherwise);
                let masked = self.before(asked, instruction(AND, mask));
                self.before(masked, load(argument))
            }
        }
    }

    fn one_of(&mut self, values: &[u32], holds: Place, mut otherwise: Place) -> Place {
        for value in values.iter().rev() {
            otherwise = self.branch(IF_EQUAL, *value, holds, otherwise);
        }
        otherwise
    }
}

fn value(action: Action, report: u32) -> u32 {
    match action {
        Action::Allow => ALLOW,
        Action::Errno(errno) => ERRNO | u32::from(errno),
        Action::Report => report,
        // Without a listener there is nobody to note it; the supervisor knows, and trusts nothing then.
        Action::Note if report == USER_NOTIFICATION => report,
        Action::Note => ALLOW,
    }
}

fn instruction(code: u16, k: u32) -> Instruction {
    Instruction { code, jt: 0, jf: 0, k }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the kernel's interpreter would do, for the instructions that we use.
    fn run(program: &[Instruction], arch: u32, number: u32, arguments: [u64; 6]) -> u32 {
        let mut accumulator = 0;
        let mut at = 0;
        loop {
            let Instruction { code, jt, jf, k } = program[at];
            at += 1;
            let jump = |condition: bool| usize::from(if condition { jt } else { jf });
            match code {
                LOAD => {
                    accumulator = match k {
                        NUMBER => number,
                        ARCH => arch,
                        k => (arguments[(k as usize - 16) / 8] & 0xFFFF_FFFF) as u32,
                    }
                }
                AND => accumulator &= k,
                JUMP => at += k as usize,
                IF_EQUAL => at += jump(accumulator == k),
                IF_GREATER_EQUAL => at += jump(accumulator >= k),
                IF_ANY_BIT => at += jump(accumulator & k != 0),
                RETURN => return k,
                other => panic!("no such instruction: {other:#x}"),
            }
        }
    }

    fn asked(policy: SeccompPolicy, counted: bool) -> Asked {
        Asked { policy, counted, host_network: false }
    }

    fn decide(arch: Arch, name: &str, arguments: [u64; 6]) -> u32 {
        let filter = filter(asked(SeccompPolicy::Default, true), arch).expect("not off");
        run(&filter.reporting, arch.audit(), arch.number(name).expect("a known name"), arguments)
    }

    #[test]
    fn every_rule_of_both_architectures_is_what_the_program_does() {
        for (policy, counted) in
            [(SeccompPolicy::Default, true), (SeccompPolicy::Default, false), (SeccompPolicy::Strict, true)]
        {
            for arch in [Arch::X86_64, Arch::Aarch64] {
                let program = filter(asked(policy, counted), arch).expect("not off").reporting;
                for rule in table::rules(asked(policy, counted)).iter().filter(|rule| rule.tests.is_empty()) {
                    if let Some(number) = arch.number(rule.name) {
                        let found = run(&program, arch.audit(), number, [0; 6]);
                        assert_eq!(
                            found,
                            value(rule.otherwise, USER_NOTIFICATION),
                            "{} on {arch:?}",
                            rule.name
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn unknown_numbers_do_not_exist_and_foreign_entry_points_are_reported() {
        let program = filter(asked(SeccompPolicy::Default, true), Arch::X86_64).expect("not off").reporting;
        let native = Arch::X86_64.audit();
        for number in [335, 450 + 50, 999, 0x3FFF_FFFF] {
            assert_eq!(run(&program, native, number, [0; 6]), ERRNO | 38, "{number}");
        }
        assert_eq!(run(&program, native, 0x4000_0000 + 1, [0; 6]), USER_NOTIFICATION);
        assert_eq!(run(&program, native, u32::MAX, [0; 6]), USER_NOTIFICATION);
        assert_eq!(run(&program, 0x4000_0003, 20, [0; 6]), USER_NOTIFICATION);
    }

    #[test]
    fn the_upper_half_of_an_argument_hides_nothing() {
        let dirty = 1 << 32;
        for arch in [Arch::X86_64, Arch::Aarch64] {
            let vsock = decide(arch, "socket", [40 | dirty, 1, 0, 0, 0, 0]);
            assert_eq!(vsock, ERRNO | 97);
            assert_eq!(decide(arch, "socket", [2 | dirty, 1, 0, 0, 0, 0]), USER_NOTIFICATION);
            assert_eq!(decide(arch, "openat", [0, 0, 0o20_000_000 | dirty, 0, 0, 0]), USER_NOTIFICATION);
            assert_eq!(decide(arch, "socket", [2, 3 | dirty, 0, 0, 0, 0]), ERRNO | 1);
            assert_eq!(decide(arch, "socket", [2, 3 | 0o2000000, 0, 0, 0, 0]), ERRNO | 1);
            assert_eq!(decide(arch, "ioctl", [0, 0x5412 | dirty, 0, 0, 0, 0]), ERRNO | 1);
            assert_eq!(decide(arch, "ioctl", [0, 0x5413, 0, 0, 0, 0]), ALLOW);
        }
    }

    #[test]
    fn memory_of_no_process_is_refused_only_where_nothing_counts_it() {
        for name in ["memfd_create", "shmget", "msgget", "semget"] {
            assert_ne!(decide(Arch::X86_64, name, [0; 6]), ERRNO | 38, "{name}");
            let uncounted =
                filter(asked(SeccompPolicy::Default, false), Arch::X86_64).expect("not off").reporting;
            let number = Arch::X86_64.number(name).expect("a known name");
            assert_eq!(run(&uncounted, Arch::X86_64.audit(), number, [0; 6]), ERRNO | 38, "{name}");
        }
    }

    #[test]
    fn the_hosts_pool_of_huge_pages_is_nobodys() {
        for arch in [Arch::X86_64, Arch::Aarch64] {
            assert_eq!(decide(arch, "mmap", [0, 1 << 21, 3, 0x4_0022, 0, 0]), ERRNO | 12);
            assert_eq!(decide(arch, "mmap", [0, 1 << 21, 3, 0x22, 0, 0]), ALLOW);
            assert_eq!(decide(arch, "memfd_create", [0, 4, 0, 0, 0, 0]), ERRNO | 12);
            assert_eq!(decide(arch, "memfd_create", [0, 1, 0, 0, 0, 0]), ALLOW);
            assert_eq!(decide(arch, "shmget", [0, 1 << 21, 0o5600, 0, 0, 0]), ERRNO | 12);
        }
    }

    #[test]
    fn the_limit_on_core_dumps_cannot_be_changed_and_others_can() {
        for arch in [Arch::X86_64, Arch::Aarch64] {
            assert_eq!(decide(arch, "prlimit64", [0, 4, 0, 0, 0, 0]), ERRNO | 1);
            assert_eq!(decide(arch, "prlimit64", [0, 7, 0, 0, 0, 0]), ALLOW);
        }
        assert_eq!(decide(Arch::X86_64, "setrlimit", [4, 0, 0, 0, 0, 0]), ERRNO | 1);
        assert_eq!(decide(Arch::X86_64, "setrlimit", [7, 0, 0, 0, 0, 0]), ALLOW);
    }

    #[test]
    fn new_namespaces_are_reported_and_threads_are_not() {
        const THREAD: u64 = 0x3D_0F00;
        for arch in [Arch::X86_64, Arch::Aarch64] {
            assert_eq!(decide(arch, "clone", [THREAD, 0, 0, 0, 0, 0]), ALLOW);
            assert_eq!(decide(arch, "clone", [0x1000_0011, 0, 0, 0, 0, 0]), USER_NOTIFICATION);
            assert_eq!(decide(arch, "unshare", [0x80, 0, 0, 0, 0, 0]), USER_NOTIFICATION);
            assert_eq!(decide(arch, "clone3", [0; 6]), ERRNO | 38);
            assert_eq!(decide(arch, "prlimit64", [1, 0, 0, 0, 0, 0]), ERRNO | 1);
        }
    }

    #[test]
    fn what_leaves_something_unseen_is_noted_and_ordinary_files_are_not() {
        for arch in [Arch::X86_64, Arch::Aarch64] {
            for name in ["shmget", "semget", "msgget", "mq_open", "openat2"] {
                assert_eq!(decide(arch, name, [0; 6]), USER_NOTIFICATION, "{name}");
            }
            assert_eq!(decide(arch, "socketpair", [1, 1, 0, 0, 0, 0]), USER_NOTIFICATION);
            assert_eq!(decide(arch, "openat", [0, 0, 0o102, 0, 0, 0]), ALLOW);
        }
        let of_host = Asked { host_network: true, ..asked(SeccompPolicy::Default, true) };
        let program = filter(of_host, Arch::X86_64).expect("not off");
        let socket = Arch::X86_64.number("socket").expect("a known name");
        assert_eq!(run(&program.reporting, Arch::X86_64.audit(), socket, [2, 1, 0, 0, 0, 0]), ALLOW);
        let program = filter(asked(SeccompPolicy::Default, true), Arch::X86_64).expect("not off");
        assert_eq!(run(&program.killing, Arch::X86_64.audit(), socket, [2, 1, 0, 0, 0, 0]), ALLOW);
    }

    #[test]
    fn the_cpu_clock_of_init_is_nobodys_and_ones_own_are() {
        for name in ["clock_gettime", "clock_getres", "clock_nanosleep", "timer_create"] {
            for kind in 0..8 {
                let inits = u64::from(!1u32 << 3 | kind);
                assert_eq!(decide(Arch::X86_64, name, [inits, 0, 0, 0, 0, 0]), ERRNO | 22, "{name}");
            }
            for own in [0, 1, 2, 3, 0xFFFF_FFFA, 0xFFFF_FFFE, u64::from(!2u32 << 3 | 2)] {
                assert_eq!(decide(Arch::X86_64, name, [own, 0, 0, 0, 0, 0]), ALLOW, "{name} {own}");
            }
        }
    }

    #[test]
    fn the_program_can_always_start_and_say_that_it_could_not() {
        // The filter is installed before these are called by our own code.
        for name in ["execve", "sendmsg", "write", "exit_group", "close", "rt_sigreturn"] {
            assert_eq!(decide(Arch::X86_64, name, [0; 6]), ALLOW, "{name}");
        }
    }

    #[test]
    fn a_program_beyond_the_reach_of_its_jumps_does_the_same() {
        // Every second number is allowed, every fourth asks for its argument.
        const TESTS: &[(Test, Action)] = &[(Test::OneOf(0, &[7, 8, 9]), Action::Errno(3))];
        let of = |start: u32| Range {
            start,
            tests: if start.is_multiple_of(4) { TESTS } else { &[] },
            otherwise: if start.is_multiple_of(2) { Action::Allow } else { Action::Report },
        };
        let ranges: Vec<_> = (0..2000).map(of).collect();
        let program = compile(&ranges, Arch::Aarch64, KILL_PROCESS);
        assert!(program.len() > 1000, "{} instructions", program.len());
        for number in 0..2000 {
            for argument in [0, 7, 9, 10] {
                let expected = match number % 4 {
                    0 if [7, 9].contains(&argument) => ERRNO | 3,
                    0 | 2 => ALLOW,
                    _ => KILL_PROCESS,
                };
                let found = run(&program, Arch::Aarch64.audit(), number, [argument, 0, 0, 0, 0, 0]);
                assert_eq!(found, expected, "{number} with {argument}");
            }
        }
    }

    #[test]
    fn a_filter_is_small_and_within_the_kernels_bound() {
        for arch in [Arch::X86_64, Arch::Aarch64] {
            let program = filter(asked(SeccompPolicy::Default, true), arch).expect("not off").reporting;
            assert!(program.len() < 220, "{} instructions", program.len());
        }
    }
}
