//! A delivery: one bundle for each sensitivity class, packed and put back as one thing.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::{
    Inspection, PackOptions, PackReport, check_output, inspect,
    pack::{Prepared, check_recipients, prepare},
};
use crate::{
    bundle::{DeliveryPart, leaving_part, locate_first, settle},
    class::Class,
    crypto::random,
    digest::hex,
    error::{Code, Error, ErrorKind, Fact, Result},
    fs::Existing,
    job::Ctx,
    keyslot::{Identities, Recipients},
    plan::PackPlan,
};

/// Which part of which delivery a bundle is. Covered by the header's MAC, so only a holder of its key can make it say
/// something else; shown before that is known.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct PartInfo {
    /// Identity of the delivery: 32 hex digits.
    pub delivery: String,
    /// Class of the images in this bundle.
    pub class: Class,
    /// Classes of all bundles of the delivery.
    pub classes: Vec<Class>,
}

/// Where the bundle of a class lies: `NAME.CLASS.sealift` for `NAME.sealift`.
pub fn part_path(delivery: &Path, class: Class) -> PathBuf {
    let stem = delivery.file_stem().unwrap_or_default().to_string_lossy();
    let extension = delivery.extension().map(|extension| format!(".{}", extension.to_string_lossy()));
    delivery.with_file_name(format!("{stem}.{class}{}", extension.unwrap_or_default()))
}

/// Whether the bundles of a delivery may be written: asked before a user types passphrases or waits.
///
/// # Errors
/// Those of [`check_output`], for each bundle.
pub fn check_delivery(out: &Path, existing: Existing) -> Result<()> {
    Class::ALL.into_iter().try_for_each(|class| check_output(&part_path(out, class), existing))
}

/// Writes a bundle for each class, side by side, as [`part_path`] names them.
///
/// # Errors
/// Those of [`super::pack`]; on any error none of the bundles is there, and those that were are.
pub fn pack_delivery(
    ctx: &Ctx,
    parts: BTreeMap<Class, (PackPlan, Recipients)>,
    out: &Path,
    options: &PackOptions,
) -> Result<BTreeMap<Class, PackReport>> {
    check_delivery(out, options.existing)?;
    parts.values().try_for_each(|(_, recipients)| check_recipients(recipients))?;
    let (delivery, classes) = (random(), parts.keys().copied().collect::<Vec<_>>());
    let mut prepared = Vec::new();
    for (class, (plan, recipients)) in parts {
        let part = DeliveryPart { delivery, class, classes: classes.clone() };
        let ready = prepare(ctx, &plan, &part_path(out, class), &recipients, options, part.encode());
        prepared.push(ready.map_err(|e| e.or_with(Fact::Class, class))?);
    }
    // A bundle of the old delivery that the new one has not would be taken for one of its own.
    let mut leaving = Vec::new();
    for class in Class::ALL.into_iter().filter(|class| !classes.contains(class)) {
        let path = part_path(out, class);
        settle(&path)?;
        if options.existing == Existing::Replace {
            leaving.extend(leaving_part(&path)?);
        }
    }
    Ok(classes.into_iter().zip(Prepared::commit(ctx, prepared, leaving)?).collect())
}

/// The bundles of a delivery that are there.
#[derive(Debug)]
pub struct Delivery {
    /// A bundle for each class, or the one bundle that is no part of a delivery.
    pub parts: Vec<Inspection>,
    /// Classes of which the bundle is not there.
    pub missing: Vec<Class>,
    /// Number of the part that was asked for; of the first, where it was the delivery.
    pub chosen: usize,
}

impl Delivery {
    /// Opens what `path` means: a bundle alone, though it may be part of a delivery; or, by the name that was given when it
    /// was packed, all bundles of a delivery that lie side by side.
    ///
    /// # Errors
    /// Those of [`inspect`]; [`Code::PartForeign`] where bundles of several deliveries have these names.
    pub fn open(path: &Path) -> Result<Self> {
        let paths: Vec<PathBuf> = Class::ALL.into_iter().map(|class| part_path(path, class)).collect();
        let is_there = |path: &Path| locate_first(path).is_some();
        if is_there(path) || !paths.iter().any(|path| is_there(path)) {
            return Ok(Self { parts: vec![inspect(path)?], missing: Vec::new(), chosen: 0 });
        }
        let parts = paths.iter().filter(|path| is_there(path)).map(|path| inspect(path));
        Self::of(parts.collect::<Result<_>>()?)
    }

    /// As [`Self::open`], and for a bundle that is part of a delivery, with the others of it that lie beside it.
    ///
    /// # Errors
    /// Those of [`inspect`] for the bundle itself; others that cannot be read count as missing.
    pub fn around(path: &Path) -> Result<Self> {
        let opened = Self::open(path)?;
        let (Some(this), [bundle]) = (opened.parts.first().and_then(Inspection::part), &opened.parts[..])
        else {
            return Ok(opened);
        };
        let beside = |class: Class| -> Option<Inspection> {
            let part = DeliveryPart::decode(&bundle.0.header().extensions)?;
            let found = inspect(&part.sibling(bundle.path(), class)?).ok()?;
            found
                .part()
                .is_some_and(|part| part.delivery == this.delivery && part.class == class)
                .then_some(found)
        };
        let others = this.classes.iter().copied().filter(|class| *class != this.class);
        let mut parts: Vec<Inspection> = others.filter_map(beside).collect();
        parts.extend(opened.parts);
        Self::sorted(parts, this.class)
    }

    /// As [`Self::around`] the first of `paths`, and with the bundles of its delivery that are among the others, beside
    /// them, or in `known`, wherever they lie. Of two of one class the first named is taken, and what is named before what
    /// lies beside it.
    ///
    /// # Errors
    /// Those of [`Self::around`] for the first; others that cannot be read, or are of another delivery, are left out.
    pub fn gather(paths: &[PathBuf], known: &[PathBuf]) -> Result<Self> {
        let [first, others @ ..] = paths else { return Err(Error::new(Code::NotFound)) };
        let opened = Self::around(first)?;
        let Some(this) = opened.parts.get(opened.chosen).and_then(Inspection::part) else {
            return Ok(opened);
        };
        let (mut named, mut beside) = (Vec::new(), Vec::new());
        for delivery in
            std::iter::once(opened).chain(others.iter().filter_map(|path| Self::around(path).ok()))
        {
            let chosen = delivery.chosen;
            for (number, part) in delivery.parts.into_iter().enumerate() {
                if number == chosen { named.push(part) } else { beside.push(part) }
            }
        }
        let known = known.iter().filter_map(|path| inspect(path).ok());
        let mut parts: Vec<Inspection> = Vec::new();
        for part in named.into_iter().chain(beside).chain(known) {
            let is_its = part.part().is_some_and(|info| info.delivery == this.delivery);
            if is_its && parts.iter().all(|taken| class_of(taken) != class_of(&part)) {
                parts.push(part);
            }
        }
        Self::sorted(parts, this.class)
    }

    /// The least sensitive first.
    fn sorted(mut parts: Vec<Inspection>, chosen: Class) -> Result<Self> {
        parts.sort_by_key(class_of);
        let chosen = parts.iter().position(|part| class_of(part) == Some(chosen)).unwrap_or_default();
        Ok(Self { chosen, ..Self::of(parts)? })
    }

    fn of(parts: Vec<Inspection>) -> Result<Self> {
        let infos: Vec<(&Inspection, Option<PartInfo>)> =
            parts.iter().map(|part| (part, part.part())).collect();
        let Some(first) = infos.iter().find_map(|(_, info)| info.clone()) else {
            return match <[Inspection; 1]>::try_from(parts) {
                Ok(alone) => Ok(Self { parts: alone.into(), missing: Vec::new(), chosen: 0 }),
                Err(parts) => Err(foreign(&parts[0])),
            };
        };
        let mut seen = Vec::new();
        for (part, info) in &infos {
            let own =
                info.as_ref().filter(|info| info.delivery == first.delivery && info.classes == first.classes);
            match own {
                Some(info) if !seen.contains(&info.class) => seen.push(info.class),
                _ => return Err(foreign(part)),
            }
        }
        let missing = first.classes.into_iter().filter(|class| !seen.contains(class)).collect();
        Ok(Self { parts, missing, chosen: 0 })
    }
}

/// Opens those of `bundles` with `keys` that `opened` does not have yet; comes back with why the others stay locked.
///
/// # Errors
/// Any of `open` that is not about keys.
pub fn unlock_more<B, T>(
    bundles: &[B],
    opened: &mut [Option<T>],
    keys: &Identities,
    open: impl Fn(&B, &Identities) -> Result<T>,
) -> Result<Option<Error>> {
    let mut refused: Option<Error> = None;
    for (bundle, slot) in bundles.iter().zip(opened).filter(|(_, slot)| slot.is_none()) {
        match open(bundle, keys) {
            Ok(opened) => *slot = Some(opened),
            // That a key is not the right one says more than that it is of another kind.
            Err(e) if e.kind() == ErrorKind::Key => {
                refused = refused.filter(|known| known.code() != Code::NoUsableSlot).or(Some(e));
            }
            Err(e) => return Err(e),
        }
    }
    Ok(refused)
}

fn class_of(part: &Inspection) -> Option<Class> {
    part.part().map(|part| part.class)
}

fn foreign(part: &Inspection) -> Error {
    Error::new(Code::PartForeign).at(part.path())
}

impl Inspection {
    /// Which part of which delivery it is; none for a bundle of its own.
    pub fn part(&self) -> Option<PartInfo> {
        let part = DeliveryPart::decode(&self.0.header().extensions)?;
        Some(PartInfo { delivery: hex(&part.delivery), class: part.class, classes: part.classes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{KeyFile, Recipient, plan::ClassRules};

    /// A delivery of two classes in `folder`.
    fn packed(folder: &Path) -> [PathBuf; 2] {
        let (ctx, sample) = (Ctx::new(), folder.join("sample.tar"));
        crate::sample::write_sample(&sample).unwrap();
        let plan = super::super::plan_pack(&ctx, &[sample.to_str().unwrap().parse().unwrap()], &[]).unwrap();
        let classes = [Class::Public, Class::Secret];
        let marked = plan.images().iter().zip(classes);
        let by_hand = marked.map(|(image, class)| (image.target.digest.to_string(), class)).collect();
        let lock = |(class, plan)| {
            let recipients = vec![Recipient::KeyFile(KeyFile::generate())];
            (class, (plan, recipients.into()))
        };
        let parts = plan.divide(&ClassRules::marked(by_hand)).unwrap().into_iter().map(lock).collect();
        let out = folder.join("a.sealift");
        pack_delivery(&ctx, parts, &out, &PackOptions::default()).unwrap();
        classes.map(|class| part_path(&out, class))
    }

    fn gathered(paths: &[&PathBuf], known: &[&PathBuf]) -> (Vec<PathBuf>, usize) {
        let owned = |paths: &[&PathBuf]| paths.iter().copied().cloned().collect::<Vec<_>>();
        let Delivery { parts, missing, chosen } = Delivery::gather(&owned(paths), &owned(known)).unwrap();
        (
            parts.iter().map(|part| part.path().to_owned()).collect(),
            if missing.is_empty() { chosen } else { 9 },
        )
    }

    #[test]
    fn a_delivery_is_gathered_from_several_folders() {
        let dirs = [(); 3].map(|()| tempfile::tempdir().unwrap());
        let [public, secret] = packed(dirs[0].path());
        let [stranger, _] = packed(dirs[1].path());
        let moved = dirs[2].path().join(secret.file_name().unwrap());
        std::fs::copy(&secret, &moved).unwrap();
        // What was named stands above what lies beside it, and that above what was known.
        assert_eq!(gathered(&[&public, &moved], &[]), (vec![public.clone(), moved.clone()], 0));
        assert_eq!(gathered(&[&public], &[&moved]), (vec![public.clone(), secret.clone()], 0));
        std::fs::remove_file(&secret).unwrap();
        assert_eq!(gathered(&[&public], &[]), (vec![public.clone()], 9));
        assert_eq!(gathered(&[&moved], &[&public]), (vec![public.clone(), moved.clone()], 1));
        assert_eq!(gathered(&[&moved, &public], &[]), (vec![public.clone(), moved.clone()], 1));
        // Of another delivery nothing joins, and what is no bundle is left out.
        let none = dirs[0].path().join("sample.tar");
        assert_eq!(gathered(&[&moved, &stranger, &none], &[&none]), (vec![moved.clone()], 9));
        assert_eq!(Delivery::gather(&[none, moved], &[]).unwrap_err().code(), Code::NotABundle);
    }
}
