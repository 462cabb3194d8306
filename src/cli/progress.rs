//! How long work is shown: a bar on a terminal, a line now and then elsewhere. Not the work.

use std::io::IsTerminal as _;

use indicatif::{HumanBytes, ProgressBar, ProgressStyle};

use crate::server::SeedEvent;

/// A bar on standard error, if that is a terminal.
pub(super) fn bar(message: &'static str, template: &str) -> Option<ProgressBar> {
    if !std::io::stderr().is_terminal() {
        return None;
    }
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    Some(ProgressBar::new(0).with_style(style).with_message(message))
}

/// Shows how the seed is loaded.
pub(super) fn of_seed() -> impl FnMut(SeedEvent<'_>) + Send + 'static {
    let bar = bar("loading", "{msg} [{bar:30}] {bytes}/{total_bytes}, {eta} left");
    move |event| match (event, &bar) {
        (SeedEvent::Found { bytes, .. }, Some(bar)) => bar.set_length(bytes),
        (SeedEvent::Stored { bytes, .. }, Some(bar)) => bar.inc(bytes),
        (SeedEvent::BucketDone { bucket, files, bytes }, bar) => {
            let line = format!("seed: {bucket}: {files} objects, {}", HumanBytes(bytes));
            match bar {
                Some(bar) => bar.println(line),
                None => eprintln!("{line}"),
            }
        }
        _ => {}
    }
}
