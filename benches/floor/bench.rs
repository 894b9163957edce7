//! A run: each workload on both sides in turns, then the figures.

use std::{cell::OnceCell, path::PathBuf, time::Duration};

use anyhow::Context;
use netcomm::tls::{CertificateFiles, ClientTls, Trust};
use tempfile::TempDir;

use crate::{
    options::{Options, Workload},
    process::{self, Core, Server},
    report::{self, Figures},
    workloads,
    world::World,
};

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// TLS alone.
    Floor,
    /// NetComm.
    Netcomm,
}

/// One thing that was measured.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    /// At which size.
    pub(crate) case: String,
    /// What, with its unit.
    pub(crate) what: &'static str,
    /// How much.
    pub(crate) value: f64,
}

impl Sample {
    pub(crate) fn new(case: &str, what: &'static str, value: f64) -> Self {
        Self {
            case: case.to_owned(),
            what,
            value,
        }
    }
}

/// What all workloads need.
pub(crate) struct Bench {
    pub(crate) options: Options,
    pub(crate) files: CertificateFiles,
    /// Resumes TLS sessions; for those that must not, there is [`Bench::fresh_tls`].
    pub(crate) tls: ClientTls,
    /// A store with a long history, once it is made.
    pub(crate) long_history: OnceCell<World>,
    folder: TempDir,
}

impl Bench {
    pub(crate) fn new(mut options: Options) -> anyhow::Result<Self> {
        if options.quick {
            options.runs = 1;
            options.seconds = 1.0;
            options.stored = options.stored.min(20_000);
        }
        process::move_to(Core::Load)?;
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        let files = crate::world::certificates(folder.path())?;
        Ok(Self {
            tls: ClientTls::new(Trust::CaFile(files.ca.clone()))?,
            options,
            files,
            long_history: OnceCell::new(),
            folder,
        })
    }

    /// Measures all that was asked for.
    pub(crate) async fn run(&self) -> anyhow::Result<()> {
        let all = [
            Workload::Fanout,
            Workload::Latency,
            Workload::Rooms,
            Workload::Private,
            Workload::Idle,
            Workload::Arriving,
            Workload::Store,
            Workload::Stored,
        ];
        let chosen: &[Workload] = match self.options.workloads.as_slice() {
            [] => &all,
            chosen => chosen,
        };
        let mut all = Vec::new();
        for &workload in chosen {
            let mut figures = Figures::new(workload);
            for nth in 1..=self.options.runs {
                for side in self.sides(workload) {
                    report::say(&format!("{workload:?}, run {nth}, {side:?}"));
                    let samples = workloads::run(self, workload, *side).await;
                    let samples = samples
                        .with_context(|| format!("{workload:?}, run {nth}, {side:?} failed"))?;
                    figures.add(*side, samples);
                }
            }
            report::say(&figures.table());
            all.push(figures);
        }
        report::write(&self.options.out, &all)
    }

    fn sides(&self, workload: Workload) -> &'static [Side] {
        if self.options.alone || matches!(workload, Workload::Store | Workload::Stored) {
            &[Side::Netcomm]
        } else {
            &[Side::Floor, Side::Netcomm]
        }
    }

    /// Sizes as they were asked for, or these.
    pub(crate) fn sizes(&self, usual: &[usize], quick: &[usize]) -> Vec<usize> {
        match self.options.sizes.as_slice() {
            [] if self.options.quick => quick.to_vec(),
            [] => usual.to_vec(),
            sizes => sizes.to_vec(),
        }
    }

    pub(crate) fn duration(&self) -> Duration {
        Duration::from_secs_f64(self.options.seconds)
    }

    /// A client that has never been here.
    pub(crate) fn fresh_tls(&self) -> anyhow::Result<ClientTls> {
        Ok(ClientTls::new(Trust::CaFile(self.files.ca.clone()))?)
    }

    /// Starts a server; NetComm with what is in its world.
    pub(crate) async fn serve(&self, side: Side, world: &World) -> anyhow::Result<Server> {
        match side {
            Side::Floor => {
                let this = std::env::current_exe()?;
                let log = self.folder.path().join("floor.log");
                let args = ["floor".as_ref(), &*self.files.certificate, &*self.files.key];
                Server::start(&this, &args, &log).await
            }
            Side::Netcomm => {
                let config: PathBuf = world.configuration(&self.files)?;
                let args = ["serve".as_ref(), "--config".as_ref(), config.as_path()];
                Server::start(&self.options.netcomm, &args, &world.log()).await
            }
        }
    }
}
