//! The screen, tried from the outside: events go in, pictures and effects come out.

mod keys;
mod pictures;
mod scene;
mod svg;
