//! What a run leaves in its folder for temporary files: nothing, it is hoped.

use std::fs;

impl crate::place::Place {
    /// The name of something that a run has left in its folder for temporary files.
    pub(crate) fn left_in_tmp(&self) -> Option<String> {
        let tmp = self.work().with_file_name("tmp");
        let left = fs::read_dir(tmp).expect("the place has one").flatten().next()?;
        Some(left.file_name().to_string_lossy().into_owned())
    }
}
