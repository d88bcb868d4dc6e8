//! A terminal for a program that asks: script(1) has one.

use std::{
    io::{Read, Write},
    process::{Command, Stdio},
};

use super::Tool;

/// `sealift ARGS` at a terminal, as a shell takes it; it has a minute.
pub(crate) fn at_terminal(args: &str) -> Command {
    let line = format!("{} {args}", env!("CARGO_BIN_EXE_sealift"));
    let mut command = Tool::new("timeout", "coreutils").command();
    command.arg("60").arg(Tool::new("script", "util-linux").path()).args(["-qec", &line, "/dev/null"]);
    command
}

/// Types each answer once its prompt is there. The exit status, and all that was shown.
#[track_caller]
pub(crate) fn answering(command: &mut Command, answers: &[(&str, &str)]) -> (Option<i32>, String) {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut keyboard, mut screen) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let (mut shown, mut seen) = (Vec::new(), 0);
    for (prompt, answer) in answers {
        let found = loop {
            if let Some(at) = memchr::memmem::find(&shown[seen..], prompt.as_bytes()) {
                break at + prompt.len();
            }
            let mut block = [0; 256];
            let len = screen.read(&mut block).unwrap_or_default();
            assert!(len > 0, "“{prompt}” was not asked:\n{}", String::from_utf8_lossy(&shown));
            shown.extend_from_slice(&block[..len]);
        };
        seen += found;
        keyboard.write_all(answer.as_bytes()).unwrap();
    }
    let _ = screen.read_to_end(&mut shown);
    (child.wait().unwrap().code(), String::from_utf8_lossy(&shown).into_owned())
}
