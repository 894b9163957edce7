//! A process in a simulation: its tasks, which all end between two of their steps when it dies.

use std::{
    fs,
    future::poll_fn,
    path::{Path, PathBuf},
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Poll,
};

use tokio::sync::Notify;

/// One life of a process. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Process(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    life: Mutex<Life>,
    died: Notify,
}

#[derive(Debug, Default)]
struct Life {
    /// What it keeps on disk, and where what it leaves of that is put.
    folders: Option<(PathBuf, PathBuf)>,
    remembers: bool,
    /// After how many more steps of its tasks it dies.
    steps: Option<u32>,
    /// How it died.
    death: Option<&'static str>,
}

impl Process {
    /// A process whose death leaves what is in `folder` at that moment in `left`.
    pub(crate) fn in_folder(folder: PathBuf, left: PathBuf) -> Self {
        let process = Self::default();
        process.life().folders = Some((folder, left));
        process
    }

    fn life(&self) -> MutexGuard<'_, Life> {
        self.0.life.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has it die after so many steps of its tasks.
    pub(crate) fn die_after(&self, steps: u32) {
        self.life().steps = Some(steps);
    }

    /// Dies now: no task of it is run any more.
    pub(crate) fn die(&self, how: &'static str) {
        let mut life = self.life();
        if life.death.is_some() {
            return;
        }
        life.death = Some(how);
        if let Some((folder, left)) = &life.folders
            && !life.remembers
        {
            copy(folder, left);
        }
        drop(life);
        self.0.died.notify_one();
    }

    /// Whatever is written from now on will not have reached the disk when it dies.
    pub(crate) fn remember(&self) {
        let mut life = self.life();
        if let Some((folder, left)) = &life.folders {
            copy(folder, left);
            life.remembers = true;
        }
    }

    /// Waits for its death and says how it died. For one waiter.
    pub(crate) async fn died(&self) -> &'static str {
        loop {
            if let Some(how) = self.life().death {
                return how;
            }
            self.0.died.notified().await;
        }
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.life().death.is_some()
    }

    fn step(&self) {
        let mut life = self.life();
        let Some(steps) = life.steps else { return };
        life.steps = steps.checked_sub(1);
        drop(life);
        if steps == 0 {
            self.die("between two steps");
        }
    }

    /// Runs one of its tasks, to its end or to that of the process.
    pub(crate) async fn run<T>(&self, task: impl Future<Output = T>) -> Option<T> {
        let mut task = pin!(task);
        poll_fn(|context| {
            self.step();
            if self.is_dead() {
                return Poll::Ready(None);
            }
            let done = task.as_mut().poll(context).map(Some);
            if self.is_dead() {
                Poll::Ready(None)
            } else {
                done
            }
        })
        .await
    }
}

/// Copies the files of a folder, as a death leaves them.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    fs::set_permissions(to, fs::metadata(from).unwrap().permissions()).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        // The index of the log in shared memory is made anew by whoever opens the database first.
        if !file.file_name().to_string_lossy().ends_with("-shm") {
            fs::copy(file.path(), to.join(file.file_name())).unwrap();
        }
    }
}
