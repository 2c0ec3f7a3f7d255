//! When several things are wrong at once, the written precedence decides; on whole outcomes.

use std::time::Duration;

use capsule_run::judge::{Code, Status, Verdict};
use capsule_run::sandbox::outcome::{Captured, End, KillReason, Ran};
use capsule_run::units::Bytes;
use proptest::prelude::*;

use crate::scene::{signaled, verdict};

type Change = fn(&mut Ran);

/// What may be wrong, each as a change that adds to the others.
const WRONGS: [(Change, Code); 9] = [
    (|ran| ran.end = signaled(31), Code::Blocked),
    (|ran| ran.events.oom_kills = 1, Code::OomKill),
    (
        |ran| {
            ran.usage.memory_peak = Bytes::mib(65);
            fail(ran);
        },
        Code::MemoryLimit,
    ),
    (|ran| ran.usage.output = Bytes::mib(2), Code::OutputLimit),
    (
        |ran| {
            ran.killed_by = Some(KillReason::Wall);
            fail(ran);
        },
        Code::Timeout,
    ),
    (
        |ran| {
            ran.events.pids_limit_hits = 2;
            fail(ran);
        },
        Code::ProcessLimit,
    ),
    (
        |ran| {
            ran.events.disk_full = true;
            fail(ran);
        },
        Code::DiskLimit,
    ),
    (fail, Code::WrongExit),
    (|ran| ran.stdout = Captured::default(), Code::StdoutDiffers),
];

fn fail(ran: &mut Ran) {
    if ran.end == End::Exited(0) {
        ran.end = End::Exited(1);
    }
}

fn with(bits: u16) -> Verdict {
    verdict(|ran| {
        for (index, (change, _)) in WRONGS.iter().enumerate() {
            if bits & (1 << index) != 0 {
                change(ran);
            }
        }
    })
}

#[test]
fn every_combination_of_wrongs_gives_the_first_by_precedence() {
    for bits in 0..1u16 << WRONGS.len() {
        let verdict = with(bits);
        let first = WRONGS.iter().enumerate().find(|(index, _)| bits & (1 << index) != 0);
        assert_eq!(verdict.code, first.map(|(_, (_, code))| *code), "{bits:09b}: {}", verdict.message);
        assert_eq!(verdict.status == Status::Passed, bits == 0);
    }
}

#[test]
fn the_facts_that_did_not_decide_stay_as_notes() {
    let verdict = with(0b0_0111_1111);
    assert_eq!(verdict.code, Some(Code::Blocked));
    assert_eq!(
        verdict.notes,
        [
            "it was ended at the wall limit (2s)",
            "the kernel's OOM killer killed 1 process",
            "it wrote 2 MiB, the output limit is 1 MiB",
            "2 forks were refused at the process limit (32)",
            "a writable place was full at the end (disk limit 16 MiB)",
        ]
    );
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![(-1..300i32).prop_map(End::Exited), (0..70i32).prop_map(signaled), Just(End::Killed)]
}

fn reason() -> impl Strategy<Value = Option<KillReason>> {
    prop_oneof![
        Just(None),
        Just(Some(KillReason::Output)),
        Just(Some(KillReason::Wall)),
        Just(Some(KillReason::Cpu)),
        Just(Some(KillReason::Memory)),
        Just(Some(KillReason::Cancelled)),
        Just(Some(KillReason::ForbiddenSyscall { name: "mount".to_owned(), number: 165, arch: "x86_64" })),
    ]
}

proptest! {
    #[test]
    fn every_outcome_has_a_verdict_and_every_failure_a_code(
        end in end(), reason in reason(), oom in 0..3u64, peak in 0..1u64 << 27, cache in 0..1u64 << 27,
        cpu in 0..3000u64, pids in 0..3u64, full: bool, bytes: Vec<u8>
    ) {
        let verdict = verdict(|ran| {
            ran.end = end;
            ran.killed_by = reason;
            ran.events.oom_kills = oom;
            ran.events.pids_limit_hits = pids;
            ran.events.disk_full = full;
            ran.usage.memory_peak = Bytes(peak);
            ran.usage.memory_cache_left = Bytes(cache);
            ran.usage.cpu = Duration::from_millis(cpu);
            ran.stdout = Captured { total: bytes.len() as u64, bytes: bytes.into() };
        });
        match verdict.status {
            Status::Passed => {
                prop_assert_eq!(verdict.code, None);
                prop_assert!(verdict.checks.iter().all(|check| check.ok));
                prop_assert_eq!(end, End::Exited(0));
            }
            Status::Failed => prop_assert!(verdict.code.is_some_and(|code| !code.is_harness_fault())),
            Status::Error => prop_assert_eq!(verdict.code, Some(Code::Monitoring)),
            Status::Cancelled => prop_assert_eq!(verdict.code, None),
            Status::NotRun | Status::Skipped | Status::Xfailed => prop_assert!(false, "it ran"),
        }
        prop_assert!(!verdict.message.is_empty() && !verdict.message.contains('\n'));
    }
}
