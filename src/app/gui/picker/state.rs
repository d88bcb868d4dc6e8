//! What the picker knows: a folder, what is in it, and what is chosen. Listing runs as a job of its own.

use std::{
    cmp::Reverse,
    ffi::OsString,
    path::{Path, PathBuf},
};

use crate::gui::{
    action,
    dialog::{Ask, Choose},
    job::{Kind, Work},
};

/// Most entries shown of one folder; whoever has more types the path.
const MAX_ENTRIES: usize = 5000;

/// What a user does in the picker.
#[derive(Debug)]
pub(crate) enum Action {
    /// The path field was edited.
    Path(String),
    /// Goes to the path in the field: a folder is opened, a file is chosen.
    Submit,
    /// Goes to a folder.
    Enter(PathBuf),
    /// A folder was read.
    Listed(PathBuf, Result<Vec<Entry>, String>),
    /// Chooses a file, or takes it back where several can be.
    Toggle(PathBuf),
    /// The name of the file to be written was edited.
    Name(String),
    Confirm,
    Cancel,
}

/// A file or folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) name: OsString,
    pub(crate) is_folder: bool,
    pub(crate) size_bytes: u64,
}

/// A picker that is open.
#[derive(Debug)]
pub(crate) struct Picker {
    pub(crate) ask: Ask,
    pub(crate) folder: PathBuf,
    /// What stands in the path field.
    pub(crate) path: String,
    /// `None` while the folder is being read.
    pub(crate) entries: Option<Result<Vec<Entry>, String>>,
    pub(crate) chosen: Vec<PathBuf>,
    /// Name of the file to be written.
    pub(crate) name: String,
}

/// What comes of an action.
pub(crate) enum Step {
    Stay,
    List(Work),
    /// It closes, with these paths; none when cancelled.
    Close(Vec<PathBuf>),
}

impl Picker {
    /// A picker for `ask`, in the user's folder, and the work that reads it.
    pub(crate) fn open(ask: Ask) -> (Self, Work) {
        let home = directories::UserDirs::new().map(|dirs| dirs.home_dir().to_owned());
        let folder = home.unwrap_or_else(|| PathBuf::from("/"));
        let name = match &ask.choose {
            Choose::Save { name } => name.clone(),
            Choose::Files | Choose::File | Choose::Folder => String::new(),
        };
        let path = folder.display().to_string();
        let picker = Self { ask, folder: folder.clone(), path, entries: None, chosen: Vec::new(), name };
        (picker, list(folder))
    }

    /// What the confirming button would give; empty while there is nothing to confirm.
    pub(crate) fn result(&self) -> Vec<PathBuf> {
        match &self.ask.choose {
            Choose::Folder => vec![self.folder.clone()],
            Choose::Save { .. } if self.name.trim().is_empty() => Vec::new(),
            Choose::Save { .. } => vec![self.folder.join(self.name.trim())],
            Choose::Files | Choose::File => self.chosen.clone(),
        }
    }

    pub(crate) fn apply(&mut self, action: Action) -> Step {
        match action {
            Action::Path(path) => self.path = path,
            Action::Submit => return self.go(PathBuf::from(self.path.trim())),
            Action::Enter(folder) => return self.enter(folder),
            Action::Listed(folder, entries) if folder == self.folder => self.entries = Some(entries),
            Action::Listed(..) => {} // the user went on to another folder meanwhile
            Action::Toggle(path) => self.toggle(path),
            Action::Name(name) => self.name = name,
            Action::Confirm => {
                let result = self.result();
                if !result.is_empty() {
                    return Step::Close(result);
                }
            }
            Action::Cancel => return Step::Close(Vec::new()),
        }
        Step::Stay
    }

    /// A typed path: a file that is wanted is taken at once, anything else is tried as a folder.
    fn go(&mut self, path: PathBuf) -> Step {
        if matches!(self.ask.choose, Choose::Files | Choose::File) && path.is_file() {
            return Step::Close(vec![path]);
        }
        self.enter(path)
    }

    fn enter(&mut self, folder: PathBuf) -> Step {
        self.path = folder.display().to_string();
        self.folder.clone_from(&folder);
        self.entries = None;
        self.chosen.clear();
        Step::List(list(folder))
    }

    fn toggle(&mut self, path: PathBuf) {
        if let Choose::Save { .. } = self.ask.choose {
            self.name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        } else if let Some(at) = self.chosen.iter().position(|chosen| *chosen == path) {
            self.chosen.remove(at);
        } else {
            if self.ask.choose != Choose::Files {
                self.chosen.clear();
            }
            self.chosen.push(path);
        }
    }
}

/// Reads a folder on a thread of its own: a dead network mount must not freeze the window.
fn list(folder: PathBuf) -> Work {
    let call = move |_: &sealift::Ctx| {
        let entries = read(&folder).map_err(|e| e.to_string());
        Ok((folder, entries))
    };
    Work::new(Kind::List, "", call, |listed| match listed {
        Ok((folder, entries)) => action::Action::Picker(Action::Listed(folder, entries)),
        Err(_) => action::Action::Picker(Action::Cancel),
    })
}

/// Folders first, then files, by name; hidden ones are left out.
fn read(folder: &Path) -> std::io::Result<Vec<Entry>> {
    let mut entries: Vec<Entry> = std::fs::read_dir(folder)?
        .filter_map(|entry| {
            let entry = entry.ok()?;
            // A link that leads nowhere is of no use here.
            let metadata = std::fs::metadata(entry.path()).ok()?;
            Some(Entry { name: entry.file_name(), is_folder: metadata.is_dir(), size_bytes: metadata.len() })
        })
        .filter(|entry| !entry.name.as_encoded_bytes().starts_with(b"."))
        .take(MAX_ENTRIES)
        .collect();
    entries
        .sort_by_cached_key(|entry| (Reverse(entry.is_folder), entry.name.to_string_lossy().to_lowercase()));
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picker(choose: Choose) -> Picker {
        Picker::open(Ask { choose, title: String::new(), then: action::Action::Bring }).0
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "plays the other program")]
    fn a_folder_is_listed_folders_first_and_without_hidden_files() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["b.tar", "A.tar", ".hidden"] {
            std::fs::File::create(dir.path().join(name)).unwrap();
        }
        std::fs::create_dir(dir.path().join("镜像")).unwrap();
        let names: Vec<_> = read(dir.path()).unwrap().into_iter().map(|entry| entry.name).collect();
        assert_eq!(names, ["镜像", "A.tar", "b.tar"]);
        assert!(read(&dir.path().join("absent")).is_err());
    }

    #[test]
    fn one_file_or_several_can_be_chosen_as_asked() {
        for (choose, num) in [(Choose::File, 1), (Choose::Files, 2)] {
            let mut picker = picker(choose);
            assert!(picker.result().is_empty());
            picker.apply(Action::Toggle("/a".into()));
            picker.apply(Action::Toggle("/b".into()));
            assert_eq!(picker.result().len(), num);
            picker.apply(Action::Toggle("/b".into()));
            assert_eq!(picker.result().len(), num - 1);
        }
    }

    #[test]
    fn a_file_to_write_needs_a_name_and_what_was_listed_late_is_dropped() {
        let mut picker = picker(Choose::Save { name: "a.sealift".into() });
        picker.apply(Action::Enter("/data".into()));
        picker.apply(Action::Listed("/elsewhere".into(), Ok(Vec::new())));
        assert!(picker.entries.is_none());
        assert_eq!(picker.result(), [PathBuf::from("/data/a.sealift")]);
        picker.apply(Action::Name(" ".into()));
        assert!(matches!(picker.apply(Action::Confirm), Step::Stay), "nothing to confirm");
    }
}
