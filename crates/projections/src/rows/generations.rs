//! Which generations of a projection's tables there are, and which one serves.
//!
//! The table `projection` holds one row a generation: its version, its checkpoint, whether it is live, and the shape of its
//! tables, so that a newer program can drop what an older one made. Exactly one generation of a projection is live.

use event_store::Position;
use sea_query::{Alias, Expr, OnConflict, PostgresQueryBuilder, Query as Sql, SqliteQueryBuilder};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::projection::Projection;
use crate::rows::{Column, Dialect, Direction, ExpectedRows, Query, ReadError, ReadStore, Row, RowError, Step, Table};

/// The catalogue of generations.
pub(crate) static CATALOGUE: Table = Table {
    name: "projection",
    columns: &[
        Column::text("name"),
        Column::int("generation"),
        Column::int("version"),
        Column::int("position"),
        Column::bool("live"),
        Column::text("shape"),
    ],
    key: 2,
    indexes: &[],
};

/// One generation of a projection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Generation {
    pub(crate) number: i64,
    pub(crate) version: i64,
    pub(crate) position: u64,
    pub(crate) live: bool,
    /// As it is stored: only who drops or replaces its tables reads it.
    shape: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct TableShape {
    table: String,
    columns: Vec<String>,
}

impl Generation {
    fn from_row(row: &Row) -> Result<Self, ReadError> {
        let position = row.int("position")?;
        let malformed = |_| RowError::Malformed { column: "position".into(), found: position.to_string() };
        Ok(Self {
            number: row.int("generation")?,
            version: row.int("version")?,
            position: u64::try_from(position).map_err(malformed)?,
            live: row.bool("live")?,
            shape: row.text("shape")?.to_owned(),
        })
    }

    fn shape(&self) -> Result<Vec<TableShape>, ReadError> {
        let malformed = |_| RowError::Malformed { column: "shape".into(), found: self.shape.clone() };
        Ok(serde_json::from_str(&self.shape).map_err(malformed)?)
    }
}

fn shape_of(projection: &dyn Projection) -> Vec<TableShape> {
    let shape = |table: &&'static Table| TableShape {
        table: table.name.to_owned(),
        columns: table.columns.iter().map(|column| format!("{}:{:?}", column.name, column.kind)).collect(),
    };
    projection.tables().iter().map(shape).collect()
}

fn run(sql: String) -> Step {
    Step::Run { sql, rows: ExpectedRows::Any }
}

/// Creates the catalogue where there is none.
pub(crate) async fn prepare(store: &ReadStore) -> Result<(), ReadError> {
    let steps = store.dialect().create(&CATALOGUE, CATALOGUE.name).into_iter().map(run).collect();
    store.transact_alone(steps).await?;
    Ok(())
}

/// Returns all generations of a projection, oldest first.
pub(crate) async fn list(store: &ReadStore, name: &str) -> Result<Vec<Generation>, ReadError> {
    let query = Query::of(&CATALOGUE).equals("name", name).order(&["generation"], Direction::Ascending);
    store.rows(query).await?.iter().map(Generation::from_row).collect()
}

/// Returns the generations that serve, by the names of their projections.
pub(crate) async fn list_live(store: &ReadStore) -> Result<Vec<(String, Generation)>, ReadError> {
    let query = Query::of(&CATALOGUE).equals("live", true).order(&["name", "generation"], Direction::Ascending);
    let rows = store.rows(query).await?;
    rows.iter().map(|row| Ok((row.text("name")?.to_owned(), Generation::from_row(row)?))).collect()
}

/// Creates an empty generation where it does not exist; a live one gets the views.
pub(crate) async fn create(
    store: &ReadStore,
    projection: &dyn Projection,
    number: i64,
    live: bool,
) -> Result<(), ReadError> {
    let dialect = store.dialect();
    let mut steps = Vec::new();
    for table in projection.tables() {
        steps.extend(dialect.create(table, &table.physical(number)).into_iter().map(run));
        if live {
            steps.extend(dialect.point_view(table.name, &table.physical(number)).into_iter().map(run));
        }
    }
    let shape = serde_json::to_string(&shape_of(projection)).map_err(|error| ReadError::Unavailable(error.into()))?;
    let columns = CATALOGUE.columns.iter().map(|column| Alias::new(column.name));
    let values = [
        projection.name().into(),
        number.into(),
        projection.version().into(),
        0_i64.into(),
        live.into(),
        shape.as_str().into(),
    ];
    let key = ["name", "generation"].map(Alias::new);
    let mut insert = Sql::insert();
    insert.into_table(dialect.table(CATALOGUE.name)).columns(columns).values_panic(values);
    insert.on_conflict(OnConflict::columns(key).do_nothing().to_owned());
    steps.push(run(match dialect {
        Dialect::Sqlite => insert.to_string(SqliteQueryBuilder),
        Dialect::Postgres => insert.to_string(PostgresQueryBuilder),
    }));
    store.transact_alone(steps).await?;
    Ok(())
}

/// Moves a checkpoint by compare-and-set: one row changes only for whoever knows where it stands.
pub(crate) fn advance(dialect: Dialect, name: &str, number: i64, from: u64, to: u64) -> Step {
    let mut update = Sql::update();
    update.table(dialect.table(CATALOGUE.name)).value(Alias::new("position"), Expr::val(to));
    update.and_where(Expr::col(Alias::new("name")).eq(name));
    update.and_where(Expr::col(Alias::new("generation")).eq(number));
    update.and_where(Expr::col(Alias::new("position")).eq(from));
    let sql = match dialect {
        Dialect::Sqlite => update.to_string(SqliteQueryBuilder),
        Dialect::Postgres => update.to_string(PostgresQueryBuilder),
    };
    Step::Run { sql, rows: ExpectedRows::One }
}

/// Asserts that an event stands in the log of the same database.
pub(crate) fn stands(position: Position, event: Uuid) -> Step {
    let sql = format!("SELECT 1 FROM events WHERE position = {position} AND event_id = '{event}'");
    Step::Run { sql, rows: ExpectedRows::One }
}

/// Takes the catalogue's row of a generation out, if it stands no further than `position`.
fn forget(dialect: Dialect, name: &str, number: i64, position: u64, rows: ExpectedRows) -> Step {
    let mut delete = Sql::delete();
    delete.from_table(dialect.table(CATALOGUE.name));
    delete.and_where(Expr::col(Alias::new("name")).eq(name));
    delete.and_where(Expr::col(Alias::new("generation")).eq(number));
    delete.and_where(Expr::col(Alias::new("position")).lte(position));
    let sql = match dialect {
        Dialect::Sqlite => delete.to_string(SqliteQueryBuilder),
        Dialect::Postgres => delete.to_string(PostgresQueryBuilder),
    };
    Step::Run { sql, rows }
}

fn make_live(dialect: Dialect, name: &str, number: i64, position: u64) -> Step {
    let mut update = Sql::update();
    update.table(dialect.table(CATALOGUE.name)).value(Alias::new("live"), true);
    update.and_where(Expr::col(Alias::new("name")).eq(name));
    update.and_where(Expr::col(Alias::new("generation")).eq(number));
    update.and_where(Expr::col(Alias::new("position")).eq(position));
    let sql = match dialect {
        Dialect::Sqlite => update.to_string(SqliteQueryBuilder),
        Dialect::Postgres => update.to_string(PostgresQueryBuilder),
    };
    Step::Run { sql, rows: ExpectedRows::One }
}

/// Discards a generation that is not live.
pub(crate) async fn discard(store: &ReadStore, name: &str, old: &Generation) -> Result<(), ReadError> {
    let dialect = store.dialect();
    let mut steps = vec![forget(dialect, name, old.number, i64::MAX.unsigned_abs(), ExpectedRows::Any)];
    steps.extend(old.shape()?.iter().map(|shape| run(dialect.drop(&format!("{}_g{}", shape.table, old.number)))));
    store.transact_alone(steps).await?;
    Ok(())
}

/// Makes a generation at `position`, the end of the log, live and drops the old one, all at once. Returns false, and
/// changes nothing, when the old one has come further meanwhile: nobody must see a read model go back. One that was
/// further to begin with holds events that are in the log no more.
pub(crate) async fn switch(
    store: &ReadStore,
    projection: &dyn Projection,
    old: &Generation,
    (number, position): (i64, u64),
    head: u64,
) -> Result<bool, ReadError> {
    let (dialect, name) = (store.dialect(), projection.name());
    let furthest = if old.position > head { old.position } else { position };
    let mut steps = vec![
        forget(dialect, name, old.number, furthest, ExpectedRows::One),
        make_live(dialect, name, number, position),
    ];
    let (shape, old_shape) = (shape_of(projection), old.shape()?);
    for was in &old_shape {
        if !shape.iter().any(|now| now.table == was.table) {
            steps.push(run(dialect.drop_view(&was.table)));
        }
    }
    for table in projection.tables() {
        let was = old_shape.iter().find(|was| was.table == table.name);
        let now = shape.iter().find(|now| now.table == table.name);
        let grown = matches!((was, now), (Some(was), Some(now)) if now.columns.starts_with(&was.columns));
        let physical = table.physical(number);
        let statements =
            if grown { dialect.replace_view(table.name, &physical) } else { dialect.point_view(table.name, &physical) };
        steps.extend(statements.into_iter().map(run));
    }
    steps.extend(old_shape.iter().map(|was| run(dialect.drop(&format!("{}_g{}", was.table, old.number)))));
    store.transact_alone(steps).await
}
