//! Files that take long to make and are never changed: kept in `target/test-cache/` for the next run.

use std::{
    fs::{self, OpenOptions},
    path::{Path, PathBuf},
};

/// The file called `name`, made unless it is there. What it is made of belongs in its name.
pub(crate) fn cached(name: &str, make: impl FnOnce(&Path)) -> PathBuf {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("test-cache");
    fs::create_dir_all(&cache).unwrap();
    // Tests run in threads, or in processes of their own; the lock holds for both.
    let lock = cache.join(format!("{name}.lock"));
    let lock = OpenOptions::new().create(true).truncate(false).write(true).open(lock).unwrap();
    lock.lock().unwrap();

    let file = cache.join(name);
    if !file.exists() {
        // A run that is broken off must leave no half file under the final name.
        let partial = tempfile::Builder::new().tempfile_in(&cache).unwrap().into_temp_path();
        make(&partial);
        partial.persist(&file).unwrap();
    }
    file
}
