//! `ruhu area import`: the areas a new server begins with.

use super::AreaPath;
use super::import::{self, Known, Roots};
use crate::db::{Database, Failed};

/// Adds areas out of a table like the console's, and may begin with a county that lies in nothing.
/// With a mistake in it, nothing is done.
///
/// # Errors
/// In words, a line for each mistake.
pub async fn import(
    database: &Database,
    table: Vec<u8>,
    is_chinese: bool,
) -> Result<String, String> {
    let done: Result<Result<import::Imported, Vec<String>>, Failed> = database
        .write(move |connection| {
            let known = Known::under(connection, &[AreaPath(String::new())])?;
            let table = import::read(&table, &known.areas, Roots::New);
            if !table.problems.is_empty() {
                return Ok(Err(table.problems.iter().map(|one| one.words(is_chinese)).collect()));
            }
            match import::compare(connection, table.areas, &known)? {
                Ok(told) => {
                    import::store(connection, &told)?;
                    Ok(Ok(told))
                }
                Err(problem) => Ok(Err(vec![problem.words(is_chinese)])),
            }
        })
        .await;
    let done = done.map_err(|error| error.to_string())?;
    let told = done.map_err(|mistakes| mistakes.join("\n"))?;
    let (added, renamed, reopened) = (told.added.len(), told.renamed.len(), told.reopened.len());
    let unchanged = told.unchanged;
    Ok(if is_chinese {
        format!("新增 {added} 个，改名 {renamed} 个，重新启用 {reopened} 个，{unchanged} 个不变")
    } else {
        format!(
            "{added} added, {renamed} renamed, {reopened} opened again, {unchanged} as they were"
        )
    })
}
