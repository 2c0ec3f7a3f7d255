//! [`Layout`]: which cgroup interface this process can use, and where. Read once; the texts are
//! parameters, so that every layout in the wild can be tested from a file.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::{fs, io};

use super::counters::{field, read};
use super::owner;
use crate::sandbox::procfs;
use crate::sandbox::spec::CgroupChoice;

/// Which interface is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sandbox) enum CgroupVersion {
    V1,
    V2,
    None,
}

/// Where cases get their cgroups.
#[derive(Debug)]
pub(in crate::sandbox) struct Layout {
    kind: Kind,
    /// Whether a v2 hierarchy stands beside v1 controllers, and nobody asked for v1 alone.
    pub(super) hybrid: bool,
    /// Why there is nothing better, in words; empty where nothing is missing.
    pub(in crate::sandbox) missing: String,
    /// Files of the cgroups above the cases' that count refused forks.
    above: Vec<fs::File>,
    created: OnceLock<()>,
    /// Whether whoever has a cgroup removes our folders with it.
    handed_over: AtomicBool,
}

#[derive(Debug)]
enum Kind {
    V1 { memory: PathBuf, pids: PathBuf, cpuacct: PathBuf, cpu: Option<PathBuf> },
    V2 { own: PathBuf },
    None,
}

/// A controller's mount and our own folder in it.
struct Hierarchies {
    v1: Vec<(Vec<String>, PathBuf)>,
    v2: Option<V2Folder>,
}

/// Our own folder in the version 2 hierarchy.
#[derive(Debug, PartialEq, Eq)]
struct V2Folder {
    /// Where the hierarchy is mounted: nothing above is within reach.
    mount: PathBuf,
    folder: PathBuf,
}

impl Layout {
    /// Looks at this process's cgroups and tries whether cases can have folders there; or in `given`,
    /// a version 2 folder that somebody has made for that, and then nowhere else.
    pub(in crate::sandbox) fn probe(choice: CgroupChoice, given: Option<&Path>) -> Self {
        let own = procfs::text("/proc/self/cgroup").unwrap_or_default();
        let mounts = procfs::text("/proc/self/mountinfo").unwrap_or_default();
        let hierarchies = Hierarchies::parse(&own, &mounts);
        let mut found = Self::find(choice, given, &hierarchies);
        found.above = hierarchies.refusals(&found);
        found
    }

    fn find(choice: CgroupChoice, given: Option<&Path>, hierarchies: &Hierarchies) -> Self {
        let mut missing = Vec::new();
        if let (Some(folder), false) = (given, choice == CgroupChoice::None) {
            return match usable_folder(folder, choice, hierarchies.v2.as_ref()) {
                Ok(()) => Self::new(Kind::V2 { own: folder.to_owned() }, false, String::new()),
                Err(why) => {
                    Self::new(Kind::None, false, format!("cgroup_folder {}: {why}", folder.display()))
                }
            };
        }
        if matches!(choice, CgroupChoice::Auto | CgroupChoice::V2) {
            match hierarchies.usable_v2() {
                Ok(own) => return Self::new(Kind::V2 { own }, false, String::new()),
                Err(why) => missing.push(why),
            }
        }
        if matches!(choice, CgroupChoice::Auto | CgroupChoice::V1) {
            match hierarchies.usable_v1() {
                Ok(mut found) => {
                    let hybrid = choice == CgroupChoice::Auto && hierarchies.v2.is_some();
                    found.hybrid = hybrid;
                    return found;
                }
                Err(why) => missing.push(why),
            }
        }
        if choice == CgroupChoice::None {
            missing.push("cgroups_version is \"none\"".to_owned());
        }
        Self::new(Kind::None, false, missing.join("; "))
    }

    fn new(kind: Kind, hybrid: bool, missing: String) -> Self {
        let (created, handed_over) = (OnceLock::new(), AtomicBool::new(false));
        Self { kind, hybrid, missing, above: Vec::new(), created, handed_over }
    }

    /// How often a cgroup above those of the cases has refused a fork because of its own limit. Where
    /// the cases' own counters tell that (before Linux 6.11, and in version 1), 0.
    pub(in crate::sandbox) fn refused_above(&self) -> u64 {
        let max = |file: &fs::File| field(&read(file).ok()?, "max");
        self.above.iter().filter_map(max).sum()
    }

    pub(in crate::sandbox) fn version(&self) -> CgroupVersion {
        match self.kind {
            Kind::V1 { .. } => CgroupVersion::V1,
            Kind::V2 { .. } => CgroupVersion::V2,
            Kind::None => CgroupVersion::None,
        }
    }

    /// The folders in which [`owner::folder_name`] stands.
    pub(super) fn parents(&self) -> Vec<PathBuf> {
        match &self.kind {
            Kind::V1 { memory, pids, cpuacct, cpu } => {
                let mut all = vec![memory.clone(), pids.clone(), cpuacct.clone()];
                all.extend(cpu.clone());
                all.dedup();
                all
            }
            Kind::V2 { own } => vec![own.clone()],
            Kind::None => Vec::new(),
        }
    }

    /// Our own folder below one of [`Layout::parents`], made if it is not known to be there.
    pub(super) fn ours(&self, parent: &Path) -> io::Result<PathBuf> {
        match self.kind {
            Kind::V1 { .. } if !self.is_known(parent) => return self.ours_anew(parent),
            Kind::V1 { .. } => {}
            Kind::V2 { .. } | Kind::None => self.make_ours()?,
        }
        Ok(parent.join(owner::folder_name()))
    }

    /// The same of version 1, which somebody may have removed.
    pub(super) fn ours_anew(&self, parent: &Path) -> io::Result<PathBuf> {
        let folder = parent.join(owner::folder_name());
        make(&folder)?;
        self.handed_over.store(false, Ordering::Relaxed);
        Ok(folder)
    }

    /// Whether it was made when its usability was found out, and is ours still.
    fn is_known(&self, parent: &Path) -> bool {
        self.created.get().is_some() && !self.handed_over.load(Ordering::Relaxed) && self.needs(parent)
    }

    /// Our folders belong to a cgroup now, which removes them: until they are made again.
    pub(super) fn hand_over(&self) {
        self.handed_over.store(true, Ordering::Relaxed);
    }

    /// Whether a killed capsule-run has left folders beside ours: where the last one ran like this one.
    pub(in crate::sandbox) fn has_orphans_beside(&self) -> bool {
        self.parents().iter().any(|parent| owner::has_orphans(parent))
    }

    fn make_ours(&self) -> io::Result<()> {
        if self.created.get().is_some() {
            return Ok(());
        }
        for parent in self.parents().into_iter().filter(|parent| self.needs(parent)) {
            let made = make(&parent.join(owner::folder_name()));
            made.inspect_err(|_| self.remove_ours())?;
        }
        if let Kind::V2 { own } = &self.kind {
            enable_controllers(&own.join(owner::folder_name()))?;
        }
        let _ = self.created.set(());
        Ok(())
    }

    /// Whether limits cannot be held without a folder there. What only weighs is made when it is asked for.
    fn needs(&self, parent: &Path) -> bool {
        match &self.kind {
            Kind::V1 { memory, pids, cpuacct, .. } => {
                [memory, pids, cpuacct].iter().any(|one| *one == parent)
            }
            Kind::V2 { .. } | Kind::None => true,
        }
    }

    fn remove_ours(&self) {
        let folders = self.parents().into_iter().map(|parent| parent.join(owner::folder_name()));
        folders.filter(|folder| folder.exists()).for_each(|folder| owner::remove(&folder));
    }

    /// The v1 folders of the controllers: memory, pids, cpuacct, and cpu where there is one.
    pub(super) fn v1(&self) -> Option<(&Path, &Path, &Path, Option<&Path>)> {
        match &self.kind {
            Kind::V1 { memory, pids, cpuacct, cpu } => Some((memory, pids, cpuacct, cpu.as_deref())),
            Kind::V2 { .. } | Kind::None => None,
        }
    }

    /// Where the folders of cases are made, one for each hierarchy.
    pub(in crate::sandbox) fn folders(&self) -> Vec<PathBuf> {
        self.parents()
    }

    /// The v1 controllers in use.
    pub(in crate::sandbox) fn v1_controllers(&self) -> Vec<String> {
        let Some((_, _, _, cpu)) = self.v1() else { return Vec::new() };
        let names = ["memory", "pids", "cpuacct"].into_iter().chain(cpu.map(|_| "cpu"));
        names.map(str::to_owned).collect()
    }

    /// The v2 folder.
    pub(super) fn v2(&self) -> Option<&Path> {
        match &self.kind {
            Kind::V2 { own } => Some(own),
            Kind::V1 { .. } | Kind::None => None,
        }
    }
}

impl Drop for Layout {
    fn drop(&mut self) {
        if self.created.get().is_some() && !self.handed_over.load(Ordering::Relaxed) {
            self.remove_ours();
        }
    }
}

impl Hierarchies {
    /// From the texts of `/proc/self/cgroup` and `/proc/self/mountinfo`.
    fn parse(own: &str, mounts: &str) -> Self {
        let mut v1 = Vec::new();
        let mut v2 = None;
        for line in mounts.lines() {
            // Most mounts are something else.
            let Some((left, right)) = line.split_once(" - cgroup") else { continue };
            let mut left = left.split(' ').skip(3);
            let mut right = right.split(' ');
            let (Some(root), Some(point), Some(kind)) = (left.next(), left.next(), right.next()) else {
                continue;
            };
            let options = right.nth(1).unwrap_or("");
            for entry in own.lines() {
                let mut parts = entry.splitn(3, ':');
                let (_, Some(names), Some(path)) = (parts.next(), parts.next(), parts.next()) else {
                    continue;
                };
                let has = |name| options.split(',').any(|option| option == name);
                match kind {
                    "2" if names.is_empty() => {
                        v2 = v2.or_else(|| {
                            Some(V2Folder { mount: point.into(), folder: below(point, root, path) })
                        });
                    }
                    "" if !names.is_empty() && names.split(',').all(has) => {
                        let names = names.split(',').map(str::to_owned).collect();
                        v1.push((names, below(point, root, path)));
                    }
                    _ => {}
                }
            }
        }
        Self { v1, v2 }
    }

    /// See [`Layout::refused_above`]. Without cgroups of their own, cases count in ours.
    fn refusals(&self, layout: &Layout) -> Vec<fs::File> {
        let mut files = Vec::new();
        let lowest = layout.v2().or(self.v2.as_ref().map(|own| own.folder.as_path()));
        if let (Some(lowest), Some(own)) = (lowest, &self.v2) {
            let folders = lowest.ancestors().take_while(|folder| folder.starts_with(&own.mount));
            files.extend(folders.filter_map(|folder| fs::File::open(folder.join("pids.events.local")).ok()));
        }
        if layout.version() == CgroupVersion::None && files.is_empty() {
            let own = self.v2.as_ref().map(|own| own.folder.clone());
            let own = self.controller("pids").or(own);
            files.extend(own.and_then(|folder| fs::File::open(folder.join("pids.events")).ok()));
        }
        files
    }

    fn controller(&self, name: &str) -> Option<PathBuf> {
        self.v1.iter().find(|(names, _)| names.iter().any(|n| n == name)).map(|(_, folder)| folder.clone())
    }

    /// Whether our folders can be made is found out by making them: they are there then.
    fn usable_v1(&self) -> Result<Layout, String> {
        let needed =
            |name: &str| self.controller(name).ok_or(format!("cgroup v1: no {name} controller is mounted"));
        let (memory, pids, cpuacct) = (needed("memory")?, needed("pids")?, needed("cpuacct")?);
        let kind = Kind::V1 { memory, pids, cpuacct, cpu: self.controller("cpu") };
        let layout = Layout::new(kind, false, String::new());
        layout.make_ours().map_err(|error| format!("cgroup v1: {error}"))?;
        Ok(layout)
    }

    fn usable_v2(&self) -> Result<PathBuf, String> {
        let own = self.v2.as_ref().ok_or("cgroup v2: not mounted")?;
        let text = |file: &str| {
            let path = own.folder.join(file);
            fs::read_to_string(&path).map_err(|error| format!("cgroup v2: {}: {error}", path.display()))
        };
        let controllers = text("cgroup.controllers")?;
        if let Some(name) = NEEDED.iter().find(|name| !has(&controllers, name)) {
            let folder = own.folder.display();
            return Err(format!("cgroup v2: the {name} controller is not available in {folder}"));
        }
        v2_place(own).map_err(|error| format!("cgroup v2: {error}"))
    }
}

/// Whether cases can have their cgroups in a folder that was made for that.
fn usable_folder(folder: &Path, choice: CgroupChoice, own: Option<&V2Folder>) -> Result<(), String> {
    if choice == CgroupChoice::V1 {
        return Err("a folder of version 2, and cgroups_version is \"v1\"".to_owned());
    }
    let own = own.ok_or("no version 2 hierarchy is mounted")?;
    let text = fs::read_to_string(folder.join("cgroup.controllers"))
        .map_err(|error| format!("not a cgroup of version 2 (cgroup.controllers: {error})"))?;
    if let Some(name) = NEEDED.iter().find(|name| !has(&text, name)) {
        return Err(format!("it does not have the {name} controller"));
    }
    writable(folder).map_err(|error| error.to_string())?;
    enable_controllers(folder).map_err(|error| match error.kind() {
        io::ErrorKind::ResourceBusy => {
            "it holds processes, so it cannot hand its controllers down".to_owned()
        }
        _ => error.to_string(),
    })?;
    // Born into another cgroup: that takes the right to move processes in all that holds both.
    let both = own.folder.ancestors().find(|above| folder.starts_with(above)).unwrap_or(&own.mount);
    let processes = both.join("cgroup.procs");
    nix::unistd::access(&processes, nix::unistd::AccessFlags::W_OK).map_err(|errno| {
        format!(
            "{}: {errno}: processes cannot go there from {}; start capsule-run in a cgroup beside it, in a folder \
             that belongs to the same user",
            processes.display(),
            own.folder.display()
        )
    })
}

/// The controllers that limits are held by.
const NEEDED: [&str; 2] = ["memory", "pids"];
/// The leaf that processes go to when their folder is to hand controllers down.
const SUPERVISORS: &str = "capsule-run-supervisors";

/// A folder whose cases can have controllers.
///
/// A folder that holds processes cannot hand controllers down (the "no internal process" rule), so
/// ours must do without them: they go to a leaf in it, where it is ours to rearrange. Where it is
/// not (a service or session of systemd's that nobody delegated, entered by root), cases get a
/// folder beside it, below the nearest one that hands controllers down already, and nobody moves.
fn v2_place(own: &V2Folder) -> io::Result<PathBuf> {
    let folder = match own.folder.parent() {
        // Whoever was moved there once, or was started by one who was.
        Some(parent) if own.folder.ends_with(SUPERVISORS) => parent,
        _ => own.folder.as_path(),
    };
    let here = writable(folder).and_then(|()| match enable_controllers(folder) {
        Err(_) if may_rearrange(own, folder) => make_room(folder),
        done => done,
    });
    let Err(problem) = here else { return Ok(folder.to_owned()) };
    let above = folder.ancestors().skip(1).take_while(|above| above.starts_with(&own.mount));
    let hands_down = |above: &Path| {
        fs::read_to_string(above.join("cgroup.subtree_control"))
            .is_ok_and(|text| NEEDED.iter().all(|name| has(&text, name)))
    };
    match above.into_iter().find(|above| hands_down(above)) {
        Some(above) if writable(above).is_ok() => Ok(above.to_owned()),
        _ => Err(problem),
    }
}

/// Whether all processes in a folder may be moved within it: to nobody's surprise where it was given
/// to an ordinary user, where we are alone, and where it is all that a container has.
fn may_rearrange(own: &V2Folder, folder: &Path) -> bool {
    let ourselves = std::process::id().to_string();
    !nix::unistd::geteuid().is_root()
        || folder == own.mount
        || fs::read_to_string(folder.join("cgroup.procs")).is_ok_and(|pids| pids.trim() == ourselves)
}

/// Moves the processes of a folder to a leaf in it, until its controllers can be handed down.
fn make_room(folder: &Path) -> io::Result<()> {
    let leaf = folder.join(SUPERVISORS);
    make(&leaf)?;
    let mut done = Err(io::ErrorKind::ResourceBusy.into());
    // Processes that are born meanwhile are found the next time.
    for _ in 0..16 {
        let pids = fs::read_to_string(folder.join("cgroup.procs"))?;
        for pid in pids.lines() {
            match super::counters::write(&leaf.join("cgroup.procs"), pid) {
                // Gone meanwhile.
                Err(error) if !Path::new("/proc").join(pid).exists() => log::debug!("{error}"),
                moved => moved?,
            }
        }
        done = enable_controllers(folder);
        if done.is_ok() {
            break;
        }
    }
    done
}

fn has(controllers: &str, name: &str) -> bool {
    controllers.split_whitespace().any(|controller| controller == name)
}

/// Hands controllers down: those that limits need, and those that only weigh and count as far as
/// they are to be had.
pub(super) fn enable_controllers(folder: &Path) -> io::Result<()> {
    let available = fs::read_to_string(folder.join("cgroup.controllers"))?;
    let file = folder.join("cgroup.subtree_control");
    let needed = NEEDED.map(|name| format!("+{name}"));
    super::counters::write(&file, &needed.join(" "))?;
    for name in ["cpu", "io"].iter().filter(|name| has(&available, name)) {
        if let Err(error) = super::counters::write(&file, &format!("+{name}")) {
            log::debug!("without {name}: {error}");
        }
    }
    Ok(())
}

/// Our folder: the mount point and what of our path lies below the mounted root.
fn below(point: &str, root: &str, path: &str) -> PathBuf {
    let inner = if root == "/" { path } else { path.strip_prefix(root).unwrap_or("") };
    Path::new(point).join(inner.trim_start_matches('/'))
}

fn make(folder: &Path) -> io::Result<()> {
    match fs::create_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other.map_err(|error| super::counters::with_path(&error, folder)),
    }
}

/// Whether folders can be made there: found out by making one.
fn writable(folder: &Path) -> io::Result<()> {
    let probe = folder.join(format!("{}-probe", owner::folder_name()));
    make(&probe)?;
    fs::remove_dir(&probe).map_err(|error| super::counters::with_path(&error, &probe))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HYBRID_OWN: &str = "9:name=systemd:/\n8:pids:/\n4:memory:/api/90eb\n2:cpu,cpuacct:/\n0::/\n";
    const HYBRID_MOUNTS: &str = "\
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
39 31 0:36 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids
40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
";

    #[test]
    fn a_hybrid_layout_gives_each_controller_its_own_folder() {
        let found = Hierarchies::parse(HYBRID_OWN, HYBRID_MOUNTS);
        assert_eq!(found.controller("memory"), Some("/sys/fs/cgroup/memory/api/90eb".into()));
        assert_eq!(found.controller("cpuacct"), Some("/sys/fs/cgroup/cpu,cpuacct".into()));
        assert_eq!(found.v2.expect("mounted").folder, Path::new("/sys/fs/cgroup/unified"));
    }

    #[test]
    fn a_container_with_a_mounted_subtree_sees_its_folder_below_the_mount() {
        let own = "0::/docker/abc/inner\n";
        let mounts = "30 23 0:26 /docker/abc /sys/fs/cgroup rw - cgroup2 cgroup rw,nsdelegate\n";
        let found = Hierarchies::parse(own, mounts).v2.expect("mounted");
        assert_eq!(found.folder, Path::new("/sys/fs/cgroup/inner"));
        assert_eq!(found.mount, Path::new("/sys/fs/cgroup"));
    }

    #[test]
    fn nothing_mounted_is_nothing_found() {
        let found = Hierarchies::parse("0::/\n", "22 1 8:1 / / rw - ext4 /dev/vda rw\n");
        assert!(found.v2.is_none());
        assert!(found.usable_v1().is_err());
        assert!(found.usable_v2().is_err());
    }

    #[test]
    fn a_given_folder_is_used_or_refused_with_its_reason_and_nothing_else_is_taken_for_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let layout = |choice| Layout::probe(choice, Some(folder.path()));
        for choice in [CgroupChoice::Auto, CgroupChoice::V1, CgroupChoice::V2] {
            let found = layout(choice);
            assert_eq!(found.version(), CgroupVersion::None, "{choice:?}");
            let start = format!("cgroup_folder {}: ", folder.path().display());
            assert!(found.missing.starts_with(&start), "{choice:?}: {}", found.missing);
        }
        assert_eq!(layout(CgroupChoice::None).missing, "cgroups_version is \"none\"");
    }
}
