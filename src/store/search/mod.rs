//! Full-text search: an index in a file of its own that follows the logs and can be made anew.
//!
//! It lags behind the answer to a send and costs no sender anything. How far it has come is kept in
//! the index's own transaction, so a crash loses nothing. Who may read what is told by the caller.

mod find;
#[cfg(test)]
mod fixture;
mod index;
mod mark;
mod parts;
mod searcher;
mod words;

pub use find::{Found, Hit, Query, Readable};
pub use index::{Followed, Index};
pub use searcher::Searcher;
pub use words::Words;
