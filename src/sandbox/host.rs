//! What this process is on this host: read once, plain data.

use std::fs;

use super::wire::Ids;

/// The first host id that workers use. Nothing hands out ids from here on (systemd's containers
/// end below); an id is only a name for "nobody else".
const FIRST_ID: u32 = 0x7000_0000;
/// As many workers as there can be process numbers.
const SPREAD: u32 = 1 << 22;
/// Ids that a worker uses: one for its namespace's root, one for the program.
const IDS_EACH: u32 = 2;

/// The ids that workers on this host get.
///
/// # Errors
/// Why there are none to be had: root in a user namespace with too few ids.
pub(super) fn ids() -> Result<Ids, String> {
    let uid = nix::unistd::geteuid();
    if !uid.is_root() {
        return Ok(Ids::One { uid: uid.as_raw(), gid: nix::unistd::getegid().as_raw() });
    }
    let map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    spare_ids(&map).ok_or_else(|| {
        "this root has too few user ids to give the program one of its own (uid_map); run as an ordinary user instead"
            .to_owned()
    })
}

/// A range that this user namespace has and nobody in it is likely to use.
fn spare_ids(uid_map: &str) -> Option<Ids> {
    let ranges = uid_map.lines().filter_map(|line| {
        let mut fields = line.split_whitespace();
        let (inside, _outside, count) = (fields.next()?, fields.next()?, fields.next()?);
        Some((inside.parse::<u64>().ok()?, count.parse::<u64>().ok()?))
    });
    let room = |first: u32, spread: u32| {
        let end = u64::from(first) + u64::from(IDS_EACH) * u64::from(spread);
        ranges.clone().any(|(inside, count)| inside <= u64::from(first) && end <= inside + count)
    };
    if room(FIRST_ID, SPREAD) {
        return Some(Ids::Two { first: FIRST_ID, spread: SPREAD });
    }
    // A container's 65,536 ids: from above those that distributions give to people and services,
    // and below "nobody".
    room(20_000, 20_000).then_some(Ids::Two { first: 20_000, spread: 20_000 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_range_gives_every_worker_ids_of_its_own() {
        let all = spare_ids("         0          0 4294967295\n");
        assert_eq!(all, Some(Ids::Two { first: FIRST_ID, spread: SPREAD }));
    }

    #[test]
    fn a_container_gives_fewer_and_a_single_id_none() {
        assert_eq!(spare_ids("0 100000 65536\n"), Some(Ids::Two { first: 20_000, spread: 20_000 }));
        assert_eq!(spare_ids("0 1000 1\n"), None);
    }
}
