//! Statements, made by sea-query from the declaration of a table.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use sea_query::{
    Alias, ColumnDef, Expr, Func, Index, IntoTableRef, OnConflict, PostgresQueryBuilder, Query as Sql, SelectStatement,
    SimpleExpr, SqliteQueryBuilder, TableRef,
};

use super::table::{Column, ColumnType, Table};

/// The schema of PostgreSQL that holds the read models.
pub(super) const SCHEMA: &str = "read";

/// Which engine a statement is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

/// What is done with rows named by their keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Operation {
    Load,
    Upsert,
    Delete,
}

/// Statements already made, by what they do and to which table.
#[derive(Debug, Default)]
pub(super) struct Statements {
    known: Mutex<HashMap<(Operation, String), Arc<str>>>,
}

impl Statements {
    pub(super) fn get(&self, dialect: Dialect, operation: Operation, table: &Table, physical: &str) -> Arc<str> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let made = known.entry((operation, physical.to_owned())).or_insert_with(|| {
            let statement = match operation {
                Operation::Load => dialect.load(table, physical),
                Operation::Upsert => dialect.upsert(table, physical),
                Operation::Delete => dialect.delete(table, physical),
            };
            statement.into()
        });
        Arc::clone(made)
    }
}

impl Dialect {
    /// Names a table or a view.
    pub(crate) fn table(self, name: &str) -> TableRef {
        match self {
            Dialect::Sqlite => Alias::new(name).into_table_ref(),
            Dialect::Postgres => (Alias::new(SCHEMA), Alias::new(name)).into_table_ref(),
        }
    }

    fn quoted(self, name: &str) -> String {
        match self {
            Dialect::Sqlite => format!("\"{name}\""),
            Dialect::Postgres => format!("\"{SCHEMA}\".\"{name}\""),
        }
    }

    /// Creates a table and its indexes where they do not exist.
    pub(crate) fn create(self, table: &Table, physical: &str) -> Vec<String> {
        let mut create = sea_query::Table::create();
        create.table(self.table(physical)).if_not_exists();
        for column in table.columns {
            create.col(self.column(column));
        }
        let mut primary = Index::create();
        for column in table.key_columns() {
            primary.col(Alias::new(column.name));
        }
        create.primary_key(&mut primary);
        if self == Dialect::Sqlite {
            // The primary key is text as a rule: without a row id there is one tree to write instead of two.
            create.extra("WITHOUT ROWID");
        }
        let mut statements = vec![match self {
            Dialect::Sqlite => create.to_string(SqliteQueryBuilder),
            Dialect::Postgres => create.to_string(PostgresQueryBuilder),
        }];
        for (number, columns) in table.indexes.iter().enumerate() {
            let mut index = Index::create();
            index.name(format!("{physical}_i{number}")).table(self.table(physical)).if_not_exists();
            for column in *columns {
                index.col(Alias::new(*column));
            }
            statements.push(match self {
                Dialect::Sqlite => index.to_string(SqliteQueryBuilder),
                Dialect::Postgres => index.to_string(PostgresQueryBuilder),
            });
        }
        statements
    }

    fn column(self, column: &Column) -> ColumnDef {
        let mut definition = ColumnDef::new(Alias::new(column.name));
        match column.kind {
            ColumnType::Text => definition.text(),
            ColumnType::Int => definition.big_integer(),
            ColumnType::Bool => definition.boolean(),
        };
        if column.kind == ColumnType::Text && self == Dialect::Postgres {
            // Ordered by bytes, as SQLite does, whatever the locale of the cluster.
            definition.extra("COLLATE \"C\"");
        }
        if !column.nullable {
            definition.not_null();
        }
        definition
    }

    /// Drops a table with its rows and indexes.
    pub(crate) fn drop(self, physical: &str) -> String {
        let mut drop = sea_query::Table::drop();
        drop.table(self.table(physical)).if_exists();
        match self {
            Dialect::Sqlite => drop.to_string(SqliteQueryBuilder),
            Dialect::Postgres => drop.to_string(PostgresQueryBuilder),
        }
    }

    /// Points a view at a table. sea-query has no views.
    pub(crate) fn point_view(self, view: &str, physical: &str) -> Vec<String> {
        let (view, physical) = (self.quoted(view), self.quoted(physical));
        vec![format!("DROP VIEW IF EXISTS {view}"), format!("CREATE VIEW {view} AS SELECT * FROM {physical}")]
    }

    /// Points a view at a table that has its columns in the same place, and perhaps more behind them. In PostgreSQL what
    /// analysts built on the view stays.
    pub(crate) fn replace_view(self, view: &str, physical: &str) -> Vec<String> {
        match self {
            Dialect::Sqlite => self.point_view(view, physical),
            Dialect::Postgres => {
                let (view, physical) = (self.quoted(view), self.quoted(physical));
                vec![format!("CREATE OR REPLACE VIEW {view} AS SELECT * FROM {physical}")]
            }
        }
    }

    /// Drops a view.
    pub(crate) fn drop_view(self, view: &str) -> String {
        format!("DROP VIEW IF EXISTS {}", self.quoted(view))
    }

    /// Finds rows by key: one key a statement in SQLite, arrays of keys in PostgreSQL.
    fn load(self, table: &Table, physical: &str) -> String {
        let mut select = Sql::select();
        select.columns(table.columns.iter().map(|column| Alias::new(column.name))).from(self.table(physical));
        select.and_where(self.has_key(table));
        match self {
            Dialect::Sqlite => select.to_string(SqliteQueryBuilder),
            Dialect::Postgres => select.to_string(PostgresQueryBuilder),
        }
    }

    fn delete(self, table: &Table, physical: &str) -> String {
        let mut delete = Sql::delete();
        delete.from_table(self.table(physical)).and_where(self.has_key(table));
        match self {
            Dialect::Sqlite => delete.to_string(SqliteQueryBuilder),
            Dialect::Postgres => delete.to_string(PostgresQueryBuilder),
        }
    }

    fn has_key(self, table: &Table) -> SimpleExpr {
        let columns = table.key_columns().iter().map(|column| Expr::col(Alias::new(column.name)));
        let columns = Expr::expr(Expr::tuple(columns.map(Into::into)));
        match self {
            Dialect::Sqlite => columns.eq(Expr::tuple(placeholders(table.key).map(Expr::cust))),
            Dialect::Postgres => columns.in_subquery(unnest(table.key_columns())),
        }
    }

    /// Writes rows, new or known: one row a statement in SQLite, an array a column in PostgreSQL.
    fn upsert(self, table: &Table, physical: &str) -> String {
        let names = || table.columns.iter().map(|column| Alias::new(column.name));
        let mut conflict = OnConflict::columns(names().take(table.key));
        if table.columns.len() > table.key {
            conflict.update_columns(names().skip(table.key));
        } else {
            conflict.do_nothing();
        }
        let mut insert = Sql::insert();
        insert.into_table(self.table(physical)).columns(names()).on_conflict(conflict);
        match self {
            Dialect::Sqlite => {
                insert.values_panic(placeholders(table.columns.len()).map(Expr::cust));
                insert.to_string(SqliteQueryBuilder)
            }
            Dialect::Postgres => {
                // The select is made for exactly these columns, so sea-query's count of them cannot disagree.
                insert.select_from(unnest(table.columns)).expect("as many expressions as columns");
                insert.to_string(PostgresQueryBuilder)
            }
        }
    }
}

fn placeholders(count: usize) -> impl Iterator<Item = String> {
    (1..=count).map(|number| format!("?{number}"))
}

/// One array a column, turned into rows: set-returning functions side by side run in step, and the arrays are equally
/// long (<https://www.postgresql.org/docs/15/xfunc-sql.html#XFUNC-SQL-FUNCTIONS-RETURNING-SET>).
fn unnest(columns: &[Column]) -> SelectStatement {
    let mut select = Sql::select();
    for (index, column) in columns.iter().enumerate() {
        let kind = match column.kind {
            ColumnType::Text => "text",
            ColumnType::Int => "bigint",
            ColumnType::Bool => "boolean",
        };
        let array = Expr::cust(format!("${}::{kind}[]", index + 1));
        select.expr(Func::cust(Alias::new("unnest")).arg(array));
    }
    select
}
