//! What happened in a simulation, and what is to be judged of it in the end.

use std::{
    collections::BTreeMap,
    fmt::Display,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::time::Instant;

use crate::cli::torture::checker::{Event, Record};

/// What all parts of a simulation tell. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Story(Arc<Mutex<Told>>);

#[derive(Debug)]
struct Told {
    began: Instant,
    lines: Vec<String>,
    /// What each account asked for, over all its lives, and what was answered.
    asked: BTreeMap<String, Record>,
    /// What each connection was told, and each life of a client showed.
    views: Vec<Record>,
}

/// A story that has ended.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Ended {
    pub(super) lines: Vec<String>,
    pub(super) records: Vec<Record>,
}

impl Story {
    pub(super) fn begin() -> Self {
        Self(Arc::new(Mutex::new(Told {
            began: Instant::now(),
            lines: Vec::new(),
            asked: BTreeMap::new(),
            views: Vec::new(),
        })))
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn tell(&self, line: impl Display) {
        let mut told = self.told();
        let at = told.began.elapsed().as_secs_f64();
        told.lines.push(format!("{at:8.3} {line}"));
    }

    /// Something was asked by an account, or answered to it.
    pub(super) fn asked(&self, who: &str, event: Event) {
        let mut told = self.told();
        let record = told.asked.entry(who.to_owned()).or_default();
        record.who = who.to_owned();
        record.events.push(event);
    }

    /// What somebody saw, once nothing more is seen there.
    pub(super) fn saw(&self, view: Record) {
        self.told().views.push(view);
    }

    pub(super) fn end(&self) -> Ended {
        let told = self.told();
        let asked = told.asked.values().cloned();
        Ended {
            lines: told.lines.clone(),
            records: asked.chain(told.views.iter().cloned()).collect(),
        }
    }
}
