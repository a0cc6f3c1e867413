//! Launchers. The public tools take programs only whose names end in `.exe`; Linux does not care for names, so a script of that name
//! starts the program that has another one.

use lowbox_msix::ProgramKind;

/// The launcher's path for a program: beside it, with its name and `.exe`.
pub(super) fn name(program: &str) -> String {
    let (folder, file) = program.rsplit_once('/').map_or(("", program), |(folder, file)| (folder, file));
    let stem = match file.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => file,
    };
    if folder.is_empty() { format!("{stem}.exe") } else { format!("{folder}/{stem}.exe") }
}

/// A script that starts the program beside it, by its interpreter if it has one: packages don't keep the bit that a file may be executed.
pub(super) fn text(program: &str, kind: &ProgramKind) -> Vec<u8> {
    let file = program.rsplit('/').next().unwrap_or_default();
    let interpreter = match kind {
        ProgramKind::Script(words) => words.iter().map(|word| format!("{} ", quoted(word))).collect(),
        _ => String::new(),
    };
    format!(
        "#!/bin/sh\n# Starts the program beside it.\nexec {interpreter}\"${{0%/*}}\"/{} \"$@\"\n",
        quoted(file)
    )
    .into_bytes()
}

/// A program for a package that has none.
pub(super) fn first_program(name: &str) -> Vec<u8> {
    let hello = quoted(&format!("Hello from {name}."));
    format!("#!/bin/sh\n# The package's program: put your own in its place.\necho {hello}\n").into_bytes()
}

/// A word for the shell.
fn quoted(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+=".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_launcher_stands_beside_its_program() {
        assert_eq!(name("a.py"), "a.exe");
        assert_eq!(name("bin/tool"), "bin/tool.exe");
        assert_eq!(name("bin/.hidden"), "bin/.hidden.exe");
        let script = ProgramKind::Script(vec!["/usr/bin/env".into(), "python3".into()]);
        let text = String::from_utf8(text("bin/it's.py", &script)).unwrap();
        assert!(text.ends_with("exec /usr/bin/env python3 \"${0%/*}\"/'it'\\''s.py' \"$@\"\n"), "{text}");
    }
}
