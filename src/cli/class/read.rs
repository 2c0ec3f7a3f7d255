//! [`read`]: what was handed in, as a tree of files. No link is followed, nothing is waited for,
//! and whoever may write there while we read changes nothing but what is read.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, openat};
use nix::sys::stat::Mode;

use super::find::{Candidate, Part};
use super::lms::without_attempt;
use crate::archive::{Bounds, Format, Refused, Tree, TreeFile, unpack};
use crate::units::visible_line;

/// Why a submission could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) enum Unreadable {
    /// Its own doing.
    Submission(String),
    /// Ours or the machine's.
    Host(String),
}

impl From<Refused> for Unreadable {
    fn from(refused: Refused) -> Self {
        Self::Submission(refused.to_string())
    }
}

const DEEPEST: usize = 32;
/// The largest archive that is read, packed.
const LARGEST_ARCHIVE: u64 = 64 << 20;

/// Everything that one student handed in. `required` are the files that the suite asks for.
pub(in crate::cli) fn read(
    candidate: &Candidate,
    bounds: Bounds,
    required: &[PathBuf],
) -> Result<Tree, Unreadable> {
    let mut tree = Tree::new(bounds);
    for part in &candidate.parts {
        add_part(&mut tree, part, bounds)?;
    }
    if tree.is_empty() {
        let left: Vec<_> = tree.left_out().collect();
        let left = if left.is_empty() { String::new() } else { format!(" (left out: {})", left.join(", ")) };
        return Err(Unreadable::Submission(format!("no file was handed in{left}")));
    }
    let at_home = |tree: &Tree| required.iter().any(|path| tree.get(path).is_some());
    let tree = if at_home(&tree) { tree } else { tree.unwrapped() };
    Ok(renamed(tree, candidate, required))
}

fn add_part(tree: &mut Tree, part: &Part, bounds: Bounds) -> Result<(), Unreadable> {
    let fd = open(AT_FDCWD, &part.path, OFlag::empty()).map_err(|errno| problem(&part.name, errno))?;
    let file = File::from(fd);
    let meta = file.metadata().map_err(|error| host(&part.name, &error))?;
    if meta.is_dir() {
        let mut inside = Tree::new(Bounds { bytes: crate::units::Bytes(tree.room()), ..bounds });
        folder(&mut inside, file.into(), &mut PathBuf::new(), 0)?;
        return Ok(tree.merge(inside_archive(inside, part, bounds)?)?);
    }
    if !meta.is_file() {
        return Err(Unreadable::Submission(format!(
            "`{}` is neither a file nor a folder",
            visible_line(part.name.as_bytes())
        )));
    }
    let executable = meta.permissions().mode() & 0o100 != 0;
    match Format::of_name(&part.name) {
        Some(format) => {
            let bytes = content(file, LARGEST_ARCHIVE, &part.name)?;
            Ok(tree.merge(unpack(&bytes, format, bounds)?)?)
        }
        None => {
            let bytes = content(file, tree.room(), &part.name)?;
            Ok(tree.add(part.name.as_bytes(), false, TreeFile { bytes, executable })?)
        }
    }
}

/// The folder of a student that holds nothing but one archive means what is in the archive.
fn inside_archive(tree: Tree, part: &Part, bounds: Bounds) -> Result<Tree, Unreadable> {
    let mut files = tree.files();
    let (Some((path, file)), None) = (files.next(), files.next()) else {
        drop(files);
        return Ok(tree);
    };
    let format =
        Format::of_name(&path.to_string_lossy()).filter(|_| part.downloaded || path.iter().count() == 1);
    match format {
        Some(format) => Ok(unpack(&file.bytes, format, bounds)?),
        None => {
            drop(files);
            Ok(tree)
        }
    }
}

fn folder(tree: &mut Tree, fd: OwnedFd, below: &mut PathBuf, depth: usize) -> Result<(), Unreadable> {
    if depth > DEEPEST {
        return Err(Unreadable::Submission(format!("folders are more than {DEEPEST} deep")));
    }
    let shown = |path: &Path| visible_line(path.as_os_str().as_bytes());
    let mut dir = Dir::from_fd(fd).map_err(|errno| problem(&shown(below), errno))?;
    let mut names = Vec::new();
    for entry in dir.iter() {
        let entry = entry.map_err(|errno| problem(&shown(below), errno))?;
        let name = entry.file_name().to_bytes().to_vec();
        if name != b"." && name != b".." {
            names.push(name);
        }
        if names.len() > tree.bounds().files.saturating_mul(4) {
            return Err(Refused::TooMany(tree.bounds().files).into());
        }
    }
    // In an order of our own: what is refused first must not depend on the file system.
    names.sort();
    for name in names {
        below.push(std::ffi::OsStr::from_bytes(&name));
        entry(tree, &dir, &name, below, depth)?;
        below.pop();
    }
    Ok(())
}

fn entry(
    tree: &mut Tree,
    dir: &Dir,
    name: &[u8],
    path: &mut PathBuf,
    depth: usize,
) -> Result<(), Unreadable> {
    let whole = path.as_os_str().as_bytes().to_vec();
    let fd = match open(dir, Path::new(std::ffi::OsStr::from_bytes(name)), OFlag::empty()) {
        Ok(fd) => fd,
        Err(Errno::ELOOP) => {
            tree.leave_out("the link", &whole);
            return Ok(());
        }
        // A socket, or a device without a driver.
        Err(Errno::ENXIO | Errno::ENODEV) => {
            tree.leave_out("the special file", &whole);
            return Ok(());
        }
        // It went away while we read.
        Err(Errno::ENOENT) => return Ok(()),
        Err(errno) => return Err(problem(&visible_line(&whole), errno)),
    };
    let file = File::from(fd);
    let meta = file.metadata().map_err(|error| host(&visible_line(&whole), &error))?;
    if meta.is_dir() {
        return folder(tree, file.into(), path, depth + 1);
    }
    if !meta.is_file() {
        tree.leave_out("the special file", &whole);
        return Ok(());
    }
    let executable = meta.permissions().mode() & 0o100 != 0;
    let bytes = content(file, tree.room(), &visible_line(&whole))?;
    Ok(tree.add(&whole, false, TreeFile { bytes, executable })?)
}

/// Never through a link, never waiting for a FIFO, never becoming anybody's terminal.
fn open(at: impl AsFd, path: &Path, more: OFlag) -> nix::Result<OwnedFd> {
    let flags = OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    openat(at, path, flags | more, Mode::empty())
}

fn content(file: File, most: u64, name: &str) -> Result<Vec<u8>, Unreadable> {
    let mut bytes = Vec::new();
    let read = file.take(most.saturating_add(1)).read_to_end(&mut bytes);
    read.map_err(|error| host(name, &error))?;
    if bytes.len() as u64 > most {
        return Err(Refused::TooLarge(crate::units::Bytes(most)).into());
    }
    Ok(bytes)
}

fn problem(name: &str, errno: Errno) -> Unreadable {
    let name = visible_line(name.as_bytes());
    match errno {
        Errno::ELOOP => Unreadable::Submission(format!("`{name}` is a link, which is never followed")),
        Errno::ENXIO => Unreadable::Submission(format!("`{name}` is neither a file nor a folder")),
        errno => Unreadable::Host(format!("`{name}` cannot be read: {}", errno.desc())),
    }
}

fn host(name: &str, error: &io::Error) -> Unreadable {
    Unreadable::Host(format!("`{}` cannot be read: {error}", visible_line(name.as_bytes())))
}

/// The one file that the suite requires, where it was handed in under a name of the student's or
/// the system's own.
fn renamed(mut tree: Tree, candidate: &Candidate, required: &[PathBuf]) -> Tree {
    for wanted in required.iter().filter(|wanted| wanted.iter().count() == 1) {
        if tree.get(wanted).is_some() {
            continue;
        }
        let mut attempts: Vec<PathBuf> = tree
            .files()
            .filter(|(path, _)| {
                let name = path.to_str().and_then(without_attempt);
                candidate.parts[0].downloaded && name.is_some_and(|name| Path::new(&name) == wanted)
            })
            .map(|(path, _)| path.to_owned())
            .collect();
        attempts.sort_by_key(|path| (path.as_os_str().len(), path.clone()));
        let only = match tree.files().map(|(path, _)| path.to_owned()).collect::<Vec<_>>() {
            files if files.len() == 1 && required.len() == 1 => {
                files.into_iter().find(|path| path.extension() == wanted.extension())
            }
            _ => None,
        };
        if let Some(path) = attempts.pop().or(only) {
            tree.rename(&path, wanted);
        }
    }
    tree
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn of(path: &Path, name: &str, downloaded: bool) -> Candidate {
        Candidate {
            label: "x".to_owned(),
            student_id: "x".to_owned(),
            student_name: String::new(),
            late: false,
            parts: vec![Part { path: path.to_owned(), name: name.to_owned(), downloaded }],
        }
    }

    fn names(tree: &Tree) -> Vec<String> {
        tree.files().map(|(path, _)| path.display().to_string()).collect()
    }

    fn plain(path: &Path) -> Result<Tree, Unreadable> {
        read(&of(path, "x", false), Bounds::default(), &[])
    }

    #[test]
    fn links_fifos_and_sockets_in_a_folder_are_left_out_and_nothing_waits_for_them() {
        let place = tempfile::tempdir().expect("a temporary directory");
        let (alice, eve) = (place.path().join("alice"), place.path().join("eve"));
        std::fs::create_dir(&alice).expect("writable");
        std::fs::create_dir(&eve).expect("writable");
        std::fs::write(alice.join("sort.py"), "right").expect("writable");
        std::fs::write(eve.join("mine.py"), "mine").expect("writable");
        symlink("../alice", eve.join("folder")).expect("a link");
        symlink("../alice/sort.py", eve.join("sort.py")).expect("a link");
        nix::unistd::mkfifo(&eve.join("fifo"), Mode::S_IRWXU).expect("a FIFO");
        let _socket = std::os::unix::net::UnixListener::bind(eve.join("socket")).expect("a socket");
        let tree = plain(&eve).expect("the rest can be read");
        assert_eq!(names(&tree), ["mine.py"]);
        let left: Vec<_> = tree.left_out().map(str::to_owned).collect();
        assert_eq!(
            left,
            [
                "the link `folder`",
                "the link `sort.py`",
                "the special file `fifo`",
                "the special file `socket`"
            ]
        );
        symlink("alice", place.path().join("mallory")).expect("a link");
        let whole = plain(&place.path().join("mallory"));
        assert!(matches!(&whole, Err(Unreadable::Submission(why)) if why.contains("link")), "{whole:?}");
        let device = plain(Path::new("/dev/null"));
        assert!(matches!(&device, Err(Unreadable::Submission(_))), "{device:?}");
        let fifo = plain(&eve.join("fifo"));
        assert!(matches!(&fifo, Err(Unreadable::Submission(_))), "{fifo:?}");
    }

    #[test]
    fn an_empty_folder_and_one_of_links_alone_say_that_nothing_was_handed_in() {
        let place = tempfile::tempdir().expect("a temporary directory");
        let why = |found| match found {
            Err(Unreadable::Submission(why)) => why,
            other => panic!("{other:?}"),
        };
        assert_eq!(why(plain(place.path())), "no file was handed in");
        symlink("/etc/passwd", place.path().join("a")).expect("a link");
        assert_eq!(why(plain(place.path())), "no file was handed in (left out: the link `a`)");
    }

    #[test]
    fn a_single_file_gets_the_name_that_the_suite_requires() {
        let place = tempfile::tempdir().expect("a temporary directory");
        let path = place.path().join("f");
        std::fs::write(&path, "x").expect("writable");
        let read = |name: &str, downloaded, required: &[&str]| {
            let required: Vec<PathBuf> = required.iter().map(PathBuf::from).collect();
            names(&read(&of(&path, name, downloaded), Bounds::default(), &required).expect("readable"))
        };
        assert_eq!(read("mine.py", false, &["sort.py"]), ["sort.py"]);
        assert_eq!(read("mine.c", false, &["sort.py"]), ["mine.c"]);
        assert_eq!(read("sort-3.py", true, &["sort.py", "README"]), ["sort.py"]);
        assert_eq!(read("part-3.py", true, &["sort.py", "README"]), ["part-3.py"]);
        assert_eq!(read("mine.py", false, &[]), ["mine.py"]);
    }
}
