//! [`diagnose`]: what the facts mean. Pure.

use super::facts::{ATTEMPTS, Attempt, Facts, LiveLimit};
use super::layer::{Diagnosis, Layer, State};
use super::remedy;
use crate::sandbox::wire::{FaultRecord, Ids};

/// What the facts mean, layer by layer.
pub(super) fn diagnose(facts: &Facts) -> Diagnosis {
    let mut layers: Vec<_> = ATTEMPTS
        .into_iter()
        .filter(|attempt| facts.attempts.contains_key(attempt) || *attempt != Attempt::IdMappedMount)
        .map(|attempt| attempted(facts, attempt))
        .collect();
    layers.push(cgroups(facts));
    layers.push(cpu_weight(facts));
    layers.push(sandbox(facts));
    layers.extend(facts.live.limits.iter().map(|limit| held(facts, limit)));
    layers.push(pressure(facts));
    Diagnosis {
        schema: "capsule-run/doctor/1",
        kernel: facts.kernel.clone(),
        arch: facts.arch.clone(),
        root: facts.root,
        container: facts.container.clone(),
        strict: layers.iter().all(|layer| !layer.needed || layer.state != State::Missing),
        layers,
    }
}

/// Name, title, whether suites need it, and what is done without it.
fn about(attempt: Attempt) -> (&'static str, &'static str, bool, &'static str) {
    const NOTHING_RUNS: &str = "nothing is run: every case is E5001";
    match attempt {
        Attempt::UserNamespace => ("user-namespace", "user namespace", true, NOTHING_RUNS),
        Attempt::IdMaps => ("id-maps", "user ids of its own", true, NOTHING_RUNS),
        Attempt::MountNamespace => ("mount-namespace", "mount namespace", true, NOTHING_RUNS),
        Attempt::PidNamespace => ("pid-namespace", "PID namespace", true, NOTHING_RUNS),
        Attempt::NetworkNamespace => (
            "network-namespace",
            "network namespace",
            true,
            "only programs that are given the host's network are run",
        ),
        Attempt::IpcNamespace => ("ipc-namespace", "IPC namespace", true, NOTHING_RUNS),
        Attempt::UtsNamespace => ("uts-namespace", "UTS namespace", true, NOTHING_RUNS),
        Attempt::CgroupNamespace => ("cgroup-namespace", "cgroup namespace", true, NOTHING_RUNS),
        Attempt::IdMappedMount => (
            "idmapped-mount",
            "mounts with mapped owners",
            false,
            "views of such folders are copied for each worker, and binds for writing are refused",
        ),
        Attempt::Overlay => (
            "overlay",
            "copy-on-write views",
            false,
            "/workspace is copied for each case, which takes longer",
        ),
        Attempt::Proc => ("proc", "a /proc of its own", true, NOTHING_RUNS),
        Attempt::NoNewPrivs => ("no-new-privs", "no_new_privs", true, NOTHING_RUNS),
        Attempt::Filter => (
            "seccomp-filter",
            "system call filter",
            true,
            "nothing is run, unless the configuration says enable_seccomp = false",
        ),
        Attempt::Listener => (
            "seccomp-listener",
            "naming forbidden calls",
            false,
            "a forbidden call kills the program with SIGSYS, and the report cannot name it",
        ),
        Attempt::Landlock => {
            ("landlock", "Landlock, a second wall", false, "the namespaces are the only wall around files")
        }
        Attempt::Rlimits => ("rlimits", "limits of one process", true, NOTHING_RUNS),
    }
}

fn attempted(facts: &Facts, attempt: Attempt) -> Layer {
    let (id, title, needed, meanwhile) = about(attempt);
    let layer = |state, found: String, remedies, meanwhile: &str| Layer {
        id: id.to_owned(),
        title: title.to_owned(),
        state,
        needed,
        found,
        remedies,
        meanwhile: meanwhile.to_owned(),
    };
    let lost = if needed { State::Missing } else { State::Weaker };
    match facts.attempts.get(&attempt) {
        None => {
            let (why, remedies) = not_tried(facts, attempt);
            layer(lost, why, remedies, meanwhile)
        }
        Some(None) if attempt == Attempt::Rlimits && facts.too_low.is_some() => {
            let found = facts.too_low.clone().unwrap_or_default();
            layer(State::Missing, found, remedy::of_low_limits(), "cases that ask for as much are E5001")
        }
        Some(Some(failure)) if is_consequence(facts, attempt) => {
            let remedies = vec!["see `user namespace` and `user ids of its own` above".to_owned()];
            layer(lost, format!("not tried: {}", said(failure)), remedies, meanwhile)
        }
        Some(Some(failure)) => {
            let lost = if attempt == Attempt::Landlock { State::Missing } else { lost };
            let remedies = remedy::of_attempt(facts, attempt, failure.errno);
            layer(lost, said(failure), remedies, meanwhile)
        }
        Some(None) => match weakness(facts, attempt) {
            Some((found, remedy, meanwhile)) => layer(State::Weaker, found, vec![remedy], meanwhile),
            None => layer(State::Ok, worked(facts, attempt), Vec::new(), ""),
        },
    }
}

/// Whether something failed only because the user namespace, which it is tried in, failed.
fn is_consequence(facts: &Facts, attempt: Attempt) -> bool {
    let failed = |which| facts.attempts.get(&which).is_some_and(Option::is_some);
    attempt.is_inside() && (failed(Attempt::UserNamespace) || failed(Attempt::IdMaps))
}

/// Why something was not tried, and what would help.
fn not_tried(facts: &Facts, attempt: Attempt) -> (String, Vec<String>) {
    match &facts.ids {
        Err(why) if attempt == Attempt::IdMaps => (why.clone(), vec![more_ids()]),
        Err(_) => ("not tried without ids".to_owned(), vec!["see `user ids of its own` above".to_owned()]),
        Ok(_) => ("not tried: the process that tries things ended".to_owned(), Vec::new()),
    }
}

fn said(failure: &FaultRecord) -> String {
    let errno = failure.errno.map(|errno| format!(": {}", std::io::Error::from_raw_os_error(errno)));
    format!("{}{}", failure.step, errno.unwrap_or_default())
}

fn more_ids() -> String {
    "run it as an ordinary user, or give this root more user ids: a container with a range of 65,536 (subuid)"
        .to_owned()
}

/// What works and is less than it could be.
fn weakness(facts: &Facts, attempt: Attempt) -> Option<(String, String, &'static str)> {
    match attempt {
        Attempt::IdMaps if matches!(facts.ids, Ok(Ids::One { .. })) => Some((
            "one id: programs have the user id of whoever starts capsule-run".to_owned(),
            "run it as root: then programs have ids that nobody else has".to_owned(),
            "limits that the kernel counts by user are shared with the caller",
        )),
        Attempt::Landlock if facts.landlock.is_some_and(|abi| abi < 6) => Some((
            format!("version {}", facts.landlock.unwrap_or_default()),
            "Linux 6.12 or newer, whose version 6 covers TCP, devices, abstract sockets and signals too"
                .to_owned(),
            "what this version knows is refused twice, the rest by the namespaces alone",
        )),
        _ => None,
    }
}

fn worked(facts: &Facts, attempt: Attempt) -> String {
    match attempt {
        Attempt::IdMaps => "two ids that nobody else has".to_owned(),
        Attempt::Landlock => format!("version {}", facts.landlock.unwrap_or_default()),
        Attempt::IdMappedMount => format!("tried with {}", facts.folder),
        Attempt::Overlay | Attempt::Proc => "mounted".to_owned(),
        Attempt::Filter => "a call was refused".to_owned(),
        Attempt::Listener => "a listener was given".to_owned(),
        Attempt::NoNewPrivs => "set".to_owned(),
        Attempt::Rlimits => "lowered".to_owned(),
        Attempt::UserNamespace
        | Attempt::MountNamespace
        | Attempt::PidNamespace
        | Attempt::NetworkNamespace
        | Attempt::IpcNamespace
        | Attempt::UtsNamespace
        | Attempt::CgroupNamespace => "made".to_owned(),
    }
}

fn cgroups(facts: &Facts) -> Layer {
    let cgroup = &facts.cgroup;
    let (state, found) = match cgroup.version {
        Some(version) => (
            State::Ok,
            format!(
                "version {version} with {}; folders can be made in {}",
                cgroup.controllers.join(" "),
                cgroup.folders.join(" ")
            ),
        ),
        None => (State::Missing, cgroup.missing.clone()),
    };
    let missing = state == State::Missing;
    Layer {
        id: "cgroup".to_owned(),
        title: "cgroups".to_owned(),
        state,
        needed: true,
        found,
        remedies: if missing { remedy::of_cgroups(facts) } else { Vec::new() },
        meanwhile: if missing {
            "suites refuse to run (E5001); with --require best-effort memory is watched, processes are counted by RLIMIT_NPROC, and the report says so".to_owned()
        } else {
            String::new()
        },
    }
}

fn cpu_weight(facts: &Facts) -> Layer {
    let held = facts.cgroup.controllers.iter().any(|name| name == "cpu");
    let text = |text: &str| if held { String::new() } else { text.to_owned() };
    Layer {
        id: "cpu-weight".to_owned(),
        title: "CPU weight".to_owned(),
        state: if held { State::Ok } else { State::Weaker },
        needed: false,
        found: if held { "the cpu controller".to_owned() } else { "no cpu controller".to_owned() },
        remedies: if held {
            Vec::new()
        } else {
            vec![if facts.cgroup.version.is_some() {
                "have the cpu controller handed down to us, as the other controllers".to_owned()
            } else {
                "see `cgroups` above".to_owned()
            }]
        },
        meanwhile: text("cpu_shares has no effect, and a case that sets it says so"),
    }
}

fn sandbox(facts: &Facts) -> Layer {
    let broken = facts.live.broken.as_ref();
    let help = broken.map(|(_, help)| help.clone()).filter(|help| !help.is_empty());
    Layer {
        id: "sandbox".to_owned(),
        title: "a whole sandbox".to_owned(),
        state: if broken.is_some() { State::Missing } else { State::Ok },
        needed: true,
        found: broken.map_or("a shell ran in it".to_owned(), |(seen, _)| seen.clone()),
        remedies: match broken {
            Some(_) => vec![help.unwrap_or("the layers above that are missing, and a /bin/sh".to_owned())],
            None => Vec::new(),
        },
        meanwhile: broken.map_or_else(String::new, |_| "nothing is run: every case is E5001".to_owned()),
    }
}

fn held(facts: &Facts, limit: &LiveLimit) -> Layer {
    let substitute = matches!(limit.by.as_str(), "watch" | "RLIMIT_NPROC" | "process tree");
    let state = match (limit.held, substitute) {
        (true, false) => State::Ok,
        (true, true) => State::Weaker,
        (false, _) => State::Missing,
    };
    let (remedies, meanwhile) = match state {
        State::Ok => (Vec::new(), ""),
        State::Weaker => (
            vec!["see `cgroups` above".to_owned()],
            if limit.by == "RLIMIT_NPROC" {
                "the kernel counts the processes of the user, and lets one more through, which is then seen; the report says so"
            } else {
                "it is looked at every few milliseconds: a fast program can be over it for a moment, and the report says so"
            },
        ),
        State::Missing if facts.cgroup.version.is_none() => {
            (vec!["see `cgroups` above".to_owned()], "suites refuse to run (E5001)")
        }
        State::Missing => (
            vec!["please report this, with the output of `capsule-run doctor --json`: the limit was set and did not hold".to_owned()],
            "do not trust this limit on this host",
        ),
    };
    Layer {
        id: limit.name.to_owned(),
        title: limit.title.to_owned(),
        state,
        needed: true,
        found: if limit.held {
            format!("a program ran into it; held by {}", limit.by)
        } else {
            format!("a program ran into it and was not seen to be stopped: {}", limit.seen)
        },
        remedies,
        meanwhile: meanwhile.to_owned(),
    }
}

fn pressure(facts: &Facts) -> Layer {
    let there = facts.pressure;
    Layer {
        id: "pressure".to_owned(),
        title: "pressure of the host (PSI)".to_owned(),
        state: if there { State::Ok } else { State::Missing },
        needed: false,
        found: if there { "/proc/pressure can be read" } else { "/proc/pressure cannot be read" }.to_owned(),
        remedies: if there {
            Vec::new()
        } else {
            vec!["a kernel with CONFIG_PSI=y, started with psi=1".to_owned()]
        },
        meanwhile: if there {
            ""
        } else {
            "nothing depends on it; how busy the host is must be seen by other means"
        }
        .to_owned(),
    }
}

#[cfg(test)]
mod tests;
