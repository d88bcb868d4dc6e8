//! A digest or fingerprint in groups of four, as it is compared or read aloud.

use eframe::egui::Ui;

use super::Label;
use crate::gui::texts::Texts;

/// Groups on one line, as fit into a tray.
const GROUPS: usize = 8;
/// Width of a character, with a little to spare.
const CHAR_WIDTH: f32 = 8.0;

/// Shows hex digits in lines of `GROUPS` groups, or fewer where there is less room.
pub(crate) fn digest(ui: &mut Ui, hex: &str) {
    #[expect(clippy::cast_sign_loss, reason = "a width is not negative")]
    let fit = (ui.available_width().max(0.0) / (5.0 * CHAR_WIDTH)) as usize;
    ui.spacing_mut().item_spacing.y = 2.0;
    for line in lines(hex, fit.clamp(1, GROUPS)) {
        ui.add(Label::mono(line));
    }
}

/// What of a fingerprint is read over the telephone, in lines of four.
pub(crate) fn words(ui: &mut Ui, texts: Texts, hex: &str) {
    let words = sealift::fingerprint_words(hex, texts.0);
    ui.spacing_mut().item_spacing.y = 2.0;
    for line in words.chunks(words_per_line(ui, &words)) {
        ui.add(Label::mono(line.join("  ")));
    }
}

/// Words on one line: four, or fewer where there is less room.
fn words_per_line(ui: &Ui, words: &[String]) -> usize {
    let longest = words.iter().map(String::len).max().unwrap_or_default();
    #[expect(clippy::cast_sign_loss, reason = "a width is not negative")]
    let fit = (ui.available_width().max(0.0) / CHAR_WIDTH) as usize;
    (fit / (longest + 2)).clamp(1, 4)
}

fn lines(hex: &str, num_groups: usize) -> Vec<String> {
    let grouped = sealift::grouped(hex);
    let groups: Vec<&str> = grouped.split_whitespace().collect();
    groups.chunks(num_groups).map(|line| line.join(" ")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_stand_in_groups_of_four() {
        assert_eq!(lines("9f2c41aa07be", 2), ["9f2c 41aa", "07be"]);
        assert_eq!(lines("", 4), Vec::<String>::new());
    }
}
