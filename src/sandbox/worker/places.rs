//! Folders and places to mount on, while a root is put together.

use std::ffi::CString;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// A folder that everybody may enter, whatever the umask.
pub(super) fn make_folder(path: &Path) -> io::Result<()> {
    fs::create_dir(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}

/// Makes an empty file or folder to mount on, with the folders above it, unless it is there.
pub(super) fn place_for(place: &Path, is_dir: bool) -> io::Result<()> {
    if place.exists() {
        return Ok(());
    }
    let folder = if is_dir { Some(place) } else { place.parent() };
    fs::create_dir_all(folder.unwrap_or(place))?;
    if !is_dir {
        fs::File::create(place)?;
    }
    Ok(())
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
