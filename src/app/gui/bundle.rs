//! A bundle as anyone can see it, without a key: what four pages begin with.

use std::path::{Path, PathBuf};

use sealift::{Class, Code, Delivery, Error, Inspection};

use super::{
    action::Action,
    job::{Kind, Outcome, Work},
    standing::Standing,
};
use crate::site::Site;

/// The public header.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    pub(crate) path: PathBuf,
    /// What tells it from every other bundle, whatever its keys: 64 hex digits.
    pub(crate) set_id: String,
    /// 64 hex digits.
    pub(crate) fingerprint: String,
    pub(crate) num_volumes: u32,
    pub(crate) num_records: u64,
    pub(crate) payload_bytes: u64,
    pub(crate) slots: Vec<sealift::SlotInfo>,
    /// Header copies that cannot be used: 0 or 1.
    pub(crate) num_damaged_copies: usize,
    pub(crate) num_superseded_slots: usize,
    pub(crate) standing: Standing,
    /// Which part of a delivery it is; none for a bundle of its own.
    pub(crate) part: Option<Part>,
}

/// A part of a delivery.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) class: Class,
    /// The other parts and where they lie; none for one that is not here.
    pub(crate) others: Vec<(Class, Option<PathBuf>)>,
}

impl Header {
    /// What anyone can see of the bundle at `path`; of the first part where it is the name of a delivery.
    pub(crate) fn read(path: &Path) -> sealift::Result<Self> {
        Self::gather(&[path.to_owned()], &[])
    }

    /// The same of the first of `paths`, whose delivery may be elsewhere too: see [`Delivery::gather`].
    fn gather(paths: &[PathBuf], known: &[PathBuf]) -> sealift::Result<Self> {
        let Bundles { all, shown } = Bundles::gather(paths, known)?;
        all.into_iter().nth(shown).ok_or_else(|| Error::new(Code::NotFound))
    }

    /// Where it lies, and where the others of its delivery do that are here.
    pub(crate) fn places(&self) -> Vec<PathBuf> {
        let others = self.part.iter().flat_map(|part| &part.others).filter_map(|(_, path)| path.clone());
        std::iter::once(self.path.clone()).chain(others).collect()
    }

    fn of(seen: &Inspection, part: Option<Part>) -> Self {
        Self {
            set_id: seen.set_id(),
            fingerprint: seen.fingerprint(),
            num_volumes: seen.num_volumes(),
            num_records: seen.num_records(),
            payload_bytes: seen.payload_bytes(),
            slots: seen.slots(),
            num_damaged_copies: seen.num_damaged_header_copies(),
            num_superseded_slots: seen.num_superseded_slots(),
            standing: Standing::of(seen, Site::open(None, None)),
            path: seen.path().to_owned(),
            part,
        }
    }

    /// The file's name, for titles.
    pub(crate) fn file_name(&self) -> String {
        file_name(&self.path)
    }

    pub(crate) fn class(&self) -> Option<Class> {
        self.part.as_ref().map(|part| part.class)
    }
}

impl Part {
    fn of(delivery: &Delivery, number: usize) -> Option<Self> {
        let this = delivery.parts.get(number)?.part()?;
        let place = |class: Class| {
            let is_it = |part: &&Inspection| part.part().is_some_and(|part| part.class == class);
            delivery.parts.iter().find(is_it).map(|part| part.path().to_owned())
        };
        let others = this.classes.iter().filter(|class| **class != this.class);
        Some(Self { class: this.class, others: others.map(|class| (*class, place(*class))).collect() })
    }
}

/// A bundle that was opened, and those of its delivery that are here.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bundles {
    /// The least sensitive first.
    pub(crate) all: Vec<Header>,
    /// Number of the one that is shown.
    pub(crate) shown: usize,
}

impl Bundles {
    fn gather(paths: &[PathBuf], known: &[PathBuf]) -> sealift::Result<Self> {
        let delivery = Delivery::gather(paths, known)?;
        let parts = delivery.parts.iter().enumerate();
        let all = parts.map(|(number, seen)| Header::of(seen, Part::of(&delivery, number))).collect();
        Ok(Self { all, shown: delivery.chosen })
    }

    pub(crate) fn shown(&self) -> Option<&Header> {
        self.all.get(self.shown)
    }

    /// Classes of which the bundle is not there.
    pub(crate) fn missing(&self) -> Vec<Class> {
        let part = self.shown().and_then(|header| header.part.as_ref());
        let others = part.map_or(&[][..], |part| &part.others).iter();
        others.filter(|(_, place)| place.is_none()).map(|(class, _)| *class).collect()
    }
}

impl From<Header> for Bundles {
    fn from(header: Header) -> Self {
        Self { all: vec![header], shown: 0 }
    }
}

/// What a delivery was called when it was packed, by one of its bundles: `NAME.sealift` of `NAME.CLASS.sealift`.
pub(crate) fn delivery_path(part: &Path, class: Class) -> PathBuf {
    part.with_file_name(file_name(part).replacen(&format!(".{class}."), ".", 1))
}

/// The last part of a path, as a job is called by it.
pub(crate) fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Reads the header of the first of these bundles; those of its delivery among the others, and in `known`, belong to it.
pub(crate) fn read_header(
    paths: Vec<PathBuf>,
    known: Vec<PathBuf>,
    then: fn(Outcome<Header>) -> Action,
) -> Work {
    Work::new(Kind::List, first_name(&paths), move |_| Header::gather(&paths, &known), then)
}

/// The same, with the headers of the others.
pub(crate) fn read_bundles(
    paths: Vec<PathBuf>,
    known: Vec<PathBuf>,
    then: fn(Outcome<Bundles>) -> Action,
) -> Work {
    Work::new(Kind::List, first_name(&paths), move |_| Bundles::gather(&paths, &known), then)
}

fn first_name(paths: &[PathBuf]) -> String {
    paths.first().map(|path| file_name(path)).unwrap_or_default()
}
