//! The county of the simulation: three villages, three cadres, registers in two versions.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::LazyLock;

use mobile_schema::register::{Capacity, builtin_registers};
use mobile_schema::{Catalogue, RegisterDefinition};
use sync_protocol::{DeviceId, ScopeId, UserId};
use uuid::Uuid;

/// How many cadres there are, each with a tablet.
pub const CADRES: usize = 3;
/// How many villages there are.
pub const VILLAGES: usize = 3;

/// Fields of `household`.
pub mod household {
    #![expect(missing_docs, reason = "the register says what each is")]
    pub const ADDRESS: u32 = 4;
    pub const KIND: u32 = 7;
    pub const INCOME: u32 = 8;
    pub const INCOME_SOURCE: u32 = 9;
    pub const GUARANTEES: u32 = 10;
    pub const PHOTOS: u32 = 11;
    pub const NOTES: u32 = 12;
    pub const PERSONS: u32 = 13;
    /// Only the second version has it.
    pub const WATER: u32 = 15;
    /// The fields in which one value takes the place of another.
    pub const OVERWRITTEN: [u32; 5] = [ADDRESS, KIND, INCOME, INCOME_SOURCE, WATER];
    /// No version has it.
    pub const UNKNOWN: u32 = 99;
}

/// Fields of `visit`.
pub mod visit {
    #![expect(missing_docs, reason = "the register says what each is")]
    pub const HOUSEHOLD: u32 = 1;
    pub const PHOTOS: u32 = 8;
    pub const STATUS: u32 = 9;
    pub const PURPOSE: u32 = 10;
}

thread_local! {
    static COUNTY: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Names the county of this thread, so that several can share a database.
pub fn name_county(name: &str) {
    COUNTY.set(name.to_owned());
}

/// A village's scope.
pub fn village(number: usize) -> ScopeId {
    COUNTY.with_borrow(|county| ScopeId::area(&format!("{county}v{number}"))).expect("a scope")
}

/// The villages whose bits are set.
pub fn villages(bits: u8) -> BTreeSet<ScopeId> {
    (0..VILLAGES).filter(|number| bits >> number & 1 == 1).map(village).collect()
}

/// A cadre.
pub fn user(number: usize) -> UserId {
    UserId(Uuid::from_u128(0x0500 + number as u128))
}

/// In what capacity somebody acts: the last of them reviews.
pub fn capacity(number: usize) -> Capacity {
    if number + 1 == CADRES { Capacity::Reviewer } else { Capacity::Cadre }
}

/// A cadre's tablet.
pub fn device(number: usize) -> DeviceId {
    DeviceId(Uuid::from_u128(0xd0 + number as u128))
}

/// The registers as they are at first.
pub fn first_definitions() -> &'static Catalogue {
    static FIRST: LazyLock<Catalogue> = LazyLock::new(|| builtin_registers().into_iter().collect());
    &FIRST
}

/// The registers after an upgrade: `household` has a field more, and two of its fields make sense
/// together only.
pub fn newer_definitions() -> &'static Catalogue {
    static NEWER: LazyLock<Catalogue> = LazyLock::new(with_newer_household);
    &NEWER
}

fn with_newer_household() -> Catalogue {
    let mut catalogue = first_definitions().clone();
    let (_, household) = catalogue.current("household").expect("a register");
    let mut newer: RegisterDefinition = (**household).clone();
    newer.version += 1;
    let source = newer.fields.iter_mut().find(|field| field.id == household::INCOME_SOURCE);
    source.expect("a field").group = Some(household::INCOME);
    let mut water = newer.field(household::ADDRESS).expect("a field").clone();
    (water.id, water.name) = (household::WATER, "water".into());
    newer.fields.push(water);
    assert_eq!(newer.check(), [], "the newer definition is well-formed");
    catalogue.insert(newer);
    catalogue
}
