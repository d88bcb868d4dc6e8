//! Five thousand images: what a frame of the Pack page costs, and that it does not grow with what is out of sight.

use std::time::{Duration, Instant};

use eframe::egui::{Context, MouseWheelUnit, RawInput, Rect, Role, pos2};
use egui_kittest::kittest::Queryable;

use super::*;
use crate::gui::screens::pack::{Action as Pack, Column};

const NUM: usize = 5000;

#[test]
fn only_rows_in_sight_are_laid_out() {
    let mut harness = screen(after([with_images(NUM)]), Theme::Dark, Lang::En);
    harness.run_steps(2);
    let num_rows = harness.query_all_by_role(Role::CheckBox).count();
    #[expect(clippy::cast_sign_loss, reason = "a height is not negative")]
    let most = (SIZE.y / theme::ROW_HEIGHT) as usize + 2;
    assert!(num_rows > 5 && num_rows <= most, "{num_rows} rows are laid out, {most} fit");
}

#[test]
fn only_names_in_sight_are_laid_out_in_the_wizard() {
    let mut harness = screen(import::at_target_with(NUM), Theme::Dark, Lang::En);
    harness.run_steps(2);
    let num_fields = harness.query_all_by_role(Role::TextInput).count();
    assert!(num_fields > 2 && num_fields < 25, "{num_fields} fields are laid out");
    for _ in 0..30 {
        harness.key_press(eframe::egui::Key::Tab);
        harness.run();
    }
    let id = harness.ctx.memory(eframe::egui::Memory::focused).unwrap();
    let place = harness.ctx.read_response(id).unwrap().rect;
    assert!(place.bottom() < SIZE.y, "what has the keyboard is in sight: {place:?}");
}

/// The CPU time of frames: input, layout and tessellation, without a graphics card.
#[test]
fn a_frame_with_thousands_of_images() {
    let ctx = Context::default();
    fonts::install(&ctx);
    theme::install(&ctx);
    let mut state = after([with_images(NUM)]);
    let at = pos2(500.0, 400.0);
    let frame = |state: &mut State, action: Option<Action>| {
        let events = vec![
            eframe::egui::Event::PointerMoved(at),
            eframe::egui::Event::MouseWheel {
                unit: MouseWheelUnit::Point,
                delta: vec2(0.0, -90.0),
                modifiers: eframe::egui::Modifiers::NONE,
                phase: eframe::egui::TouchPhase::Move,
                source: eframe::egui::MouseWheelSource::Wheel,
            },
        ];
        let screen_rect = Some(Rect::from_min_size(pos2(0.0, 0.0), SIZE));
        let input = RawInput { screen_rect, events, ..RawInput::default() };
        let began = Instant::now();
        if let Some(action) = action {
            state.apply(action, &mut Effects::new());
        }
        let mut output = ctx.run_ui(input, |ui| {
            let _ = window::view(ui, state);
        });
        // Nothing is painted, so nothing is uploaded.
        output.textures_delta.clear();
        let shapes = ctx.tessellate(output.shapes, output.pixels_per_point);
        (began.elapsed(), shapes.len())
    };
    // Glyphs are drawn into the font's texture once.
    for _ in 0..10 {
        frame(&mut state, None);
    }
    let mut scrolled: Vec<Duration> = (0..200).map(|_| frame(&mut state, None).0).collect();
    println!("scroll   {}", percentiles(&mut scrolled));
    let actions = ["n", "ng", "ngi", "nginx", "nginx-1", "", "p", "po", "", "grafana"];
    let mut searched: Vec<Duration> = actions
        .iter()
        .map(|text| frame(&mut state, Some(Action::Pack(Pack::Search((*text).into())))).0)
        .collect();
    println!("search   {}", percentiles(&mut searched));
    state.apply(Action::Pack(Pack::Search(String::new())), &mut Effects::new());
    let columns = [Column::Size, Column::Name].into_iter().cycle().take(10);
    let mut sorted: Vec<Duration> =
        columns.map(|column| frame(&mut state, Some(Action::Pack(Pack::SortBy(column)))).0).collect();
    println!("sort     {}", percentiles(&mut sorted));
    let before = state.pack.totals.num_counted;
    let mut pressed: Vec<Duration> = (0..10)
        .map(|row| frame(&mut state, Some(Action::Pack(Pack::Press { row, is_range: false }))).0)
        .collect();
    println!("select   {}", percentiles(&mut pressed));
    let held: usize = state.pack.rows[..10].iter().map(|row| row.blobs.len() + row.layers.len()).sum();
    let num_counted = state.pack.totals.num_counted - before;
    assert_eq!(num_counted, held, "a press goes through what its own row holds, and no more");
    let all = frame(&mut state, Some(Action::Pack(Pack::SelectShown(false)))).0;
    println!("none     {all:.2?}");
    let all = frame(&mut state, Some(Action::Pack(Pack::SelectShown(true)))).0;
    println!("all      {all:.2?}");
    assert_eq!(state.pack.shown.len(), NUM);
    let (_, num_shapes) = frame(&mut state, None);
    let mut few = after([with_images(50)]);
    let (_, num_of_few) = (frame(&mut few, None), frame(&mut few, None)).1;
    assert!(
        num_shapes <= num_of_few + 40,
        "{num_shapes} shapes for {NUM} images, {num_of_few} for 50: something out of sight is painted"
    );
}

fn percentiles(times: &mut [Duration]) -> String {
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100];
    format!("median {:.2?}  p99 {:.2?}  max {:.2?}", at(50), at(99), times[times.len() - 1])
}
