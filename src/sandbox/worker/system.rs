//! The host's parts of the root: [`System`].

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, symlink};
use std::path::{Path, PathBuf};

use super::places::{c_path, place_for};
use super::sources::READ_ONLY;
use super::tree::Tree;
use crate::sandbox::wire::{FaultRecord, Step};

/// Read-only, so that nobody sets their times; they can be written to all the same.
const DEVICE: u64 = libc::MOUNT_ATTR_RDONLY | libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NOEXEC;

/// The host's parts of the root.
pub(super) struct System {
    /// Name inside and tree.
    trees: Vec<(PathBuf, Tree, bool)>,
    /// Name inside and target.
    links: Vec<(PathBuf, PathBuf)>,
}

/// Files of /etc that a runtime needs: the dynamic loader's, the alternatives that commands are
/// links to, certificates, and what the Java runtimes keep there.
const ETC: &[&str] = &[
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "alternatives",
    "ssl",
    "pki",
    "ca-certificates",
    "ca-certificates.conf",
    "protocols",
    "services",
    "mime.types",
    "java",
    "localtime",
];
const DEVICES: &[&str] = &["null", "zero", "full", "random", "urandom"];

impl System {
    pub(super) fn open() -> io::Result<Self> {
        let mut system = Self { trees: Vec::new(), links: Vec::new() };
        for name in ["usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32"] {
            system.add(name, READ_ONLY)?;
        }
        for name in ETC {
            system.add(&format!("etc/{name}"), READ_ONLY)?;
        }
        for name in java_settings() {
            system.add(&format!("etc/{name}"), READ_ONLY)?;
        }
        for name in DEVICES {
            system.add(&format!("dev/{name}"), DEVICE)?;
        }
        Ok(system)
    }

    fn add(&mut self, name: &str, attributes: u64) -> io::Result<()> {
        let path = Path::new("/").join(name);
        let Ok(meta) = fs::symlink_metadata(&path) else { return Ok(()) };
        if meta.is_symlink() {
            self.links.push((name.into(), fs::read_link(&path)?));
            return Ok(());
        }
        let tree = Tree::open(&c_path(&path), attributes)?;
        self.trees.push((name.into(), tree, meta.is_dir()));
        Ok(())
    }

    pub(super) fn make(&self, root: &Path) -> Result<(), FaultRecord> {
        for folder in ["etc", "dev", "dev/shm", "proc", "tmp", "workspace", "run", "var"] {
            fs::create_dir(root.join(folder)).step(|| format!("making /{folder}"))?;
        }
        for (name, tree, is_dir) in &self.trees {
            let place = root.join(name);
            place_for(&place, *is_dir).step(|| format!("making the place /{}", name.display()))?;
            tree.attach(&place).step(|| format!("attaching /{}", name.display()))?;
        }
        let own = [
            ("dev/fd", "/proc/self/fd"),
            ("dev/stdin", "fd/0"),
            ("dev/stdout", "fd/1"),
            ("dev/stderr", "fd/2"),
            ("var/tmp", "../tmp"),
        ];
        let own = own.iter().map(|(name, target)| (PathBuf::from(name), PathBuf::from(target)));
        for (name, target) in self.links.iter().cloned().chain(own) {
            symlink(&target, root.join(&name)).step(|| format!("making the link /{}", name.display()))?;
        }
        for (name, text) in [
            (
                "passwd",
                "root:x:0:0:root:/:/bin/sh\nsandbox:x:1000:1000:sandbox:/tmp:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n",
            ),
            ("group", "root:x:0:\nsandbox:x:1000:\nnogroup:x:65534:\n"),
            ("hosts", "127.0.0.1 localhost sandbox\n::1 localhost\n"),
            ("nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n"),
        ] {
            write_file(&root.join("etc").join(name), text.as_bytes())
                .step(|| format!("writing /etc/{name}"))?;
        }
        Ok(())
    }
}

/// Folders of /etc like `java-17-openjdk`, by the runtimes that are installed (`java-17-openjdk-amd64`):
/// /etc itself has hundreds of entries.
fn java_settings() -> BTreeSet<String> {
    let installed = fs::read_dir("/usr/lib/jvm").into_iter().flatten().flatten();
    let names = installed.filter_map(|entry| entry.file_name().into_string().ok());
    let of_java = names.filter(|name| name.starts_with("java-"));
    of_java.map(|name| name.rsplit_once('-').map_or(name.clone(), |(stem, _)| stem.to_owned())).collect()
}

fn write_file(path: &Path, content: &[u8]) -> io::Result<()> {
    fs::OpenOptions::new().write(true).create_new(true).mode(0o644).open(path)?.write_all(content)
}
