//! The screen, tried from the outside: events go in, pictures and effects come out.

mod entrance;
mod keys;
mod lost;
mod panes;
mod pictures;
mod scene;
mod svg;
mod writing;
