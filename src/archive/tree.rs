//! [`Tree`]: a bounded set of regular files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::{Refused, name};
use crate::units::{Bytes, visible_line};

/// How much is taken at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of all files together, unpacked.
    pub bytes: Bytes,
    /// Files.
    pub files: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { bytes: Bytes::mib(64), files: 4096 }
    }
}

/// A regular file: its bytes and whether it may be executed. All other modes are given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeFile {
    /// The whole content.
    pub bytes: Vec<u8>,
    /// Whether its owner may execute it.
    pub executable: bool,
}

/// A bounded set of regular files by their paths: relative, without `.` and `..`, no file where
/// another has a folder, no two that differ in upper and lower case only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    bounds: Bounds,
    used: u64,
    files: BTreeMap<PathBuf, TreeFile>,
    /// Every file and folder in lower case, and how it is really spelled.
    places: BTreeMap<Vec<u8>, (PathBuf, bool)>,
    /// What was there and is no regular file: shown to people, never unpacked.
    left_out: BTreeSet<String>,
}

/// So many of what was left out are named.
const MOST_NAMED: usize = 8;

impl Tree {
    /// Nothing yet.
    #[must_use]
    pub fn new(bounds: Bounds) -> Self {
        Self { bounds, used: 0, files: BTreeMap::new(), places: BTreeMap::new(), left_out: BTreeSet::new() }
    }

    /// The files, by path.
    pub fn files(&self) -> impl Iterator<Item = (&Path, &TreeFile)> {
        self.files.iter().map(|(path, file)| (path.as_path(), file))
    }

    /// How many files there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there is no file.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// One file.
    #[must_use]
    pub fn get(&self, path: &Path) -> Option<&TreeFile> {
        self.files.get(path)
    }

    /// What was there and is no regular file (links, devices), made visible; the first few.
    pub fn left_out(&self) -> impl Iterator<Item = &str> {
        self.left_out.iter().take(MOST_NAMED).map(String::as_str)
    }

    /// How many bytes may still be added.
    #[must_use]
    pub fn room(&self) -> u64 {
        self.bounds.bytes.0.saturating_sub(self.used)
    }

    /// What it may hold at most.
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// Adds a file. What systems add on their own is dropped.
    ///
    /// # Errors
    /// The name leads out, something else is at its place, or there is no more room.
    pub fn add(&mut self, name: &[u8], backslash: bool, file: TreeFile) -> Result<(), Refused> {
        let Some(path) = name::safe(name, backslash)? else {
            return Err(Refused::Name { name: visible_line(name), why: "is empty" });
        };
        if name::is_junk(&path) {
            return Ok(());
        }
        if self.files.len() >= self.bounds.files {
            return Err(Refused::TooMany(self.bounds.files));
        }
        if file.bytes.len() as u64 > self.room() {
            return Err(Refused::TooLarge(self.bounds.bytes));
        }
        self.take_place(&path)?;
        self.used += file.bytes.len() as u64;
        self.files.insert(path, file);
        Ok(())
    }

    /// Checks a name that nothing is unpacked for: a folder, a link, a device.
    ///
    /// # Errors
    /// The name leads out.
    pub fn check(name: &[u8], backslash: bool) -> Result<(), Refused> {
        name::safe(name, backslash).map(drop)
    }

    /// Writes down that something is no regular file and was left out.
    pub fn leave_out(&mut self, what: &str, name: &[u8]) {
        if self.left_out.len() < 1024 {
            self.left_out.insert(format!("{what} `{}`", visible_line(&name[..name.len().min(200)])));
        }
    }

    /// The files of `other` too, and what it left out.
    ///
    /// # Errors
    /// As [`Tree::add`].
    pub fn merge(&mut self, other: Self) -> Result<(), Refused> {
        use std::os::unix::ffi::OsStrExt;
        self.left_out.extend(other.left_out);
        other
            .files
            .into_iter()
            .try_for_each(|(path, file)| self.add(path.as_os_str().as_bytes(), false, file))
    }

    /// Without the one folder that everything is in, if there is such a folder.
    #[must_use]
    pub fn unwrapped(self) -> Self {
        let mut tops = self.files.keys().filter_map(|path| path.iter().next());
        let Some(top) = tops.next().map(PathBuf::from) else { return self };
        let wraps = self.files.keys().all(|path| path.starts_with(&top) && *path != top);
        if !wraps {
            return self;
        }
        let mut tree = Self::new(self.bounds);
        tree.left_out.clone_from(&self.left_out);
        for (path, file) in self.files {
            let inner = path.strip_prefix(&top).map(Path::to_owned).unwrap_or(path);
            // What had room in the folder has room without it.
            tree.used += file.bytes.len() as u64;
            let _ = tree.take_place(&inner);
            tree.files.insert(inner, file);
        }
        tree
    }

    /// Gives the file `from` the name `to`, if nothing is there.
    pub fn rename(&mut self, from: &Path, to: &Path) -> bool {
        if self.files.contains_key(to) {
            return false;
        }
        let Some(file) = self.files.remove(from) else { return false };
        self.places.remove(&lower(from));
        let free = self.take_place(to).is_ok();
        let path = if free { to } else { from };
        self.files.insert(path.to_owned(), file);
        free
    }

    /// SHA-256 over every path, mode and byte, in hex.
    #[must_use]
    pub fn sha256(&self) -> String {
        use std::os::unix::ffi::OsStrExt;
        let mut hash = Sha256::new();
        for (path, file) in &self.files {
            let path = path.as_os_str().as_bytes();
            hash.update((path.len() as u64).to_le_bytes());
            hash.update(path);
            hash.update([u8::from(file.executable)]);
            hash.update((file.bytes.len() as u64).to_le_bytes());
            hash.update(&file.bytes);
        }
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn take_place(&mut self, path: &Path) -> Result<(), Refused> {
        let shown = |path: &Path| visible_line(path.as_os_str().as_encoded_bytes());
        for folder in path.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty()) {
            match self.places.get(&lower(folder)) {
                Some((known, true)) if known == folder => break,
                Some((known, _)) => return Err(Refused::Collision(shown(known), shown(folder))),
                None => {}
            }
        }
        if let Some((known, _)) = self.places.get(&lower(path)) {
            return Err(Refused::Collision(shown(known), shown(path)));
        }
        for folder in path.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty()) {
            self.places.entry(lower(folder)).or_insert_with(|| (folder.to_owned(), true));
        }
        self.places.insert(lower(path), (path.to_owned(), false));
        Ok(())
    }
}

/// The spelling that a file system without upper and lower case would know.
fn lower(path: &Path) -> Vec<u8> {
    let text = path.as_os_str().as_encoded_bytes();
    match std::str::from_utf8(text) {
        Ok(text) => text.to_lowercase().into_bytes(),
        Err(_) => text.to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> TreeFile {
        TreeFile { bytes: text.as_bytes().to_vec(), executable: false }
    }

    fn tree(names: &[&str]) -> Result<Tree, Refused> {
        let mut tree = Tree::new(Bounds { bytes: Bytes(100), files: 5 });
        names.iter().try_for_each(|name| tree.add(name.as_bytes(), false, file("x")))?;
        Ok(tree)
    }

    #[test]
    fn two_files_at_one_place_are_refused_whatever_the_trick() {
        for names in [
            &["a", "a"][..],
            &["a", "A"],
            &["a", "a/b"],
            &["a/b", "a"],
            &["a/b", "A/c"],
            &["a/./b", "a/b"],
            &["Ä.py", "ä.py"],
        ] {
            assert!(matches!(tree(names), Err(Refused::Collision(..))), "{names:?}");
        }
        assert!(tree(&["a/b", "a/c", "b"]).is_ok());
    }

    #[test]
    fn more_files_or_bytes_than_allowed_are_refused() {
        assert_eq!(tree(&["a", "b", "c", "d", "e", "f"]), Err(Refused::TooMany(5)));
        let mut tree = tree(&["a"]).expect("one file");
        assert_eq!(tree.add(b"b", false, file(&"x".repeat(100))), Err(Refused::TooLarge(Bytes(100))));
        assert!(tree.add(b"b", false, file(&"x".repeat(99))).is_ok());
    }

    #[test]
    fn the_hash_knows_paths_modes_and_bytes_apart() {
        let of = |name: &str, text: &str, executable| {
            let mut tree = Tree::new(Bounds::default());
            tree.add(name.as_bytes(), false, TreeFile { executable, ..file(text) }).expect("one file");
            tree.sha256()
        };
        let all = [of("a", "bc", false), of("ab", "c", false), of("a", "bc", true), of("a", "bd", false)];
        let distinct: BTreeSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
        assert_eq!(of("a", "bc", false), all[0]);
    }

    #[test]
    fn one_folder_around_everything_is_taken_off() {
        let paths = |tree: Tree| tree.files().map(|(path, _)| path.display().to_string()).collect::<Vec<_>>();
        assert_eq!(paths(tree(&["hw/sort.py", "hw/a/b"]).expect("fine").unwrapped()), ["a/b", "sort.py"]);
        assert_eq!(paths(tree(&["hw/sort.py", "x"]).expect("fine").unwrapped()), ["hw/sort.py", "x"]);
        assert_eq!(paths(tree(&["sort.py"]).expect("fine").unwrapped()), ["sort.py"]);
    }

    #[test]
    fn a_file_gets_another_name_where_nothing_is() {
        let mut tree = tree(&["a", "b"]).expect("fine");
        assert!(!tree.rename(Path::new("a"), Path::new("b")));
        assert!(tree.rename(Path::new("a"), Path::new("c")));
        assert!(tree.get(Path::new("c")).is_some() && tree.get(Path::new("a")).is_none());
    }
}
