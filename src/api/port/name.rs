//! The id of a verification as other services write theirs: 32 hexadecimal digits, the first two of which are 0.

use crate::api::handler::problem::Problem;
use crate::api::verify::look::no_verification;
use crate::message::id::VerificationId;
use crate::message::veil::Veil;

/// Its digits.
pub(super) fn digits(veil: &Veil, id: VerificationId) -> String {
    veil.verification(id).to_string().replacen("ver_", "00", 1)
}

/// The verification that 32 digits name; hyphens in them are nothing.
pub(super) fn verification(veil: &Veil, digits: &str) -> Result<VerificationId, Problem> {
    let plain = digits.replace('-', "");
    let name = plain.strip_prefix("00").map(|it| format!("ver_{it}"));
    name.and_then(|it| veil.read_verification(&it)).ok_or_else(no_verification)
}

/// As a UUID is written.
pub(super) fn uuid(digits: &str) -> String {
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_it_was_written() {
        let (veil, id) = (Veil::known(), VerificationId { n: 7, token: 0xDAD0_0139_951A_03E3 });
        let digits = digits(&veil, id);
        assert_eq!(digits.len(), 32);
        assert_eq!(verification(&veil, &digits).ok(), Some(id));
        let uuid = uuid(&digits);
        assert_eq!(uuid.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
        assert_eq!(verification(&veil, &uuid).ok(), Some(id));
        for text in ["", "00", &digits[2..], &format!("ff{}", &digits[2..]), &format!("{digits}0")] {
            assert!(verification(&veil, text).is_err(), "{text}");
        }
    }
}
