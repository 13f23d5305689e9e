//! Runs functions.

use std::borrow::Cow;

use super::code::Code;
use super::evaluate::{Context, Evaluation, Failure};
use super::functions::date::{self, Moment};
use super::functions::{Function, codec, geo, nodes, number, text};
use super::pattern::Pattern;
use super::tree::NodeRef;
use super::value::Value;

impl Evaluation<'_> {
    pub(super) fn call(
        &self,
        function: Function,
        arguments: &[Code],
        context: &Context,
    ) -> Result<Value, Failure> {
        // These don't read all they are given.
        match function {
            Function::If => {
                let condition = self.part(&arguments[0], context)?;
                let branch = if self.boolean(&condition) { 1 } else { 2 };
                return self.part(&arguments[branch], context);
            }
            Function::Coalesce => {
                for argument in arguments {
                    let value = self.part(argument, context)?;
                    if !self.text(&value).is_empty() {
                        return Ok(value);
                    }
                }
                return Ok(Value::Text(String::new()));
            }
            Function::Once => {
                let own = self.node_text(context.current);
                if !own.is_empty() {
                    return self.made(own.into_owned());
                }
                return self.part(&arguments[0], context);
            }
            _ => {}
        }
        let values = arguments
            .iter()
            .map(|argument| self.part(argument, context))
            .collect::<Result<Vec<_>, _>>()?;
        let given = Given { evaluation: self, values: &values, context };
        match function {
            Function::True => Ok(Value::Boolean(true)),
            Function::False => Ok(Value::Boolean(false)),
            Function::Boolean => Ok(Value::Boolean(given.boolean(0))),
            Function::Not => Ok(Value::Boolean(!given.boolean(0))),
            Function::BooleanFromString => {
                let text = given.text(0);
                Ok(Value::Boolean(text == "1" || text.eq_ignore_ascii_case("true")))
            }
            Function::Checklist | Function::WeightedChecklist => given.checklist(function),
            Function::Depend => Ok(values.into_iter().next().unwrap_or(Value::Boolean(true))),
            Function::Selected => {
                Ok(Value::Boolean(text::selected(&given.text(0), &given.text(1))))
            }
            Function::Count
            | Function::CountNonEmpty
            | Function::Position
            | Function::Last
            | Function::Name
            | Function::LocalName
            | Function::Randomize => given.of_nodes(function),
            Function::Today
            | Function::Now
            | Function::Date
            | Function::DateTime
            | Function::FormatDate
            | Function::FormatDateTime
            | Function::DecimalDateTime
            | Function::DecimalTime => given.of_dates(function),
            Function::Area
            | Function::EnclosedArea
            | Function::Distance
            | Function::Geofence
            | Function::Intersects => Ok(given.of_places(function)),
            Function::ChoiceName => match values.get(1) {
                Some(Value::Nodes(nodes)) => match nodes.first() {
                    Some(node) => self.made(self.host.choice_name(self, *node, &given.text(0))?),
                    None => self.made(String::new()),
                },
                _ => self.made(String::new()),
            },
            Function::Itext => self.made(self.host.itext(&given.text(0))),
            Function::Version => self.made(self.host.version().to_owned()),
            Function::Property => self.made(self.host.property(&given.text(0))),
            Function::Pulldata => given.pulldata(),
            _ => match given.of_numbers(function) {
                Some(number) => Ok(Value::Number(number)),
                None => given.of_words(function),
            },
        }
    }
}

/// The arguments of a call.
struct Given<'e, 'a> {
    evaluation: &'e Evaluation<'a>,
    values: &'e [Value],
    context: &'e Context,
}

impl Given<'_, '_> {
    /// An argument as words; without it, what the node reads as.
    fn text(&self, argument: usize) -> Cow<'_, str> {
        match self.values.get(argument) {
            Some(value) => self.evaluation.text(value),
            None => self.evaluation.node_text(self.context.node),
        }
    }

    /// An argument as a number; without it, that of the node.
    fn number(&self, argument: usize) -> f64 {
        match self.values.get(argument) {
            Some(value) => self.evaluation.number(value),
            None => self.evaluation.digits(&self.text(argument)),
        }
    }

    fn boolean(&self, argument: usize) -> bool {
        self.values.get(argument).is_some_and(|value| self.evaluation.boolean(value))
    }

    fn nodes(&self, argument: usize) -> &[NodeRef] {
        match self.values.get(argument) {
            Some(Value::Nodes(nodes)) => nodes,
            _ => &[],
        }
    }

    /// Arguments as words, sets of nodes one by one.
    fn all(&self, from: usize) -> Vec<Cow<'_, str>> {
        let mut all = Vec::new();
        for value in self.values.iter().skip(from) {
            match value {
                Value::Nodes(nodes) => {
                    all.extend(nodes.iter().map(|node| self.evaluation.node_text(*node)));
                }
                other => all.push(self.evaluation.text(other)),
            }
        }
        all
    }

    /// Arguments as numbers, sets of nodes one by one, without what is empty or no number, as
    /// ODK Collect has it.
    fn all_numbers(&self, from: usize) -> impl Iterator<Item = f64> {
        let numbers: Vec<f64> = self
            .all(from)
            .iter()
            .map(|text| self.evaluation.digits(text))
            .filter(|number| !number.is_nan())
            .collect();
        numbers.into_iter()
    }

    fn of_words(&self, function: Function) -> Result<Value, Failure> {
        let made = |text: String| self.evaluation.made(text);
        let one = self.text(0);
        self.evaluation.spend(one.len() / 16)?;
        match function {
            Function::String => made(one.into_owned()),
            Function::Concat => self.join("", 0),
            Function::Join => self.join(&one, 1),
            Function::Substr => {
                let end = (self.values.len() > 2).then(|| self.number(2));
                made(text::substr(&one, self.number(1), end))
            }
            Function::Substring => {
                let length = (self.values.len() > 2).then(|| self.number(2));
                made(text::substring(&one, self.number(1), length))
            }
            Function::SubstringBefore => {
                let found = one.split_once(&*self.text(1));
                made(found.map_or("", |(before, _)| before).to_owned())
            }
            Function::SubstringAfter => {
                let found = one.split_once(&*self.text(1));
                made(found.map_or("", |(_, after)| after).to_owned())
            }
            Function::Translate => {
                let (from, to) = (self.text(1), self.text(2));
                self.evaluation.spend(one.len().saturating_mul(from.len() + 1) / 16)?;
                made(text::translate(&one, &from, &to))
            }
            Function::NormalizeSpace => made(text::normalize_space(&one)),
            Function::Contains => Ok(Value::Boolean(one.contains(&*self.text(1)))),
            Function::StartsWith => Ok(Value::Boolean(one.starts_with(&*self.text(1)))),
            Function::EndsWith => Ok(Value::Boolean(one.ends_with(&*self.text(1)))),
            Function::UpperCase => made(one.to_uppercase()),
            Function::LowerCase => made(one.to_lowercase()),
            Function::Uuid => made(self.uuid()),
            Function::Digest => {
                let encoding = if self.values.len() > 2 { self.text(2) } else { "".into() };
                made(codec::digest(&one, &self.text(1), &encoding).unwrap_or_default())
            }
            Function::Base64Encode => made(codec::base64_encode(&one)),
            Function::Base64Decode => made(codec::base64_decode(&one)),
            Function::Regex => Ok(Value::Boolean(self.matches(&one)?)),
            Function::SelectedAt => {
                let place = self.number(1);
                let found = one.split_whitespace().enumerate().find(|(at, _)| {
                    u32::try_from(*at).is_ok_and(|at| f64::from(at) == place.trunc())
                });
                made(found.map_or("", |(_, chosen)| chosen).to_owned())
            }
            _ => made(String::new()),
        }
    }

    /// A pattern that is only known now. What can't be read matches nothing.
    fn matches(&self, text: &str) -> Result<bool, Failure> {
        let pattern = self.text(1);
        // A class of Unicode is found by asking all its characters.
        let classes = pattern.matches("\\p").count() + pattern.matches("\\P").count();
        let steps = text.len().saturating_add(pattern.len().saturating_mul(64));
        self.evaluation.spend(steps.saturating_add(classes.saturating_mul(100_000)))?;
        Ok(Pattern::new(&pattern).is_ok_and(|pattern| pattern.is_match(text)))
    }

    fn join(&self, between: &str, from: usize) -> Result<Value, Failure> {
        let mut joined = String::new();
        for (at, part) in self.all(from).iter().enumerate() {
            if at > 0 {
                joined.push_str(between);
            }
            joined.push_str(part);
            if joined.len() > super::evaluate::MAX_TEXT {
                return Err(Failure::TextTooLong);
            }
        }
        self.evaluation.made(joined)
    }

    /// Random digits in the form of RFC 9562, or as many as are asked for.
    fn uuid(&self) -> String {
        const LETTERS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
        let digit = |among: u8| -> usize {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "from 0 to below `among`"
            )]
            let digit = (self.evaluation.host.random() * f64::from(among)) as u8;
            usize::from(digit.min(among - 1))
        };
        if self.values.is_empty() {
            return "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx"
                .chars()
                .map(|place| match place {
                    'x' => char::from(LETTERS[digit(16)]),
                    'y' => char::from(LETTERS[8 + digit(4)]),
                    other => other,
                })
                .collect();
        }
        let length = self.number(0).clamp(0.0, 1_000.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "clamped; not a number becomes 0"
        )]
        let length = length as usize;
        (0..length).map(|_| char::from(LETTERS[digit(36)])).collect()
    }

    fn of_numbers(&self, function: Function) -> Option<f64> {
        Some(match function {
            Function::Number => self.number(0),
            Function::Random => self.evaluation.host.random(),
            Function::StringLength => f64::from(length(self.text(0).chars().count())),
            Function::CountSelected => f64::from(length(self.text(0).split_whitespace().count())),
            Function::Sum => self.all_numbers(0).sum(),
            Function::Max => best(self.all_numbers(0), |new, old| new > old),
            Function::Min => best(self.all_numbers(0), |new, old| new < old),
            Function::Round if self.values.len() > 1 => {
                number::round(self.number(0), self.number(1))
            }
            Function::Round => number::round(self.number(0), 0.0),
            Function::Pow => self.number(0).powf(self.number(1)),
            Function::Atan2 => self.number(0).atan2(self.number(1)),
            Function::Pi => std::f64::consts::PI,
            Function::Int
            | Function::Floor
            | Function::Ceiling
            | Function::Log
            | Function::Log10
            | Function::Abs
            | Function::Sin
            | Function::Cos
            | Function::Tan
            | Function::Asin
            | Function::Acos
            | Function::Atan
            | Function::Sqrt
            | Function::Exp
            | Function::Exp10 => number::of_one(function, self.number(0)),
            _ => return None,
        })
    }

    fn of_nodes(&self, function: Function) -> Result<Value, Failure> {
        let count = |count: usize| Ok(Value::Number(f64::from(length(count))));
        match function {
            Function::Count => count(self.nodes(0).len()),
            Function::CountNonEmpty => {
                let filled = |node: &&NodeRef| !self.evaluation.node_text(**node).is_empty();
                count(self.nodes(0).iter().filter(filled).count())
            }
            Function::Position if self.values.is_empty() => count(self.place().0),
            Function::Position => match self.nodes(0).first() {
                Some(node) => count(self.evaluation.tree(*node).position(node.node)),
                None => Ok(Value::Number(f64::NAN)),
            },
            Function::Last => count(self.place().1),
            Function::Randomize => {
                let nodes = self.nodes(0);
                self.evaluation.spend(nodes.len())?;
                Ok(Value::Nodes(nodes::shuffle(nodes, self.seed())))
            }
            _ => {
                let node = if self.values.is_empty() {
                    Some(self.context.node)
                } else {
                    self.nodes(0).first().copied()
                };
                self.evaluation.made(node.map_or_else(String::new, |node| {
                    self.evaluation.host.node_name(self.evaluation.tree(node).node(node.node).name)
                }))
            }
        }
    }

    /// Where the node stands, and among how many.
    fn place(&self) -> (usize, usize) {
        self.context.place.unwrap_or_else(|| {
            let node = self.context.node;
            let position = self.evaluation.tree(node).position(node.node);
            (position, position)
        })
    }

    /// What a shuffle starts from: a number, words made a number, or chance.
    fn seed(&self) -> i64 {
        #[expect(clippy::cast_possible_truncation, reason = "a seed is any number")]
        match self.values.get(1) {
            None => (self.evaluation.host.random() * 2_147_483_646.0) as i64 + 1,
            Some(value) => {
                let number = self.evaluation.number(value);
                if number.is_nan() {
                    nodes::seed_of(&self.evaluation.text(value))
                } else {
                    number as i64
                }
            }
        }
    }

    fn checklist(&self, function: Function) -> Result<Value, Failure> {
        let mut sum = 0.0;
        if function == Function::Checklist {
            for value in self.values.iter().skip(2) {
                match value {
                    Value::Nodes(nodes) => {
                        for node in nodes {
                            let one = Value::Nodes(vec![*node]);
                            sum += f64::from(self.evaluation.boolean(&one));
                        }
                    }
                    other => sum += f64::from(self.evaluation.boolean(other)),
                }
            }
        } else {
            for at in (2..self.values.len()).step_by(2) {
                if self.boolean(at) && at + 1 < self.values.len() {
                    sum += self.number(at + 1);
                }
            }
        }
        let (least, most) = (self.number(0), self.number(1));
        // A negative bound is none.
        let enough = least.is_nan() || least < 0.0 || sum >= least;
        let few = most.is_nan() || most < 0.0 || sum <= most;
        Ok(Value::Boolean(enough && few))
    }

    /// A date and time from words or from days since 1970-01-01.
    fn moment(&self, argument: usize) -> Option<Moment> {
        let offset = self.evaluation.host.offset();
        match self.values.get(argument)? {
            Value::Number(days) => Moment::from_days(*days, offset),
            value => {
                let text = self.evaluation.text(value);
                Moment::read(&text).map(|moment| moment.seen_at(offset)).or_else(|| {
                    let days = super::value::plain_number(text.trim())?;
                    Moment::from_days(days, offset)
                })
            }
        }
    }

    /// A time of day, today.
    fn today_at(&self, argument: usize) -> Option<Moment> {
        let (now, offset) = (self.evaluation.host.now(), self.evaluation.host.offset());
        let share = date::fraction_of_time(&self.text(argument), offset)?;
        let day = Moment::at(now, offset).day;
        Moment::from_days(f64::from(day) + share, offset)
    }

    fn of_dates(&self, function: Function) -> Result<Value, Failure> {
        let host = self.evaluation.host;
        let offset = host.offset();
        let made = |text: String| self.evaluation.made(text);
        match function {
            Function::Today => made(Moment::at(host.now(), offset).write_date()),
            Function::Now => made(Moment::at(host.now(), offset).write(offset)),
            Function::DecimalTime => {
                let time = date::fraction_of_time(&self.text(0), offset);
                Ok(Value::Number(time.unwrap_or(f64::NAN)))
            }
            Function::DecimalDateTime => {
                let days = self.moment(0).map_or(f64::NAN, |moment| moment.utc_days(offset));
                Ok(Value::Number(days))
            }
            _ => {
                let shown = matches!(function, Function::FormatDate | Function::FormatDateTime);
                let moment = self.moment(0).or_else(|| if shown { self.today_at(0) } else { None });
                let Some(moment) = moment else { return made(String::new()) };
                match function {
                    Function::Date => made(moment.write_date()),
                    Function::DateTime => made(moment.write(offset)),
                    _ => made(moment.format(&self.text(1), host.language())),
                }
            }
        }
    }

    fn of_places(&self, function: Function) -> Value {
        let points = |argument: usize| match self.values.get(argument) {
            Some(Value::Nodes(nodes)) if nodes.len() > 1 => self.nodes_as_line(nodes),
            Some(_) => geo::points(&self.text(argument)),
            None => None,
        };
        let first = if function == Function::Distance && self.values.len() > 1 {
            geo::points(&self.all(0).join(";"))
        } else {
            points(0)
        };
        let Some(first) = first else {
            return match function {
                Function::Geofence | Function::Intersects => Value::Boolean(false),
                _ => Value::Number(f64::NAN),
            };
        };
        match function {
            Function::Area | Function::EnclosedArea => Value::Number(geo::area(&first)),
            Function::Distance => Value::Number(geo::length(&first)),
            Function::Intersects => Value::Boolean(geo::crosses_itself(&first)),
            _ => {
                let inside = first
                    .first()
                    .zip(points(1))
                    .is_some_and(|(point, ring)| geo::inside(*point, &ring));
                Value::Boolean(inside)
            }
        }
    }

    fn nodes_as_line(&self, nodes: &[NodeRef]) -> Option<Vec<geo::Point>> {
        let texts: Vec<_> = nodes.iter().map(|node| self.evaluation.node_text(*node)).collect();
        geo::points(&texts.join(";"))
    }

    /// `pulldata(file, wanted column, key column, key)`.
    fn pulldata(&self) -> Result<Value, Failure> {
        let found =
            self.evaluation.find_row(&self.text(0), &self.text(1), &self.text(2), &self.text(3))?;
        self.evaluation.made(found.unwrap_or_default())
    }
}

fn length(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn best(numbers: impl Iterator<Item = f64>, better: impl Fn(f64, f64) -> bool) -> f64 {
    numbers.fold(f64::NAN, |old, new| if old.is_nan() || better(new, old) { new } else { old })
}
