//! Turns of contestants, and the table of their times.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::contestants::{Contestant, Program};

/// The times of all contestants with one program.
pub(crate) struct Turns<'a> {
    program: &'a Program,
    times: Vec<Vec<Duration>>,
}

impl<'a> Turns<'a> {
    pub(crate) fn new(program: &'a Program) -> Self {
        // Once for the caches; it does not count. Whoever cannot run the program at all is told of.
        let works = |contestant: &Contestant| {
            contestant.folder_is_there() && run(&contestant.command, &program.folder).is_ok()
        };
        let times =
            program.contestants.iter().map(|c| if works(c) { Vec::new() } else { vec![Duration::ZERO] });
        Self { program, times: times.collect() }
    }

    /// Every contestant in each turn; a suite, which is many launches, in every third.
    pub(crate) fn take(&mut self, turns: usize) {
        for turn in 0..turns {
            for at in shuffled(self.times.len(), turn) {
                let (contestant, times) = (&self.program.contestants[at], &mut self.times[at]);
                let is_out = times.first() == Some(&Duration::ZERO);
                if is_out || (contestant.launches > 1 && !turn.is_multiple_of(3)) {
                    continue;
                }
                let took = run(&contestant.command, &self.program.folder);
                let took = took.unwrap_or_else(|error| panic!("{}: {error}", contestant.name));
                times.push(took / u32::try_from(contestant.launches).expect("a small number"));
            }
        }
    }

    pub(crate) fn print(&self, title: &str) {
        let bare = median(&self.times[0]);
        println!("{title:<36} {:>10} {:>10} {:>10} {:>7} {:>4}", "median", "fastest", "90 %", "ratio", "n");
        for (contestant, times) in self.program.contestants.iter().zip(&self.times) {
            if times.first() == Some(&Duration::ZERO) {
                println!("  {:<34} not installed, or does not run here", contestant.name);
                continue;
            }
            let mut sorted = times.clone();
            sorted.sort();
            let shown = |time: Duration| format!("{:.2} ms", time.as_secs_f64() * 1e3);
            println!(
                "  {:<34} {:>10} {:>10} {:>10} {:>7.2} {:>4}",
                contestant.name,
                shown(median(times)),
                shown(sorted[0]),
                shown(sorted[sorted.len() * 9 / 10]),
                median(times).as_secs_f64() / bare.as_secs_f64(),
                times.len(),
            );
        }
        println!();
    }
}

/// All numbers below `count`, in another order each turn: what one contestant leaves for the kernel to do
/// (a network namespace is taken apart for more than a millisecond) must not meet the same one each time.
fn shuffled(count: usize, turn: usize) -> Vec<usize> {
    let mut all: Vec<usize> = (0..count).collect();
    all.sort_by_key(|number| {
        let mut hasher = DefaultHasher::new();
        (turn, number).hash(&mut hasher);
        hasher.finish()
    });
    all
}

pub(crate) fn median(times: &[Duration]) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort();
    sorted[sorted.len() / 2]
}

/// Runs a command once. A failure is no time: it would be fast.
pub(crate) fn run(command: &[String], folder: &Path) -> Result<Duration, String> {
    let started = Instant::now();
    let output = Command::new(&command[0])
        .args(&command[1..])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .map_err(|error| error.to_string())?;
    let took = started.elapsed();
    if output.status.success() { Ok(took) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}
