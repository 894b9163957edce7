//! The servers as processes: started on a core of their own, looked at from outside, ended.

use std::{
    fs,
    net::SocketAddr,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use rustix::{
    process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit},
    thread::{CpuSet, sched_getaffinity, sched_setaffinity},
};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

use crate::report;

/// How long a server may take to start: as long as one has to check a large store.
const START_TIMEOUT: Duration = Duration::from_secs(120);
const STOP_TIMEOUT: Duration = Duration::from_secs(30);

/// What part of the machine something runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Core {
    /// The first of the cores we may use.
    Server,
    /// The others.
    Load,
}

/// Moves this thread, and the processes it starts from then on. With one core there is no choice.
pub(crate) fn move_to(core: Core) -> anyhow::Result<()> {
    thread_local! {
        static ALL: CpuSet = sched_getaffinity(None).unwrap_or_else(|_| CpuSet::new());
    }
    let all = ALL.with(|all| *all);
    let cores: Vec<usize> = (0..CpuSet::MAX_CPU)
        .filter(|&cpu| all.is_set(cpu))
        .collect();
    let [first, others @ ..] = cores.as_slice() else {
        return Ok(());
    };
    if others.is_empty() {
        return Ok(());
    }
    let mut set = CpuSet::new();
    match core {
        Core::Server => set.set(*first),
        Core::Load => others.iter().for_each(|&cpu| set.set(cpu)),
    }
    sched_setaffinity(None, &set).context("cannot choose a core")
}

/// Ten thousand connections need as many descriptors.
pub(crate) fn raise_descriptor_limit() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        report::say(&format!("cannot raise the limit of open files: {error}"));
    }
}

/// A server that runs. Killed when dropped.
pub(crate) struct Server {
    child: Child,
    pid: Pid,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// From starting the program until it took connections.
    pub(crate) started_in: Duration,
}

/// What the operating system has counted for a process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    pub(crate) cpu: Duration,
    pub(crate) memory: u64,
    pub(crate) memory_peak: u64,
}

impl Server {
    /// Starts a server on its core and waits until it says where it listens.
    pub(crate) async fn start(program: &Path, args: &[&Path], log: &Path) -> anyhow::Result<Self> {
        let begun = Instant::now();
        move_to(Core::Server)?;
        let child = Command::new(program)
            .args(args)
            .stdout(Stdio::piped())
            .stderr(fs::File::create(log)?)
            .kill_on_drop(true)
            .spawn();
        move_to(Core::Load)?;
        let mut child = child.with_context(|| format!("cannot start {}", program.display()))?;
        let stdout = child.stdout.take().context("the server has no output")?;
        let mut lines = BufReader::new(stdout).lines();
        let address = loop {
            let line = timeout(START_TIMEOUT, lines.next_line()).await??;
            match line.as_deref().map(|line| line.strip_prefix("listening")) {
                Some(Some(address)) => break address.trim().parse()?,
                Some(None) => {}
                None => bail!("the server did not start; see {}", log.display()),
            }
        };
        let started_in = begun.elapsed();
        let pid = child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?));
        let pid = pid.context("the server has ended at once")?;
        // It may go on saying things; nobody needs to read them, but the pipe must stay open.
        tokio::task::spawn_local(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self {
            child,
            pid,
            address,
            started_in,
        })
    }

    /// What it has used up to now, by the system's accounting.
    pub(crate) fn usage(&self) -> anyhow::Result<Usage> {
        let process = format!("/proc/{}", self.pid.as_raw_nonzero());
        let stat = fs::read_to_string(format!("{process}/stat"))?;
        // The name may hold anything, so count from behind it: utime and stime are fields 14 and 15.
        let (_, fields) = stat.rsplit_once(')').context("no process name")?;
        let ticks: u64 = fields
            .split_whitespace()
            .skip(11)
            .take(2)
            .filter_map(|field| field.parse::<u64>().ok())
            .sum();
        let per_second = rustix::param::clock_ticks_per_second();
        let status = fs::read_to_string(format!("{process}/status"))?;
        Ok(Usage {
            cpu: Duration::from_millis(ticks * 1000 / per_second),
            memory: kib(&status, "VmRSS:")?,
            memory_peak: kib(&status, "VmHWM:")?,
        })
    }

    /// Ends it in good order.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        kill_process(self.pid, Signal::TERM)?;
        timeout(STOP_TIMEOUT, self.child.wait())
            .await
            .context("the server does not stop")??;
        Ok(())
    }
}

fn kib(status: &str, key: &str) -> anyhow::Result<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(key));
    let number = line.and_then(|line| line.split_whitespace().next());
    Ok(number.context("the system does not say")?.parse()?)
}
