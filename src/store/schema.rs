//! The tables of the database, and how those of an older version become those of this one.

use std::borrow::Cow;

use sqlx::{
    SqlSafeStr as _,
    migrate::{Migration, MigrationType, Migrator},
};

/// What brings a database from one version to the next: number, name, SQL. A database remembers all
/// three of each: one that was released is never changed.
const STEPS: [(i64, &str, &str); 6] = [
    (1, "start", include_str!("migrations/0001_start.sql")),
    (2, "courses", include_str!("migrations/0002_courses.sql")),
    (3, "sessions", include_str!("migrations/0003_sessions.sql")),
    (4, "grades", include_str!("migrations/0004_grades.sql")),
    (5, "claims", include_str!("migrations/0005_claims.sql")),
    (6, "assignments", include_str!("migrations/0006_assignments.sql")),
];

/// Brings a database to this version.
pub(super) fn migrator() -> Migrator {
    let migration = |(version, name, sql): (i64, &'static str, &'static str)| {
        let kind = MigrationType::Simple;
        Migration::new(version, Cow::Borrowed(name), kind, sql.into_sql_str(), false)
    };
    Migrator::with_migrations(STEPS.map(migration).into())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[tokio::test]
    async fn the_steps_are_those_that_sqlx_reads_in_the_folder() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/migrations");
        let read = Migrator::new(folder).await.unwrap();

        let ours = migrator();

        let known = |migrator: &Migrator| -> Vec<_> {
            let all = migrator.iter();
            all.map(|m| {
                let kind = format!("{:?}", m.migration_type);
                (m.version, m.description.clone(), m.checksum.clone(), m.no_tx, kind)
            })
            .collect()
        };
        assert_eq!(known(&ours), known(&read));
    }
}
