//! Why a file of resources is refused.

/// Why a file of resources is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResourcesError {
    /// It is none.
    #[error("it is no resources.pri of a kind that is known")]
    Unknown,
    /// It is too large, or has more than is read.
    #[error("it has {0}")]
    TooMuch(&'static str),
    /// Something of it is missing, or lies outside of it.
    #[error("{0} is cut off")]
    CutOff(&'static str),
    /// It contradicts itself.
    #[error("{0}")]
    Wrong(&'static str),
    /// It is for the names of another one.
    #[error("it has resources for another package")]
    OfAnother,
}
