//! The job that packs: one bundle, or one for each class.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, OnceLock},
};

use sealift::{Ask, Ctx, Fact, PackOptions, PackReport, Phase, Recipients};

use super::{Action, Pack, keys::Whose, place, sign::Signer};
use crate::{
    folders,
    gui::{
        action,
        history::{About, Account, RunPart},
        job::{Kind, Work},
        new_recipients::{Lock, LockedFor, Locking, SHARE_NAME},
    },
};

/// What was packed.
#[derive(Debug)]
pub(crate) struct Packed {
    pub(crate) bundles: Vec<PackedBundle>,
    /// Who signed it.
    pub(crate) signed: Option<String>,
}

/// A bundle that was packed.
#[derive(Debug)]
pub(crate) struct PackedBundle {
    /// Of a delivery.
    pub(crate) class: Whose,
    pub(crate) report: PackReport,
    pub(crate) locked_for: LockedFor,
}

/// The job, as the page stands.
pub(super) fn pack(pack: &Pack) -> sealift::Result<Work> {
    let lock = |whose: Whose| Ok((whose, pack.keys(whose).lock()?));
    let locks: BTreeMap<Whose, Lock> =
        pack.bundles().into_iter().map(lock).collect::<sealift::Result<_>>()?;
    let rules = pack.rules();
    let signer = pack.signing.signer()?;
    let options = PackOptions {
        volume_bytes: pack.place.volume_bytes()?,
        existing: pack.place.existing(),
        recovery_percent: pack.place.is_recovering().then_some(sealift::DRIVE_RECOVERY_PERCENT),
        state_dir: folders::state(),
        ..PackOptions::default()
    };
    let out = pack.place.path();
    let about = About { bundle: out.clone(), ..About::default() };
    let name = pack.selected.len().to_string();
    let specs = pack.chosen()?;
    // A failure is told with the step it came at, which only the job knows.
    let step = Arc::new(OnceLock::new());
    let reached = Arc::clone(&step);
    let call = move |ctx: &Ctx, ask: &Arc<dyn Ask>| {
        let packed = place::check(&out, rules.is_some(), options.existing).and_then(|()| {
            let signing = signer.as_ref().map(Signer::open).transpose()?;
            let (mut recipients, mut locking) = begin(locks, ask)?;
            let plan = sealift::plan_pack(ctx, &specs, &[])?;
            let options = PackOptions { signing, ..options };
            let reports = match rules {
                None => {
                    let recipients = recipients.remove(&None).unwrap_or_else(|| Vec::new().into());
                    vec![(None, sealift::pack(ctx, &plan, &out, recipients, &options)?)]
                }
                Some(rules) => divided(ctx, plan.divide(&rules)?, recipients, &out, &options)?,
            };
            let bundle = |(class, report)| {
                let locked_for = locking.remove(&class).map(Locking::done).unwrap_or_default();
                PackedBundle { class, report, locked_for }
            };
            let bundles = reports.into_iter().map(bundle).collect();
            Ok(Packed { bundles, signed: signer.map(|signer: Signer| signer.name) })
        });
        let _ = reached.set(ctx.snapshot().phase);
        packed
    };
    let then = move |packed| {
        let phase = step.get().copied().unwrap_or(Phase::Scan);
        action::Action::Pack(Action::Packed(packed, phase))
    };
    Ok(Work::asking(Kind::Pack, name, about, call, |packed: &Packed| Some(account(packed)), then))
}

/// Recipients of each bundle, and what is told of them once it was locked.
type Begun = (BTreeMap<Whose, Recipients>, BTreeMap<Whose, Locking>);

fn begin(locks: BTreeMap<Whose, Lock>, ask: &Arc<dyn Ask>) -> sealift::Result<Begun> {
    let mut begun = Begun::default();
    for (whose, lock) in locks {
        // In one folder the shares of two classes would be called the same.
        let shares = whose.map_or(SHARE_NAME.to_owned(), |class| format!("{class}-{SHARE_NAME}"));
        let (recipients, locking) = match (lock.begin(ask, &shares), whose) {
            (Ok(begun), _) => begun,
            (Err(e), Some(class)) => return Err(e.or_with(Fact::Class, class)),
            (Err(e), None) => return Err(e),
        };
        begun.0.insert(whose, recipients.into());
        begun.1.insert(whose, locking);
    }
    Ok(begun)
}

/// A bundle for each class.
fn divided(
    ctx: &Ctx,
    plans: BTreeMap<sealift::Class, sealift::PackPlan>,
    mut recipients: BTreeMap<Whose, Recipients>,
    out: &Path,
    options: &PackOptions,
) -> sealift::Result<Vec<(Whose, PackReport)>> {
    let parts = plans.into_iter().map(|(class, plan)| {
        // Of a class that nobody gave keys for there are none, which the library refuses.
        let keys = recipients.remove(&Some(class)).unwrap_or_else(|| Vec::new().into());
        (class, (plan, keys))
    });
    let reports = sealift::pack_delivery(ctx, parts.collect(), out, options)?;
    Ok(reports.into_iter().map(|(class, report)| (Some(class), report)).collect())
}

fn account(packed: &Packed) -> Account {
    if let [PackedBundle { class: None, report, .. }] = packed.bundles.as_slice() {
        return Account { fingerprint: Some(report.fingerprint.clone()), ..Account::of(report) };
    }
    let part = |bundle: &PackedBundle| {
        Some(RunPart {
            class: bundle.class?,
            bundle: bundle.report.volumes.first()?.display().to_string(),
            fingerprint: bundle.report.fingerprint.clone(),
            num_bytes: bundle.report.bundle_bytes,
        })
    };
    let parts = packed.bundles.iter().filter_map(part).collect();
    let reports = packed.bundles.iter().filter_map(|bundle| Some((bundle.class?.tag(), &bundle.report)));
    Account { parts, ..Account::of(&reports.collect::<BTreeMap<_, _>>()) }
}
