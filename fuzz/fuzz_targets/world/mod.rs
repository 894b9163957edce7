//! A server in memory with a small past, and clients of it that check what they are told.

mod client;

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use netcomm::{
    config::{Config, Limits, Passwords},
    server::Stage,
};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

pub use client::{Client, Told};

/// How long anything that is answered at all may take, on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(20);
pub const PASSWORD: &str = "seven rusty bicycles in the rain";

/// A past that servers are started from: alice and bob, what they said, and their tokens.
///
/// Both are in `*`, in `#garden`, in `#barn`, which was `#shed`, and in a direct conversation; `#secret`
/// is bob's alone.
pub struct Past {
    folder: TempDir,
    pub alice: String,
    pub bob: String,
}

/// What a server runs on. One thread: what happens at once here happens in one order.
pub fn runtime() -> Runtime {
    Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime can be made")
}

impl Past {
    /// Lives it.
    pub fn new(runtime: &Runtime) -> Self {
        let folder = memory();
        let (alice, bob) = runtime.block_on(live(folder.path()));
        Self { folder, alice, bob }
    }

    /// A server with this past and a future of its own.
    pub fn server(&self) -> Server {
        let folder = memory();
        copy(self.folder.path(), folder.path());
        Server {
            stage: Stage::open(folder.path(), config()).expect("a server starts"),
            _folder: folder,
        }
    }
}

/// A server; its folder goes with it.
pub struct Server {
    stage: Stage,
    _folder: TempDir,
}

impl Server {
    /// A connection that was said hello to.
    pub async fn connect(&mut self, name: &str) -> Client {
        let pipe = self.stage.pipe(1 << 20).expect("there is room for two");
        let mut client = Client::new(name, pipe);
        client.hello().await;
        client
    }

    /// Ends it, when the clients have gone.
    pub async fn close(self) {
        let closed = tokio::time::timeout(PATIENCE, self.stage.close()).await;
        closed.expect("sessions end when their peers have gone").expect("nothing panics");
    }
}

/// Paces that hold nobody back, cheap passwords, and a backlog short enough for gaps.
fn config() -> Config {
    Config {
        limits: Limits {
            messages_burst: 10_000,
            registrations_per_hour: 1000,
            backlog_max: 8,
            ..Limits::default()
        },
        passwords: Passwords {
            memory_kib: 64,
            passes: 1,
            ..Passwords::default()
        },
        ..Config::default()
    }
}

async fn live(folder: &Path) -> (String, String) {
    let stage = Stage::open(folder, config()).expect("a server starts");
    let mut server = Server {
        stage,
        _folder: memory(),
    };
    let mut alice = server.connect("alice").await;
    let mut bob = server.connect("bob").await;
    let tokens = (alice.register().await, bob.register().await);
    for line in [
        r##"{"type":"create","id":1,"room":"#garden"}"##,
        r##"{"type":"create","id":2,"room":"#shed"}"##,
        r##"{"type":"create","id":3,"room":"#secret","visibility":"private"}"##,
        r##"{"type":"send","id":4,"to":"#secret","text":"nobody hears this","message":"b4"}"##,
        r##"{"type":"send","id":5,"to":"@alice","text":"hello alice","message":"b5"}"##,
    ] {
        bob.does(line).await;
    }
    for line in [
        r##"{"type":"join","id":1,"room":"#garden"}"##,
        r##"{"type":"join","id":2,"room":"#shed"}"##,
        r##"{"type":"send","id":3,"to":"#garden","text":"green @bob","message":"a3"}"##,
        r##"{"type":"edit","id":4,"in":"#garden","seq":3,"text":"greener"}"##,
        r##"{"type":"react","id":5,"in":"@bob","seq":1,"emoji":"👍"}"##,
    ] {
        alice.does(line).await;
    }
    for number in 10..30 {
        let line = format!(
            r#"{{"type":"send","id":{number},"to":"*","text":"word {number}","message":"b{number}"}}"#
        );
        bob.does(&line).await;
    }
    bob.does(r##"{"type":"delete","id":30,"in":"*","seq":3}"##).await;
    bob.does(r##"{"type":"set","id":31,"room":"#shed","name":"#barn"}"##).await;
    drop((alice, bob));
    server.close().await;
    tokens
}

/// A folder in memory, where the system has that.
fn memory() -> TempDir {
    let shared = PathBuf::from("/dev/shm");
    let made = if shared.is_dir() {
        tempfile::tempdir_in(shared)
    } else {
        tempfile::tempdir()
    };
    made.expect("a folder can be made")
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("a folder can be read") {
        let entry = entry.expect("a folder can be read");
        let target = to.join(entry.file_name());
        let kind = entry.file_type().expect("what it is can be told");
        if kind.is_dir() {
            fs::create_dir(&target).expect("a folder can be made");
            let private = std::os::unix::fs::PermissionsExt::from_mode(0o700);
            fs::set_permissions(&target, private).expect("it is ours");
            copy(&entry.path(), &target);
        } else if kind.is_file() {
            fs::copy(entry.path(), &target).expect("a file can be copied");
        }
    }
}
