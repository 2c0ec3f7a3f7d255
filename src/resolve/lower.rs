//! [`lower`]: a case made what the engine takes.

use std::path::PathBuf;

use super::{ResolvedCase, ResolvedLimits, Sources};
use crate::sandbox::spec::{Below, CollectFile, Limits, Spec, Stdout, Workspace};
use crate::units::Bytes;

/// No more of a file is ever taken into our own memory, whatever its limit.
const MOST_COLLECTED: Bytes = Bytes::mib(256);

/// Where a file must not be, so many are looked at.
const NAMES: Below = Below { most: 20_000, names_only: true };

/// What the engine is to do for this case. `outputs` are the folders with what build steps and hooks
/// made, the first on top; they lie on top of the submission.
#[must_use]
pub fn lower(case: &ResolvedCase, outputs: &[PathBuf]) -> Spec {
    Spec {
        argv: case.argv.to_vec(),
        env: case.env.clone(),
        workdir: case.workdir.clone(),
        workspace: workspace(&case.sources, outputs),
        files: case.files.to_vec(),
        collect: collect(case),
        binds: case.binds.clone(),
        network: case.network,
        stdin: case.stdin.clone(),
        stdout: Stdout::Captured,
        limits: limits(case),
        seccomp: case.seccomp,
        cgroup: case.cgroup,
        require: case.require,
        digest: false,
    }
}

fn workspace(sources: &Sources, outputs: &[PathBuf]) -> Workspace {
    let below: &[PathBuf] = match sources {
        Sources::Empty => &[],
        Sources::Folders(folders) => folders,
    };
    let layers: Vec<_> = outputs.iter().chain(below).cloned().collect();
    if layers.is_empty() { Workspace::Empty } else { Workspace::CopyOnWrite(layers) }
}

/// The files that are expected, then those handed on; each once.
fn collect(case: &ResolvedCase) -> Vec<CollectFile> {
    let max = case.limits.file_size.value.min(case.limits.disk.value).min(MOST_COLLECTED);
    let mut files: Vec<CollectFile> = Vec::new();
    let single = case.expectation.files.iter().filter(|file| file.glob.is_none());
    let expected = single.map(|file| &file.path);
    for path in expected.chain(&case.outputs) {
        if !files.iter().any(|file| file.path == *path) {
            files.push(CollectFile::one(path.clone(), max));
        }
    }
    // After those that are wanted for what is in them: the first one of a name is the one that counts.
    for folder in case.expectation.files.iter().filter_map(|file| Some(file.glob.as_ref()?.folder())) {
        if !files.iter().any(|file| file.path == folder && file.below.is_some()) {
            files.push(CollectFile { path: folder, max: Bytes(0), below: Some(NAMES) });
        }
    }
    files
}

fn limits(case: &ResolvedCase) -> Limits {
    let ResolvedLimits { wall, cpu, memory, pids, output, file_size, disk, open_files, cpu_shares } =
        &case.limits;
    Limits {
        wall: wall.value,
        cpu: cpu.value,
        memory: memory.value,
        pids: pids.value,
        output: output.value,
        file_size: file_size.value,
        disk: disk.value,
        open_files: open_files.value,
        cpu_shares: cpu_shares.value,
        setup: case.setup_timeout,
        watch_interval: case.watch_interval,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::FileExpectation;
    use crate::policy::{Request, WorkspaceChoice};
    use crate::resolve::{Operator, command};
    use crate::units::NoNul;

    fn case(workspace: WorkspaceChoice) -> ResolvedCase {
        let argv = vec![NoNul::new("true").expect("no NUL")];
        let request = Request { argv, workspace, ..Request::default() };
        command(&request, &Operator { cwd: PathBuf::from("/srv"), ..Operator::default() }).expect("resolves")
    }

    #[test]
    fn build_outputs_lie_on_top_of_the_submission() {
        let submission = case(WorkspaceChoice::Folder(PathBuf::from("/sub")));
        let built = lower(&submission, &[PathBuf::from("/built")]).workspace;
        assert_eq!(built, Workspace::CopyOnWrite(vec![PathBuf::from("/built"), PathBuf::from("/sub")]));
        assert_eq!(lower(&submission, &[]).workspace, Workspace::CopyOnWrite(vec![PathBuf::from("/sub")]));
        let empty = case(WorkspaceChoice::Empty);
        assert_eq!(lower(&empty, &[]).workspace, Workspace::Empty);
        let built = lower(&empty, &[PathBuf::from("/built")]).workspace;
        assert_eq!(built, Workspace::CopyOnWrite(vec![PathBuf::from("/built")]));
    }

    #[test]
    fn a_file_that_is_expected_and_handed_on_is_taken_once_and_bounded() {
        let mut case = case(WorkspaceChoice::Empty);
        case.expectation.files.push(FileExpectation {
            path: PathBuf::from("out"),
            expected: None,
            absent: false,
            glob: None,
        });
        case.outputs = vec![PathBuf::from("out"), PathBuf::from("prog")];
        case.limits.file_size.value = Bytes(u64::MAX);
        case.limits.disk.value = Bytes(u64::MAX);
        let collect = lower(&case, &[]).collect;
        let paths: Vec<_> = collect.iter().map(|file| file.path.to_str().expect("text")).collect();
        assert_eq!(paths, ["out", "prog"]);
        assert!(collect.iter().all(|file| file.max == MOST_COLLECTED));
    }

    #[test]
    fn every_limit_arrives_at_the_engine() {
        let case = case(WorkspaceChoice::Empty);
        let limits = lower(&case, &[]).limits;
        assert_eq!((limits.wall.as_secs(), limits.cpu, limits.memory), (30, None, Bytes::mib(256)));
        assert_eq!((limits.pids, limits.open_files, limits.cpu_shares), (100, 1024, 1024));
        assert_eq!(
            (limits.output, limits.file_size, limits.disk),
            (Bytes::mib(1), Bytes::mib(128), Bytes::mib(128))
        );
        assert_eq!((limits.setup, limits.watch_interval), (case.setup_timeout, case.watch_interval));
    }
}
