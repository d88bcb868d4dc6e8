//! The rows of the page and where they come from: files and registries that were added, and the engines of this machine.

use std::collections::{BTreeMap, BTreeSet};

use sealift::{Digest, FoundEngine, SourceSpec};

use super::{
    Row,
    engines::{self, Engine},
    reference::Reference,
    row::{Group, Origin},
    state::{Action, Filter, Pack},
    totals::Totals,
};
use crate::gui::{
    action,
    job::{Kind, Outcome, Work},
};

impl Pack {
    /// A job that lists those of `specs` that are not here yet.
    pub(super) fn list(&self, name: String, specs: Vec<SourceSpec>) -> Work {
        let new: Vec<SourceSpec> = specs.into_iter().filter(|spec| !self.sources.contains(spec)).collect();
        let specs = new.clone();
        let call = move |ctx: &sealift::Ctx| {
            let mut rows = Vec::new();
            for (number, spec) in specs.iter().enumerate() {
                rows.extend(engines::rows(ctx, spec, Origin::Source(number))?);
            }
            Ok(rows)
        };
        Work::new(Kind::List, name, call, |rows| action::Action::Pack(Action::Listed(new, rows)))
    }

    /// Images of further sources are selected.
    pub(super) fn take_sources(&mut self, sources: Vec<SourceSpec>, mut rows: Vec<Row>) {
        let num_before = self.sources.len();
        for row in &mut rows {
            if let Origin::Source(number) = &mut row.origin {
                *number += num_before;
            }
        }
        // The same image under the same name out of two files is one.
        let is_new = |row: &Row| {
            let is_same = |known: &Row| known.target == row.target && known.subtitle == row.subtitle;
            !self.rows.iter().any(|known| matches!(known.origin, Origin::Source(_)) && is_same(known))
        };
        rows.retain(is_new);
        self.sources.extend(sources);
        self.set_rows(self.rows.iter().cloned().chain(rows).collect(), true);
        (self.failed, self.end) = (None, None);
        self.path.clear();
        self.reference = Reference::default();
    }

    /// Engines come and go; what is known of one that stays is kept until it is listed anew.
    pub(super) fn take_engines(&mut self, found: Vec<FoundEngine>) {
        self.is_looking = false;
        self.engines = found.into_iter().map(Engine::of).collect();
        let is_there = |origin: Origin| match origin {
            Origin::Source(_) => true,
            Origin::Engine(transport) => {
                self.engines.iter().any(|engine| engine.transport == transport && engine.failed.is_none())
            }
        };
        let rows = self.rows.iter().filter(|row| is_there(row.origin)).cloned().collect();
        self.set_rows(rows, false);
    }

    /// New images of an engine are not selected: it may hold hundreds.
    pub(super) fn take_listed(&mut self, transport: &'static str, listed: Outcome<Vec<Row>>) {
        let Some(engine) = self.engines.iter_mut().find(|engine| engine.transport == transport) else {
            return;
        };
        engine.is_reading = false;
        let listed = listed.unwrap_or_else(|error| {
            engine.failed = Some(error);
            Vec::new()
        });
        let others = self.rows.iter().filter(|row| row.origin != Origin::Engine(transport)).cloned();
        self.set_rows(others.chain(listed).collect(), false);
    }

    /// What is selected is counted from the beginning.
    pub(super) fn count_anew(&mut self) {
        self.totals = Totals::of(&self.rows);
        for row in self.selected.iter().filter_map(|row| self.rows.get(*row)) {
            self.totals.add(row, self.classes.whose(row));
        }
    }

    /// Known images stay selected or not.
    fn set_rows(&mut self, rows: Vec<Row>, select_new: bool) {
        if rows == self.rows {
            return;
        }
        let key = |row: &Row| (row.origin, row.target);
        let known: BTreeMap<_, bool> =
            (0..).zip(&self.rows).map(|(number, row)| (key(row), self.selected.contains(&number))).collect();
        let is_selected = |number: &usize| known.get(&key(&rows[*number])).copied().unwrap_or(select_new);
        self.selected = (0..rows.len()).filter(is_selected).collect();
        self.rows = rows;
        self.count_anew();
        let platforms: BTreeSet<_> = self.rows.iter().flat_map(|row| &row.platforms).cloned().collect();
        self.platforms = platforms.into_iter().collect();
        let mut num_from: Vec<(Group, usize)> = Vec::new();
        for group in self.rows.iter().map(|row| self.group(row)) {
            match num_from.iter_mut().find(|(known, _)| *known == group) {
                Some((_, num)) => *num += 1,
                None => num_from.push((group, 1)),
            }
        }
        self.num_from = num_from;
        (self.anchor, self.lit) = (None, None);
        let is_empty = |filter| match filter {
            Filter::From(group) => self.num_from(group) == 0,
            Filter::Platform(_) => true,
            Filter::All | Filter::Selected => false,
        };
        if is_empty(self.filter) {
            self.filter = Filter::All;
        }
    }

    /// Leaves what engines hold, with nothing selected.
    pub(super) fn clear(&mut self) {
        let Self { place, engines, is_looking, rows, .. } = std::mem::take(self);
        let rows = rows.into_iter().filter(|row| matches!(row.origin, Origin::Engine(_))).collect();
        *self = Self { engines, is_looking, place, ..Self::default() };
        self.set_rows(rows, false);
    }

    /// The place a row came from.
    pub(super) fn group(&self, row: &Row) -> Group {
        match row.origin {
            Origin::Engine(transport) => Group::Engine(transport),
            Origin::Source(number) => match self.sources.get(number).and_then(SourceSpec::transport) {
                Some("docker") => Group::Registry,
                _ => Group::Files,
            },
        }
    }

    /// The place a row came from, where there is more than one.
    pub(crate) fn told_apart(&self, row: &Row) -> Option<Group> {
        (self.num_from.len() > 1).then(|| self.group(row))
    }

    /// Images from a place.
    pub(crate) fn num_from(&self, group: Group) -> usize {
        self.num_from.iter().find(|(known, _)| *known == group).map_or(0, |(_, num)| *num)
    }

    /// What is to be packed, each source with the images that were selected of it.
    pub(super) fn chosen(&self) -> sealift::Result<Vec<SourceSpec>> {
        let mut targets: BTreeMap<Origin, BTreeSet<Digest>> = BTreeMap::new();
        for row in self.selected.iter().map(|row| &self.rows[*row]) {
            targets.entry(row.origin).or_default().insert(row.target);
        }
        let spec = |(origin, targets)| {
            let spec = match origin {
                Origin::Engine(transport) => SourceSpec::engine(transport)?,
                Origin::Source(number) => self.sources[number].clone(),
            };
            Ok(spec.only(targets))
        };
        targets.into_iter().map(spec).collect()
    }
}

#[cfg(test)]
mod tests {
    use sealift::{Code, Error};

    use super::*;
    use crate::gui::{action::Effects, tests::rows};

    fn with_rows() -> Pack {
        let mut pack = Pack::default();
        pack.apply(Action::Listed(vec![SourceSpec::path_only("a.tar")], Ok(rows(5))), &mut Effects::new());
        pack
    }

    #[test]
    fn images_of_an_engine_are_chosen_by_hand_and_stay_so_when_it_is_looked_at_again() {
        let mut pack = with_rows();
        let of_docker = |num: usize| -> Vec<Row> {
            let origin = Origin::Engine("docker-daemon");
            rows(num + 5).into_iter().skip(5).map(|row| Row { origin, ..row }).collect()
        };
        let found =
            || FoundEngine { transport: "docker-daemon", namespace: None, reached: Ok("Docker 29".into()) };
        let look = |num: usize, pack: &mut Pack| {
            pack.apply(Action::Engines(vec![found()]), &mut Effects::new());
            assert!(pack.engines[0].is_reading);
            pack.apply(Action::EngineListed("docker-daemon", Ok(of_docker(num))), &mut Effects::new());
        };
        look(3, &mut pack);
        assert_eq!((pack.rows.len(), pack.selected.len()), (8, 5));
        let chosen = pack.rows.iter().position(|row| row.origin != Origin::Source(0)).unwrap();
        let target = pack.rows[chosen].target;
        pack.apply(Action::Press { row: chosen, is_range: false }, &mut Effects::new());
        look(4, &mut pack);
        let is_selected = |row: &usize| pack.rows[*row].target == target;
        assert_eq!((pack.rows.len(), pack.selected.len()), (9, 6));
        assert!(pack.selected.iter().any(is_selected));
        let specs = pack.chosen().unwrap();
        let transports: Vec<_> = specs.iter().map(SourceSpec::transport).collect();
        assert_eq!(transports, [Some("docker-daemon"), None]);
        look(0, &mut pack);
        assert_eq!((pack.rows.len(), pack.selected.len()), (5, 5));
    }

    #[test]
    fn an_engine_that_falls_silent_takes_its_images_along_and_says_why() {
        let mut pack = Pack::default();
        let reached =
            || FoundEngine { transport: "containerd", namespace: None, reached: Ok("containerd 1.7".into()) };
        let origin = Origin::Engine("containerd");
        let listed = rows(2).into_iter().map(|row| Row { origin, ..row }).collect();
        pack.apply(Action::Engines(vec![reached()]), &mut Effects::new());
        pack.apply(Action::EngineListed("containerd", Ok(listed)), &mut Effects::new());
        pack.apply(Action::Filter(Filter::From(Group::Engine("containerd"))), &mut Effects::new());
        assert_eq!(pack.shown.len(), 2);
        let silent = Err(Error::new(Code::EngineUnreachable));
        let found = FoundEngine { transport: "containerd", namespace: None, reached: silent };
        pack.apply(Action::Engines(vec![found]), &mut Effects::new());
        assert!(pack.rows.is_empty() && pack.shown.is_empty() && pack.filter == Filter::All);
        assert!(pack.engines[0].failed.is_some());
    }
}
