//! The connections to the database. None is waited for without end: one whose other end is gone
//! without a word would hold whoever uses it for hours, as the network does not tell.

use std::{io, time::Duration};

use futures_util::{
    StreamExt as _, TryStreamExt as _,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use log::LevelFilter;
use sqlx::{
    Any, AnyConnection, AnyPool, Connection as _, Either, Execute, Executor, SqlStr, Transaction,
    any::{AnyConnectOptions, AnyPoolOptions, AnyQueryResult, AnyRow, AnyStatement, AnyTypeInfo},
};
use tokio::time::timeout;

/// How long the database may take for a query, and for all queries of a transaction.
const PATIENCE: Duration = Duration::from_secs(10);
/// Connections to the database. SQLite has one writer at a time anyway.
const MOST_CONNECTIONS: u32 = 4;

/// What a connection to SQLite needs. A grade that was answered for must be on the disk.
const SQLITE: [&str; 5] = [
    // Less than the patience, so that it is SQLite that says what is wrong.
    "PRAGMA busy_timeout = 8000",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    // What is erased is overwritten.
    "PRAGMA secure_delete = ON",
];
/// What a connection to PostgreSQL needs: the server gives up what nobody waits for any more, and
/// with it the rows that it holds locked, for others to go on.
const POSTGRES: [&str; 5] = [
    "SET statement_timeout = '8s'",
    "SET idle_in_transaction_session_timeout = '15s'",
    "SET tcp_keepalives_idle = 15",
    "SET tcp_keepalives_interval = 5",
    "SET tcp_user_timeout = '15s'",
];

/// Connections to the database, of which none is waited for without end.
#[derive(Clone, Debug)]
pub(super) struct Pool {
    connections: AnyPool,
    is_sqlite: bool,
}

impl Pool {
    /// Connections that are made when they are needed.
    pub(super) async fn connect(
        options: AnyConnectOptions,
        is_sqlite: bool,
    ) -> Result<Self, sqlx::Error> {
        let pool = AnyPoolOptions::new()
            .max_connections(MOST_CONNECTIONS)
            .acquire_timeout(PATIENCE)
            // That the store is slow is said by its writer.
            .acquire_slow_level(LevelFilter::Off)
            .after_connect(move |connection, _| {
                Box::pin(async move { prepare(connection, is_sqlite).await })
            })
            // A query that was given up leaves a connection that may never answer, and a transaction
            // that failed on a full disk one that believes to be in it still: they must not stay.
            .after_release(|connection, _| {
                Box::pin(async move {
                    within(connection.ping()).await?;
                    Ok(!connection.is_in_transaction())
                })
            });
        Ok(Self { connections: pool.connect_with(options).await?, is_sqlite })
    }

    /// Whether it is a file of SQLite.
    pub(super) fn is_sqlite(&self) -> bool {
        self.is_sqlite
    }

    /// Begins a transaction that writes. [`within`] bounds what follows.
    pub(super) async fn begin(&self) -> Result<Transaction<'static, Any>, sqlx::Error> {
        // SQLite waits for the writer before it at the first statement alone: one that has read
        // before it writes fails at once instead.
        let begin = if self.is_sqlite { "BEGIN IMMEDIATE" } else { "BEGIN" };
        within(self.connections.begin_with(begin)).await
    }

    /// Closes all connections.
    pub(super) async fn close(&self) {
        self.connections.close().await;
    }
}

/// What a new connection needs.
pub(super) async fn prepare(
    connection: &mut AnyConnection,
    is_sqlite: bool,
) -> Result<(), sqlx::Error> {
    for statement in if is_sqlite { &SQLITE[..] } else { &POSTGRES[..] } {
        within(connection.execute(*statement)).await?;
    }
    Ok(())
}

/// Waits for the database, but not for ever.
pub(super) async fn within<T, E: From<sqlx::Error>>(
    query: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    timeout(PATIENCE, query).await.unwrap_or_else(|_elapsed| {
        let error = io::Error::new(io::ErrorKind::TimedOut, "it does not answer");
        Err(sqlx::Error::Io(error).into())
    })
}

impl<'c> Executor<'c> for &'c Pool {
    type Database = Any;

    fn fetch_many<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxStream<'e, Result<Either<AnyQueryResult, AnyRow>, sqlx::Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        let steps = within(self.connections.fetch_many(query).try_collect::<Vec<_>>());
        stream::once(steps).map_ok(|steps| stream::iter(steps).map(Ok)).try_flatten().boxed()
    }

    fn fetch_optional<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxFuture<'e, Result<Option<AnyRow>, sqlx::Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        Box::pin(within(self.connections.fetch_optional(query)))
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [AnyTypeInfo],
    ) -> BoxFuture<'e, Result<AnyStatement, sqlx::Error>>
    where
        'c: 'e,
    {
        Box::pin(within(self.connections.prepare_with(sql, parameters)))
    }
}
