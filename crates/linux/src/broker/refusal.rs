//! Why something can't be granted while a program runs.

/// Why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Why, as a sentence: it stays so for this run.
    Never(String),
    /// It could not be looked through in the time that there is.
    TooLarge,
    /// The program has had enough looked through for the moment.
    Busy,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Refusal::Never(why) => why,
            Refusal::TooLarge => {
                "it is too large to be looked through for what a mount does not hold (FIFOs; for root, set-uid files); grant less of it, or start with --grant"
            }
            Refusal::Busy => {
                "the program touched so many folders that no more are looked through for the moment; grant the folder around them at the start, with --grant"
            }
        })
    }
}
