//! Expressions from text to value.

use std::cell::Cell;
use std::sync::Arc;

use proptest::prelude::*;

use super::check::compile;
use super::evaluate::{Evaluation, Failure, Host};
use super::path::Indexes;
use super::problem::Mistake;
use super::tree::{Names, NodeRef, Symbol, TOP, Tree};
use super::value::{Value, text_of};
use crate::xml::Element;

struct World {
    names: Names,
    drawn: Cell<u32>,
}

impl Host for World {
    fn offset(&self) -> i32 {
        480
    }
    fn now(&self) -> i64 {
        1_764_057_600_000 // 2025-11-25T16:00:00+08:00
    }
    fn random(&self) -> f64 {
        self.drawn.set(self.drawn.get() + 1);
        f64::from(self.drawn.get() % 100) / 100.0
    }
    fn instance(&self, id: &str) -> Option<u32> {
        (id == "villages").then_some(1)
    }
    fn itext(&self, id: &str) -> String {
        format!("text of {id}")
    }
    fn choice_name(
        &self,
        _: &Evaluation<'_>,
        question: NodeRef,
        value: &str,
    ) -> Result<String, Failure> {
        Ok(format!("{value} at {}", question.node))
    }
    fn node_name(&self, name: Symbol) -> String {
        self.names.name(name).to_owned()
    }
    fn symbol(&self, name: &str) -> Option<Symbol> {
        self.names.known(name)
    }
    fn property(&self, name: &str) -> String {
        name.to_uppercase()
    }
    fn version(&self) -> &str {
        "7"
    }
    fn language(&self) -> &str {
        "zh-CN"
    }
}

const ANSWERS: &str = "<data>
  <head>Wang</head><age>70</age><born>1955-03-01</born><crops>rice tea</crops><none/>
  <member><name>A</name><age>3</age><pet><kind>cat</kind></pet><pet><kind>dog</kind></pet></member>
  <member><name>B</name><age>41</age></member>
  <member><name>C</name><age/></member>
  <a>0 0</a><a>0 1</a><a>1 1</a>
</data>";

const VILLAGES: &str = "<root>
  <item><code>v1</code><town>t1</town><label>Upper</label></item>
  <item><code>v2</code><town>t2</town><label>Lower</label></item>
  <item><code>v3</code><town>t1</town><label>Old</label></item>
</root>";

/// Runs an expression about the node that the path leads to.
fn run_at(path: &str, expression: &str) -> Result<String, String> {
    let mut names = Names::default();
    let mut answers = Tree::new(&mut names);
    let mut villages = Tree::new(&mut names);
    answers.copy(&mut names, TOP, &Element::read(ANSWERS).expect("answers"));
    villages.copy(&mut names, TOP, &Element::read(VILLAGES).expect("villages"));
    let problems = |problems: Vec<super::ExpressionProblem>| {
        problems
            .iter()
            .map(|problem| format!("{:?}", problem.mistake))
            .collect::<Vec<_>>()
            .join("; ")
    };
    let code = compile(expression, &mut names).map_err(problems)?;
    let way = compile(path, &mut names).map_err(problems)?;
    let world = World { names, drawn: Cell::new(0) };
    let (lists, indexes) = ([Arc::new(villages)], Indexes::default());
    let evaluation = Evaluation::new(&answers, &lists, &indexes, &world);
    let Ok(Value::Nodes(found)) = evaluation.run(&way, TOP) else {
        return Err("the path leads nowhere".to_owned());
    };
    let value = evaluation
        .run_about(&code, found.first().copied().ok_or("no node")?)
        .map_err(|failure| failure.to_string())?;
    Ok(match value {
        Value::Number(number) => text_of(number),
        Value::Nodes(nodes) => {
            let texts: Vec<_> = nodes.iter().map(|node| evaluation.node_text(*node)).collect();
            format!("[{}]", texts.join(","))
        }
        other => evaluation.text(&other).into_owned(),
    })
}

fn run(expression: &str) -> String {
    run_at("/data", expression).unwrap_or_else(|problem| format!("! {problem}"))
}

#[test]
fn operators_bind_as_in_xpath() {
    for (expression, value) in [
        ("1 + 2 * 3", "7"),
        ("(1 + 2) * 3", "9"),
        ("10 - 2 - 3", "5"),
        ("7 mod 4 + 7 div 2", "6.5"),
        ("-2 - -3", "1"),
        ("- age", "-70"),
        ("1 = 1 and 2 = 3 or 1 < 2", "true"),
        ("(true() or false()) = false()", "false"),
        ("1 or 1 div 0", "true"),
        ("3 > 2 > 1", "false"),
        ("'a' = \"a\"", "true"),
        ("1 div 0", "Infinity"),
        ("'x' + 1", "NaN"),
        ("div div div", "NaN"),
    ] {
        assert_eq!(run(expression), value, "{expression}");
    }
}

#[test]
fn paths_lead_where_xpath_says() {
    for (expression, value) in [
        ("/data/member/name", "[A,B,C]"),
        ("member[2]/name", "[B]"),
        ("member[name = 'B']/age", "[41]"),
        ("member[age > 2][2]/name", "[B]"),
        ("member[position() = last()]/name", "[C]"),
        ("//kind", "[cat,dog]"),
        ("member/pet/..", "[A3catdog]"),
        ("name(member/*[2])", "age"),
        ("member[3]/preceding-sibling::member/name", "[A,B]"),
        ("member[1]/following-sibling::a[1]", "[0 0]"),
        ("member[1]/name | head | member[1]/name", "[Wang,A]"),
        ("member/pet[1]/ancestor::*/head", "[Wang]"),
        ("(member/name)[2]", "[B]"),
        ("count(/data/member)", "3"),
        ("sum(/data/member/age)", "44"),
        ("instance('villages')/root/item[town = 't1']/label", "[Upper,Old]"),
        ("instance('villages')/root/item[town = 't1' and code != 'v1']/label", "[Old]"),
        ("instance('villages')/root/item[town = current()/head]/label", "[]"),
        ("instance('villages')/root/item['t2' = town]/code", "[v2]"),
        ("instance('villages')/root/item[missing = '']/code", "[v1,v2,v3]"),
        ("instance('nowhere')/root/item", "[]"),
    ] {
        assert_eq!(run(expression), value, "{expression}");
    }
}

#[test]
fn absolute_paths_stay_in_their_repeat() {
    let at = |path, expression| run_at(path, expression).expect("a value");
    assert_eq!(at("/data/member[2]/age", "/data/member/name"), "[B]");
    assert_eq!(at("/data/member[2]/age", "../name"), "[B]");
    assert_eq!(at("/data/member[2]/age", "count(/data/member)"), "3");
    assert_eq!(at("/data/member[1]/pet[2]/kind", "/data/member/pet/kind"), "[dog]");
    assert_eq!(at("/data/member[2]/age", "/data/member[1]/name"), "[A]");
    assert_eq!(at("/data/member[2]", "position(.)"), "2");
    assert_eq!(at("/data/member[1]/pet[2]/kind", "position(..)"), "2");
    let indexed = "indexed-repeat(/data/member/pet/kind, /data/member, 1, /data/member/pet, 2)";
    assert_eq!(at("/data/member[2]/age", indexed), "[dog]");
    let own = "indexed-repeat(/data/member/name, /data/member, position(..) - 1)";
    assert_eq!(at("/data/member[2]/age", own), "[A]");
}

#[test]
fn functions_do_as_odk_says() {
    for (expression, value) in [
        ("concat('a', 1, true(), member/name)", "a1trueABC"),
        ("join(', ', member/name, 'D')", "A, B, C, D"),
        ("substring-before('a-b-c', '-')", "a"),
        ("substring-after('a-b-c', '-')", "b-c"),
        ("string-length('告知书')", "3"),
        ("normalize-space('  a   b ')", "a b"),
        ("upper-case('abc')", "ABC"),
        ("contains('abc', '')", "true"),
        ("regex('13800138000', '1[3-9][0-9]{9}')", "true"),
        ("regex('x13800138000', '1[3-9][0-9]{9}')", "false"),
        ("regex(head, concat('W', '.*'))", "true"),
        ("regex(head, concat('(', ''))", "false"),
        ("if(age > 60, 'old', 'young')", "old"),
        ("if(none, 1, 2)", "2"),
        ("coalesce(none, head)", "[Wang]"),
        ("selected(crops, 'tea')", "true"),
        ("selected(crops, 'te')", "false"),
        ("selected-at(crops, 1)", "tea"),
        ("count-selected(crops)", "2"),
        ("count-non-empty(member/age)", "2"),
        ("min(member/age)", "3"),
        ("max(member/age, 50)", "50"),
        ("min(none)", "NaN"),
        ("round(2.567, 1)", "2.6"),
        ("int(-2.7)", "-2"),
        ("pow(2, 10)", "1024"),
        ("today()", "2025-11-25"),
        ("now()", "2025-11-25T16:00:00.000+08:00"),
        ("today() - born > 365 * 70", "true"),
        ("born = '1955-03-01'", "true"),
        ("born < today()", "true"),
        ("date(today() + 1)", "2025-11-26"),
        ("date('rubbish')", ""),
        ("format-date(born, '%Y/%n/%e')", "1955/3/1"),
        ("decimal-time('06:00:00.000+08:00')", "0.25"),
        ("decimal-date-time('1970-01-02T08:00:00.000+08:00')", "1"),
        ("checklist(1, 1, head, none)", "true"),
        ("weighted-checklist(3, -1, head, 2, age, 2)", "true"),
        ("boolean-from-string('TRUE')", "true"),
        ("pulldata('villages', 'label', 'code', 'v3')", "Old"),
        ("pulldata('villages', 'label', 'code', 'v9')", ""),
        ("jr:choice-name(head, 'head')", "Wang at 2"),
        ("jr:itext('x')", "text of x"),
        ("property('deviceid')", "DEVICEID"),
        ("version()", "7"),
        ("string-length(uuid())", "36"),
        ("string-length(uuid(12))", "12"),
        ("geofence('0.2 0.8', '0 0;0 1;1 1;0 0')", "true"),
        ("area(a) > 6000000000 and area(a) < 6300000000", "true"),
        ("randomize(member/name, 42) != ''", "true"),
    ] {
        assert_eq!(run(expression), value, "{expression}");
    }
    assert_eq!(run_at("/data/none", "once('x')").as_deref(), Ok("x"));
    assert_eq!(run_at("/data/head", "once('x')").as_deref(), Ok("Wang"));
}

#[test]
fn mistakes_are_named_and_placed() {
    let mistakes = |text: &str| {
        let problems = compile(text, &mut Names::default()).err().unwrap_or_default();
        problems
            .into_iter()
            .map(|problem| (problem.mistake, text[problem.span].to_owned()))
            .collect::<Vec<_>>()
    };
    let found = mistakes("selectd(a, 'b') and cont(a) and count('x')");
    assert!(matches!(&found[0], (Mistake::UnknownFunction(name, Some("selected")), place)
        if name == "selectd" && place == "selectd"));
    assert!(matches!(&found[1].0, Mistake::UnknownFunction(name, _) if name == "cont"));
    assert_eq!(found[2], (Mistake::NotNodes("count"), "'x'".to_owned()));
    let arguments = Mistake::Arguments { function: "if", least: 3, most: Some(3), given: 2 };
    assert_eq!(mistakes("1 + if(a, b)"), [(arguments, "if(a, b)".to_owned())]);
    assert_eq!(mistakes("a == b"), [(Mistake::ForeignOperator("==", "="), "==".to_owned())]);
    assert_eq!(mistakes("a && b")[0].0, Mistake::ForeignOperator("&&", "and"));
    assert_eq!(mistakes("a = “b”")[0].0, Mistake::Character('“', Some("\"")));
    assert_eq!(mistakes("concat('a"), [(Mistake::UnclosedQuote, "'a".to_owned())]);
    assert_eq!(mistakes("(a"), [(Mistake::Unbalanced('('), "(".to_owned())]);
    assert_eq!(mistakes("a)"), [(Mistake::Unbalanced(')'), ")".to_owned())]);
    assert!(matches!(mistakes("a b")[0].0, Mistake::Unexpected { .. }));
    assert!(matches!(mistakes("${a")[0].0, Mistake::BadReference));
    assert!(matches!(mistakes("regex(a, '(')")[0].0, Mistake::Pattern(_)));
    assert!(matches!(mistakes("chidl::a")[0].0, Mistake::UnknownAxis(_, Some("child"))));
    let no_group = "indexed-repeat(a/b, current(), 1)";
    assert_eq!(mistakes(no_group)[0].0, Mistake::NotNodes("indexed-repeat"));
    assert_eq!(mistakes("  ")[0].0, Mistake::Empty);
    assert_eq!(mistakes(&"(".repeat(5_000))[0].0, Mistake::TooDeep);
    assert_eq!(mistakes(&"-".repeat(5_000))[0].0, Mistake::TooDeep);
    assert_eq!(mistakes(&"1+".repeat(5_000))[0].0, Mistake::TooDeep);
}

#[test]
fn evaluation_ends() {
    let many = "//*[//*[//*[//*[//*[//*[//* = 'x']]]]]]";
    assert_eq!(run(many), format!("! {}", Failure::TooManySteps));
    let mut long = "'0123456789'".to_owned();
    for _ in 0..12 {
        long = format!("concat({long},{long})");
    }
    assert!(run(&long).starts_with("! "), "the text itself is too long to be read");
    let nested = format!("{}a{}", "not(".repeat(90), ")".repeat(90));
    assert_eq!(run(&nested), "true");
}

/// Pieces that expressions are made of.
fn pieces() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "1",
        "2.5",
        "'a'",
        "''",
        "member",
        ".",
        "..",
        "/data/member/age",
        "//kind",
        "today()",
        "position()",
        "last()",
        "@x",
        "*",
        "instance('villages')/root/item",
        "current()/head",
        "uuid()",
        "now()",
        "born",
    ])
    .prop_map(str::to_owned);
    leaf.prop_recursive(5, 40, 4, |inner| {
        let operators = vec!["+", "-", "*", "div", "mod", "=", "!=", "<", ">=", "and", "or", "|"];
        let functions: Vec<&str> =
            super::functions::Function::ALL.iter().map(|function| function.name()).collect();
        prop_oneof![
            (inner.clone(), prop::sample::select(operators), inner.clone())
                .prop_map(|(left, operator, right)| format!("({left} {operator} {right})")),
            (prop::sample::select(functions), prop::collection::vec(inner.clone(), 0..4))
                .prop_map(|(name, arguments)| format!("{name}({})", arguments.join(", "))),
            (inner.clone(), inner.clone()).prop_map(|(path, test)| format!("{path}[{test}]")),
            inner.prop_map(|inner| format!("-{inner}")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_expression_panics(expression in pieces()) {
        let _ = run_at("/data/member[2]/name", &expression);
    }

    #[test]
    fn no_text_panics(text in "[a-z0-9 ()\\[\\]/.@'\"$\\{\\}=<>!&|*+,:#-]{0,60}|.{0,30}") {
        let _ = run_at("/data", &text);
        let _ = super::syntax::references(&text);
    }
}
