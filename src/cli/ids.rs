//! Random ids for runs and executions.

use std::io::Read;

/// A random UUID (version 4) for an execution.
pub(super) fn execution() -> String {
    let mut bytes: [u8; 16] = random();
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

/// A short random id for a run, in characters that nobody confuses.
pub(super) fn run() -> String {
    const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    random::<8>().iter().map(|byte| char::from(ALPHABET[usize::from(byte & 31)])).collect()
}

/// 128 random bits in hex, for what nobody may guess.
pub(super) fn secret() -> String {
    random::<16>().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A seed for an order: short enough to be typed.
pub(super) fn seed() -> u64 {
    u32::from_le_bytes(random()).into()
}

/// Ids need not be secret, only distinct: without /dev/urandom the clock and our id must do.
fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    let read = std::fs::File::open("/dev/urandom").and_then(|mut random| random.read_exact(&mut bytes));
    if read.is_err() {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let seed = now.as_nanos() ^ u128::from(std::process::id()) << 64;
        bytes.iter_mut().zip(seed.to_le_bytes().iter().cycle()).for_each(|(to, from)| *to = *from);
    }
    bytes
}

#[cfg(test)]
mod tests {
    #[test]
    fn ids_differ_and_have_their_shape() {
        assert_ne!(super::execution(), super::execution());
        let id = super::execution();
        assert_eq!((id.len(), &id[14..15]), (36, "4"), "{id}");
        assert_eq!(super::run().len(), 8);
    }
}
