//! Folders and places to mount on, while a root is put together.

use std::ffi::CString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// From now on everything that is made can be looked at by everybody.
pub(super) fn usual_mask() {
    nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o022));
}

/// An empty file or folder to mount on, with the folders above it, unless it is there.
pub(super) fn place_for(place: &Path, is_dir: bool) -> io::Result<()> {
    let make = || if is_dir { fs::create_dir(place) } else { fs::File::create_new(place).map(drop) };
    let made = match make() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(place.parent().unwrap_or(place)).and_then(|()| make())
        }
        made => made,
    };
    match made {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made,
    }
}

/// `/name` below `base`.
pub(super) fn inside(base: &Path, name: &str) -> PathBuf {
    base.join(name.trim_start_matches('/'))
}

pub(super) fn c_path(path: &Path) -> CString {
    use std::os::unix::ffi::OsStrExt;
    CString::new(path.as_os_str().as_bytes())
        .expect("paths come from the kernel, or are NoNul below constants")
}
