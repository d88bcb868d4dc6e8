//! What the Pack page holds, and what its actions do to it.

use std::{collections::BTreeSet, path::PathBuf, sync::Arc};

use sealift::{Code, Digest, Error, FoundEngine, Phase, SourceSpec};

use super::{
    Row,
    classes::{self, Classes},
    engines::{self, Engine},
    keys::{Keys, Then, Whose},
    place::{Place, Seen, Split},
    reference::{self, Reference},
    row::Group,
    sign::{self, Signing},
    totals::Totals,
    work::{self, Packed},
};
use crate::gui::{
    action::{Effect, Effects},
    bundle::file_name,
    job::Outcome,
    new_passphrase::{self, NewPassphrase},
    new_recipients,
    widgets::focus,
};

/// What the page holds.
#[derive(Debug, Default)]
pub(crate) struct Pack {
    /// Files and registries that were added.
    pub(crate) sources: Vec<SourceSpec>,
    /// The engines of this machine.
    pub(crate) engines: Vec<Engine>,
    /// Engines are being looked for.
    pub(crate) is_looking: bool,
    /// The engine whose silence is being explained.
    pub(crate) silent: Option<&'static str>,
    /// An image of a registry, while it is typed.
    pub(crate) reference: Reference,
    pub(crate) rows: Vec<Row>,
    /// Numbers of the rows that match the search, in the order shown.
    pub(crate) shown: Vec<usize>,
    pub(crate) selected: BTreeSet<usize>,
    /// Where a range with Shift begins.
    pub(super) anchor: Option<usize>,
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
    /// Rows from each place.
    pub(super) num_from: Vec<(Group, usize)>,
    /// Rows that hold that layer.
    pub(crate) num_lit: usize,
    /// Of the one bundle; those of a delivery have their own.
    pub(crate) keys: Keys,
    pub(crate) classes: Classes,
    pub(crate) signing: Signing,
    pub(crate) place: Place,
    /// Why the sources could not be read.
    pub(crate) failed: Option<Arc<Error>>,
    pub(crate) end: Option<End>,
}

/// How packing ended. The result decides what the tray shows.
#[derive(Debug)]
pub(crate) enum End {
    Done(Packed),
    /// With the step it was at.
    Failed(Arc<Error>, Phase),
    Cancelled,
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
    From(Group),
}

/// What can happen on the page.
#[derive(Debug)]
pub(crate) enum Action {
    Add(Vec<PathBuf>),
    /// What these further sources hold; the first of them is source 0 of the rows.
    Listed(Vec<SourceSpec>, Outcome<Vec<Row>>),
    LookForEngines,
    /// The engines that there are.
    Engines(Vec<FoundEngine>),
    /// What the engine of this transport holds.
    EngineListed(&'static str, Outcome<Vec<Row>>),
    /// Whether an engine's silence is to be explained.
    Silent(Option<&'static str>),
    Reference(reference::Edit),
    AddReference,
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
    Divide(classes::Change),
    New(Whose, new_passphrase::Change),
    Recipients(Whose, new_recipients::Change),
    /// A file that holds recipients.
    RecipientFile(Whose, String),
    Sign(sign::Edit),
    Out(String),
    /// The next name beside the one that is taken.
    OtherName,
    /// Whether the file that is there is to be replaced.
    Replace(bool),
    Split(Split),
    Custom(String),
    Recovery(bool),
    /// What was found at this destination.
    Saw(String, Seen),
    Start,
    Packed(Outcome<Packed>, Phase),
    /// The end was seen; back to what is to be packed.
    Dismiss,
    OpenFolder,
}

impl Pack {
    pub(crate) fn apply(&mut self, action: Action, effects: &mut Effects) {
        let changes_order = action.changes_order();
        match action {
            Action::Add(paths) => {
                let name = paths.first().map(|path| file_name(path)).unwrap_or_default();
                let specs = paths.into_iter().map(SourceSpec::path_only).collect();
                effects.push(Effect::Run(self.list(name, specs)));
            }
            Action::Listed(sources, Ok(rows)) => {
                if self.selected.is_empty() {
                    effects.push(Effect::Focus(focus::NEW_PASSPHRASE));
                }
                self.take_sources(sources, rows);
            }
            Action::LookForEngines => {
                if !std::mem::replace(&mut self.is_looking, true) {
                    effects.push(Effect::RunQuietly(engines::look()));
                }
            }
            Action::Engines(found) => {
                self.take_engines(found);
                let reached = self.engines.iter().filter(|engine| engine.is_reading);
                effects.extend(reached.map(|engine| Effect::RunQuietly(engines::list(engine.transport))));
            }
            Action::EngineListed(transport, listed) => self.take_listed(transport, listed),
            Action::Silent(transport) => self.silent = transport,
            Action::Reference(edit) => self.reference.apply(edit),
            Action::AddReference => match self.reference.spec() {
                Ok(spec) => {
                    let name = self.reference.name.trim().to_owned();
                    effects.push(Effect::Run(self.list(name, vec![spec])));
                }
                Err(error) => self.failed = Some(Arc::new(error)),
            },
            Action::Clear => self.clear(),
            Action::Press { row, is_range } => self.press(row, is_range),
            Action::SelectShown(is_selected) => {
                for place in 0..self.shown.len() {
                    self.select(self.shown[place], is_selected);
                }
            }
            Action::Search(text) => self.search = text,
            Action::Filter(filter) => self.filter = filter,
            Action::Path(path) => self.path = path,
            Action::SortBy(column) => {
                let is_reversed = self.sorted_by == (column, false);
                self.sorted_by = (column, is_reversed);
            }
            Action::Light(layer) => self.light(layer),
            Action::Divide(change) => self.divide(change),
            Action::New(whose, change) => {
                self.keys_mut(whose).new.apply(change, Then::of(whose).new, effects);
            }
            Action::Recipients(whose, change) => {
                let then = Then::of(whose).recipients.change;
                self.keys_mut(whose).recipients.apply(change, then, effects);
            }
            Action::RecipientFile(whose, path) => self.take_recipients(whose, path, effects),
            Action::Sign(edit) => self.signing.apply(edit),
            Action::Out(path) => self.place.set_out(path),
            Action::OtherName => self.place.set_out(self.place.other_name()),
            Action::Replace(is_replacing) => self.place.is_replacing = is_replacing,
            Action::Split(split) => self.place.split = split,
            Action::Custom(text) => self.place.custom = text,
            Action::Recovery(wanted) => self.place.recovery = Some(wanted),
            Action::Saw(out, seen) => self.place.saw(out, seen),
            Action::Start => self.start(effects),
            Action::Packed(outcome, phase) => self.finish(outcome, phase),
            // What the user stopped is told in the job bar and is no error of the page.
            Action::Listed(_, Err(error)) => {
                self.failed = (error.code() != Code::Cancelled).then_some(error);
            }
            Action::Dismiss => self.end = None,
            Action::OpenFolder => {
                let folder = self.place.path().parent().map(std::path::Path::to_owned);
                effects.extend(folder.map(Effect::OpenFolder));
            }
        }
        if changes_order {
            self.arrange();
        }
        effects.extend(self.place.look().map(Effect::RunQuietly));
    }

    /// The first thing that packing still needs: the id of a text, and the class whose bundle it is about.
    pub(crate) fn why_not(&self) -> Option<(&'static str, Whose)> {
        if self.selected.is_empty() {
            return Some(("pack-why-images", None));
        }
        let why = self.why_not_locked().or_else(|| self.signing.why_not().map(|id| (id, None)));
        why.or_else(|| self.place.why_not().map(|id| (id, None)))
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.why_not().is_none()
    }

    fn light(&mut self, layer: Option<Digest>) {
        self.lit = layer.filter(|layer| self.lit != Some(*layer));
        self.num_lit = self.rows.iter().filter(|row| self.holds_lit(row)).count();
    }

    /// Whether `row` holds the layer that the user asked about.
    pub(crate) fn holds_lit(&self, row: &Row) -> bool {
        self.lit.is_some_and(|lit| row.layers.iter().any(|(digest, _)| *digest == lit))
    }

    fn finish(&mut self, outcome: Outcome<Packed>, phase: Phase) {
        self.place.forget();
        self.place.is_replacing = false;
        self.end = Some(match outcome {
            Ok(packed) => {
                let (keys, classes) = (std::iter::once(&mut self.keys), &mut self.classes.keys);
                keys.chain(classes).for_each(|keys| keys.new = NewPassphrase::default());
                self.signing.wipe();
                End::Done(packed)
            }
            Err(error) if error.code() == Code::Cancelled => End::Cancelled,
            Err(error) => End::Failed(error, phase),
        });
    }

    fn press(&mut self, row: usize, is_range: bool) {
        let place = |row: usize| self.shown.iter().position(|shown| *shown == row);
        match (is_range, self.anchor.and_then(place), place(row)) {
            (true, Some(from), Some(to)) => {
                for place in from.min(to)..=from.max(to) {
                    self.select(self.shown[place], true);
                }
            }
            _ => self.select(row, !self.selected.contains(&row)),
        }
        self.anchor = Some(row);
    }

    fn select(&mut self, row: usize, is_selected: bool) {
        let Some(image) = self.rows.get(row) else { return };
        if is_selected && self.selected.insert(row) {
            self.totals.add(image, self.classes.whose(image));
        } else if !is_selected && self.selected.remove(&row) {
            self.totals.remove(image, self.classes.whose(image));
        }
    }

    fn start(&mut self, effects: &mut Effects) {
        if !self.is_ready() || !self.look_at_passphrases() {
            return;
        }
        match work::pack(self) {
            Ok(work) => effects.push(Effect::Run(work)),
            Err(error) => self.end = Some(End::Failed(Arc::new(error), Phase::Scan)),
        }
    }

    /// What follows from rows, search and order.
    fn arrange(&mut self) {
        let wanted = self.search.trim().to_lowercase();
        let is_shown = |row: &usize| {
            let passes = match self.filter {
                Filter::All => true,
                Filter::Selected => self.selected.contains(row),
                Filter::Platform(place) => {
                    self.platforms.get(place).is_some_and(|wanted| self.rows[*row].platforms.contains(wanted))
                }
                Filter::From(group) => self.group(&self.rows[*row]) == group,
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
    }
}

impl Action {
    /// Whether other rows may be shown, or in another order: thousands are not gone through for anything else.
    const fn changes_order(&self) -> bool {
        matches!(
            self,
            Self::Listed(_, Ok(_))
                | Self::Engines(_)
                | Self::EngineListed(..)
                | Self::Clear
                | Self::Search(_)
                | Self::Filter(_)
                | Self::SortBy(_)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gui::{job::Kind, new_passphrase::Change, secret::Edit, tests::rows};

    fn with_rows() -> Pack {
        let mut pack = Pack::default();
        pack.apply(Action::Listed(vec![SourceSpec::path_only("a.tar")], Ok(rows(5))), &mut Effects::new());
        pack
    }

    #[test]
    fn shared_layers_count_once() {
        let pack = with_rows();
        assert_eq!(pack.selected.len(), 5);
        assert!(pack.totals.unique_bytes < pack.totals.sum_bytes && pack.totals.shared_bytes > 0);
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
        let runs = |effects: &Effects| {
            let is_pack = |effect: &&Effect| matches!(effect, Effect::Run(work) if work.kind == Kind::Pack);
            effects.iter().filter(is_pack).count()
        };
        pack.apply(Action::Out("/tmp/a.sealift".into()), &mut effects);
        pack.apply(Action::New(None, Change::First(insert("mural cabbage unplug wooing"))), &mut effects);
        pack.apply(Action::New(None, Change::Again(insert("mural cabbage unplug wooin"))), &mut effects);
        pack.apply(Action::Start, &mut effects);
        assert!(!pack.is_ready() && runs(&effects) == 0);
        pack.apply(Action::New(None, Change::Again(insert("g"))), &mut effects);
        assert!(pack.is_ready());
        pack.apply(Action::Start, &mut effects);
        assert_eq!(runs(&effects), 1);
    }

    #[test]
    fn beside_recipients_a_passphrase_is_optional_but_never_half_typed() {
        let mut pack = with_rows();
        let mut apply = |action| {
            pack.apply(action, &mut Effects::new());
            pack.is_ready()
        };
        apply(Action::Out("/tmp/a.sealift".into()));
        let chosen = new_recipients::Chosen { name: "site".into(), text: "age1site".into() };
        assert!(apply(Action::Recipients(None, new_recipients::Change::Tick(chosen))));
        let insert = || Edit::Insert(zeroize::Zeroizing::new("mural cabbage unplug wooing".to_owned()));
        assert!(!apply(Action::New(None, Change::First(insert()))), "it is to be typed once more");
        assert!(apply(Action::New(None, Change::Again(insert()))));
    }

    #[test]
    fn cancelled_is_neither_done_nor_failed_and_keeps_what_was_typed() {
        let mut pack = with_rows();
        let insert = Edit::Insert(zeroize::Zeroizing::new("secret".into()));
        pack.apply(Action::New(None, Change::First(insert)), &mut Effects::new());
        let end = |code| Action::Packed(Err(Arc::new(Error::new(code))), Phase::Pack);
        pack.apply(end(Code::Cancelled), &mut Effects::new());
        assert!(matches!(pack.end, Some(End::Cancelled)) && !pack.keys.new.first.is_empty());
        pack.apply(end(Code::DiskFull), &mut Effects::new());
        assert!(matches!(pack.end, Some(End::Failed(_, Phase::Pack))));
    }

    #[test]
    fn a_layer_lights_up_in_every_row_that_holds_it() {
        let mut pack = with_rows();
        let base = pack.rows[0].layers[0].0;
        pack.apply(Action::Light(Some(base)), &mut Effects::new());
        assert_eq!(pack.num_lit, pack.rows.iter().filter(|row| row.layers[0].0 == base).count());
        assert!(pack.num_lit > 1 && pack.holds_lit(&pack.rows[0]));
        pack.apply(Action::Light(Some(base)), &mut Effects::new());
        assert!(pack.lit.is_none() && pack.num_lit == 0);
    }
}
