//! The clocks that a run is measured by. They stand still while capsule-run is stopped (Ctrl-Z):
//! the cases are frozen then, and no limit of time runs on.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use nix::time::{ClockId, clock_gettime};

/// The times at which the clocks stood still, on the kernel's monotonic clock.
struct Stops {
    since: Option<u64>,
    ended: Vec<(u64, u64)>,
}

static STOPS: Mutex<Stops> = Mutex::new(Stops { since: None, ended: Vec::new() });
/// Whether there was a stop at all: most runs have none, and pay one load for it.
static STOPPED_ONCE: AtomicBool = AtomicBool::new(false);

fn nanos(clock: ClockId) -> u64 {
    let time = clock_gettime(clock).expect("these clocks exist on every kernel that we run on");
    let seconds = u64::try_from(time.tv_sec()).unwrap_or(0);
    seconds * 1_000_000_000 + u64::try_from(time.tv_nsec()).unwrap_or(0)
}

/// The monotonic clock, less the time for which it stood still. Supervisor and worker have the
/// same kernel clock (no time namespace is made), but only the supervisor knows of stops: what a
/// worker measured goes through [`less_stops`].
pub(super) fn monotonic_nanos() -> u64 {
    less_stops(nanos(ClockId::CLOCK_MONOTONIC))
}

/// A time of the kernel's monotonic clock on ours.
pub(super) fn less_stops(raw: u64) -> u64 {
    if !STOPPED_ONCE.load(Ordering::SeqCst) {
        return raw;
    }
    stops().before(raw)
}

/// CPU time of this process.
pub(super) fn cpu_nanos() -> u64 {
    nanos(ClockId::CLOCK_PROCESS_CPUTIME_ID)
}

/// From now on the clocks stand still.
pub(super) fn stop() {
    let mut stops = stops();
    STOPPED_ONCE.store(true, Ordering::SeqCst);
    stops.since.get_or_insert_with(|| nanos(ClockId::CLOCK_MONOTONIC));
}

/// From now on they run again.
pub(super) fn go_on() {
    let mut stops = stops();
    if let Some(since) = stops.since.take() {
        stops.ended.push((since, nanos(ClockId::CLOCK_MONOTONIC)));
    }
}

fn stops() -> MutexGuard<'static, Stops> {
    STOPS.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Stops {
    fn before(&self, raw: u64) -> u64 {
        let now = self.since.map(|since| (since, u64::MAX));
        let stood: u64 =
            self.ended.iter().copied().chain(now).map(|(from, to)| raw.min(to).saturating_sub(from)).sum();
        raw - stood
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_that_the_clock_stood_still_does_not_count() {
        let stops = Stops { since: Some(1_000), ended: vec![(100, 150), (200, 300)] };
        let times = [(50, 50), (120, 100), (150, 100), (180, 130), (400, 250), (1_000, 850), (9_000, 850)];
        for (raw, ours) in times {
            assert_eq!(stops.before(raw), ours, "{raw}");
        }
    }
}
