//! What a failure says in the window: nothing that only the command line understands.

use std::{sync::Arc, time::Duration};

use eframe::egui::{Context, RawInput, Rect, Shape, pos2};
use sealift::{Code, Error, Notice, NoticeKind, Phase, Snapshot};

use super::*;
use crate::gui::{
    action::Sheet,
    job::{Ended, JobView, Kind},
};

/// Every text that the window paints for a job that ended so, in its bar and in full.
fn painted(ctx: &Context, lang: Lang, ended: Ended, notices: Vec<Notice>) -> Vec<String> {
    let at = Snapshot { phase: Phase::Pack, done_bytes: 0, total_bytes: 0, elapsed: Duration::ZERO };
    let job = JobView { ended: Some(ended), notices, ..JobView::new(Kind::Pack, "5".into(), at) };
    let state = State {
        job: Some(job),
        sheet: Some(Sheet::Job),
        texts: Texts(lang),
        ..after([Action::Go(Page::Keys)])
    };
    let input =
        RawInput { screen_rect: Some(Rect::from_min_size(pos2(0.0, 0.0), SIZE)), ..RawInput::default() };
    let mut output = ctx.run_ui(input, |ui| {
        let _ = window::view(ui, &state);
    });
    // Nothing is painted, so nothing is uploaded.
    output.textures_delta.clear();
    let mut texts = Vec::new();
    output.shapes.iter().for_each(|clipped| collect(&clipped.shape, &mut texts));
    texts
}

fn collect(shape: &Shape, texts: &mut Vec<String>) {
    match shape {
        Shape::Text(text) => texts.push(text.galley.text().to_owned()),
        Shape::Vec(shapes) => shapes.iter().for_each(|shape| collect(shape, texts)),
        _ => {}
    }
}

#[track_caller]
fn assert_worded_for_the_window(texts: &[String], what: &str) {
    let verbs = crate::cli::args::command(Lang::En);
    for text in texts {
        assert!(!text.contains("--"), "{what} names an option: {text}");
        for verb in verbs.get_subcommands() {
            let verb = format!("sealift {}", verb.get_name());
            assert!(!text.contains(&verb), "{what} names a verb: {text}");
        }
    }
}

#[test]
fn no_error_and_no_notice_speaks_of_the_command_line() {
    let ctx = Context::default();
    fonts::install(&ctx);
    theme::install(&ctx);
    for lang in Lang::ALL {
        // The sheet takes its size from what it held before.
        painted(&ctx, lang, Ended::Done, Vec::new());
        for code in Code::ALL {
            let error = Error::new(*code);
            let (message, hint) = (error.message(lang), Texts(lang).hint(&error));
            let texts = painted(&ctx, lang, Ended::Failed(Arc::new(error)), Vec::new());
            assert!(texts.contains(&String::from(message)), "{} is shown: {texts:?}", code.id());
            let has_hint = |hint: &String| texts.iter().any(|text| text.contains(hint));
            assert!(hint.iter().all(has_hint), "what to do about {} is shown: {texts:?}", code.id());
            assert_worded_for_the_window(&texts, code.id());
        }
        for kind in NoticeKind::ALL {
            let notice = Notice { kind: *kind, about: "ABOUT".into() };
            let texts = painted(&ctx, lang, Ended::Done, vec![notice]);
            assert!(texts.iter().any(|text| text.contains("ABOUT")), "{} is shown", kind.id());
            assert_worded_for_the_window(&texts, kind.id());
        }
    }
}
