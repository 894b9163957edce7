//! One of the operator's commands, connected: its requests are answered in order.

use std::{collections::HashSet, io, sync::Arc};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
    select,
    time::timeout,
};

use crate::{
    model::{AccountId, UserName},
    protocol::FrameBuffer,
    server::{Context, NoLink},
    store::StoreError,
};

use super::message::{
    ControlAnswer, ControlRequest, InviteLine, LINES_MAX, Online, REQUEST_MAX, REQUEST_TIMEOUT,
    UserLine,
};

/// Why a request cannot be answered.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("cannot make sense of the request ({0}); is this another version of netcomm?")]
    Request(#[from] serde_json::Error),
    #[error(transparent)]
    Operation(#[from] crate::hub::NotDone),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Link(#[from] NoLink),
}

/// Answers one peer until it leaves, falls silent or the server stops.
pub(super) async fn answer(mut stream: UnixStream, context: Arc<Context>) {
    let mut buffer = FrameBuffer::default();
    loop {
        let line = select! {
            line = timeout(REQUEST_TIMEOUT, next_line(&mut stream, &mut buffer)) => line,
            () = context.shutdown.cancelled() => return,
        };
        let Ok(Ok(Some(line))) = line else { return };
        let answer = match respond(&line, &context).await {
            Ok(answer) => answer,
            Err(refused) => ControlAnswer::Refused {
                text: refused.to_string(),
            },
        };
        let Ok(mut written) = serde_json::to_vec(&answer) else {
            return;
        };
        written.push(b'\n');
        match timeout(REQUEST_TIMEOUT, stream.write_all(&written)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(_) => return,
        }
    }
}

async fn next_line(
    stream: &mut UnixStream,
    buffer: &mut FrameBuffer,
) -> io::Result<Option<Vec<u8>>> {
    let mut received = [0; 1024];
    loop {
        let line = buffer.next_line(REQUEST_MAX).map_err(io::Error::other)?;
        if let Some(line) = line {
            return Ok(Some(line.to_vec()));
        }
        let count = stream.read(&mut received).await?;
        match received.get(..count) {
            Some([]) | None => return Ok(None),
            Some(bytes) => buffer.extend(bytes),
        }
    }
}

async fn respond(line: &[u8], context: &Context) -> Result<ControlAnswer, Refused> {
    Ok(match serde_json::from_slice(line)? {
        ControlRequest::Operate { operation } => ControlAnswer::Done {
            what: context.hub.operate(operation).await?,
        },
        ControlRequest::Users { after } => ControlAnswer::Users {
            users: users(context, after.as_deref()).await?,
        },
        ControlRequest::Invites { after } => {
            let invites = context.reader.invites().await?;
            let newer = invites.iter().filter(|invite| invite.id.get() > after);
            ControlAnswer::Invites {
                invites: newer.take(LINES_MAX).map(InviteLine::from).collect(),
            }
        }
        ControlRequest::Where {} => ControlAnswer::Where {
            address: context.public_address.clone(),
            pin: context.tls.pin().ok_or(NoLink::Pin)?.to_string(),
        },
    })
}

async fn users(context: &Context, after: Option<&str>) -> Result<Vec<UserLine>, StoreError> {
    let after = after.and_then(|name| UserName::parse(name).ok());
    let listed = context.reader.account_listings(after, LINES_MAX).await?;
    let online: HashSet<AccountId> = context
        .hub
        .online()
        .await
        .into_iter()
        .map(|there| there.account.id)
        .collect();
    let lines = listed.iter().map(|listing| {
        let there = online.contains(&listing.record.account.id);
        UserLine::new(listing, if there { Online::Yes } else { Online::No })
    });
    Ok(lines.collect())
}
