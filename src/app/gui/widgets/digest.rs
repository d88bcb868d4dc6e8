//! A digest or fingerprint in groups of four, as it is compared or read aloud.

use eframe::egui::Ui;

use super::Label;

/// Groups on one line, as fit into a tray.
const GROUPS: usize = 8;

/// Shows hex digits in lines of `GROUPS` groups, or fewer where there is less room.
pub(crate) fn digest(ui: &mut Ui, hex: &str) {
    let char_width = 8.0;
    #[expect(clippy::cast_sign_loss, reason = "a width is not negative")]
    let fit = (ui.available_width().max(0.0) / (5.0 * char_width)) as usize;
    ui.spacing_mut().item_spacing.y = 2.0;
    for line in lines(hex, fit.clamp(1, GROUPS)) {
        ui.add(Label::mono(line));
    }
}

fn lines(hex: &str, num_groups: usize) -> Vec<String> {
    let chars: Vec<char> = hex.chars().collect();
    let groups: Vec<String> = chars.chunks(4).map(|group| group.iter().collect()).collect();
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
