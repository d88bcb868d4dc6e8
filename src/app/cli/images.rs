//! `sealift images SOURCE...`

use clap::ArgMatches;
use sealift::{Image, Platform, Result, escape};

use super::{Ended, Env, output::human_bytes, pack};

pub(super) fn run(env: &Env, matches: &ArgMatches) -> Result<Ended> {
    let plan = pack::plan(env, matches, &[])?;
    env.out.json(&serde_json::json!({ "images": plan.images(), "unique_bytes": plan.unique_bytes() }));
    table(env, plan.images());
    env.out.say(
        "images-sum",
        &[("sum", human_bytes(plan.sum_bytes())), ("unique", human_bytes(plan.unique_bytes()))],
    );
    Ok(Ended::Done)
}

/// One line for each image, one more for each further name.
pub(super) fn table(env: &Env, images: &[Image]) {
    for image in images {
        let platforms: Vec<String> = image.platforms().map(Platform::to_string).collect();
        let num_layers: usize = image.manifests.iter().map(|manifest| manifest.layers.len()).sum();
        env.out.line(format_args!(
            "  {}\n    {}  {}  {}  {}",
            escape(&image.title()),
            human_bytes(image.size_bytes()),
            env.out.t("layers", &[("num", num_layers.to_string())]),
            escape(&platforms.join(", ")),
            image.target.digest,
        ));
        for name in image.names.iter().skip(1) {
            env.out.line(format_args!("    = {}", escape(name.as_str())));
        }
    }
}
