//! [`Fresh`]: what every case gets anew, also where the last one has provably not touched it.

use std::str::FromStr;

/// What every case gets anew. What is not named here is kept from case to case as long as it is
/// proven that no case has changed it, and replaced otherwise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fresh {
    /// The process namespace.
    pub pid: bool,
    /// The IPC namespace.
    pub ipc: bool,
    /// The mounts: every writable folder, `/proc`.
    pub mnt: bool,
    /// The network namespace.
    pub network: bool,
    /// Everything: the worker with its user namespace and its read-only root, and the cgroup.
    pub all: bool,
}

impl Fresh {
    /// Everything anew for every case.
    pub const ALL: Self = Self { pid: true, ipc: true, mnt: true, network: true, all: true };

    /// Init holds the process, IPC and mount namespace together.
    pub(super) fn init_is_kept(self) -> bool {
        !(self.pid || self.ipc || self.mnt || self.network || self.all)
    }

    pub(super) fn worker_is_kept(self) -> bool {
        !self.all
    }
}

impl FromStr for Fresh {
    type Err = String;

    /// A list like `pid,net`, or `all`.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut fresh = Self::default();
        for word in text.split(',') {
            match word {
                "pid" => fresh.pid = true,
                "ipc" => fresh.ipc = true,
                "mnt" => fresh.mnt = true,
                "net" => fresh.network = true,
                "all" => fresh = Self::ALL,
                other => return Err(format!("`{other}` is none of pid, ipc, mnt, net, all")),
            }
        }
        Ok(fresh)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_names_what_is_made_anew_and_all_is_everything() {
        let fresh: Fresh = "pid,net".parse().expect("a list");
        assert_eq!(fresh, Fresh { pid: true, network: true, ..Fresh::default() });
        assert_eq!("all".parse(), Ok(Fresh::ALL));
        assert!("pid,".parse::<Fresh>().is_err());
        assert!(Fresh::default().init_is_kept() && !fresh.init_is_kept() && !Fresh::ALL.worker_is_kept());
    }
}
