//! The three meanings of 200.

use std::fmt;
use std::str::FromStr;

/// What survives what, once an operation has been answered with success.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// Nothing is kept: metadata in RAM, large bodies in unlinked temporary files. The data directory is not touched.
    Memory,
    /// Survives the end of Staves, SIGKILL included. After a power loss the data is consistent, but the last seconds
    /// may be missing.
    #[default]
    Process,
    /// Survives a power loss: file, directory and log are synced before the answer.
    Power,
}

impl Durability {
    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Durability::Memory => "memory",
            Durability::Process => "process",
            Durability::Power => "power",
        }
    }
}

impl fmt::Display for Durability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Durability {
    type Err = String;

    fn from_str(text: &str) -> Result<Durability, String> {
        [Durability::Memory, Durability::Process, Durability::Power]
            .into_iter()
            .find(|known| known.name() == text)
            .ok_or_else(|| format!("unknown durability `{text}`: use memory, process or power"))
    }
}
