//! A key in shares, each in a file of its own that is handed to another person.
//!
//! Knows no bundle: what is locked with the key is the caller's.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::{
    error::Result,
    fs::{self, Existing},
    keyslot::SplitKey,
};

/// Files of shares that were written. Dropped before [`Self::keep`], they are removed: then nothing was locked with their
/// key, so they open nothing and would be in the way of the next attempt.
#[derive(Debug, Default)]
pub struct ShareFiles(Vec<PathBuf>);

impl ShareFiles {
    /// The files stay; in the order of their numbers.
    #[must_use]
    pub fn keep(mut self) -> Vec<PathBuf> {
        std::mem::take(&mut self.0)
    }
}

impl Drop for ShareFiles {
    fn drop(&mut self) {
        for path in &self.0 {
            let _ = fs::remove(path);
        }
    }
}

/// Makes a key in `num_shares` shares, of which any `threshold` open what is locked with it. Each is written into `folder`
/// as `NAME-1-of-3.txt`, as code and as words, for its owner alone to read.
///
/// # Errors
/// [`crate::Code::Usage`] unless 2 ≤ threshold ≤ shares ≤ [`crate::MAX_SHARES`]; [`crate::Code::Exists`]: a share of
/// another key is not written over.
pub fn write_shares(
    folder: &Path,
    name: &str,
    threshold: u8,
    num_shares: u8,
) -> Result<(SplitKey, ShareFiles)> {
    let (key, shares) = SplitKey::generate(threshold, num_shares)?;
    let mut files = ShareFiles::default();
    for share in &shares {
        let path = folder.join(format!("{name}-{}-of-{num_shares}.txt", share.number()));
        let text = Zeroizing::new(format!("{}\n{}\n", *share.code(), *share.words()));
        fs::write_private(&path, text.as_bytes(), Existing::Keep)?;
        files.0.push(path);
    }
    Ok((key, files))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    #[test]
    fn shares_go_with_what_failed_and_are_never_written_over() {
        let dir = tempfile::tempdir().unwrap();
        let names = || {
            let entries = std::fs::read_dir(dir.path()).unwrap();
            let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
            names.sort();
            names
        };
        let write = |threshold, num_shares| write_shares(dir.path(), "share", threshold, num_shares);
        let (_, files) = write(2, 3).unwrap();
        assert_eq!(names(), ["share-1-of-3.txt", "share-2-of-3.txt", "share-3-of-3.txt"]);
        drop(files);
        assert!(names().is_empty());

        let kept = write(2, 3).unwrap().1.keep();
        #[cfg(unix)]
        for path in &kept {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
        fs::remove(&kept[0]).unwrap();
        assert_eq!(write(2, 3).unwrap_err().code(), Code::Exists);
        assert_eq!(names(), ["share-2-of-3.txt", "share-3-of-3.txt"], "nothing half-written is left");
        for (threshold, num_shares) in [(1, 3), (4, 3), (2, 33)] {
            assert_eq!(write(threshold, num_shares).unwrap_err().code(), Code::Usage);
        }
    }
}
