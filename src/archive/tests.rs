use std::io::{Cursor, Write};
use std::path::Path;

use super::*;
use crate::units::Bytes;

/// An entry of an archive to be: kind, mode, name, bytes or link target.
type Entry<'a> = (char, u32, &'a str, &'a [u8]);

fn tarball(entries: &[Entry<'_>]) -> Vec<u8> {
    let mut out = Vec::new();
    for (kind, mode, name, bytes) in entries {
        out.extend(header(*kind, *mode, name, bytes));
        if *kind == '0' || *kind == 'L' {
            out.extend(*bytes);
            out.resize(out.len().next_multiple_of(512), 0);
        }
    }
    out.resize(out.len() + 1024, 0);
    out
}

/// By hand, because no library writes a name that leads out.
fn header(kind: char, mode: u32, name: &str, bytes: &[u8]) -> [u8; 512] {
    let mut header = [0u8; 512];
    header[..name.len()].copy_from_slice(name.as_bytes());
    let mut field = |at: usize, text: &str| header[at..at + text.len()].copy_from_slice(text.as_bytes());
    field(100, &format!("{mode:07o}\0"));
    field(108, "0000000\0");
    field(116, "0000000\0");
    let size = if matches!(kind, '0' | 'L') { bytes.len() } else { 0 };
    field(124, &format!("{size:011o}\0"));
    field(136, "00000000000\0");
    field(148, "        ");
    field(156, &kind.to_string());
    if matches!(kind, '1' | '2') {
        field(157, std::str::from_utf8(bytes).expect("a link target"));
    }
    field(257, "ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header
}

fn zipped(entries: &[Entry<'_>]) -> Vec<u8> {
    let mut zip = ::zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (kind, mode, name, bytes) in entries {
        let options = ::zip::write::SimpleFileOptions::default().unix_permissions(*mode);
        if *kind == '2' {
            zip.add_symlink(*name, String::from_utf8_lossy(bytes), options).expect("a link");
        } else {
            zip.start_file(*name, options).expect("a file");
            zip.write_all(bytes).expect("its bytes");
        }
    }
    zip.finish().expect("a directory").into_inner()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    out.write_all(bytes).expect("its bytes");
    out.finish().expect("its end")
}

fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut out = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
    out.write_all(bytes).expect("its bytes");
    out.finish().expect("its end")
}

const SMALL: Bounds = Bounds { bytes: Bytes::kib(64), files: 16 };

fn paths(tree: &Tree) -> Vec<String> {
    tree.files().map(|(path, _)| path.display().to_string()).collect()
}

#[test]
fn every_kind_of_archive_gives_the_same_tree() {
    let entries: &[Entry<'_>] =
        &[('0', 0o4755, "hw/run.sh", b"#!/bin/sh\n"), ('0', 0o666, "hw/sort.py", b"print()\n")];
    let tar = tarball(entries);
    let trees = [
        unpack(&tar, Format::Tar, SMALL),
        unpack(&gzip(&tar), Format::TarGzip, SMALL),
        unpack(&bzip2(&tar), Format::TarBzip2, SMALL),
        unpack(&zipped(entries), Format::Zip, SMALL),
    ];
    for tree in trees {
        let tree = tree.expect("harmless");
        assert_eq!(paths(&tree), ["hw/run.sh", "hw/sort.py"]);
        assert!(tree.get(Path::new("hw/run.sh")).is_some_and(|file| file.executable));
        assert!(tree.get(Path::new("hw/sort.py")).is_some_and(|file| !file.executable));
    }
}

/// Made with the tools of everybody: `printf x > a; tar c a | xz|zstd | base64`.
#[test]
fn xz_and_zstandard_are_understood() {
    use base64::Engine;
    let decode = |text: &str| base64::engine::general_purpose::STANDARD.decode(text).expect("base64");
    for (text, format) in [(TAR_XZ, Format::TarXz), (TAR_ZST, Format::TarZstd)] {
        let tree = unpack(&decode(text), format, SMALL).expect("harmless");
        assert_eq!(paths(&tree), ["a"], "{format:?}");
        assert_eq!(tree.get(Path::new("a")).map(|file| &file.bytes[..]), Some(&b"x"[..]), "{format:?}");
    }
}

#[test]
fn a_name_that_leads_out_refuses_the_whole_archive() {
    for name in ["../evil", "/etc/evil", "a/../../evil"] {
        for kind in ['0', '2', '5'] {
            let tar = tarball(&[('0', 0o644, "fine", b"x"), (kind, 0o644, name, b"x")]);
            let found = unpack(&tar, Format::Tar, SMALL);
            assert!(matches!(found, Err(Refused::Name { .. })), "{name} {kind}: {found:?}");
        }
        let found = unpack(&zipped(&[('0', 0o644, name, b"x")]), Format::Zip, SMALL);
        assert!(matches!(found, Err(Refused::Name { .. })), "{name}: {found:?}");
    }
    let windows = unpack(&zipped(&[('0', 0o644, "..\\evil", b"x")]), Format::Zip, SMALL);
    assert!(matches!(windows, Err(Refused::Name { .. })), "{windows:?}");
}

#[test]
fn links_and_devices_are_left_out_and_named() {
    let tar = tarball(&[
        ('2', 0o777, "passwd", b"/etc/passwd"),
        ('1', 0o644, "hard", b"../other/sort.py"),
        ('3', 0o666, "null", b""),
        ('4', 0o666, "sda", b""),
        ('6', 0o666, "fifo", b""),
        ('0', 0o644, "sort.py", b"x"),
    ]);
    let tree = unpack(&tar, Format::Tar, SMALL).expect("the rest is harmless");
    assert_eq!(paths(&tree), ["sort.py"]);
    let left: Vec<_> = tree.left_out().collect();
    assert_eq!(
        left,
        [
            "the FIFO `fifo`",
            "the device `null`",
            "the device `sda`",
            "the hard link `hard`",
            "the link `passwd`"
        ]
    );
    let zip = zipped(&[('2', 0o777, "passwd", b"/etc/passwd"), ('0', 0o644, "sort.py", b"x")]);
    let tree = unpack(&zip, Format::Zip, SMALL).expect("the rest is harmless");
    assert_eq!((paths(&tree).len(), tree.left_out().count()), (1, 1));
}

#[test]
fn a_file_below_a_link_of_the_same_name_is_only_a_file() {
    let tar = tarball(&[('2', 0o777, "out", b"/etc"), ('0', 0o644, "out/passwd", b"x")]);
    assert_eq!(paths(&unpack(&tar, Format::Tar, SMALL).expect("harmless")), ["out/passwd"]);
}

#[test]
fn bombs_are_bounded_before_they_go_off() {
    let zeros = vec![0u8; 8 << 20];
    let bomb = tarball(&[('0', 0o644, "zeros", &zeros)]);
    assert_eq!(unpack(&gzip(&bomb), Format::TarGzip, SMALL), Err(Refused::TooLarge(SMALL.bytes)));
    assert_eq!(unpack(&bzip2(&bomb), Format::TarBzip2, SMALL), Err(Refused::TooLarge(SMALL.bytes)));
    let zip = zipped(&[('0', 0o644, "zeros", &zeros)]);
    assert_eq!(unpack(&zip, Format::Zip, SMALL), Err(Refused::TooLarge(SMALL.bytes)));
    // A name that is eight megabytes long is read by the library before anybody sees it.
    let name = tarball(&[('L', 0o644, "././@LongLink", &zeros), ('0', 0o644, "x", b"x")]);
    assert_eq!(unpack(&gzip(&name), Format::TarGzip, SMALL), Err(Refused::TooLarge(SMALL.bytes)));
    let names: Vec<String> = (0..100).map(|n| format!("{n}")).collect();
    let many: Vec<Entry<'_>> = names.iter().map(|name| ('0', 0o644, name.as_str(), &b""[..])).collect();
    assert_eq!(unpack(&tarball(&many), Format::Tar, SMALL), Err(Refused::TooMany(16)));
    assert_eq!(unpack(&zipped(&many), Format::Zip, SMALL), Err(Refused::TooMany(16)));
    let folders: Vec<Entry<'_>> = names.iter().map(|name| ('5', 0o755, name.as_str(), &b""[..])).collect();
    assert_eq!(unpack(&tarball(&folders), Format::Tar, SMALL), Err(Refused::TooMany(16)));
}

#[test]
fn a_zip_that_lies_about_its_length_is_bounded_all_the_same() {
    let zeros = vec![0u8; 1 << 20];
    let mut zip = zipped(&[('0', 0o644, "zeros", &zeros)]);
    let (real, lie) = ((1u32 << 20).to_le_bytes(), 10u32.to_le_bytes());
    for at in 0..zip.len() - 4 {
        if zip[at..at + 4] == real {
            zip[at..at + 4].copy_from_slice(&lie);
        }
    }
    let found = unpack(&zip, Format::Zip, SMALL);
    assert!(matches!(found, Err(Refused::TooLarge(_) | Refused::Damaged(_))), "{found:?}");
}

#[test]
fn a_sparse_file_is_as_large_as_it_says() {
    let mut tar = tarball(&[('S', 0o644, "sparse", b"")]);
    // The real size of an old GNU sparse file, and no data at all.
    let size = format!("{:011o}\0", 1u64 << 32);
    tar[483..495].copy_from_slice(size.as_bytes());
    tar[148..156].copy_from_slice(b"        ");
    let sum: u32 = tar[..512].iter().map(|byte| u32::from(*byte)).sum();
    tar[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let found = unpack(&tar, Format::Tar, SMALL);
    assert!(matches!(found, Err(Refused::TooLarge(_) | Refused::Damaged(_))), "{found:?}");
}

#[test]
fn what_is_no_archive_or_ends_early_is_damaged_and_never_a_panic() {
    let entries: &[Entry<'_>] = &[('0', 0o644, "a", b"some bytes"), ('0', 0o644, "b", b"and some more")];
    let (tar, zip) = (tarball(entries), zipped(entries));
    let all = [
        (tar.clone(), Format::Tar),
        (gzip(&tar), Format::TarGzip),
        (bzip2(&tar), Format::TarBzip2),
        (zip, Format::Zip),
    ];
    for (bytes, format) in all {
        for end in 0..bytes.len() {
            let _ = unpack(&bytes[..end], format, SMALL);
        }
        for at in (0..bytes.len()).step_by(3) {
            let mut bent = bytes.clone();
            bent[at] ^= 0x55;
            let _ = unpack(&bent, format, SMALL);
        }
    }
    for format in [Format::Zip, Format::TarGzip, Format::TarBzip2, Format::TarXz, Format::TarZstd] {
        let found = unpack(b"this is no archive at all, by any measure", format, SMALL);
        assert!(matches!(found, Err(Refused::Damaged(_))), "{format:?}: {found:?}");
    }
}

#[test]
fn names_say_the_format() {
    for (name, format, stem) in [
        ("a.ZIP", Some(Format::Zip), "a"),
        ("a.tar.gz", Some(Format::TarGzip), "a"),
        ("a.tgz", Some(Format::TarGzip), "a"),
        ("a.tar.zst", Some(Format::TarZstd), "a"),
        ("a.py", None, "a.py"),
        ("zip", None, "zip"),
    ] {
        assert_eq!((Format::of_name(name), Format::stem(name)), (format, stem));
    }
}

const TAR_XZ: &str = "\
/Td6WFoAAATm1rRGAgAhARwAAAAQz1jM4Cf/AFldADCAM1AYaImDAdzibiEFRld82HMQMMfN+ws7iIAl1Yi+Le9s1MOxcaKs1LxH\
96KP5UtvtxvScX5snhSsRydHYBbQxYLIqyBWvKpIY2NUn+QNwKVQ+D4f5gAAAAAAAKdXc403XorTAAF1gFAAAACf91HiscRn+wIA\
AAAABFla";

const TAR_ZST: &str = "\
KLUv/QRo5QEAYsIHDNA9gIiWgWBCthbBU16n2RngKlHtg0mGft9xi8xdAQsgsJkH+4XH52mMAWD/n2mPDuCAQQPsp9AGObAzsQ==";
