//! What the Pack page holds, and what its actions do to it.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
};

use sealift::{Code, Digest, Error, PackOptions, PackReport, SourceSpec};

use super::Row;
use crate::gui::{
    action::{self, Effect, Effects},
    job::{Kind, Outcome, Work},
    secret::{Edit, Secret},
};

/// What the page holds.
#[derive(Debug, Default)]
pub(crate) struct Pack {
    pub(crate) sources: Vec<PathBuf>,
    pub(crate) rows: Vec<Row>,
    /// Numbers of the rows that match the search, in the order shown.
    pub(crate) shown: Vec<usize>,
    pub(crate) selected: BTreeSet<usize>,
    /// Where a range with Shift begins.
    anchor: Option<usize>,
    pub(crate) search: String,
    pub(crate) filter: Filter,
    /// Platforms of the images.
    pub(crate) platforms: Vec<String>,
    /// What was typed where there are no images yet.
    pub(crate) path: String,
    pub(crate) sorted_by: (Column, bool),
    /// The layer whose holders are lit.
    pub(crate) lit: Option<Digest>,
    pub(crate) totals: Totals,
    pub(crate) passphrase: Secret,
    pub(crate) again: Secret,
    pub(crate) out: String,
    pub(crate) failed: Option<Arc<Error>>,
    pub(crate) report: Option<PackReport>,
}

/// What the selection comes to.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    pub(crate) sum_bytes: u64,
    /// Every blob once.
    pub(crate) unique_bytes: u64,
    /// Of these, what more than one image holds.
    pub(crate) shared_bytes: u64,
    pub(crate) num_layers: usize,
    pub(crate) num_unique_layers: usize,
    /// Blobs that more than one selected image holds.
    pub(crate) shared: BTreeSet<Digest>,
    /// The largest image's bytes: the scale of all bars.
    pub(crate) largest_bytes: u64,
}

/// A column that can be sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Column {
    #[default]
    Name,
    Size,
}

/// Which images are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Filter {
    #[default]
    All,
    Selected,
    /// Of one platform, by its place among those there are.
    Platform(usize),
}

/// What can happen on the page.
#[derive(Debug)]
pub(crate) enum Action {
    Add(Vec<PathBuf>),
    /// What these sources hold.
    Listed(Vec<PathBuf>, Outcome<Vec<Row>>),
    Clear,
    /// A row was pressed; with Shift, all from the last one pressed.
    Press {
        row: usize,
        is_range: bool,
    },
    SelectShown(bool),
    Search(String),
    Filter(Filter),
    Path(String),
    SortBy(Column),
    Light(Option<Digest>),
    Passphrase(Edit),
    Again(Edit),
    Out(String),
    Start,
    Packed(Outcome<PackReport>),
    /// The result was seen.
    Dismiss,
}

impl Pack {
    pub(crate) fn apply(&mut self, action: Action, effects: &mut Effects) {
        match action {
            Action::Add(paths) => effects.push(Effect::Run(self.list(paths))),
            Action::Listed(sources, Ok(rows)) => self.take_rows(sources, rows),
            Action::Clear => *self = Self::default(),
            Action::Press { row, is_range } => self.press(row, is_range),
            Action::SelectShown(true) => self.selected.extend(&self.shown),
            Action::SelectShown(false) => self.selected.retain(|row| !self.shown.contains(row)),
            Action::Search(text) => self.search = text,
            Action::Filter(filter) => self.filter = filter,
            Action::Path(path) => self.path = path,
            Action::SortBy(column) => {
                let is_reversed = self.sorted_by == (column, false);
                self.sorted_by = (column, is_reversed);
            }
            Action::Light(layer) => self.lit = layer.filter(|layer| self.lit != Some(*layer)),
            Action::Passphrase(edit) => self.passphrase.apply(edit),
            Action::Again(edit) => self.again.apply(edit),
            Action::Out(path) => self.out = path,
            Action::Start => match self.start() {
                Ok(work) => effects.push(Effect::Run(work)),
                Err(error) => self.failed = Some(Arc::new(error)),
            },
            Action::Packed(Ok(report)) => {
                self.passphrase.apply(Edit::Clear);
                self.again.apply(Edit::Clear);
                (self.report, self.failed) = (Some(report), None);
            }
            Action::Listed(_, Err(error)) | Action::Packed(Err(error)) => self.fail(error),
            Action::Dismiss => self.report = None,
        }
        self.arrange();
    }

    /// Whether everything is there that packing needs.
    pub(crate) fn is_ready(&self) -> bool {
        !self.selected.is_empty()
            && !self.passphrase.is_empty()
            && self.passphrase.matches(&self.again)
            && !self.out.trim().is_empty()
    }

    /// What the user stopped is told in the job bar and is no error of the page.
    fn fail(&mut self, error: Arc<Error>) {
        self.failed = (error.code() != Code::Cancelled).then_some(error);
    }

    fn list(&self, paths: Vec<PathBuf>) -> Work {
        let name = paths.first().and_then(|path| path.file_name()).unwrap_or_default();
        let name = name.to_string_lossy().into_owned();
        let mut sources = self.sources.clone();
        sources.extend(paths.into_iter().filter(|path| !self.sources.contains(path)));
        let specs: Vec<SourceSpec> = sources.iter().map(SourceSpec::path_only).collect();
        let call = move |ctx: &sealift::Ctx| {
            let plan = sealift::plan_pack(ctx, &specs, &[])?;
            Ok(plan.images().iter().map(Row::of).collect())
        };
        Work::new(Kind::List, name, call, |rows| action::Action::Pack(Action::Listed(sources, rows)))
    }

    /// New images are selected; known ones stay as they were.
    fn take_rows(&mut self, sources: Vec<PathBuf>, rows: Vec<Row>) {
        let known: BTreeMap<Digest, bool> = self
            .rows
            .iter()
            .enumerate()
            .map(|(row, image)| (image.target, self.selected.contains(&row)))
            .collect();
        let is_selected = |row: &usize| known.get(&rows[*row].target).copied().unwrap_or(true);
        self.selected = (0..rows.len()).filter(is_selected).collect();
        (self.sources, self.rows, self.failed, self.report) = (sources, rows, None, None);
        let platforms: BTreeSet<_> = self.rows.iter().flat_map(|row| &row.platforms).cloned().collect();
        self.platforms = platforms.into_iter().collect();
        (self.anchor, self.filter) = (None, Filter::All);
        self.path.clear();
    }

    fn press(&mut self, row: usize, is_range: bool) {
        let place = |row: usize| self.shown.iter().position(|shown| *shown == row);
        match (is_range, self.anchor.and_then(place), place(row)) {
            (true, Some(from), Some(to)) => {
                self.selected.extend(&self.shown[from.min(to)..=from.max(to)]);
            }
            _ if !self.selected.remove(&row) => {
                self.selected.insert(row);
            }
            _ => {}
        }
        self.anchor = Some(row);
    }

    fn start(&mut self) -> sealift::Result<Work> {
        let passphrase = self.passphrase.passphrase()?;
        if !self.passphrase.matches(&self.again) {
            return Err(Error::new(Code::PassphraseMismatch));
        }
        self.failed = None;
        let out = PathBuf::from(self.out.trim());
        let name = self.selected.len().to_string();
        let specs: Vec<SourceSpec> = self.sources.iter().map(SourceSpec::path_only).collect();
        let wanted: BTreeSet<Digest> = self.selected.iter().map(|row| self.rows[*row].target).collect();
        let call = move |ctx: &sealift::Ctx| {
            let options = PackOptions::default();
            sealift::check_output(&out, options.existing)?;
            let mut plan = sealift::plan_pack(ctx, &specs, &[])?;
            plan.retain(|image| wanted.contains(&image.target.digest));
            sealift::pack(ctx, &plan, &out, &passphrase, &options)
        };
        Ok(Work::new(Kind::Pack, name, call, |report| action::Action::Pack(Action::Packed(report))))
    }

    /// What follows from rows, search, order and selection.
    fn arrange(&mut self) {
        let wanted = self.search.trim().to_lowercase();
        let is_shown = |row: &usize| {
            let passes = match self.filter {
                Filter::All => true,
                Filter::Selected => self.selected.contains(row),
                Filter::Platform(place) => {
                    self.platforms.get(place).is_some_and(|wanted| self.rows[*row].platforms.contains(wanted))
                }
            };
            passes && self.rows[*row].haystack.contains(&wanted)
        };
        self.shown = (0..self.rows.len()).filter(is_shown).collect();
        let (column, is_reversed) = self.sorted_by;
        match column {
            Column::Name => self.shown.sort_by(|a, b| self.rows[*a].title.cmp(&self.rows[*b].title)),
            // Largest first is what people look for.
            Column::Size => self.shown.sort_by_key(|row| std::cmp::Reverse(self.rows[*row].size_bytes)),
        }
        if is_reversed {
            self.shown.reverse();
        }
        self.totals = totals(&self.rows, &self.selected);
    }
}

fn totals(rows: &[Row], selected: &BTreeSet<usize>) -> Totals {
    let mut holders: BTreeMap<Digest, (u64, usize)> = BTreeMap::new();
    let mut layers = BTreeSet::new();
    let mut totals = Totals::default();
    for row in selected.iter().filter_map(|row| rows.get(*row)) {
        totals.sum_bytes += row.size_bytes;
        totals.num_layers += row.layers.len();
        layers.extend(row.layers.iter().map(|(digest, _)| *digest));
        for (digest, size) in &row.blobs {
            holders.entry(*digest).or_insert((*size, 0)).1 += 1;
        }
    }
    for (digest, (size, num_holders)) in holders {
        totals.unique_bytes += size;
        if num_holders > 1 {
            totals.shared_bytes += size;
            totals.shared.insert(digest);
        }
    }
    totals.num_unique_layers = layers.len();
    totals.largest_bytes = rows.iter().map(|row| row.size_bytes).max().unwrap_or_default();
    totals
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gui::tests::rows;

    fn with_rows() -> Pack {
        let mut pack = Pack::default();
        pack.apply(Action::Listed(vec!["a.tar".into()], Ok(rows(5))), &mut Effects::new());
        pack
    }

    #[test]
    fn shared_layers_count_once() {
        let pack = with_rows();
        assert_eq!(pack.selected.len(), 5);
        assert!(pack.totals.unique_bytes < pack.totals.sum_bytes && !pack.totals.shared.is_empty());
        let layers: u64 = pack.rows.iter().map(|row| row.size_bytes).sum();
        assert_eq!(pack.totals.sum_bytes, layers);
    }

    #[test]
    fn a_range_follows_the_order_shown() {
        let mut pack = with_rows();
        let mut apply = |action| pack.apply(action, &mut Effects::new());
        apply(Action::SelectShown(false));
        apply(Action::SortBy(Column::Size));
        let shown = pack.shown.clone();
        pack.apply(Action::Press { row: shown[1], is_range: false }, &mut Effects::new());
        pack.apply(Action::Press { row: shown[3], is_range: true }, &mut Effects::new());
        assert_eq!(pack.selected, shown[1..=3].iter().copied().collect());
        pack.apply(Action::Press { row: shown[2], is_range: false }, &mut Effects::new());
        assert_eq!(pack.selected.len(), 2);
    }

    #[test]
    fn the_list_is_narrowed_without_touching_the_selection() {
        let mut pack = with_rows();
        let row = pack.shown[0];
        pack.apply(Action::Press { row, is_range: false }, &mut Effects::new());
        pack.apply(Action::Filter(Filter::Selected), &mut Effects::new());
        assert_eq!((pack.shown.len(), pack.selected.len()), (4, 4));
        pack.apply(Action::Filter(Filter::Platform(0)), &mut Effects::new());
        assert_eq!((pack.shown.len(), pack.selected.len()), (5, 4));
        pack.apply(Action::Search("NGINX".into()), &mut Effects::new());
        assert_eq!(pack.shown.len(), 1);
    }

    #[test]
    fn packing_needs_images_a_matching_passphrase_and_a_place() {
        let mut pack = with_rows();
        let mut effects = Effects::new();
        let insert = |text: &str| Edit::Insert(zeroize::Zeroizing::new(text.to_owned()));
        pack.apply(Action::Out("/tmp/a.sealift".into()), &mut effects);
        pack.apply(Action::Passphrase(insert("secret")), &mut effects);
        pack.apply(Action::Again(insert("secre")), &mut effects);
        assert!(!pack.is_ready());
        pack.apply(Action::Start, &mut effects);
        assert_eq!(pack.failed.as_ref().map(|error| error.code()), Some(Code::PassphraseMismatch));
        pack.apply(Action::Again(insert("t")), &mut effects);
        assert!(pack.is_ready() && effects.is_empty());
        pack.apply(Action::Start, &mut effects);
        assert!(matches!(effects.as_slice(), [Effect::Run(work)] if work.kind == Kind::Pack));
    }
}
