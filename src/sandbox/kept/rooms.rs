//! Room for what programs print, used again where it is much: the kernel clears every page that it
//! gives, which takes longer than reading a program's output into it. What was in a room is never
//! seen through it: whoever has one knows how much of it is theirs.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Room for the many programs that print little.
const FEW: usize = 4 << 10;
/// From so many bytes on a room is worth keeping, and is taken again.
const MUCH: usize = 1 << 20;
/// What is kept in all, in bytes; no room grows by more at a time.
const MOST: usize = 64 << 20;

static ROOMS: Rooms = Rooms(Mutex::new(Vec::new()));

/// Those that nobody has at the moment.
struct Rooms(Mutex<Vec<Vec<u8>>>);

/// Makes room behind the first `filled` bytes, which are all there are. `prepare` is told of room that
/// the kernel has not given yet.
pub(crate) fn grow(room: &mut Vec<u8>, filled: usize, prepare: fn(&mut [u8])) {
    ROOMS.grow(room, filled, prepare);
}

/// Keeps no more than what is there, where the room is none that is used again.
pub(crate) fn fit(room: &mut Vec<u8>, filled: usize) {
    if room.len() < MUCH {
        room.truncate(filled);
        room.shrink_to_fit();
    }
}

/// Takes back what nobody looks at any more.
pub(super) fn give(room: Vec<u8>) {
    ROOMS.give(room);
}

impl Rooms {
    fn lock(&self) -> MutexGuard<'_, Vec<Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn grow(&self, room: &mut Vec<u8>, filled: usize, prepare: impl FnOnce(&mut [u8])) {
        let wanted = filled + (3 * filled).clamp(FEW, MOST);
        let known = if wanted >= MUCH { self.take(wanted) } else { None };
        let mut larger = known.unwrap_or_else(|| {
            let mut larger = vec![0; wanted];
            prepare(&mut larger);
            larger
        });
        larger[..filled].copy_from_slice(&room[..filled]);
        self.give(std::mem::replace(room, larger));
    }

    /// The largest, if it has so much: what is more is there for what may still come.
    fn take(&self, wanted: usize) -> Option<Vec<u8>> {
        let mut rooms = self.lock();
        let at = (0..rooms.len()).max_by_key(|&at| rooms[at].len())?;
        (rooms[at].len() >= wanted).then(|| rooms.swap_remove(at))
    }

    fn give(&self, room: Vec<u8>) {
        if room.len() < MUCH {
            return;
        }
        let mut rooms = self.lock();
        rooms.push(room);
        while rooms.iter().map(Vec::len).sum::<usize>() > MOST {
            let smallest = (0..rooms.len()).min_by_key(|&at| rooms[at].len());
            drop(smallest.map(|at| rooms.swap_remove(at)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn none() -> Rooms {
        Rooms(Mutex::new(Vec::new()))
    }

    #[test]
    fn what_is_there_stays_and_there_is_room_behind_it() {
        let rooms = none();
        for filled in [0, 1, FEW, MUCH, 3 * MUCH] {
            rooms.give(vec![b'x'; 8 * MUCH]);
            let mut room = vec![b'y'; filled];
            rooms.grow(&mut room, filled, |_| {});
            assert!(room[..filled].iter().all(|&byte| byte == b'y'), "{filled}");
            assert!(room.len() >= filled + FEW, "{filled}");
        }
    }

    #[test]
    fn programs_that_print_much_one_after_the_other_need_no_new_room_and_leave_no_small_ones() {
        let rooms = none();
        let mut large = 0;
        for _ in 0..200 {
            let (mut room, mut filled) = (Vec::new(), 0);
            while filled < 5 * MUCH {
                rooms.grow(&mut room, filled, |fresh| large += usize::from(fresh.len() >= MUCH));
                filled = room.len().min(5 * MUCH);
            }
            rooms.give(room);
        }
        // The first one's: of 1, 4 and 16 MiB.
        assert_eq!((large, rooms.lock().len()), (3, 3));
    }

    #[test]
    fn little_is_not_kept_and_all_of_it_is_bounded() {
        let rooms = none();
        for _ in 0..5 {
            rooms.give(vec![0; MOST / 2]);
        }
        rooms.give(vec![0; 100]);
        rooms.give(vec![0; MUCH]);
        let sizes: Vec<_> = rooms.lock().iter().map(Vec::len).collect();
        assert_eq!(sizes, [MOST / 2, MOST / 2], "the smallest goes first");
    }
}
