//! `lowbox doctor`: what this kernel enforces, what is missing, and what to do.

use std::process::ExitCode;

use clap::Args;
use lowbox_linux::host::doctor::{Item, State, examine};
use serde::Serialize;

use crate::failure::Failure;
use crate::output::{self, Page, Style};

/// `lowbox doctor`.
#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 lowbox run works fully here; 1 something that it needs is missing.")]
pub struct Arguments {
    /// Answer in JSON (see docs/json.md)
    #[arg(long)]
    pub json: bool,
}

/// Something that isolation needs is missing.
const MISSING: u8 = 1;

/// The answer as JSON.
#[derive(Serialize)]
struct Answer {
    /// Whether `lowbox run` works fully.
    works: bool,
    items: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    name: &'static str,
    /// `ok`, `reduced` or `missing`.
    state: &'static str,
    meaning: String,
    advice: Option<String>,
}

/// Examines this machine.
pub fn execute(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let items = examine();
    let works = items.iter().all(|item| item.state != State::Missing);
    let rows = items.into_iter().map(row).collect();
    let answer = Answer { works, items: rows };
    if arguments.json {
        output::json(&answer)?;
    } else {
        page(&answer).print()?;
    }
    Ok(if works { ExitCode::SUCCESS } else { ExitCode::from(MISSING) })
}

fn row(item: Item) -> Row {
    let state = match item.state {
        State::Ok => "ok",
        State::Reduced => "reduced",
        State::Missing => "missing",
    };
    Row { name: item.name, state, meaning: item.meaning, advice: item.advice }
}

fn page(answer: &Answer) -> Page {
    let mut page = Page::new();
    let width = answer.items.iter().map(|item| item.name.len()).max().unwrap_or(0);
    for item in &answer.items {
        let style = match item.state {
            "ok" => Style::Good,
            "reduced" => Style::Doubtful,
            _ => Style::Bad,
        };
        page.styled(&[
            (style, &format!("{:<9}", item.state)),
            (Style::Strong, &format!("{:<width$}  ", item.name)),
            (Style::Plain, &item.meaning),
        ]);
        if let Some(advice) = &item.advice {
            page.styled(&[(Style::Plain, &format!("{:indent$}→ {advice}", "", indent = width + 11))]);
        }
    }
    page.line("");
    page.line(if answer.works {
        "lowbox run works fully on this machine."
    } else {
        "lowbox run does not work fully on this machine; what is missing is marked above."
    });
    page
}
