//! A folder that is held open, for writing into what somebody else may have prepared: no name in it leads out through
//! a link, not even when one is put there in the middle of the work.

use std::{
    fs::{File, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
};

use cap_fs_ext::{DirExt, FollowSymlinks, OpenOptionsFollowExt};
use cap_std::{
    ambient_authority,
    fs::{Dir, OpenOptions},
};

use super::{behind::WriteBehind, with_suffix};
use crate::error::{Code, Error, Fact, Result};

/// A folder that is held open.
#[derive(Debug)]
pub(crate) struct OpenFolder {
    dir: Dir,
    /// As the user named it, for errors.
    path: PathBuf,
}

/// A file being written under a partial name in its folder; becomes the file on [`FileInFolder::commit`], else vanishes.
#[derive(Debug)]
pub(crate) struct FileInFolder<'a> {
    folder: &'a OpenFolder,
    name: String,
    file: File,
    behind: WriteBehind,
    is_committed: bool,
}

impl OpenFolder {
    /// Opens the folder `path`, which the user named and which may be a link.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let dir = Dir::open_ambient_dir(path, ambient_authority()).map_err(|e| Error::read(path, e))?;
        Ok(Self { dir, path: path.to_owned() })
    }

    /// Where `name` is, for errors.
    pub(crate) fn path_of(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path.join(name)
    }

    /// The folder `name` in it; nothing where there is none.
    ///
    /// # Errors
    /// [`Code::Exists`] for a link, or anything else that is no folder.
    pub(crate) fn folder(&self, name: impl AsRef<Path>) -> Result<Option<Self>> {
        let name = name.as_ref();
        let path = self.path_of(name);
        let is_folder = match self.dir.symlink_metadata(name) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            found => found.is_ok_and(|found| found.is_dir()),
        };
        if !is_folder {
            return Err(Error::new(Code::Exists).worded(Fact::Detail, "detail-not-a-folder", &[]).at(&path));
        }
        let dir = self.dir.open_dir_nofollow(name).map_err(|e| Error::read(&path, e))?;
        Ok(Some(Self { dir, path }))
    }

    /// The folder `name` in it, which is made unless it is there.
    pub(crate) fn make_folder(&self, name: impl AsRef<Path>) -> Result<Self> {
        let name = name.as_ref();
        let path = self.path_of(name);
        match self.dir.create_dir(name) {
            Ok(()) => self.sync()?,
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(Error::write(&path, e)),
        }
        self.folder(name)?.ok_or_else(|| Error::new(Code::NotFound).at(&path))
    }

    /// Opens the regular file `name` for reading.
    ///
    /// # Errors
    /// [`Code::Read`] for a link or anything else.
    pub(crate) fn file(&self, name: &str) -> Result<File> {
        let path = self.path_of(name);
        let elsewhere = || Error::new(Code::Read).worded(Fact::Detail, "detail-not-in-folder", &[]).at(&path);
        // Asked before it is opened: a pipe would block.
        if !self.dir.symlink_metadata(name).map_err(|e| Error::read(&path, e))?.is_file() {
            return Err(elsewhere());
        }
        let file = self.dir.open_with(name, OpenOptions::new().read(true).follow(FollowSymlinks::No));
        Ok(file.map_err(|e| Error::read(&path, e))?.into_std())
    }

    /// Begins the file `name`; one that is there is replaced once the new one is whole.
    ///
    /// # Errors
    /// [`Code::Busy`] while another run writes it.
    pub(crate) fn create(&self, name: &str) -> Result<FileInFolder<'_>> {
        let partial = partial(name);
        let path = self.path_of(&partial);
        let write = |e| Error::write(&path, e);
        let open = |options: &mut OpenOptions| {
            self.dir
                .open_with(&partial, options.write(true).follow(FollowSymlinks::No))
                .map(cap_std::fs::File::into_std)
        };
        let lock = |file: File| match file.try_lock() {
            Err(TryLockError::WouldBlock) => Err(Error::new(Code::Busy).at(&path)),
            // Some network file systems have no locks.
            _ => Ok(file),
        };
        let file = match open(OpenOptions::new().create_new(true)) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
                // A run that was killed left it, or somebody put it there: nothing of it is used.
                if self.dir.symlink_metadata(&partial).is_ok_and(|found| found.is_file()) {
                    lock(open(&mut OpenOptions::new()).map_err(write)?)?;
                }
                self.dir.remove_file(&partial).map_err(write)?;
                open(OpenOptions::new().create_new(true)).map_err(write)?
            }
            opened => opened.map_err(write)?,
        };
        let file = lock(file)?;
        let name = name.to_owned();
        Ok(FileInFolder { folder: self, name, file, behind: WriteBehind::default(), is_committed: false })
    }

    /// Writes the small file `name`, whole or not at all.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let mut file = self.create(name)?;
        file.write_all(bytes).map_err(|e| Error::write(&self.path_of(name), e))?;
        file.commit()
    }

    /// Removes the file `name`.
    pub(crate) fn remove(&self, name: &str) -> Result<()> {
        self.dir.remove_file(name).map_err(|e| Error::write(&self.path_of(name), e))
    }

    /// Makes what was renamed in it durable.
    pub(crate) fn sync(&self) -> Result<()> {
        if cfg!(not(unix)) {
            return Ok(()); // Windows has no folder handle to flush.
        }
        // The handle itself may be one that only finds names (O_PATH).
        let folder = self.dir.open(".").map(cap_std::fs::File::into_std);
        folder.and_then(|folder| folder.sync_all()).map_err(|e| Error::write(&self.path, e))
    }
}

fn partial(name: &str) -> String {
    with_suffix(Path::new(name), super::PARTIAL_SUFFIX).to_string_lossy().into_owned()
}

impl FileInFolder<'_> {
    /// Flushes, renames into place and flushes the folder.
    pub(crate) fn commit(mut self) -> Result<()> {
        let path = self.folder.path_of(&self.name);
        let write = |e| Error::write(&path, e);
        self.behind.end().and_then(|()| self.file.sync_all()).map_err(write)?;
        let dir = &self.folder.dir;
        dir.rename(partial(&self.name), dir, &self.name).map_err(write)?;
        self.is_committed = true;
        self.folder.sync()
    }
}

impl Write for FileInFolder<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let len = self.file.write(buf)?;
        self.behind.wrote(&self.file, len as u64)?;
        Ok(len)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for FileInFolder<'_> {
    fn drop(&mut self) {
        if !self.is_committed {
            let _ = self.folder.dir.remove_file(partial(&self.name));
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn no_name_leads_out_of_the_folder() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::create_dir_all(at("folder/real")).unwrap();
        std::fs::create_dir(at("other")).unwrap();
        crate::fs::write(&at("other/file"), b"theirs", crate::fs::Existing::Keep).unwrap();
        symlink("../other", at("folder/link")).unwrap();
        symlink("real", at("folder/near")).unwrap();
        symlink("../other/file", at("folder/file")).unwrap();
        symlink("../other/file", at("folder/new.sealift-partial")).unwrap();
        let folder = OpenFolder::open(&at("folder")).unwrap();
        assert!(folder.folder("real").unwrap().is_some() && folder.folder("absent").unwrap().is_none());
        for link in ["link", "near", "file"] {
            assert_eq!(folder.folder(link).unwrap_err().code(), Code::Exists, "{link}");
            assert_eq!(folder.make_folder(link).unwrap_err().code(), Code::Exists, "{link}");
            assert_eq!(folder.file(link).unwrap_err().code(), Code::Read, "{link}");
        }
        // A link is replaced, not followed.
        folder.write("file", b"ours").unwrap();
        folder.write("new", b"ours").unwrap();
        assert_eq!(std::fs::read(at("other/file")).unwrap(), b"theirs");
        assert_eq!(std::fs::read(at("folder/file")).unwrap(), b"ours");
        assert!(!at("folder/new.sealift-partial").exists() && folder.file("new").is_ok());
        // One that is not whole vanishes; two do not write at once.
        let file = folder.create("half").unwrap();
        assert_eq!(folder.create("half").unwrap_err().code(), Code::Busy);
        drop(file);
        assert!(!at("folder/half.sealift-partial").exists() && !at("folder/half").exists());
    }
}
