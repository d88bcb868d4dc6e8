//! `sealift images [SOURCE...]`

use clap::ArgMatches;
use sealift::{Code, Error, Image, PackPlan, Platform, Result, SourceSpec};

use super::{Ended, Env, output::human_bytes, pack, progress::with_progress};

pub(super) fn run(env: &Env, matches: &ArgMatches) -> Result<Ended> {
    if matches.get_many::<String>("source").unwrap_or_default().len() == 0 {
        return engines(env);
    }
    let plan = pack::plan(env, matches, &[])?;
    env.out.json(&serde_json::json!({ "images": plan.images(), "unique_bytes": plan.unique_bytes() }));
    table(env, plan.images())?;
    sum(env, &plan);
    Ok(Ended::Done)
}

/// What each engine of this machine holds.
fn engines(env: &Env) -> Result<Ended> {
    let found = with_progress(env, || Ok(sealift::engines(&env.ctx)))?;
    if found.iter().all(|engine| engine.reached.is_err()) {
        let silent = found.into_iter().find_map(|engine| engine.reached.err());
        return Err(silent.unwrap_or_else(|| Error::new(Code::EngineUnreachable)));
    }
    let mut listed = Vec::new();
    for engine in found {
        let place = match engine.reached {
            Ok(place) => place,
            Err(e) => {
                env.out.line(format_args!("{}:  {}", engine.transport, e.message(env.out.lang)));
                let hint = e.hint(env.out.lang);
                e.facts(env.out.lang)
                    .iter()
                    .chain(&hint)
                    .for_each(|line| env.out.line(format_args!("  {line}")));
                listed.push(
                    serde_json::json!({ "transport": engine.transport, "error": e.json(env.out.lang) }),
                );
                continue;
            }
        };
        env.out.line(format_args!("{}:  {place}", engine.transport));
        if let Some(namespace) = &engine.namespace {
            env.out.say("images-namespace", &[("namespace", namespace.to_owned())]);
        }
        let plan = with_progress(env, || {
            sealift::plan_pack(&env.ctx, &[SourceSpec::engine(engine.transport)?], &[])
        });
        match plan {
            Ok(plan) => {
                table(env, plan.images())?;
                sum(env, &plan);
                listed.push(serde_json::json!({
                    "transport": engine.transport,
                    "place": place,
                    "namespace": engine.namespace,
                    "images": plan.images(),
                    "unique_bytes": plan.unique_bytes(),
                }));
            }
            Err(e) if e.code() == Code::NothingToPack => {
                env.out.say("images-none", &[]);
                listed.push(serde_json::json!({
                    "transport": engine.transport, "place": place, "namespace": engine.namespace, "images": [],
                }));
            }
            Err(e) => return Err(e),
        }
    }
    env.out.json(&serde_json::json!({ "engines": listed }));
    Ok(Ended::Done)
}

fn sum(env: &Env, plan: &PackPlan) {
    env.out.say(
        "images-sum",
        &[("sum", human_bytes(plan.sum_bytes())), ("unique", human_bytes(plan.unique_bytes()))],
    );
}

/// How many images these are, and how many signatures and other artifacts.
pub(super) fn counted(env: &Env, are_artifacts: impl Iterator<Item = bool>) -> String {
    let (artifacts, images): (Vec<bool>, Vec<bool>) = are_artifacts.partition(|is_artifact| *is_artifact);
    let num = |id, found: &[bool]| env.out.t(id, &[("num", found.len().to_string())]);
    let (some_images, some_artifacts) = (num("num-images", &images), num("num-artifacts", &artifacts));
    match (images.is_empty(), artifacts.is_empty()) {
        (_, true) => some_images.into(),
        (true, false) => some_artifacts.into(),
        (false, false) => {
            let both = [("images", some_images.into()), ("artifacts", some_artifacts.into())];
            env.out.t("num-both", &both).into()
        }
    }
}

/// One line for each image, one more for each further name.
///
/// # Errors
/// [`Code::Cancelled`].
pub(super) fn table(env: &Env, images: &[Image]) -> Result<()> {
    for image in images {
        env.ctx.checkpoint()?;
        let platforms: Vec<String> = image.platforms().map(Platform::to_string).collect();
        let created = image.manifests.iter().find_map(|manifest| manifest.created.as_deref()?.get(..10));
        let created = created.map(|day| env.out.t("image-created", &[("day", day.to_owned())]));
        let num_layers: usize = image.manifests.iter().map(|manifest| manifest.layers.len()).sum();
        env.out.line(format_args!("  {}", image.title()));
        env.out.line(format_args!(
            "    {}  {}  {}  {}{}",
            human_bytes(image.size_bytes()),
            env.out.t("layers", &[("num", num_layers.to_string())]),
            platforms.join(", "),
            created.map(|created| format!("{created}  ")).unwrap_or_default(),
            image.target.digest,
        ));
        for name in image.names.iter().skip(1) {
            env.ctx.checkpoint()?;
            env.out.line(format_args!("    = {}", name.as_str()));
        }
    }
    Ok(())
}
