//! Read connections: a pool for a database on disk, the write connection itself for one in memory.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;

use super::open;
use super::writer::Writer;
use crate::engine::error::{Error, Result};

/// Connections kept open while idle.
const MAX_IDLE: usize = 16;

/// Hands out connections that see what has been committed.
pub(crate) enum Readers {
    /// Any number of connections beside the writer's; `idle` is `None` once closed.
    Pool { path: PathBuf, idle: Mutex<Option<Vec<Connection>>> },
    /// A database in memory has one connection.
    Shared,
}

impl Readers {
    pub(crate) fn pool(path: PathBuf) -> Readers {
        Readers::Pool { path, idle: Mutex::new(Some(Vec::new())) }
    }

    /// Runs `query` on a read connection. Point reads may run on a reactor thread; anything longer belongs on a
    /// blocking one.
    pub(crate) fn read<T>(&self, writer: &Arc<Writer>, query: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        match self {
            Readers::Shared => writer.read(query),
            Readers::Pool { path, idle } => {
                let pooled = idle.lock().unwrap_or_else(PoisonError::into_inner).as_mut().ok_or(Error::Closed)?.pop();
                let conn = match pooled {
                    Some(conn) => conn,
                    None => open::reader(path)?,
                };
                let result = query(&conn);
                if let Some(idle) = idle.lock().unwrap_or_else(PoisonError::into_inner).as_mut()
                    && idle.len() < MAX_IDLE
                {
                    idle.push(conn);
                }
                result
            }
        }
    }

    /// Closes the idle connections, so that the last one to close can remove the write-ahead log; those in use close
    /// when they are given back.
    pub(crate) fn close(&self) {
        if let Readers::Pool { idle, .. } = self {
            *idle.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }
}
