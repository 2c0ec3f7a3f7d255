//! Hosts that this machine is not.

use super::*;
use crate::sandbox::probe::facts::{CgroupFacts, Live, Switches};

/// A host on which everything works.
fn good() -> Facts {
    Facts {
        kernel: "6.12.0".into(),
        arch: "x86_64".into(),
        root: true,
        container: None,
        ids: Ok(Ids::Two { first: 20_000, spread: 20_000 }),
        folder: "/home/t".into(),
        switches: Switches::default(),
        attempts: ATTEMPTS.into_iter().map(|attempt| (attempt, None)).collect(),
        landlock: Some(6),
        cgroup: CgroupFacts {
            version: Some(2),
            folders: vec!["/sys/fs/cgroup/x".into()],
            controllers: ["cpu", "memory", "pids"].map(str::to_owned).to_vec(),
            missing: String::new(),
        },
        too_low: None,
        mapped: true,
        chrooted: Some(false),
        pressure: true,
        live: Live { broken: None, limits: vec![limit(true, "memory.max")] },
    }
}

fn limit(held: bool, by: &str) -> LiveLimit {
    LiveLimit { name: "memory-limit", title: "memory limit", held, by: by.into(), seen: "Exited(0)".into() }
}

fn ordinary() -> Facts {
    Facts { root: false, ids: Ok(Ids::One { uid: 1000, gid: 1000 }), ..good() }
}

fn fail(facts: &mut Facts, attempt: Attempt, step: &str, errno: i32) {
    facts.attempts.insert(attempt, Some(FaultRecord { step: step.into(), errno: Some(errno) }));
}

fn layer(diagnosis: &Diagnosis, id: &str) -> Layer {
    let found = diagnosis.layers.iter().find(|layer| layer.id == id);
    found.unwrap_or_else(|| panic!("no layer {id}")).clone()
}

#[track_caller]
fn assert_remedy(diagnosis: &Diagnosis, id: &str, words: &str) {
    let layer = layer(diagnosis, id);
    assert!(layer.remedies.iter().any(|remedy| remedy.contains(words)), "{layer:#?}");
    assert!(!layer.meanwhile.is_empty(), "{layer:#?}");
}

#[test]
fn a_good_host_is_strict_and_has_nothing_to_remedy() {
    let diagnosis = diagnose(&good());
    assert!(diagnosis.strict);
    for layer in diagnosis.layers {
        assert_eq!(
            (layer.state, layer.remedies.len(), layer.meanwhile.as_str()),
            (State::Ok, 0, ""),
            "{layer:?}"
        );
        assert!(!layer.found.is_empty(), "{layer:?}");
    }
}

#[test]
fn ubuntus_switch_is_named_where_it_is_on() {
    let mut facts = ordinary();
    facts.switches.apparmor_restrict_unprivileged_userns = Some(1);
    fail(&mut facts, Attempt::IdMaps, "writing /proc/self/uid_map", libc::EPERM);
    fail(&mut facts, Attempt::MountNamespace, "writing /proc/self/uid_map", libc::EPERM);
    let diagnosis = diagnose(&facts);
    assert!(!diagnosis.strict);
    assert_remedy(&diagnosis, "id-maps", "kernel.apparmor_restrict_unprivileged_userns=0");
    // What only follows from it points to it.
    assert_remedy(&diagnosis, "mount-namespace", "user ids of its own");
}

#[test]
fn debians_switch_is_named_where_it_is_off() {
    let mut facts = ordinary();
    facts.switches.unprivileged_userns_clone = Some(0);
    fail(&mut facts, Attempt::UserNamespace, "making a user namespace", libc::EPERM);
    let diagnosis = diagnose(&facts);
    assert_remedy(&diagnosis, "user-namespace", "kernel.unprivileged_userns_clone=1");
    assert!(!layer(&diagnosis, "user-namespace").remedies.iter().any(|it| it.contains("apparmor_restrict")));
}

#[test]
fn a_limit_on_namespaces_is_named() {
    let mut facts = ordinary();
    fail(&mut facts, Attempt::UserNamespace, "making a user namespace", libc::ENOSPC);
    assert_remedy(&diagnose(&facts), "user-namespace", "user.max_user_namespaces");
    facts.switches.max_user_namespaces = Some(0);
    fail(&mut facts, Attempt::UserNamespace, "making a user namespace", libc::EPERM);
    assert_remedy(&diagnose(&facts), "user-namespace", "user.max_user_namespaces");
}

#[test]
fn a_container_gets_its_own_remedies() {
    let mut facts = good();
    facts.container = Some("docker".into());
    fail(&mut facts, Attempt::UserNamespace, "making a user namespace", libc::EPERM);
    assert_remedy(&diagnose(&facts), "user-namespace", "--security-opt seccomp=unconfined");
    let mut facts = good();
    facts.container = Some("docker".into());
    fail(&mut facts, Attempt::Proc, "mounting /proc", libc::EPERM);
    assert_remedy(&diagnose(&facts), "proc", "systempaths=unconfined");
    facts.cgroup =
        CgroupFacts { missing: "cgroup v2: Read-only file system".into(), ..CgroupFacts::default() };
    assert_remedy(&diagnose(&facts), "cgroup", "writable-cgroups=true");
}

#[test]
fn an_ordinary_user_without_cgroups_is_not_strict_and_hears_of_delegation() {
    let mut facts = ordinary();
    facts.cgroup = CgroupFacts {
        missing: "cgroup v2: /sys/fs/cgroup: Permission denied".into(),
        ..CgroupFacts::default()
    };
    facts.live.limits = vec![limit(true, "watch")];
    let diagnosis = diagnose(&facts);
    assert!(!diagnosis.strict);
    assert_eq!(layer(&diagnosis, "cgroup").state, State::Missing);
    assert_remedy(&diagnosis, "cgroup", "Delegate=yes");
    assert_eq!(layer(&diagnosis, "memory-limit").state, State::Weaker);
    assert_eq!(layer(&diagnosis, "id-maps").state, State::Weaker);
}

#[test]
fn a_limit_that_did_not_hold_is_missing_and_no_suite_is_strict() {
    let mut facts = good();
    facts.live.limits = vec![limit(false, "memory.max")];
    let diagnosis = diagnose(&facts);
    assert!(!diagnosis.strict);
    assert_remedy(&diagnosis, "memory-limit", "report this");
}

#[test]
fn comforts_can_be_missing_and_suites_still_run_strictly() {
    let mut facts = good();
    facts.pressure = false;
    facts.landlock = None;
    facts.cgroup.controllers.retain(|name| name != "cpu");
    fail(&mut facts, Attempt::Landlock, "asking for Landlock", libc::ENOSYS);
    fail(&mut facts, Attempt::IdMappedMount, "mapping the owners of /home/t", libc::EINVAL);
    fail(&mut facts, Attempt::Overlay, "mounting an overlay", libc::ENODEV);
    fail(&mut facts, Attempt::Listener, "installing a filter with a listener", libc::EBUSY);
    let diagnosis = diagnose(&facts);
    assert!(diagnosis.strict);
    assert_remedy(&diagnosis, "landlock", "lsm=");
    assert_remedy(&diagnosis, "idmapped-mount", "ext4");
    assert_remedy(&diagnosis, "overlay", "modprobe overlay");
    assert_remedy(&diagnosis, "seccomp-listener", "one only");
    assert_remedy(&diagnosis, "pressure", "psi=1");
    assert_remedy(&diagnosis, "cpu-weight", "cpu controller");
}

#[test]
fn an_older_landlock_is_weaker() {
    let facts = Facts { landlock: Some(3), ..good() };
    assert_eq!(layer(&diagnose(&facts), "landlock").state, State::Weaker);
}

#[test]
fn a_root_with_too_few_ids_is_told_so() {
    let facts = Facts { ids: Err("this root has too few user ids".into()), attempts: [].into(), ..good() };
    let diagnosis = diagnose(&facts);
    assert!(!diagnosis.strict);
    assert_remedy(&diagnosis, "id-maps", "ordinary user");
    // Said once; the others point to it, and what needs no ids was tried all the same.
    assert_remedy(&diagnosis, "mount-namespace", "user ids of its own");
    let attempts = [Attempt::NoNewPrivs, Attempt::Filter].map(|attempt| (attempt, None));
    let facts = Facts { attempts: attempts.into(), ..facts };
    assert_eq!(layer(&diagnose(&facts), "seccomp-filter").state, State::Ok);
}

#[test]
fn a_hard_limit_of_ours_that_is_too_low_is_missing() {
    let facts = Facts { too_low: Some("the limit on open files is to be 1024".into()), ..good() };
    let diagnosis = diagnose(&facts);
    assert!(!diagnosis.strict);
    assert_remedy(&diagnosis, "rlimits", "LimitNOFILE=");
}

#[test]
fn where_the_kernel_itself_makes_no_user_namespace_it_is_said_and_not_blamed_on_a_container() {
    for (facts, words) in [
        (Facts { chrooted: Some(true), ..good() }, "chroot"),
        (Facts { mapped: false, ..ordinary() }, "exists in this user namespace"),
    ] {
        let mut facts = Facts { container: Some("docker".into()), ..facts };
        fail(&mut facts, Attempt::UserNamespace, "making a user namespace", libc::EPERM);
        let diagnosis = diagnose(&facts);
        assert_remedy(&diagnosis, "user-namespace", words);
        assert!(layer(&diagnosis, "user-namespace").remedies.iter().all(|it| !it.contains("--security-opt")));
    }
}

#[test]
fn no_processes_left_is_named() {
    let mut facts = good();
    fail(&mut facts, Attempt::PidNamespace, "starting the first process", libc::EAGAIN);
    assert_remedy(&diagnose(&facts), "pid-namespace", "--pids-limit");
}

#[test]
fn cgroups_that_something_hides_are_named() {
    let mut facts = good();
    let missing = "cgroup v2: /sys/fs/cgroup/cgroup.controllers: No such file or directory (os error 2)";
    facts.cgroup = CgroupFacts { missing: missing.into(), ..CgroupFacts::default() };
    assert_remedy(&diagnose(&facts), "cgroup", "unmount it");
    assert_remedy(&diagnose(&facts), "cpu-weight", "`cgroups` above");
}

#[test]
fn every_missing_layer_says_what_helps_and_what_is_done_meanwhile() {
    for errno in [libc::EPERM, libc::EACCES, libc::ENOSPC, libc::ENOSYS, libc::EINVAL, libc::EBUSY] {
        for attempt in ATTEMPTS {
            let mut facts = ordinary();
            fail(&mut facts, attempt, "trying", errno);
            for layer in diagnose(&facts).layers {
                assert!(layer.state == State::Ok || !layer.meanwhile.is_empty(), "{layer:#?}");
                assert!(
                    layer.state == State::Ok || !layer.remedies.is_empty() || errno != libc::EPERM,
                    "{layer:#?}"
                );
            }
        }
    }
}
