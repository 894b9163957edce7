//! The terminal, taken and given back.
//!
//! Promises: however the client ends, by return, error, panic or signal, the terminal is as it was.

use std::{
    fmt::Display,
    io::{self, Stdout, Write, stdout},
    panic,
    sync::{
        Once,
        atomic::{AtomicBool, Ordering},
    },
};

use crossterm::{
    Command,
    cursor::Show,
    event::{
        DisableBracketedPaste, DisableFocusChange, DisableMouseCapture, EnableBracketedPaste,
        EnableFocusChange, EnableMouseCapture,
    },
    execute,
    terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode},
};
use ratatui::{Frame, backend::CrosstermBackend, layout::Rect};
use rustix::process::{Signal, getpid, kill_process};

use super::{
    screen::{Known, Screen},
    settings::Notify,
    view,
};
use crate::client::sanitize;

/// Whether the terminal is taken: a panic gives it back before it is told, and giving it back a second
/// time would set the cursor back into what was told.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The terminal while the client has it. Dropping it gives it back.
pub(super) struct Terminal {
    inner: ratatui::Terminal<CrosstermBackend<Stdout>>,
    mouse: bool,
}

impl Terminal {
    /// Takes the terminal.
    pub(super) fn take(mouse: bool) -> io::Result<Self> {
        give_back_on_panic();
        let inner = ratatui::Terminal::new(CrosstermBackend::new(stdout()))?;
        let mut terminal = Self { inner, mouse };
        terminal.enter()?;
        Ok(terminal)
    }

    /// How large it is.
    pub(super) fn area(&self) -> io::Result<Rect> {
        let size = self.inner.size()?;
        Ok(Rect::new(0, 0, size.width, size.height))
    }

    pub(super) fn draw(&mut self, screen: &Screen, known: Known<'_>) -> io::Result<()> {
        self.draw_with(|frame| view::draw(screen, known, frame))
    }

    pub(super) fn draw_with(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        self.inner.draw(draw)?;
        Ok(())
    }

    /// Has everything drawn anew.
    pub(super) fn clear(&mut self) -> io::Result<()> {
        self.inner.clear()
    }

    /// Takes the mouse, or leaves it to the terminal.
    pub(super) fn use_mouse(&mut self, mouse: bool) -> io::Result<()> {
        self.mouse = mouse;
        if mouse {
            execute!(stdout(), EnableMouseCapture)
        } else {
            execute!(stdout(), DisableMouseCapture)
        }
    }

    /// Puts text into the clipboard, where the terminal allows it.
    pub(super) fn copy(&self, text: &str) -> io::Result<()> {
        let encoded = data_encoding::BASE64.encode(text.as_bytes());
        write(format_args!("\u{1b}]52;c;{encoded}\u{7}"))
    }

    /// Tells somebody who may look elsewhere.
    pub(super) fn notify(&self, how: Notify, text: &str) -> io::Result<()> {
        let text = sanitize::line(text);
        match how {
            Notify::Off => Ok(()),
            Notify::Bell => write("\u{7}"),
            Notify::Osc9 => write(format_args!("\u{1b}]9;{text}\u{7}")),
            Notify::Osc777 => {
                let text = text.replace(';', ",");
                write(format_args!("\u{1b}]777;notify;netcomm;{text}\u{7}"))
            }
        }
    }

    /// Gives the terminal back, stops this process, and takes it again when it goes on.
    pub(super) fn suspend(&mut self) -> io::Result<()> {
        leave();
        kill_process(getpid(), Signal::STOP)?;
        self.enter()?;
        self.inner.clear()
    }

    fn enter(&mut self) -> io::Result<()> {
        TAKEN.store(true, Ordering::SeqCst);
        enable_raw_mode()?;
        let extras = (
            EnterAlternateScreen,
            EnableBracketedPaste,
            EnableFocusChange,
        );
        execute!(stdout(), extras.0, extras.1, extras.2)?;
        if self.mouse {
            execute!(stdout(), EnableMouseCapture)?;
        }
        Ok(())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        leave();
    }
}

/// Gives the terminal back. Harmless when it was not taken.
fn leave() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    // There is nobody to tell when the terminal itself is gone; each is tried whatever the others do.
    let _gone = each(DisableMouseCapture);
    let _gone = each(DisableFocusChange);
    let _gone = each(DisableBracketedPaste);
    let _gone = each(LeaveAlternateScreen);
    let _gone = each(Show);
    let _gone = disable_raw_mode();
}

fn each(command: impl Command) -> io::Result<()> {
    execute!(stdout(), command)
}

fn write(text: impl Display) -> io::Result<()> {
    let mut out = stdout();
    write!(out, "{text}")?;
    out.flush()
}

/// What a panic says is to be read on the terminal as it was.
fn give_back_on_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            leave();
            before(info);
        }));
    });
}
