//! A field for a passphrase, over a [`Secret`]: no undo history, nothing that can be copied out of it.
//!
//! Keys become [`Edit`]s; the field itself changes nothing. What is typed is taken out of egui's list of events,
//! so that no other widget sees it and no copy lingers there.

use eframe::egui::{
    self, Align2, CursorIcon, Event, EventFilter, IMEPurpose, ImeEvent, Key, Modifiers, Rect, Response, Role,
    Sense, Stroke, StrokeKind, Ui, output::IMEOutput, pos2, vec2,
};
use zeroize::{Zeroize, Zeroizing};

use super::{Icon, focus, icon::square};
use crate::gui::widgets::words::{self, Explained, PaintsWords};
use crate::gui::{
    secret::{Edit, Secret, Select, To},
    texts::Texts,
    theme,
};

const PADDING: f32 = 10.0;
const DOT: char = '•';

/// What happened in a password field.
#[derive(Debug, Default)]
pub(crate) struct Typed {
    pub(crate) edits: Vec<Edit>,
    /// Enter was pressed in it.
    pub(crate) is_submitted: bool,
    response: Option<Response>,
}

impl Typed {
    /// This is the field `name`; Enter leads on to the field `next`.
    pub(crate) fn lead(&self, ui: &Ui, name: &'static str, next: &'static str) {
        self.give_focus(name);
        if self.is_submitted {
            focus::ask(ui.ctx(), next);
        }
    }

    /// This is the field `name`: it gets the keyboard if that was asked for.
    pub(crate) fn give_focus(&self, name: &'static str) {
        self.response.iter().for_each(|response| focus::give(response, name));
    }
}

/// A field called `label`, as wide as there is room.
pub(crate) fn password(ui: &mut Ui, texts: Texts, label: &str, hint: &str, secret: &Secret) -> Typed {
    let mut typed = Typed::default();
    let size = vec2(ui.available_width(), theme::CONTROL_HEIGHT);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click_and_drag());
    let eye = eye(ui, texts, rect, secret, &mut typed);
    let inner =
        Rect::from_min_max(rect.min, pos2(eye.rect.left(), rect.bottom())).shrink2(vec2(PADDING, 0.0));

    if !response.has_focus() && !secret.composed().is_empty() {
        typed.edits.push(Edit::Compose(Zeroizing::default()));
    }
    let composed = if response.has_focus() { secret.composed() } else { "" };
    let num_composed = composed.chars().count();
    // The text itself is laid out only while it is revealed.
    let shown = if secret.is_revealed() {
        let (before, after) = secret.around_cursor();
        [before, composed, after].concat()
    } else {
        DOT.to_string().repeat(secret.num_chars() + num_composed)
    };
    let palette = theme::palette(ui);
    #[expect(clippy::disallowed_methods, reason = "what the user types, as it is")]
    let galley = ui.painter().layout_no_wrap(shown, theme::regular(theme::BODY), palette.text);
    let x_of =
        |chars: usize| galley.pos_from_cursor(egui::text::CCursor::new(egui::text::CharIndex(chars))).left();
    let (begin, anchor) = secret.cursor();
    let cursor = begin + num_composed;
    // The cursor stays in sight.
    let scroll = (x_of(cursor) - inner.width() + 2.0).max(0.0);
    let origin = pos2(inner.left() - scroll, rect.center().y - galley.size().y / 2.0);

    point(ui, &response, &mut typed, |at| galley.cursor_from_pos(at - origin).index.0);
    if response.has_focus() {
        ui.memory_mut(|memory| {
            let filter =
                EventFilter { horizontal_arrows: true, vertical_arrows: true, ..EventFilter::default() };
            memory.set_focus_lock_filter(response.id, filter);
        });
        read_keys(ui, &mut typed);
        offer_ime(ui, &response, secret, inner);
    }

    let edge = match (response.has_focus(), response.hovered()) {
        (true, _) => palette.accent,
        (false, true) => palette.secondary,
        (false, false) => palette.edge,
    };
    let painter = ui.painter();
    painter.rect(rect, theme::RADIUS, palette.raised, Stroke::new(1.0, edge), StrokeKind::Inside);
    Icon::paint(
        if secret.is_revealed() { Icon::EyeOff } else { Icon::Eye },
        painter,
        square(eye.rect.left() + 8.0, rect.center().y, 16.0),
        if eye.hovered() || eye.has_focus() { palette.text } else { palette.secondary },
    );
    let clipped = painter.with_clip_rect(inner.expand2(vec2(2.0, 0.0)).intersect(painter.clip_rect()));
    if secret.is_empty() && num_composed == 0 {
        clipped.words(
            inner.left_center(),
            Align2::LEFT_CENTER,
            hint,
            theme::regular(theme::BODY),
            palette.secondary,
        );
    }
    if response.has_focus() {
        let span = |a: f32, b: f32| {
            Rect::from_x_y_ranges(
                origin.x + a.min(b)..=origin.x + a.max(b),
                rect.center().y - 10.0..=rect.center().y + 10.0,
            )
        };
        if num_composed == 0 {
            clipped.rect_filled(span(x_of(anchor), x_of(cursor)), theme::BAR_RADIUS, palette.selected);
        } else {
            let under = span(x_of(begin), x_of(cursor));
            clipped.hline(under.x_range(), under.bottom() - 1.0, Stroke::new(1.5, palette.text));
        }
        let x = origin.x + x_of(cursor);
        clipped.vline(x, rect.center().y - 9.0..=rect.center().y + 9.0, Stroke::new(1.5, palette.accent));
    }
    clipped.galley(origin, galley, palette.text);

    response.widget_info(|| words::named(Role::PasswordInput, ui.is_enabled(), label));
    typed.response = Some(response);
    typed
}

/// The sign that reveals what was typed.
fn eye(ui: &Ui, texts: Texts, field: Rect, secret: &Secret, typed: &mut Typed) -> Response {
    let rect = Rect::from_min_max(pos2(field.right() - field.height(), field.top()), field.max);
    let response = ui.interact(rect, ui.next_auto_id().with("eye"), Sense::click());
    let name = texts.t(if secret.is_revealed() { "password-hide" } else { "password-reveal" });
    response.widget_info(|| words::chosen(Role::Button, true, secret.is_revealed(), &name));
    if response.clicked() {
        typed.edits.push(Edit::Reveal(!secret.is_revealed()));
    }
    response.explained(name).on_hover_cursor(CursorIcon::Default)
}

/// Clicks and drags place the cursor.
fn point(ui: &Ui, response: &Response, typed: &mut Typed, char_at: impl Fn(egui::Pos2) -> usize) {
    if response.hovered() {
        ui.set_cursor_icon(CursorIcon::Text);
    }
    let Some(at) = response.interact_pointer_pos() else { return };
    // A quick click is pressed and released within one frame.
    if !response.is_pointer_button_down_on() && !response.clicked() {
        return;
    }
    response.request_focus();
    if response.double_clicked() {
        typed.edits.push(Edit::SelectAll);
        return;
    }
    let is_begun = ui.input(|input| input.pointer.any_pressed() && !input.modifiers.shift);
    let select = if is_begun { Select::No } else { Select::Yes };
    typed.edits.push(Edit::Move(To::Place(char_at(at)), select));
}

/// Takes this frame's keys out of the list of events.
fn read_keys(ui: &Ui, typed: &mut Typed) {
    ui.input_mut(|input| {
        // egui keeps the same events a second time, as they came.
        input.raw.events.iter_mut().for_each(wipe);
        input.events.retain_mut(|event| match event {
            Event::Text(text) | Event::Paste(text) | Event::Ime(ImeEvent::Commit(text)) => {
                typed.edits.push(Edit::Insert(Zeroizing::new(std::mem::take(text))));
                false
            }
            Event::Ime(ImeEvent::Preedit { text, .. }) => {
                typed.edits.push(Edit::Compose(Zeroizing::new(std::mem::take(text))));
                false
            }
            Event::Copy | Event::Cut => false,
            Event::Key { key, pressed: true, modifiers, .. } => {
                let edit = edit_of(*key, *modifiers);
                typed.is_submitted |= *key == Key::Enter;
                let is_ours = edit.is_some();
                typed.edits.extend(edit);
                !is_ours
            }
            _ => true,
        });
    });
}

fn wipe(event: &mut Event) {
    if let Event::Text(text)
    | Event::Paste(text)
    | Event::Ime(ImeEvent::Commit(text) | ImeEvent::Preedit { text, .. }) = event
    {
        text.zeroize();
    }
}

fn edit_of(key: Key, modifiers: Modifiers) -> Option<Edit> {
    let select = if modifiers.shift { Select::Yes } else { Select::No };
    Some(match key {
        Key::A if modifiers.command => Edit::SelectAll,
        // A word of a passphrase that cannot be seen is no unit: the whole of it goes.
        Key::Backspace if modifiers.command => Edit::Clear,
        Key::Backspace => Edit::Backspace,
        Key::Delete => Edit::Delete,
        Key::ArrowLeft if modifiers.command => Edit::Move(To::Start, select),
        Key::ArrowRight if modifiers.command => Edit::Move(To::End, select),
        Key::ArrowLeft => Edit::Move(To::Left, select),
        Key::ArrowRight => Edit::Move(To::Right, select),
        Key::Home | Key::ArrowUp => Edit::Move(To::Start, select),
        Key::End | Key::ArrowDown => Edit::Move(To::End, select),
        _ => return None,
    })
}

/// Lets input methods work: Chinese passphrases are allowed.
fn offer_ime(ui: &Ui, response: &Response, secret: &Secret, inner: Rect) {
    if ui.memory(|memory| memory.owns_ime_events(response.id)) {
        let purpose = if secret.is_revealed() { IMEPurpose::Normal } else { IMEPurpose::Password };
        ui.output_mut(|output| {
            output.ime = Some(IMEOutput {
                purpose,
                rect: inner,
                cursor_rect: inner.with_max_x(inner.left() + 1.0),
                should_interrupt_composition: false,
            });
        });
    }
}
