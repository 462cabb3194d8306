//! Opening the database: pragmas per durability, the schema and its migrations.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::engine::durability::Durability;

/// Marks the file as ours ("stvs"), so that another program's database is never taken for a data directory.
const APPLICATION_ID: i32 = 0x7374_7673;

/// Each migration leads from its index to the next version.
const MIGRATIONS: [&str; 5] = [
    include_str!("schema/0001.sql"),
    include_str!("schema/0002.sql"),
    include_str!("schema/0003.sql"),
    include_str!("schema/0004.sql"),
    include_str!("schema/0005.sql"),
];

/// Checkpoints are the keeper's work. Only when the log outgrows it does the writer run one itself: a background
/// checkpointer alone lets the log run away under load.
const WAL_FRAMES_MAX: i64 = 16_000;

const STATEMENT_CACHE: usize = 128;

/// Why the database could not be opened.
#[derive(Debug)]
pub(crate) enum SchemaError {
    /// The file was written by a newer Staves.
    Newer { found: i64, known: usize },
    /// The file is an SQLite database of some other program.
    Foreign,
    /// SQLite failed.
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for SchemaError {
    fn from(source: rusqlite::Error) -> SchemaError {
        SchemaError::Sqlite(source)
    }
}

/// Opens (and makes or migrates) the database for writing.
pub(crate) fn writer(path: &Path, durability: Durability) -> Result<Connection, SchemaError> {
    let conn = Connection::open(path)?;
    configure(&conn)?;
    check_origin(&conn)?;
    conn.pragma_update(None, "journal_mode", "WAL")?;
    conn.pragma_update(None, "wal_autocheckpoint", WAL_FRAMES_MAX)?;
    conn.pragma_update(None, "synchronous", if durability == Durability::Power { "FULL" } else { "NORMAL" })?;
    migrate(&conn)?;
    Ok(conn)
}

/// A database that lives in memory and goes with its connection.
pub(crate) fn memory() -> Result<Connection, SchemaError> {
    let conn = Connection::open_in_memory()?;
    configure(&conn)?;
    migrate(&conn)?;
    Ok(conn)
}

/// Opens a connection that can only read.
pub(crate) fn reader(path: &Path) -> rusqlite::Result<Connection> {
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    configure(&conn)?;
    Ok(conn)
}

/// Opens the keeper's connection, which only runs checkpoints.
pub(crate) fn checkpointer(path: &Path) -> rusqlite::Result<Connection> {
    let conn = Connection::open(path)?;
    configure(&conn)?;
    conn.pragma_update(None, "wal_autocheckpoint", 0)?;
    conn.pragma_update(None, "synchronous", "NORMAL")?;
    Ok(conn)
}

/// Moves what the log holds into the database, as far as that disturbs nobody.
pub(crate) fn checkpoint(conn: &Connection) -> rusqlite::Result<()> {
    conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
}

fn configure(conn: &Connection) -> rusqlite::Result<()> {
    conn.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
    conn.busy_timeout(Duration::from_secs(10))?;
    // Where SQLite is built with STAT4, it else prepares a statement again whenever a bound value changes.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    conn.pragma_update(None, "cache_size", -8192)?; // KiB
    Ok(())
}

fn check_origin(conn: &Connection) -> Result<(), SchemaError> {
    let application: i32 = conn.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: i64 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let version: i64 = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if tables > 0 && application != APPLICATION_ID {
        return Err(SchemaError::Foreign);
    }
    if version > i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX) {
        return Err(SchemaError::Newer { found: version, known: MIGRATIONS.len() });
    }
    Ok(())
}

fn migrate(conn: &Connection) -> Result<(), SchemaError> {
    let version: i64 = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
    for (index, migration) in MIGRATIONS.iter().enumerate().skip(usize::try_from(version).unwrap_or(0)) {
        conn.execute_batch(&format!(
            "BEGIN IMMEDIATE;\n{migration}\nPRAGMA user_version = {};\nPRAGMA application_id = {APPLICATION_ID};\nCOMMIT;",
            index + 1
        ))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_schema_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("staves.db");
        let conn = writer(&path, Durability::Process).unwrap();
        conn.pragma_update(None, "user_version", 99).unwrap();
        drop(conn);
        let opened = writer(&path, Durability::Process);
        assert!(matches!(opened, Err(SchemaError::Newer { found: 99, known }) if known == MIGRATIONS.len()));
    }

    #[test]
    fn another_programs_database_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("staves.db");
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
        assert!(matches!(writer(&path, Durability::Process), Err(SchemaError::Foreign)));
    }

    #[test]
    fn opening_twice_keeps_the_schema() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("staves.db");
        drop(writer(&path, Durability::Process).unwrap());
        let conn = writer(&path, Durability::Power).unwrap();
        let version: i64 = conn.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
        assert_eq!(usize::try_from(version).unwrap(), MIGRATIONS.len());
    }

    #[test]
    fn migrating_from_version_1_keeps_what_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("staves.db");
        let old = Connection::open(&path).unwrap();
        old.execute_batch(&format!(
            "BEGIN; {} PRAGMA user_version = 1; PRAGMA application_id = {APPLICATION_ID};
            INSERT INTO buckets (id, name, account, region, created_ms) VALUES (7, 'old', '1', 'r', 5);
            INSERT INTO current VALUES (7, x'61', 9, 0, 5, zeroblob(18), 1, 1, 'STANDARD');
            INSERT INTO versions VALUES (9, 7, x'61', 5, 0, zeroblob(18), 1, 1, x'', x'017b7d', x'', NULL, NULL);
            INSERT INTO uploads VALUES (10, 7, x'62', 6, 0, NULL, NULL, x'017b7d', '1'); COMMIT;",
            MIGRATIONS[0]
        ))
        .unwrap();
        drop(old);
        let conn = writer(&path, Durability::Process).unwrap();
        let row = |query: &str| -> (i64, Option<Vec<u8>>) {
            conn.query_row(query, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
        };
        assert_eq!(row("SELECT versioning, object_lock FROM buckets WHERE id = 7"), (0, None));
        assert_eq!(row("SELECT numbered, NULL FROM current WHERE version = 9"), (0, None));
        assert_eq!(row("SELECT numbered, attributes FROM versions WHERE id = 9"), (0, None));
        assert_eq!(row("SELECT initiated_ms, attributes FROM uploads WHERE id = 10"), (6, None));
        assert_eq!(row("SELECT count(*), NULL FROM history"), (0, None));
    }
}
