//! Amounts as people read them in a table: times, points, sizes against a limit.

use std::time::Duration;

use crate::units::Bytes;

/// `[  0.118s]`, `[    -   ]`.
pub(super) fn bracketed(duration: Option<Duration>) -> String {
    match duration {
        Some(duration) => format!("[{:>8}]", seconds(duration)),
        None => "[    -   ]".to_owned(),
    }
}

/// `0.118s`, cut and not rounded; an hour and more without the fraction.
pub(super) fn seconds(duration: Duration) -> String {
    if duration.as_secs() < 3600 {
        format!("{}.{:03}s", duration.as_secs(), duration.subsec_millis())
    } else {
        format!("{}s", duration.as_secs())
    }
}

/// Points without a needless fraction: `5`, `2.5`.
pub(super) fn points(points: f64) -> String {
    let text = format!("{points:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// `0.09/2 s`.
pub(super) fn time_of(used: Duration, limit: Option<Duration>) -> String {
    let used = format!("{}.{:02}", used.as_secs(), used.subsec_millis() / 10);
    match limit {
        Some(limit) => format!("{used}/{} s", points(limit.as_secs_f64())),
        None => format!("{used} s"),
    }
}

/// `9.1/256 MiB`: in the unit of the limit, and never rounded up to it.
pub(crate) fn size_of(used: Bytes, limit: Bytes) -> String {
    let (shift, unit) = match limit.0 {
        size if size >= 1 << 30 && size.is_multiple_of(1 << 30) => (30, "GiB"),
        size if size >= 1 << 20 => (20, "MiB"),
        size if size >= 1 << 10 => (10, "KiB"),
        _ => (0, "B"),
    };
    format!("{}/{} {unit}", tenths(used.0, shift), tenths(limit.0, shift))
}

fn tenths(bytes: u64, shift: u32) -> String {
    let tenths = (u128::from(bytes) * 10) >> shift;
    match tenths % 10 {
        0 => (tenths / 10).to_string(),
        fraction => format!("{}.{fraction}", tenths / 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_read_as_people_write_them() {
        assert_eq!(bracketed(Some(Duration::from_millis(118))), "[  0.118s]");
        assert_eq!(bracketed(None), "[    -   ]");
        assert_eq!(points(5.0), "5");
        assert_eq!(points(2.5), "2.5");
        assert_eq!(points(0.0), "0");
        assert_eq!(time_of(Duration::from_millis(99), Some(Duration::from_secs(2))), "0.09/2 s");
        assert_eq!(size_of(Bytes(9_600_000), Bytes::mib(256)), "9.1/256 MiB");
        assert_eq!(size_of(Bytes((64 << 20) - 1), Bytes::mib(64)), "63.9/64 MiB");
    }
}
