//! Read connections: a pool for a database on disk, the write connection itself for one in memory.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;

use super::open;
use super::writer::Writer;
use crate::engine::error::Result;

/// Connections kept open while idle.
const MAX_IDLE: usize = 16;

/// Hands out connections that see what has been committed.
pub(crate) enum Readers {
    /// Any number of connections beside the writer's.
    Pool { path: PathBuf, idle: Mutex<Vec<Connection>> },
    /// A database in memory has one connection.
    Shared,
}

impl Readers {
    pub(crate) fn pool(path: PathBuf) -> Readers {
        Readers::Pool { path, idle: Mutex::new(Vec::new()) }
    }

    /// Runs `query` on a read connection. Point reads may run on a reactor thread; anything longer belongs on a
    /// blocking one.
    pub(crate) fn read<T>(&self, writer: &Writer, query: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        match self {
            Readers::Shared => writer.read(query),
            Readers::Pool { path, idle } => {
                let pooled = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
                let conn = match pooled {
                    Some(conn) => conn,
                    None => open::reader(path)?,
                };
                let result = query(&conn);
                let mut idle = idle.lock().unwrap_or_else(PoisonError::into_inner);
                if idle.len() < MAX_IDLE {
                    idle.push(conn);
                }
                result
            }
        }
    }

    /// Closes the idle connections, so that the last one to close can remove the write-ahead log.
    pub(crate) fn close(&self) {
        if let Readers::Pool { idle, .. } = self {
            idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
    }
}
