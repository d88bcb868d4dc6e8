//! Dividing by sensitivity class: the mark of each image, and whose keys are shown.

use std::collections::BTreeMap;

use sealift::{Class, ClassRules, Digest};

use super::{
    Pack, Row,
    keys::{Keys, Whose},
    row::ClassLabel,
};

/// How the images are divided.
#[derive(Debug, Default)]
pub(crate) struct Classes {
    pub(crate) is_on: bool,
    /// What somebody said of an image, by its digest; it stands above the image's label.
    by_hand: BTreeMap<Digest, Class>,
    /// The class whose keys were asked for last.
    asked: Option<Class>,
    /// Of every class, in the order of [`Class::ALL`].
    pub(super) keys: [Keys; 3],
}

/// What happens to them.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change {
    Divide(bool),
    /// The mark of this row goes on to the next class.
    Next(usize),
    /// All images that are selected have this class.
    Mark(Class),
    /// The keys of this class are shown.
    Keys(Class),
}

impl Classes {
    fn mark(&self, row: &Row) -> Option<Class> {
        let of_label = if let ClassLabel::Class(class) = row.label { Some(class) } else { None };
        self.by_hand.get(&row.target).copied().or(of_label)
    }

    /// The bundle that an image goes to, once it is marked.
    pub(super) fn whose(&self, row: &Row) -> Whose {
        if self.is_on { self.mark(row) } else { None }
    }
}

impl Pack {
    pub(super) fn divide(&mut self, change: Change) {
        match change {
            Change::Divide(is_on) => {
                self.classes.is_on = is_on;
                self.place.set_divided(is_on);
                self.count_anew();
            }
            Change::Next(row) => {
                let Some(row) = self.rows.get(row) else { return };
                let next = match self.mark(row) {
                    None | Some(Class::Secret) => Class::Public,
                    Some(Class::Public) => Class::Internal,
                    Some(Class::Internal) => Class::Secret,
                };
                self.give(row.target, next);
            }
            Change::Mark(class) => {
                // A signature goes with its image, whatever is said of it.
                let images =
                    self.selected.iter().map(|row| &self.rows[*row]).filter(|row| !row.is_artifact());
                self.classes.by_hand.extend(images.map(|row| (row.target, class)));
                self.count_anew();
            }
            Change::Keys(class) => self.classes.asked = Some(class),
        }
    }

    /// Marks an image; it may be listed at several places.
    fn give(&mut self, target: Digest, class: Class) {
        let Self { rows, selected, classes, totals, .. } = self;
        let rows = selected.iter().filter_map(|row| rows.get(*row)).filter(|row| row.target == target);
        let rows: Vec<&Row> = rows.collect();
        for row in &rows {
            totals.remove(row, classes.whose(row));
        }
        classes.by_hand.insert(target, class);
        for row in &rows {
            totals.add(row, classes.whose(row));
        }
    }

    /// The class of an image: as somebody marked it, else as its label says.
    pub(crate) fn mark(&self, row: &Row) -> Option<Class> {
        self.classes.mark(row)
    }

    /// Selected images of each class that has some; of none, those that still need a mark.
    pub(crate) fn marks(&self) -> BTreeMap<Whose, usize> {
        let mut marks = BTreeMap::new();
        for row in self.selected.iter().filter_map(|row| self.rows.get(*row)) {
            let mark = self.mark(row);
            if mark.is_some() || !row.is_artifact() {
                *marks.entry(mark).or_default() += 1;
            }
        }
        marks
    }

    /// The bundles that packing makes.
    pub(crate) fn bundles(&self) -> Vec<Whose> {
        if self.classes.is_on { self.marks().into_keys().flatten().map(Some).collect() } else { vec![None] }
    }

    /// Whose keys are shown, if anybody's.
    pub(crate) fn shown_keys(&self) -> Option<Whose> {
        let bundles = self.bundles();
        bundles
            .iter()
            .find(|whose| self.classes.is_on && **whose == self.classes.asked)
            .or(bundles.first())
            .copied()
    }

    /// What dividing still needs: the id of a text, and the class it is about.
    pub(super) fn why_not_locked(&self) -> Option<(&'static str, Whose)> {
        if self.classes.is_on && self.marks().contains_key(&None) {
            return Some(("pack-why-mark", None));
        }
        self.bundles().into_iter().find_map(|whose| self.keys(whose).why_not().map(|id| (id, whose)))
    }

    /// Whether every new passphrase may be used now; the keys of the first that is asked about are shown.
    pub(super) fn look_at_passphrases(&mut self) -> bool {
        for whose in self.bundles() {
            if !self.keys_mut(whose).new.look() {
                self.classes.asked = whose;
                return false;
            }
        }
        true
    }

    /// What the library divides by: the marks that are shown.
    pub(super) fn rules(&self) -> Option<ClassRules> {
        let rows = self.selected.iter().filter_map(|row| self.rows.get(*row));
        let marks = rows.filter_map(|row| Some((row.target.to_string(), self.mark(row)?)));
        self.classes.is_on.then(|| ClassRules::marked(marks.collect()))
    }
}

#[cfg(test)]
mod tests {
    use sealift::SourceSpec;

    use super::*;
    use crate::gui::{
        action::{Effect, Effects},
        job::Kind,
        new_passphrase::Change as New,
        screens::pack::Action,
        tests::{rows, typed},
    };

    fn divided() -> Pack {
        let mut rows = rows(3);
        rows[1].label = ClassLabel::Class(Class::Internal);
        rows[2].label = ClassLabel::Other("top secret".into());
        let mut pack = Pack::default();
        apply(&mut pack, Action::Listed(vec![SourceSpec::path_only("a.tar")], Ok(rows)));
        apply(&mut pack, Action::Out("/tmp/a.sealift".into()));
        apply(&mut pack, Action::Divide(Change::Divide(true)));
        pack
    }

    fn apply(pack: &mut Pack, action: Action) -> bool {
        let mut effects = Effects::new();
        pack.apply(action, &mut effects);
        effects.iter().any(|effect| matches!(effect, Effect::Run(work) if work.kind == Kind::Pack))
    }

    fn type_both(pack: &mut Pack, whose: Whose, text: &str) {
        for change in [New::First(typed(text)), New::Again(typed(text))] {
            apply(pack, Action::New(whose, change));
        }
    }

    #[test]
    fn a_mark_by_hand_stands_above_a_label_and_goes_round() {
        let mut pack = divided();
        let mark = |pack: &Pack, row: usize| pack.mark(&pack.rows[row]);
        assert_eq!([0, 1, 2].map(|row| mark(&pack, row)), [None, Some(Class::Internal), None]);
        for class in [Class::Secret, Class::Public, Class::Internal] {
            apply(&mut pack, Action::Divide(Change::Next(1)));
            assert_eq!(mark(&pack, 1), Some(class));
        }
        apply(&mut pack, Action::Press { row: 0, is_range: false });
        apply(&mut pack, Action::Divide(Change::Mark(Class::Secret)));
        assert_eq!([0, 1, 2].map(|row| mark(&pack, row)), [None, Some(Class::Secret), Some(Class::Secret)]);
        // What belongs to an image needs no mark and gets none with the others.
        pack.rows[2].platforms.clear();
        apply(&mut pack, Action::Divide(Change::Mark(Class::Public)));
        assert_eq!(mark(&pack, 2), Some(Class::Secret));
    }

    #[test]
    fn what_is_shared_follows_the_marks() {
        let mut pack = Pack::default();
        apply(&mut pack, Action::Listed(vec![SourceSpec::path_only("a.tar")], Ok(rows(4))));
        let (base, size) = pack.rows[0].layers[0];
        assert_eq!(base, pack.rows[3].layers[0].0, "the sample shares its base");
        let whole = pack.totals.unique_bytes;
        assert_eq!(pack.totals.shared_bytes, size);
        apply(&mut pack, Action::Divide(Change::Divide(true)));
        apply(&mut pack, Action::Divide(Change::Mark(Class::Public)));
        assert_eq!((pack.totals.shared_bytes, pack.totals.unique_bytes), (size, whole));
        // Its base is stored once more.
        apply(&mut pack, Action::Divide(Change::Next(3)));
        assert_eq!((pack.totals.shared_bytes, pack.totals.unique_bytes), (0, whole + size));
        apply(&mut pack, Action::Press { row: 3, is_range: false });
        apply(&mut pack, Action::Press { row: 3, is_range: false });
        apply(&mut pack, Action::Divide(Change::Divide(false)));
        assert_eq!((pack.totals.shared_bytes, pack.totals.unique_bytes), (size, whole));
    }

    #[test]
    fn packing_needs_a_mark_for_every_image_and_a_key_for_every_class() {
        const WORDS: &str = "mural cabbage unplug sixteen zebra wooing";
        let mut pack = divided();
        type_both(&mut pack, None, WORDS);
        assert_eq!(
            pack.why_not(),
            Some(("pack-why-mark", None)),
            "the key of the one bundle is none of a class"
        );
        apply(&mut pack, Action::Divide(Change::Next(0)));
        apply(&mut pack, Action::Divide(Change::Next(2)));
        assert_eq!(pack.bundles(), [Some(Class::Public), Some(Class::Internal)]);
        assert_eq!(pack.why_not(), Some(("pack-why-key", Some(Class::Public))));
        type_both(&mut pack, Some(Class::Public), WORDS);
        assert_eq!(pack.why_not(), Some(("pack-why-key", Some(Class::Internal))));
        assert!(!apply(&mut pack, Action::Start));
        // A weak one is asked about, whosever keys are shown.
        type_both(&mut pack, Some(Class::Internal), "weak");
        assert_eq!((pack.why_not(), pack.shown_keys()), (None, Some(Some(Class::Public))));
        assert!(!apply(&mut pack, Action::Start));
        assert_eq!(pack.shown_keys(), Some(Some(Class::Internal)));
        apply(&mut pack, Action::New(Some(Class::Internal), New::Take));
        assert!(apply(&mut pack, Action::Start));
        // Undivided, marks and keys of classes count for nothing.
        apply(&mut pack, Action::Divide(Change::Divide(false)));
        assert_eq!((pack.why_not(), pack.bundles()), (None, vec![None]));
    }
}
