//! Quantities of resources in expressions, as Kubernetes' own library for CEL has them (`k8s.io/apiserver/pkg/cel/library/quantity.go`).

use std::any::Any;

use cel::DeclarationError;
use cel::Env;
use cel::ExecutionError;
use cel::add_member_overload;
use cel::add_overload;
use cel::common::types::CelBool;
use cel::common::types::CelDouble;
use cel::common::types::CelInt;
use cel::common::types::CelString;
use cel::common::types::Type;
use cel::common::value::StaticVal;
use cel::common::value::Val;

/// A quantity such as `500m`, `1Gi` or `1e3`, in billionths: the smallest unit that Kubernetes has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Quantity(i128);

const ONE: i128 = 1_000_000_000;

/// Suffixes, and what one of each is in billionths.
const SUFFIXES: [(&str, i128); 16] = [
    ("Ki", ONE << 10),
    ("Mi", ONE << 20),
    ("Gi", ONE << 30),
    ("Ti", ONE << 40),
    ("Pi", ONE << 50),
    ("Ei", ONE << 60),
    ("n", 1),
    ("u", 1_000),
    ("m", 1_000_000),
    ("k", ONE * 1_000),
    ("M", ONE * 1_000_000),
    ("G", ONE * 1_000_000_000),
    ("T", ONE * 1_000_000_000_000),
    ("P", ONE * 1_000_000_000_000_000),
    ("E", ONE * 1_000_000_000_000_000_000),
    ("", ONE),
];

impl Quantity {
    /// What `resource.ParseQuantity` reads (`k8s.io/apimachinery/pkg/api/resource`); parts of a billionth are rounded up, away from zero.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (sign, rest) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text.strip_prefix('+').unwrap_or(text)),
        };
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, suffix) = rest.split_at(end);
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        if whole.len() + part.len() == 0 || part.contains('.') {
            return None;
        }
        let known = SUFFIXES.iter().find(|(known, _)| *known == suffix).map(|(_, unit)| *unit);
        let unit = known.or_else(|| power(suffix))?;
        let digits: i128 = format!("{whole}{part}").parse().ok()?;
        let scale = 10_i128.checked_pow(u32::try_from(part.len()).ok()?)?;
        let scaled = digits.checked_mul(unit)?;
        Some(Self(sign * (scaled / scale + i128::from(scaled % scale != 0))))
    }

    /// The whole number that it is.
    fn whole(self) -> Option<i64> {
        (self.0 % ONE == 0).then(|| i64::try_from(self.0 / ONE).ok()).flatten()
    }

    fn plus(self, other: i128) -> Result<Self, ExecutionError> {
        self.0.checked_add(other).map(Self).ok_or_else(|| ExecutionError::function_error("add", ""))
    }
}

/// What one of a suffix such as `e3` is in billionths.
fn power(suffix: &str) -> Option<i128> {
    let exponent: i32 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
    10_i128.checked_pow(u32::try_from(exponent.checked_add(9)?).ok()?).filter(|_| exponent <= 18)
}

static QUANTITY: Type = Type::new_unspecified_type("kubernetes.Quantity");

impl Val for Quantity {
    fn get_type(&self) -> &Type {
        &QUANTITY
    }

    fn cel_type() -> &'static Type {
        &QUANTITY
    }

    fn equals(&self, other: &dyn Val) -> bool {
        other.downcast_ref::<Self>() == Some(self)
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v> {
        Box::new(*self)
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

impl StaticVal for Quantity {}

/// Teaches an environment the functions.
pub(super) fn extension(env: &mut Env) -> Result<(), DeclarationError> {
    add_overload!(env, fn quantity: (CelString) -> Result<Quantity>)?;
    add_overload!(env, fn is_quantity: (CelString) -> CelBool)?;
    add_member_overload!(env, fn compare_to: (Quantity, Quantity) -> CelInt)?;
    add_member_overload!(env, fn is_less_than: (Quantity, Quantity) -> CelBool)?;
    add_member_overload!(env, fn is_greater_than: (Quantity, Quantity) -> CelBool)?;
    add_member_overload!(env, fn sign: (Quantity) -> CelInt)?;
    add_member_overload!(env, fn is_integer: (Quantity) -> CelBool)?;
    add_member_overload!(env, fn as_integer: (Quantity) -> Result<CelInt>)?;
    add_member_overload!(env, fn as_approximate_float: (Quantity) -> CelDouble)?;
    add_member_overload!(env, fn add: (Quantity, Quantity) -> Result<Quantity>)?;
    add_member_overload!(env, fn add_int: (Quantity, CelInt) -> Result<Quantity>, name = "add")?;
    add_member_overload!(env, fn sub: (Quantity, Quantity) -> Result<Quantity>)?;
    add_member_overload!(env, fn sub_int: (Quantity, CelInt) -> Result<Quantity>, name = "sub")
}

fn quantity(text: &CelString<'_>) -> Result<Quantity, ExecutionError> {
    Quantity::parse(text.inner()).ok_or_else(|| ExecutionError::function_error("quantity", ""))
}

fn is_quantity(text: &CelString<'_>) -> CelBool {
    CelBool::from(Quantity::parse(text.inner()).is_some())
}

fn compare_to(one: &Quantity, other: &Quantity) -> CelInt {
    CelInt::from(one.cmp(other) as i64)
}

fn is_less_than(one: &Quantity, other: &Quantity) -> CelBool {
    CelBool::from(one < other)
}

fn is_greater_than(one: &Quantity, other: &Quantity) -> CelBool {
    CelBool::from(one > other)
}

fn sign(one: &Quantity) -> CelInt {
    CelInt::from(i64::try_from(one.0.signum()).unwrap_or_default())
}

fn is_integer(one: &Quantity) -> CelBool {
    CelBool::from(one.whole().is_some())
}

fn as_integer(one: &Quantity) -> Result<CelInt, ExecutionError> {
    one.whole().map(CelInt::from).ok_or_else(|| ExecutionError::function_error("asInteger", ""))
}

#[expect(clippy::cast_precision_loss, reason = "it is approximate")]
fn as_approximate_float(one: &Quantity) -> CelDouble {
    CelDouble::from(one.0 as f64 / ONE as f64)
}

fn add(one: &Quantity, other: &Quantity) -> Result<Quantity, ExecutionError> {
    one.plus(other.0)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the crate calls it so")]
fn add_int(one: &Quantity, other: &CelInt) -> Result<Quantity, ExecutionError> {
    one.plus(i128::from(*other.inner()) * ONE)
}

fn sub(one: &Quantity, other: &Quantity) -> Result<Quantity, ExecutionError> {
    one.plus(-other.0)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the crate calls it so")]
fn sub_int(one: &Quantity, other: &CelInt) -> Result<Quantity, ExecutionError> {
    one.plus(-i128::from(*other.inner()) * ONE)
}

#[cfg(test)]
mod tests {
    use super::ONE;
    use super::Quantity;

    #[test]
    fn quantities_are_read_as_kubernetes_reads_them() {
        let read = [
            ("1", ONE),
            ("-1.5", -ONE * 3 / 2),
            ("+.5", ONE / 2),
            ("5.", ONE * 5),
            ("500m", ONE / 2),
            ("0.1n", 1),
            ("1k", ONE * 1000),
            ("1Ki", ONE * 1024),
            ("1.5Gi", (ONE << 30) * 3 / 2),
            ("1e3", ONE * 1000),
            ("1E3", ONE * 1000),
            ("12e-1", ONE * 6 / 5),
            ("1E", ONE * 1_000_000_000_000_000_000),
        ];
        for (text, expected) in read {
            assert_eq!(Quantity::parse(text), Some(Quantity(expected)), "{text}");
        }
        for text in ["", "-", ".", "1 ", "1K", "1ki", "Gi", "1.2.3", "1e", "1e99", "0x1", "1_0", "١", "--1", &"9".repeat(60)] {
            assert_eq!(Quantity::parse(text), None, "{text}");
        }
    }
}
