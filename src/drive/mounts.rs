//! The kernel's list of mounts: `/proc/self/mountinfo`, as `proc_pid_mountinfo(5)` has it.

use std::path::{Path, PathBuf};

/// One mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mount {
    /// Numbers of the device, `8:17`.
    pub(super) dev: String,
    pub(super) point: PathBuf,
    pub(super) file_system: String,
    pub(super) is_read_only: bool,
}

/// Reads the list; empty where there is none.
pub(super) fn read(mountinfo: &Path) -> Vec<Mount> {
    let text = std::fs::read(mountinfo).unwrap_or_default();
    text.split(|byte| *byte == b'\n').filter_map(parse).collect()
}

/// `36 35 98:0 /root /mnt rw,noatime shared:1 - ext4 /dev/sdb1 rw`: before the lone dash any number of tags.
fn parse(line: &[u8]) -> Option<Mount> {
    let mut fields = line.split(|byte| *byte == b' ');
    let dev = text(fields.nth(2)?);
    let point = path(fields.nth(1)?);
    let is_read_only = has_option(fields.next()?);
    let mut behind = fields.skip_while(|field| *field != b"-").skip(1);
    let file_system = text(behind.next()?);
    let is_read_only = is_read_only || behind.nth(1).is_some_and(has_option);
    Some(Mount { dev, point, file_system, is_read_only })
}

fn text(field: &[u8]) -> String {
    String::from_utf8_lossy(field).into_owned()
}

fn has_option(options: &[u8]) -> bool {
    options.split(|byte| *byte == b',').any(|option| option == b"ro")
}

/// A path, in which spaces, tabs, line ends and backslashes are written as three octal digits.
fn path(field: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStringExt;
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&first, after)) = rest.split_first() {
        let octal = after.get(..3).filter(|_| first == b'\\');
        let byte = octal.and_then(|digits| std::str::from_utf8(digits).ok());
        if let Some(byte) = byte.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            bytes.push(byte);
            rest = &after[3..];
        } else {
            bytes.push(first);
            rest = after;
        }
    }
    std::ffi::OsString::from_vec(bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_whatever_tags_they_have() {
        let line =
            br"36 35 8:17 / /media/MY\040STICK\134x rw,nosuid shared:1 master:2 - vfat /dev/sdb1 ro,utf8";
        let mount = parse(line).unwrap();
        assert_eq!(mount.point, Path::new(r"/media/MY STICK\x"));
        assert_eq!((mount.dev.as_str(), mount.file_system.as_str()), ("8:17", "vfat"));
        assert!(mount.is_read_only);
        assert!(!parse(b"22 27 0:21 / /proc rw,relatime - proc proc rw").unwrap().is_read_only);
        for broken in [&b""[..], b"1 2", b"1 2 3:4 / /mnt rw", b"1 2 3:4 / /mnt rw -"] {
            assert_eq!(parse(broken), None);
        }
        assert!(
            read(Path::new("/proc/self/mountinfo")).iter().any(|mount| mount.point == Path::new("/proc"))
        );
    }
}
