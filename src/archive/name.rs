//! Names of entries: only those that stay below the folder they are unpacked into.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use super::Refused;
use crate::units::visible_line;

/// No component is longer: the kernel's own limit.
const LONGEST_COMPONENT: usize = 255;
const LONGEST: usize = 1024;
const DEEPEST: usize = 32;

/// Folders and files that systems add on their own and nobody handed in.
const JUNK: &[&[u8]] = &[b"__MACOSX", b".DS_Store", b"Thumbs.db", b"desktop.ini"];

/// The path of an entry, relative and without `.`; `None` for the folder itself. `backslash`:
/// whether `\` separates too, as in archives that were made on Windows.
pub(super) fn safe(name: &[u8], backslash: bool) -> Result<Option<PathBuf>, Refused> {
    let refuse = |why| Err(Refused::Name { name: visible_line(&name[..name.len().min(200)]), why });
    if name.len() > LONGEST {
        return refuse("is too long");
    }
    if name.contains(&0) {
        return refuse("has a NUL byte");
    }
    let is_separator = |byte: &u8| *byte == b'/' || (backslash && *byte == b'\\');
    if name.first().is_some_and(is_separator) {
        return refuse("is absolute");
    }
    if backslash && name.len() >= 2 && name[0].is_ascii_alphabetic() && name[1] == b':' {
        return refuse("names a drive");
    }
    let mut path = PathBuf::new();
    let mut depth = 0;
    for part in name.split(is_separator).filter(|part| !part.is_empty() && *part != b".") {
        if part == b".." {
            return refuse("leads out of its folder");
        }
        if part.len() > LONGEST_COMPONENT {
            return refuse("is too long");
        }
        depth += 1;
        path.push(OsStr::from_bytes(part));
    }
    if depth > DEEPEST {
        return refuse("is too deep");
    }
    Ok((depth > 0).then_some(path))
}

/// Whether a path is something that a system added on its own.
pub(super) fn is_junk(path: &std::path::Path) -> bool {
    path.iter().any(|part| JUNK.contains(&part.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_below_its_folder_or_is_refused() {
        let of = |name: &[u8]| safe(name, true);
        assert_eq!(of(b"a/./b//c").expect("fine"), Some(PathBuf::from("a/b/c")));
        assert_eq!(of(b"a\\b.py").expect("fine"), Some(PathBuf::from("a/b.py")));
        assert_eq!(of(b"./").expect("fine"), None);
        assert_eq!(safe(b"a\\b", false).expect("fine"), Some(PathBuf::from("a\\b")));
        for bad in [
            &b"../x"[..],
            b"a/../../x",
            b"/etc/passwd",
            b"\\x",
            b"C:\\x",
            b"a/..",
            b"a\\..\\..\\x",
            b"a\0b",
            &[b'a'; 300],
        ] {
            assert!(of(bad).is_err(), "{}", visible_line(bad));
        }
        assert!(of("a/".repeat(40).as_bytes()).is_err());
    }
}
