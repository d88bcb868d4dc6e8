//! One bundle for each sensitivity class: `pack --classes FILE`, `--class IMAGE=CLASS`, and the verbs that take a delivery
//! where they take a bundle.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use clap::ArgMatches;
use sealift::{
    Class, ClassFile, ClassKeys, Code, Delivery, Error, Fact, Image, Inspection, PackOptions, PackPlan,
    PackReport, Recipients, Result, ShareFiles,
};
use serde_json::{Value, json};

use super::{
    Ended, Env, handoff,
    images::counted,
    output, pack,
    progress::with_progress,
    recipients::{Asked, Given},
    secret,
};

/// Whether one bundle for each class is asked for.
pub(super) fn is_wanted(matches: &ArgMatches) -> bool {
    matches.contains_id("classes") || matches.contains_id("class")
}

/// The rules and keys of the file, and what arguments say beside it.
fn file(matches: &ArgMatches) -> Result<ClassFile> {
    let path = matches.get_one::<PathBuf>("classes");
    let mut file = path.map(|path| ClassFile::load(path)).transpose()?.unwrap_or_default();
    for text in matches.get_many::<String>("class").unwrap_or_default() {
        let bad = || Error::new(Code::Usage).with(Fact::Field, "--class").with(Fact::Found, text);
        let (image, class) =
            text.rsplit_once('=').ok_or_else(|| bad().worded(Fact::Expected, "arg-class.value", &[]))?;
        let class = class.parse::<Class>().map_err(|e| e.with(Fact::Field, "--class"))?;
        match image {
            "*" => file.rules.default = Some(class),
            image => file.rules.by_hand.push((image.to_owned(), class)),
        }
    }
    Ok(file)
}

/// Divides `plan`, and packs a bundle of each class beside the others.
pub(super) fn run(
    env: &Env,
    matches: &ArgMatches,
    plan: &PackPlan,
    out: &Path,
    options: &PackOptions,
) -> Result<Ended> {
    sealift::check_delivery(out, options.existing)?;
    let file = file(matches)?;
    let plans = plan.divide(&file.rules)?;
    for (class, plan) in &plans {
        env.out.say(
            "delivery-plan",
            &[
                ("class", class_name(env, *class)),
                ("what", counted(env, plan.images().iter().map(Image::is_artifact))),
            ],
        );
    }
    let (mut parts, mut shares) = (BTreeMap::new(), BTreeMap::new());
    for (class, plan) in plans {
        let given = lock(env, matches, class, file.keys.get(&class));
        let given = given.map_err(|e| e.or_with(Fact::Class, class))?;
        parts.insert(class, (plan, Recipients::from(given.recipients)));
        shares.insert(class, given.shares);
    }
    let reports = with_progress(env, || sealift::pack_delivery(&env.ctx, parts, out, options))?;
    for (class, report) in &reports {
        env.out.say("delivery-packed", &[("class", class_name(env, *class))]);
        pack::tell(env, report, &shares.remove(class).map(ShareFiles::keep).unwrap_or_default());
    }
    let (ended, handed) = hand_over(env, matches, out, &reports)?;
    let object = |(class, report): (&Class, &PackReport)| {
        let handoff = handed.get(class).cloned();
        (class.tag().to_owned(), pack::object(report, handoff))
    };
    env.out.json(&json!({ "parts": reports.iter().map(object).collect::<serde_json::Map<_, _>>() }));
    Ok(ended)
}

/// What the bundle of `class` is locked for: what the file says, and the recipients that the arguments name for all.
fn lock(env: &Env, matches: &ArgMatches, class: Class, keys: Option<&ClassKeys>) -> Result<Given> {
    let for_all = matches.get_many::<String>("recipient").unwrap_or_default();
    let nothing = ClassKeys::default();
    let keys = keys.unwrap_or(&nothing);
    let asked = Asked {
        recipients: keys.recipients.iter().chain(for_all).map(String::as_str).collect(),
        shares: keys.shares.as_deref(),
        shares_dir: keys.shares_dir.as_deref().unwrap_or(Path::new(".")),
        share_name: format!("{class}-share"),
        require_all: keys.require_all,
    };
    let passphrase = match &keys.password_file {
        Some(path) => Some(secret::new_from(path, matches)?),
        None if asked.is_nothing() => {
            output::note(env.out.t("delivery-passphrase", &[("class", class_name(env, class))]));
            Some(secret::new_passphrase(env, matches, "")?)
        }
        None => None,
    };
    asked.lock(env, passphrase)
}

/// With `--handoff`, each bundle is read back from the drive, which is ejected after the last.
fn hand_over(
    env: &Env,
    matches: &ArgMatches,
    out: &Path,
    reports: &BTreeMap<Class, PackReport>,
) -> Result<(Ended, BTreeMap<Class, Value>)> {
    let (mut ended, mut handed) = (Ended::Done, BTreeMap::new());
    if matches.get_flag("handoff") {
        let last = reports.keys().next_back().copied();
        for class in reports.keys().copied() {
            let is_last = Some(class) == last;
            let (this, object) = handoff::in_place(env, &sealift::part_path(out, class), is_last)?;
            if !matches!(this, Ended::Done) {
                ended = this;
            }
            handed.insert(class, object);
        }
    }
    Ok((ended, handed))
}

/// What the argument names: a bundle, or all that are there of a delivery.
pub(super) fn open(matches: &ArgMatches) -> Result<Delivery> {
    let path = matches.get_one::<PathBuf>("bundle").ok_or_else(|| Error::new(Code::Usage))?;
    Delivery::open(path)
}

/// Does `work` for each bundle under a line with its class, and prints what it gives to scripts; one that is alone as it is.
pub(super) fn each(
    env: &Env,
    delivery: &Delivery,
    work: impl FnMut(&Inspection) -> Result<(Ended, Value)>,
) -> Result<Ended> {
    each_but(env, delivery, &[], work)
}

/// As [`each`], where no key given opens the bundles of the classes `locked`: they are named.
pub(super) fn each_but(
    env: &Env,
    delivery: &Delivery,
    locked: &[Class],
    mut work: impl FnMut(&Inspection) -> Result<(Ended, Value)>,
) -> Result<Ended> {
    let (mut ended, mut objects) = (Ended::Done, Vec::new());
    let is_delivery = delivery.parts.len() + delivery.missing.len() > 1;
    for bundle in &delivery.parts {
        if let Some(part) = bundle.part().filter(|_| is_delivery) {
            env.out.say(
                "delivery-part",
                &[("class", class_name(env, part.class)), ("path", shown(bundle.path()))],
            );
        }
        let (this, object) = work(bundle)?;
        if !matches!(this, Ended::Done) {
            ended = this;
        }
        objects.push(object);
    }
    for class in locked {
        env.out.say("delivery-unopened", &[("class", class_name(env, *class))]);
    }
    tell_missing(env, delivery);
    let whole =
        |objects: &[Value]| json!({ "parts": objects, "locked": locked, "missing": delivery.missing });
    env.out.json(&match <[Value; 1]>::try_from(objects) {
        Ok([object]) if !is_delivery => object,
        Ok(objects) => whole(&objects),
        Err(objects) => whole(&objects),
    });
    Ok(ended)
}

/// Classes of the bundles that no key opened.
pub(super) fn locked<T>(delivery: &Delivery, opened: &[Option<T>]) -> Vec<Class> {
    let locked = delivery.parts.iter().zip(opened).filter(|(_, opened)| opened.is_none());
    locked.filter_map(|(bundle, _)| Some(bundle.part()?.class)).collect()
}

/// Says which bundles are left out because no key opens them or because they are not there; the classes of the former.
pub(super) fn tell_left_out<T>(env: &Env, delivery: &Delivery, opened: &[Option<T>]) -> Vec<Class> {
    let locked = locked(delivery, opened);
    for class in &locked {
        env.out.say("delivery-locked", &[("class", class_name(env, *class))]);
    }
    tell_missing(env, delivery);
    locked
}

fn tell_missing(env: &Env, delivery: &Delivery) {
    for class in &delivery.missing {
        env.out.say("delivery-missing", &[("class", class_name(env, *class))]);
    }
}

fn class_name(env: &Env, class: Class) -> String {
    env.out.t(&format!("class-{class}"), &[]).into()
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
