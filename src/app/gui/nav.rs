//! The pages on the left; settings at the foot.

use eframe::egui::{
    Align2, Frame, Layout, Margin, Panel, Rect, Role, Sense, Stroke, Ui, UiBuilder, pos2, vec2,
};

use super::{
    action::{Action, Actions, Page},
    state::State,
    theme,
    widgets::{Icon, Label, icon::square},
};
use crate::gui::widgets::words::{self, PaintsWords};

const ENTRY_HEIGHT: f32 = 36.0;

pub(crate) fn view(ui: &mut Ui, state: &State, actions: &mut Actions) {
    let palette = theme::palette(ui);
    let frame =
        Frame::new().fill(palette.bg).inner_margin(Margin { left: 12, right: 12, top: 16, bottom: 12 });
    let panel = Panel::left("nav").exact_size(theme::NAV_WIDTH).resizable(false).frame(frame);
    panel.show(ui, |ui| {
        ui.add(Label::large(state.t("app-name")));
        ui.add_space(12.0);
        let (pages, foot) = Page::ALL.split_at(Page::ALL.len() - 1);
        for page in pages {
            entry(ui, state, *page, actions);
        }
        let rest = ui.available_rect_before_wrap();
        let builder = UiBuilder::new().max_rect(rest).layout(Layout::bottom_up(eframe::egui::Align::LEFT));
        ui.scope_builder(builder, |ui| foot.iter().for_each(|page| entry(ui, state, *page, actions)));
    });
}

const fn icon(page: Page) -> Icon {
    match page {
        Page::Pack => Icon::Pack,
        Page::Usb => Icon::Usb,
        Page::Import => Icon::Import,
        Page::Verify => Icon::Verify,
        Page::Keys => Icon::Keys,
        Page::History => Icon::History,
        Page::Settings => Icon::Settings,
    }
}

fn entry(ui: &mut Ui, state: &State, page: Page, actions: &mut Actions) {
    let palette = theme::palette(ui);
    let name = state.t(page.text_id());
    let is_here = state.page() == page;
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ENTRY_HEIGHT), Sense::click());
    response.widget_info(|| words::chosen(Role::Tab, true, is_here, &name));
    let painter = ui.painter();
    if is_here {
        painter.rect_filled(rect, theme::RADIUS, palette.selected);
        let mark = Rect::from_min_max(
            pos2(rect.left(), rect.top() + 8.0),
            pos2(rect.left() + 3.0, rect.bottom() - 8.0),
        );
        painter.rect_filled(mark, theme::BAR_RADIUS, palette.accent);
    } else if response.hovered() {
        painter.rect_filled(rect, theme::RADIUS, palette.raised);
    }
    if response.has_focus() {
        let ring = Stroke::new(2.0, palette.accent);
        painter.rect_stroke(rect, theme::RADIUS, ring, eframe::egui::StrokeKind::Inside);
    }
    let ink = if is_here { palette.accent } else { palette.secondary };
    icon(page).paint(painter, square(rect.left() + 14.0, rect.center().y, 18.0), ink);
    let font = if is_here { theme::strong(theme::BODY) } else { theme::regular(theme::BODY) };
    painter.words(pos2(rect.left() + 44.0, rect.center().y), Align2::LEFT_CENTER, name, font, palette.text);
    if response.clicked() {
        actions.push(Action::Go(page));
    }
}
