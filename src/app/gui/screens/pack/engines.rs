//! The engines of this machine, as the page knows them.

use std::sync::Arc;

use sealift::{Code, Ctx, Error, FoundEngine, SourceSpec};

use super::{Action, Row, row::Origin};
use crate::gui::{
    action,
    job::{Kind, Outcome, Work},
};

/// An engine that was found, or that should answer and does not.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) transport: &'static str,
    /// Program, address and version.
    pub(crate) place: String,
    pub(crate) failed: Option<Arc<Error>>,
    /// Its images are being listed.
    pub(crate) is_reading: bool,
}

impl Engine {
    /// An engine as the library found it.
    pub(super) fn of(found: FoundEngine) -> Self {
        let (place, failed) = match found.reached {
            Ok(place) => (place, None),
            Err(error) => (String::new(), Some(Arc::new(error))),
        };
        let is_reading = failed.is_none();
        Self { transport: found.transport, place, failed, is_reading }
    }
}

/// Looks for engines.
pub(super) fn look() -> Work {
    let call = |ctx: &Ctx| Ok(sealift::engines(ctx));
    Work::new(Kind::List, "", call, |found| action::Action::Pack(Action::Engines(found.unwrap_or_default())))
}

/// Lists the images of one.
pub(super) fn list(transport: &'static str) -> Work {
    let call = move |ctx: &Ctx| {
        let rows = |spec: SourceSpec| rows(ctx, &spec, Origin::Engine(transport));
        match SourceSpec::engine(transport).and_then(rows) {
            // An engine with no images is no failure.
            Err(error) if error.code() == Code::NothingToPack => Ok(Vec::new()),
            listed => listed,
        }
    };
    let then = move |rows: Outcome<Vec<Row>>| action::Action::Pack(Action::EngineListed(transport, rows));
    Work::new(Kind::List, "", call, then)
}

/// The images of a source as rows.
pub(super) fn rows(ctx: &Ctx, spec: &SourceSpec, origin: Origin) -> sealift::Result<Vec<Row>> {
    let images = sealift::list(ctx, spec)?;
    Ok(images.iter().map(|image| Row { origin, ..Row::of(image) }).collect())
}
