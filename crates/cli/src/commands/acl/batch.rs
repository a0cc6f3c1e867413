//! Many questions to the access check: a line in, a line out, at once.

use std::io::{self, BufRead, Read, Write};
use std::process::ExitCode;

use serde::Serialize;

use super::question::Question;
use crate::failure::Failure;
use crate::output;

/// Longest line in bytes: the longest SDDL, each of its characters escaped, and a token.
const MAX_LINE: usize = 2 << 20;

/// The answer to a line that is not understood.
#[derive(Serialize)]
struct Misunderstood {
    error: String,
}

/// Answers standard input's lines until it ends, or until nobody reads the answers.
pub fn execute() -> Result<ExitCode, Failure> {
    let mut input = io::stdin().lock();
    let mut out = io::stdout().lock();
    let mut line = Vec::new();
    while read_line(&mut input, &mut line)
        .map_err(|error| Failure::new(format!("standard input: {error}")))?
    {
        let answer = answer(&line)?;
        // Flushed line by line: whoever asks may wait for the answer before the next question.
        match out.write_all(answer.as_bytes()).and_then(|()| out.flush()) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => break,
            Err(error) => return Err(Failure::new(format!("standard output: {error}"))),
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn answer(line: &[u8]) -> Result<String, Failure> {
    let answer = if line.len() > MAX_LINE {
        Err(format!("the line is longer than {MAX_LINE} bytes"))
    } else {
        serde_json::from_slice::<Question>(line)
            .map_err(|error| error.to_string())
            .and_then(|question| question.answer())
    };
    match answer {
        Ok(answer) => output::json_line(&answer),
        Err(error) => output::json_line(&Misunderstood { error }),
    }
}

/// Reads a line without its end into `line`; of one that is too long its first `MAX_LINE + 1` bytes, and the rest is
/// dropped. False at the end of input.
fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    if input.by_ref().take(MAX_LINE as u64 + 1).read_until(b'\n', line)? == 0 {
        return Ok(false);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
    } else if line.len() > MAX_LINE {
        input.skip_until(b'\n')?;
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_too_long_is_one_bad_line() {
        let mut bytes = vec![b'x'; 3 * MAX_LINE];
        bytes.extend_from_slice(b"\nnext\n\nlast");
        let (mut input, mut line, mut seen) = (bytes.as_slice(), Vec::new(), Vec::new());
        while read_line(&mut input, &mut line).unwrap() {
            seen.push(line.len());
        }
        assert_eq!(seen, [MAX_LINE + 1, 4, 0, 4]);
        assert!(answer(&vec![b'x'; MAX_LINE + 1]).unwrap().contains("longer than"));
    }

    #[test]
    fn a_line_of_exactly_the_limit_is_whole() {
        let mut bytes = vec![b'x'; MAX_LINE];
        bytes.extend_from_slice(b"\nnext");
        let (mut input, mut line) = (bytes.as_slice(), Vec::new());
        assert!(read_line(&mut input, &mut line).unwrap());
        assert_eq!(line.len(), MAX_LINE);
        assert!(read_line(&mut input, &mut line).unwrap());
        assert_eq!(line, b"next");
    }

    #[test]
    fn deep_nesting_and_odd_bytes_get_an_answer() {
        for line in [vec![b'['; 1 << 20], vec![0xff; 100], br#"{"sddl":"D:","sids":[],"desired":1}"#.to_vec()]
        {
            assert!(answer(&line).unwrap().starts_with(r#"{"error":"#));
        }
    }
}
