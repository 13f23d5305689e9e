//! The entities sheet (<https://getodk.github.io/xforms-spec/entities>): what submissions create
//! and update in lists that other forms use.

use super::columns::{Record, Table, Text, Words};
use super::item::{Item, Kind as ItemKind, ROOT, Source, Survey};
use super::types;
use crate::expression::problem::nearest;
use crate::expression::syntax::references;
use crate::form::is_entity_name;
use crate::form::problem::{Kind, Place, Problem};

/// One entity in the survey itself.
const FLAT: &str = "2024.1.0";
/// Several entities, or some in repeats.
const NESTED: &str = "2025.1.0";
/// The columns of the sheet, once their headings are understood.
const COLUMNS: [&str; 6] = ["dataset", "entity_id", "create_if", "update_if", "label", "repeat"];

/// A row of the entities sheet.
struct Declaration {
    dataset: Text,
    label: Option<Text>,
    create_if: Option<Text>,
    update_if: Option<Text>,
    id: Option<Text>,
    /// Where the questions are that it refers to.
    sections: Vec<usize>,
}

/// Adds the declared entities to the tree.
pub(super) fn add(survey: &mut Survey, table: Option<&Table<'_>>, problems: &mut Vec<Problem>) {
    let mut declarations: Vec<Declaration> = Vec::new();
    for column in table.iter().flat_map(|table| table.known()) {
        if !COLUMNS.contains(&column.path[0].as_str()) {
            let near = nearest(&column.heading, COLUMNS).map(str::to_owned);
            let place = Place { sheet: "entities".to_owned(), ..Place::default() };
            let kind = Kind::UnknownColumn(column.heading.clone(), near);
            problems.push(Problem::error(place, kind));
        }
    }
    for (table, record) in
        table.iter().flat_map(|table| table.records.iter().map(|record| (*table, record)))
    {
        if let Some(declaration) = declare(survey, table, record, problems) {
            if declarations.iter().any(|known| known.dataset.text == declaration.dataset.text) {
                let kind = Kind::EntityName(declaration.dataset.text.clone());
                problems.push(Problem::error(declaration.dataset.place.clone(), kind));
            }
            declarations.push(declaration);
        }
    }
    save_to(survey, &mut declarations, problems);
    let several = declarations.len() > 1;
    let mut taken: Vec<usize> = Vec::new();
    for declaration in &declarations {
        let place = survey.place_of(declaration, several, &taken);
        taken.push(place);
        let nested = several || survey.innermost_repeat(place).is_some();
        let version = if nested { NESTED } else { FLAT };
        survey.entities = survey.entities.max(Some(version));
        survey.add_entity(place, declaration);
    }
}

fn declare(
    survey: &Survey,
    table: &Table<'_>,
    record: &Record,
    problems: &mut Vec<Problem>,
) -> Option<Declaration> {
    let Some(dataset) = table.get(record, &["dataset"]) else {
        problems.push(Problem::error(table.row(record), Kind::EntityName(String::new())));
        return None;
    };
    let name = dataset.text.as_str();
    if !is_entity_name(name) || name.contains('.') {
        let kind = Kind::EntityName(name.to_owned());
        problems.push(Problem::error(dataset.place.clone(), kind));
    }
    let declaration = Declaration {
        label: table.get(record, &["label"]),
        create_if: table.get(record, &["create_if"]),
        update_if: table.get(record, &["update_if"]),
        id: table.get(record, &["entity_id"]),
        dataset,
        sections: Vec::new(),
    };
    let (has_id, creates, updates) = (
        declaration.id.is_some(),
        declaration.create_if.is_some(),
        declaration.update_if.is_some(),
    );
    let mut wrong = |kind| problems.push(Problem::error(table.row(record), kind));
    if !has_id && declaration.label.is_none() {
        wrong(Kind::EntityNoLabel);
    }
    if !has_id && updates {
        wrong(Kind::EntityUpdateWithoutId);
    }
    if has_id && creates && !updates {
        wrong(Kind::EntityCreateWithoutUpdate);
    }
    let mut sections = Vec::new();
    for text in declaration.expressions() {
        survey.check(text, problems);
        for reference in references(&text.text).into_iter().flatten() {
            sections.extend(survey.find(&reference.name).map(|at| survey.items[at].parent));
        }
    }
    Some(Declaration { sections, ..declaration })
}

impl Declaration {
    fn expressions(&self) -> impl Iterator<Item = &Text> {
        [&self.label, &self.create_if, &self.update_if, &self.id].into_iter().flatten()
    }
}

/// Connects `save_to` to its entity: it names a property, once, and `list#property` where there
/// are several lists.
fn save_to(survey: &mut Survey, declarations: &mut [Declaration], problems: &mut Vec<Problem>) {
    let mut seen: Vec<(usize, String)> = Vec::new();
    for at in survey.in_order() {
        let Some(text) = survey.items[at].bind("entities:saveto").and_then(Words::first) else {
            continue;
        };
        let text = text.clone();
        let mut wrong = |kind| problems.push(Problem::error(text.place.clone(), kind));
        let (list, name) = match text.text.split_once('#') {
            Some((list, name)) => (Some(list), name.to_owned()),
            None => (None, text.text.clone()),
        };
        let found = declarations.iter().position(|known| match list {
            Some(list) => known.dataset.text == list,
            None => true,
        });
        let Some(declaration) = found.filter(|_| list.is_some() || declarations.len() == 1) else {
            wrong(Kind::SaveToWithoutEntity(text.text.clone()));
            continue;
        };
        let is_question = matches!(survey.items[at].kind, ItemKind::Question { .. });
        let folded = name.to_lowercase();
        if !is_question || !is_entity_name(&name) || matches!(folded.as_str(), "name" | "label") {
            wrong(Kind::SaveToName(name.clone()));
        } else if seen.contains(&(declaration, name.clone())) {
            wrong(Kind::SaveToTwice(name.clone()));
        }
        declarations[declaration].sections.push(survey.items[at].parent);
        seen.push((declaration, name.clone()));
        let words = Words { parts: vec![(None, Text { text: name, place: text.place })] };
        survey.items[at].set_bind("entities:saveto", words);
    }
}

impl Survey {
    /// The repeat an item is, or is in.
    fn innermost_repeat(&self, at: usize) -> Option<usize> {
        if self.items[at].kind == ItemKind::Repeat { Some(at) } else { self.nearest_repeat(at) }
    }

    /// The section an entity belongs into: the form, unless it refers into a repeat or others need
    /// a place as well; then the section that all it refers to share, or the nearest free one
    /// around it.
    fn place_of(&self, declaration: &Declaration, several: bool, taken: &[usize]) -> usize {
        let way = |at: usize| -> Vec<usize> {
            let mut way: Vec<usize> = self.ancestors(at).collect();
            way.insert(0, at);
            way.reverse();
            way
        };
        let repeats = |way: &[usize]| {
            way.iter().filter(|at| self.items[**at].kind == ItemKind::Repeat).count()
        };
        let ways: Vec<Vec<usize>> = declaration.sections.iter().map(|at| way(*at)).collect();
        let deepest = ways.iter().map(|way| repeats(way)).max().unwrap_or(0);
        if deepest == 0 && !several {
            return ROOT;
        }
        let in_scope: Vec<&Vec<usize>> =
            ways.iter().filter(|way| repeats(way) == deepest).collect();
        let Some(first) = in_scope.first() else { return ROOT };
        let shared = (0..first.len())
            .take_while(|at| in_scope.iter().all(|way| way.get(*at) == first.get(*at)))
            .count();
        let mut place = first[shared.saturating_sub(1)];
        let scope = self.innermost_repeat(place).unwrap_or(ROOT);
        while taken.contains(&place) && place != scope {
            place = self.items[place].parent;
        }
        place
    }

    /// Whether the form has a list or a file that is called so.
    fn has_list(&self, name: &str) -> bool {
        self.items.iter().any(|item| match (&item.source, &item.kind) {
            (Some(Source::File { id, .. }), _) => id == name,
            (Some(Source::List(list)), _) => list == name,
            (_, ItemKind::External(_)) => item.name == name,
            _ => false,
        })
    }

    fn add_entity(&mut self, section: usize, declaration: &Declaration) {
        let place = declaration.dataset.place.clone();
        let meta = self.meta(section);
        let entity = self.add(meta, Item::new("entity", place.clone(), ItemKind::Entity));
        let calculated = |expression: &str, like: Option<&Text>| {
            let place = like.map_or_else(Default::default, |text| text.place.clone());
            let text = Text { text: expression.to_owned(), place };
            vec![
                ("calculate".to_owned(), Words { parts: vec![(None, text)] }),
                ("readonly".to_owned(), Words::plain("true()")),
                ("type".to_owned(), Words::plain("string")),
            ]
        };
        let dataset = &declaration.dataset.text;
        let has_list = self.has_list(dataset);
        let mut attribute = |name: &str, value: &str, bind| {
            let kind = ItemKind::Attribute(value.to_owned());
            let mut item = Item::new(&format!("@{name}"), place.clone(), kind);
            item.bind = bind;
            self.add_nameless(entity, item)
        };
        let optional = |text: &Option<Text>| {
            text.as_ref().map_or_else(Vec::new, |text| calculated(&text.text, Some(text)))
        };
        attribute("dataset", dataset, Vec::new());
        if declaration.id.is_none() || declaration.create_if.is_some() {
            attribute("create", "1", optional(&declaration.create_if));
        }
        if let Some(id) = &declaration.id {
            attribute("update", "1", optional(&declaration.update_if));
            let row = format!("instance('{dataset}')/root/item[name={}]", id.text);
            // Where the form has no list of the records, it is opened on one, and what it knew of it is
            // its base.
            let versions = [
                ("baseVersion", "__version"),
                ("trunkVersion", "__trunkVersion"),
                ("branchId", "__branchId"),
            ];
            for (name, field) in versions.into_iter().filter(|_| has_list) {
                attribute(name, "", calculated(&format!("{row}/{field}"), Some(id)));
            }
        }
        let bind = match &declaration.id {
            Some(id) => calculated(&id.text, Some(id)),
            None => calculated("", None).split_off(1),
        };
        let id = attribute("id", "", bind);
        if declaration.id.is_none() {
            self.items[id].default = Some(super::survey::plain("uuid()"));
            self.items[id].is_dynamic = true;
        }
        if let Some(label) = &declaration.label {
            let (type_name, template) = types::of("calculate").unwrap_or_default();
            let kind = ItemKind::Question { type_name, template };
            let mut item = Item::new("label", place, kind);
            item.bind = calculated(&label.text, Some(label));
            self.add_nameless(entity, item);
        }
    }
}
