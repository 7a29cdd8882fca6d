//! The national language tables of 3GPP TS 23.038, A.2 (single shift) and A.3 (locking shift), as
//! `fixtures/text/gsm0338_national.csv` has them; a test compares every row.
//!
//! A row says where it begins and what stands there and behind it. What no row covers has no
//! character; the escape, 0x1B, is left out everywhere. Spanish has no locking table.

/// Rows of a table: the code of the first character, and the characters from there on.
pub(super) type Rows = &'static [(u8, &'static str)];

#[rustfmt::skip]
pub(super) const TURKISH_LOCKING: Rows = &[
    (0x00, "@£$¥€éùıòÇ\nĞğ\rÅå"), (0x10, "Δ_ΦΓΛΩΠΨΣΘΞ"), (0x1C, "ŞşßÉ"), (0x20, " !\"#¤%&'()*+,-./"),
    (0x30, "0123456789:;<=>?"), (0x40, "İABCDEFGHIJKLMNO"), (0x50, "PQRSTUVWXYZÄÖÑÜ§"), (0x60, "çabcdefghijklmno"),
    (0x70, "pqrstuvwxyzäöñüà"),
];

#[rustfmt::skip]
pub(super) const TURKISH_SINGLE: Rows = &[
    (0x0A, "\u{c}"), (0x0D, "\n"), (0x14, "^"), (0x28, "{}"), (0x2F, "\\"), (0x3C, "[~]"), (0x40, "|"), (0x47, "Ğ"),
    (0x49, "İ"), (0x53, "Ş"), (0x63, "ç"), (0x65, "€"), (0x67, "ğ"), (0x69, "ı"), (0x73, "ş"),
];

#[rustfmt::skip]
pub(super) const SPANISH_SINGLE: Rows = &[
    (0x09, "ç\u{c}"), (0x0D, "\n"), (0x14, "^"), (0x28, "{}"), (0x2F, "\\"), (0x3C, "[~]"), (0x40, "|Á"), (0x49, "Í"),
    (0x4F, "Ó"), (0x55, "Ú"), (0x61, "á"), (0x65, "€"), (0x69, "í"), (0x6F, "ó"), (0x75, "ú"),
];

#[rustfmt::skip]
pub(super) const PORTUGUESE_LOCKING: Rows = &[
    (0x00, "@£$¥êéúíóç\nÔô\rÁá"), (0x10, "Δ_ªÇÀ∞^\\€Ó|"), (0x1C, "ÂâÊÉ"), (0x20, " !\"#º%&'()*+,-./"),
    (0x30, "0123456789:;<=>?"), (0x40, "ÍABCDEFGHIJKLMNO"), (0x50, "PQRSTUVWXYZÃÕÚÜ§"), (0x60, "~abcdefghijklmno"),
    (0x70, "pqrstuvwxyzãõ`üà"),
];

#[rustfmt::skip]
pub(super) const PORTUGUESE_SINGLE: Rows = &[
    (0x05, "ê"), (0x09, "ç\u{c}Ôô\nÁá"), (0x12, "ΦΓ^ΩΠΨΣΘ"), (0x1F, "Ê"), (0x28, "{}"), (0x2F, "\\"), (0x3C, "[~]"),
    (0x40, "|À"), (0x49, "Í"), (0x4F, "Ó"), (0x55, "Ú"), (0x5B, "ÃÕ"), (0x61, "Â"), (0x65, "€"), (0x69, "í"),
    (0x6F, "ó"), (0x75, "ú"), (0x7B, "ãõ"), (0x7F, "â"),
];

#[rustfmt::skip]
pub(super) const BENGALI_LOCKING: Rows = &[
    (0x00, "\u{981}\u{982}\u{983}\u{985}\u{986}\u{987}\u{988}\u{989}\u{98a}\u{98b}\n\u{98c}"), (0x0D, "\r"),
    (0x0F, "\u{98f}"), (0x10, "\u{990}"), (0x13, "\u{993}\u{994}\u{995}\u{996}\u{997}\u{998}\u{999}\u{99a}"),
    (0x1C, "\u{99b}\u{99c}\u{99d}\u{99e}"),
    (0x20, " !\u{99f}\u{9a0}\u{9a1}\u{9a2}\u{9a3}\u{9a4})(\u{9a5}\u{9a6},\u{9a7}.\u{9a8}"), (0x30, "0123456789:;"),
    (0x3D, "\u{9aa}\u{9ab}?"), (0x40, "\u{9ac}\u{9ad}\u{9ae}\u{9af}\u{9b0}"), (0x46, "\u{9b2}"),
    (0x4A, "\u{9b6}\u{9b7}\u{9b8}\u{9b9}\u{9bc}\u{9bd}"), (0x50, "\u{9be}\u{9bf}\u{9c0}\u{9c1}\u{9c2}\u{9c3}\u{9c4}"),
    (0x59, "\u{9c7}\u{9c8}"), (0x5D, "\u{9cb}\u{9cc}\u{9cd}"), (0x60, "\u{9ce}abcdefghijklmno"),
    (0x70, "pqrstuvwxyz\u{9d7}\u{9dc}\u{9dd}\u{9f0}\u{9f1}"),
];

#[rustfmt::skip]
pub(super) const BENGALI_SINGLE: Rows = &[
    (0x00, "@£$¥¿\"¤%&'\u{c}*+\r-/"), (0x10, "<=>¡^¡_#*\u{9e6}\u{9e7}"), (0x1C, "\u{9e8}\u{9e9}\u{9ea}\u{9eb}"),
    (0x20, "\u{9ec}\u{9ed}\u{9ee}\u{9ef}\u{9df}\u{9e0}\u{9e1}\u{9e2}{}\u{9e3}\u{9f2}\u{9f3}\u{9f4}\u{9f5}\\"),
    (0x30, "\u{9f6}\u{9f7}\u{9f8}\u{9f9}\u{9fa}"), (0x3C, "[~]"), (0x40, "|ABCDEFGHIJKLMNO"), (0x50, "PQRSTUVWXYZ"),
    (0x65, "€"),
];

#[rustfmt::skip]
pub(super) const GUJARATI_LOCKING: Rows = &[
    (0x00, "\u{a81}\u{a82}\u{a83}\u{a85}\u{a86}\u{a87}\u{a88}\u{a89}\u{a8a}\u{a8b}\n\u{a8c}\u{a8d}\r"),
    (0x0F, "\u{a8f}"), (0x10, "\u{a90}\u{a91}"), (0x13, "\u{a93}\u{a94}\u{a95}\u{a96}\u{a97}\u{a98}\u{a99}\u{a9a}"),
    (0x1C, "\u{a9b}\u{a9c}\u{a9d}\u{a9e}"),
    (0x20, " !\u{a9f}\u{aa0}\u{aa1}\u{aa2}\u{aa3}\u{aa4})(\u{aa5}\u{aa6},\u{aa7}.\u{aa8}"), (0x30, "0123456789:;"),
    (0x3D, "\u{aaa}\u{aab}?"), (0x40, "\u{aac}\u{aad}\u{aae}\u{aaf}\u{ab0}"), (0x46, "\u{ab2}\u{ab3}"),
    (0x49, "\u{ab5}\u{ab6}\u{ab7}\u{ab8}\u{ab9}\u{abc}\u{abd}"),
    (0x50, "\u{abe}\u{abf}\u{ac0}\u{ac1}\u{ac2}\u{ac3}\u{ac4}\u{ac5}"), (0x59, "\u{ac7}\u{ac8}\u{ac9}"),
    (0x5D, "\u{acb}\u{acc}\u{acd}"), (0x60, "\u{ad0}abcdefghijklmno"),
    (0x70, "pqrstuvwxyz\u{ae0}\u{ae1}\u{ae2}\u{ae3}\u{af1}"),
];

#[rustfmt::skip]
pub(super) const GUJARATI_SINGLE: Rows = &[
    (0x00, "@£$¥¿\"¤%&'\u{c}*+\r-/"), (0x10, "<=>¡^¡_#*\u{964}\u{965}"), (0x1C, "\u{ae6}\u{ae7}\u{ae8}\u{ae9}"),
    (0x20, "\u{aea}\u{aeb}\u{aec}\u{aed}\u{aee}\u{aef}"), (0x28, "{}"), (0x2F, "\\"), (0x3C, "[~]"),
    (0x40, "|ABCDEFGHIJKLMNO"), (0x50, "PQRSTUVWXYZ"), (0x65, "€"),
];

#[rustfmt::skip]
pub(super) const HINDI_LOCKING: Rows = &[
    (0x00, "\u{901}\u{902}\u{903}\u{905}\u{906}\u{907}\u{908}\u{909}\u{90a}\u{90b}\n\u{90c}\u{90d}\r\u{90e}\u{90f}"),
    (0x10, "\u{910}\u{911}\u{912}\u{913}\u{914}\u{915}\u{916}\u{917}\u{918}\u{919}\u{91a}"),
    (0x1C, "\u{91b}\u{91c}\u{91d}\u{91e}"),
    (0x20, " !\u{91f}\u{920}\u{921}\u{922}\u{923}\u{924})(\u{925}\u{926},\u{927}.\u{928}"),
    (0x30, "0123456789:;\u{929}\u{92a}\u{92b}?"),
    (0x40, "\u{92c}\u{92d}\u{92e}\u{92f}\u{930}\u{931}\u{932}\u{933}\u{934}\u{935}\u{936}\u{937}\u{938}\u{939}\u{93c}\u{93d}"),
    (0x50, "\u{93e}\u{93f}\u{940}\u{941}\u{942}\u{943}\u{944}\u{945}\u{946}\u{947}\u{948}\u{949}\u{94a}\u{94b}\u{94c}\u{94d}"),
    (0x60, "\u{950}abcdefghijklmno"), (0x70, "pqrstuvwxyz\u{972}\u{97b}\u{97c}\u{97e}\u{97f}"),
];

#[rustfmt::skip]
pub(super) const HINDI_SINGLE: Rows = &[
    (0x00, "@£$¥¿\"¤%&'\u{c}*+\r-/"), (0x10, "<=>¡^¡_#*\u{964}\u{965}"), (0x1C, "\u{966}\u{967}\u{968}\u{969}"),
    (0x20, "\u{96a}\u{96b}\u{96c}\u{96d}\u{96e}\u{96f}\u{951}\u{952}{}\u{953}\u{954}\u{958}\u{959}\u{95a}\\"),
    (0x30, "\u{95b}\u{95c}\u{95d}\u{95e}\u{95f}\u{960}\u{961}\u{962}\u{963}\u{970}\u{971}"), (0x3C, "[~]"),
    (0x40, "|ABCDEFGHIJKLMNO"), (0x50, "PQRSTUVWXYZ"), (0x65, "€"),
];

#[rustfmt::skip]
pub(super) const KANNADA_LOCKING: Rows = &[
    (0x01, "\u{c82}\u{c83}\u{c85}\u{c86}\u{c87}\u{c88}\u{c89}\u{c8a}\u{c8b}\n\u{c8c}"), (0x0D, "\r\u{c8e}\u{c8f}"),
    (0x10, "\u{c90}"), (0x12, "\u{c92}\u{c93}\u{c94}\u{c95}\u{c96}\u{c97}\u{c98}\u{c99}\u{c9a}"),
    (0x1C, "\u{c9b}\u{c9c}\u{c9d}\u{c9e}"),
    (0x20, " !\u{c9f}\u{ca0}\u{ca1}\u{ca2}\u{ca3}\u{ca4})(\u{ca5}\u{ca6},\u{ca7}.\u{ca8}"), (0x30, "0123456789:;"),
    (0x3D, "\u{caa}\u{cab}?"), (0x40, "\u{cac}\u{cad}\u{cae}\u{caf}\u{cb0}\u{cb1}\u{cb2}\u{cb3}"),
    (0x49, "\u{cb5}\u{cb6}\u{cb7}\u{cb8}\u{cb9}\u{cbc}\u{cbd}"),
    (0x50, "\u{cbe}\u{cbf}\u{cc0}\u{cc1}\u{cc2}\u{cc3}\u{cc4}"), (0x58, "\u{cc6}\u{cc7}\u{cc8}"),
    (0x5C, "\u{cca}\u{ccb}\u{ccc}\u{ccd}"), (0x60, "\u{cd5}abcdefghijklmno"),
    (0x70, "pqrstuvwxyz\u{cd6}\u{ce0}\u{ce1}\u{ce2}\u{ce3}"),
];

#[rustfmt::skip]
pub(super) const KANNADA_SINGLE: Rows = &[
    (0x00, "@£$¥¿\"¤%&'\u{c}*+\r-/"), (0x10, "<=>¡^¡_#*\u{964}\u{965}"), (0x1C, "\u{ce6}\u{ce7}\u{ce8}\u{ce9}"),
    (0x20, "\u{cea}\u{ceb}\u{cec}\u{ced}\u{cee}\u{cef}\u{cde}\u{cf1}{}\u{cf2}"), (0x2F, "\\"), (0x3C, "[~]"),
    (0x40, "|ABCDEFGHIJKLMNO"), (0x50, "PQRSTUVWXYZ"), (0x65, "€"),
];

#[rustfmt::skip]
pub(super) const MALAYALAM_LOCKING: Rows = &[
    (0x01, "\u{d02}\u{d03}\u{d05}\u{d06}\u{d07}\u{d08}\u{d09}\u{d0a}\u{d0b}\n\u{d0c}"), (0x0D, "\r\u{d0e}\u{d0f}"),
    (0x10, "\u{d10}"), (0x12, "\u{d12}\u{d13}\u{d14}\u{d15}\u{d16}\u{d17}\u{d18}\u{d19}\u{d1a}"),
    (0x1C, "\u{d1b}\u{d1c}\u{d1d}\u{d1e}"),
    (0x20, " !\u{d1f}\u{d20}\u{d21}\u{d22}\u{d23}\u{d24})(\u{d25}\u{d26},\u{d27}.\u{d28}"), (0x30, "0123456789:;"),
    (0x3D, "\u{d2a}\u{d2b}?"),
    (0x40, "\u{d2c}\u{d2d}\u{d2e}\u{d2f}\u{d30}\u{d31}\u{d32}\u{d33}\u{d34}\u{d35}\u{d36}\u{d37}\u{d38}\u{d39}"),
    (0x4F, "\u{d3d}"), (0x50, "\u{d3e}\u{d3f}\u{d40}\u{d41}\u{d42}\u{d43}\u{d44}"), (0x58, "\u{d46}\u{d47}\u{d48}"),
    (0x5C, "\u{d4a}\u{d4b}\u{d4c}\u{d4d}"), (0x60, "\u{d57}abcdefghijklmno"),
    (0x70, "pqrstuvwxyz\u{d60}\u{d61}\u{d62}\u{d63}\u{d79}"),
];

#[rustfmt::skip]
pub(super) const MALAYALAM_SINGLE: Rows = &[
    (0x00, "@£$¥¿\"¤%&'\u{c}*+\r-/"), (0x10, "<=>¡^¡_#*\u{964}\u{965}"), (0x1C, "\u{d66}\u{d67}\u{d68}\u{d69}"),
    (0x20, "\u{d6a}\u{d6b}\u{d6c}\u{d6d}\u{d6e}\u{d6f}\u{d70}\u{d71}{}\u{d72}\u{d73}\u{d74}\u{d75}\u{d7a}\\"),
    (0x30, "\u{d7b}\u{d7c}\u{d7d}\u{d7e}\u{d7f}"), (0x3C, "[~]"), (0x40, "|ABCDEFGHIJKLMNO"), (0x50, "PQRSTUVWXYZ"),
    (0x65, "€"),
];

#[rustfmt::skip]
pub(super) const ORIYA_LOCKING: Rows = &[
    (0x00, "\u{b01}\u{b02}\u{b03}\u{b05}\u{b06}\u{b07}\u{b08}\u{b09}\u{b0a}\u{b0b}\n\u{b0c}"), (0x0D, "\r"),
    (0x0F, "\u{b0f}"), (0x10, "\u{b10}"), (0x13, "\u{b13}\u{b14}\u{b15}\u{b16}\u{b17}\u{b18}\u{b19}\u{b1a}"),
    (0x1C, "\u{b1b}\u{b1c}\u{b1d}\u{b1e}"),
    (0x20, " !\u{b1f}\u{b20}\u{b21}\u{b22}\u{b23}\u{b24})(\u{b25}\u{b26},\u{b27}.\u{b28}"), (0x30, "0123456789:;"),
    (0x3D, "\u{b2a}\u{b2b}?"), (0x40, "\u{b2c}\u{b2d}\u{b2e}\u{b2f}\u{b30}"), (0x46, "\u{b32}\u{b33}"),
    (0x49, "\u{b35}\u{b36}\u{b37}\u{b38}\u{b39}\u{b3c}\u{b3d}"),
    (0x50, "\u{b3e}\u{b3f}\u{b40}\u{b41}\u{b42}\u{b43}\u{b44}"), (0x59, "\u{b47}\u{b48}"),
    (0x5D, "\u{b4b}\u{b4c}\u{b4d}"), (0x60, "\u{b56}abcdefghijklmno"),
    (0x70, "pqrstuvwxyz\u{b57}\u{b60}\u{b61}\u{b62}\u{b63}"),
];

#[rustfmt::skip]
pub(super) const ORIYA_SINGLE: Rows = &[
    (0x00, "@£$¥¿\"¤%&'\u{c}*+\r-/"), (0x10, "<=>¡^¡_#*\u{964}\u{965}"), (0x1C, "\u{b66}\u{b67}\u{b68}\u{b69}"),
    (0x20, "\u{b6a}\u{b6b}\u{b6c}\u{b6d}\u{b6e}\u{b6f}\u{b5c}\u{b5d}{}\u{b5f}\u{b70}\u{b71}"), (0x2F, "\\"),
    (0x3C, "[~]"), (0x40, "|ABCDEFGHIJKLMNO"), (0x50, "PQRSTUVWXYZ"), (0x65, "€"),
];

#[rustfmt::skip]
pub(super) const PUNJABI_LOCKING: Rows = &[
    (0x00, "\u{a01}\u{a02}\u{a03}\u{a05}\u{a06}\u{a07}\u{a08}\u{a09}\u{a0a}"), (0x0A, "\n"), (0x0D, "\r"),
    (0x0F, "\u{a0f}"), (0x10, "\u{a10}"), (0x13, "\u{a13}\u{a14}\u{a15}\u{a16}\u{a17}\u{a18}\u{a19}\u{a1a}"),
    (0x1C, "\u{a1b}\u{a1c}\u{a1d}\u{a1e}"),
    (0x20, " !\u{a1f}\u{a20}\u{a21}\u{a22}\u{a23}\u{a24})(\u{a25}\u{a26},\u{a27}.\u{a28}"), (0x30, "0123456789:;"),
    (0x3D, "\u{a2a}\u{a2b}?"), (0x40, "\u{a2c}\u{a2d}\u{a2e}\u{a2f}\u{a30}"), (0x46, "\u{a32}\u{a33}"),
    (0x49, "\u{a35}\u{a36}"), (0x4C, "\u{a38}\u{a39}\u{a3c}"), (0x50, "\u{a3e}\u{a3f}\u{a40}\u{a41}\u{a42}"),
    (0x59, "\u{a47}\u{a48}"), (0x5D, "\u{a4b}\u{a4c}\u{a4d}"), (0x60, "\u{a51}abcdefghijklmno"),
    (0x70, "pqrstuvwxyz\u{a70}\u{a71}\u{a72}\u{a73}\u{a74}"),
];

#[rustfmt::skip]
pub(super) const PUNJABI_SINGLE: Rows = &[
    (0x00, "@£$¥¿\"¤%&'\u{c}*+\r-/"), (0x10, "<=>¡^¡_#*\u{964}\u{965}"), (0x1C, "\u{a66}\u{a67}\u{a68}\u{a69}"),
    (0x20, "\u{a6a}\u{a6b}\u{a6c}\u{a6d}\u{a6e}\u{a6f}\u{a59}\u{a5a}{}\u{a5b}\u{a5c}\u{a5e}\u{a75}"), (0x2F, "\\"),
    (0x3C, "[~]"), (0x40, "|ABCDEFGHIJKLMNO"), (0x50, "PQRSTUVWXYZ"), (0x65, "€"),
];

#[rustfmt::skip]
pub(super) const TAMIL_LOCKING: Rows = &[
    (0x01, "\u{b82}\u{b83}\u{b85}\u{b86}\u{b87}\u{b88}\u{b89}\u{b8a}"), (0x0A, "\n"), (0x0D, "\r\u{b8e}\u{b8f}"),
    (0x10, "\u{b90}"), (0x12, "\u{b92}\u{b93}\u{b94}\u{b95}"), (0x19, "\u{b99}\u{b9a}"), (0x1D, "\u{b9c}"),
    (0x1F, "\u{b9e}"), (0x20, " !\u{b9f}"), (0x26, "\u{ba3}\u{ba4})("), (0x2C, ","), (0x2E, ".\u{ba8}"),
    (0x30, "0123456789:;\u{ba9}\u{baa}"), (0x3F, "?"),
    (0x42, "\u{bae}\u{baf}\u{bb0}\u{bb1}\u{bb2}\u{bb3}\u{bb4}\u{bb5}\u{bb6}\u{bb7}\u{bb8}\u{bb9}"),
    (0x50, "\u{bbe}\u{bbf}\u{bc0}\u{bc1}\u{bc2}"), (0x58, "\u{bc6}\u{bc7}\u{bc8}"),
    (0x5C, "\u{bca}\u{bcb}\u{bcc}\u{bcd}"), (0x60, "\u{bd0}abcdefghijklmno"),
    (0x70, "pqrstuvwxyz\u{bd7}\u{bf0}\u{bf1}\u{bf2}\u{bf9}"),
];

#[rustfmt::skip]
pub(super) const TAMIL_SINGLE: Rows = &[
    (0x00, "@£$¥¿\"¤%&'\u{c}*+\r-/"), (0x10, "<=>¡^¡_#*\u{964}\u{965}"), (0x1C, "\u{be6}\u{be7}\u{be8}\u{be9}"),
    (0x20, "\u{bea}\u{beb}\u{bec}\u{bed}\u{bee}\u{bef}\u{bf3}\u{bf4}{}\u{bf5}\u{bf6}\u{bf7}\u{bf8}\u{bfa}\\"),
    (0x3C, "[~]"), (0x40, "|ABCDEFGHIJKLMNO"), (0x50, "PQRSTUVWXYZ"), (0x65, "€"),
];

#[rustfmt::skip]
pub(super) const TELUGU_LOCKING: Rows = &[
    (0x00, "\u{c01}\u{c02}\u{c03}\u{c05}\u{c06}\u{c07}\u{c08}\u{c09}\u{c0a}\u{c0b}\n\u{c0c}"),
    (0x0D, "\r\u{c0e}\u{c0f}"), (0x10, "\u{c10}"),
    (0x12, "\u{c12}\u{c13}\u{c14}\u{c15}\u{c16}\u{c17}\u{c18}\u{c19}\u{c1a}"), (0x1C, "\u{c1b}\u{c1c}\u{c1d}\u{c1e}"),
    (0x20, " !\u{c1f}\u{c20}\u{c21}\u{c22}\u{c23}\u{c24})(\u{c25}\u{c26},\u{c27}.\u{c28}"), (0x30, "0123456789:;"),
    (0x3D, "\u{c2a}\u{c2b}?"), (0x40, "\u{c2c}\u{c2d}\u{c2e}\u{c2f}\u{c30}\u{c31}\u{c32}\u{c33}"),
    (0x49, "\u{c35}\u{c36}\u{c37}\u{c38}\u{c39}"), (0x4F, "\u{c3d}"),
    (0x50, "\u{c3e}\u{c3f}\u{c40}\u{c41}\u{c42}\u{c43}\u{c44}"), (0x58, "\u{c46}\u{c47}\u{c48}"),
    (0x5C, "\u{c4a}\u{c4b}\u{c4c}\u{c4d}"), (0x60, "\u{c55}abcdefghijklmno"),
    (0x70, "pqrstuvwxyz\u{c56}\u{c60}\u{c61}\u{c62}\u{c63}"),
];

#[rustfmt::skip]
pub(super) const TELUGU_SINGLE: Rows = &[
    (0x00, "@£$¥¿\"¤%&'\u{c}*+\r-/"), (0x10, "<=>¡^¡_#*"), (0x1C, "\u{c66}\u{c67}\u{c68}\u{c69}"),
    (0x20, "\u{c6a}\u{c6b}\u{c6c}\u{c6d}\u{c6e}\u{c6f}\u{c58}\u{c59}{}\u{c78}\u{c79}\u{c7a}\u{c7b}\u{c7c}\\"),
    (0x30, "\u{c7d}\u{c7e}\u{c7f}"), (0x3C, "[~]"), (0x40, "|ABCDEFGHIJKLMNO"), (0x50, "PQRSTUVWXYZ"), (0x65, "€"),
];

#[rustfmt::skip]
pub(super) const URDU_LOCKING: Rows = &[
    (0x00, "\u{627}\u{622}\u{628}\u{67b}\u{680}\u{67e}\u{6a6}\u{62a}\u{6c2}\u{67f}\n\u{679}\u{67d}\r\u{67a}\u{67c}"),
    (0x10, "\u{62b}\u{62c}\u{681}\u{684}\u{683}\u{685}\u{686}\u{687}\u{62d}\u{62e}\u{62f}"),
    (0x1C, "\u{68c}\u{688}\u{689}\u{68a}"),
    (0x20, " !\u{68f}\u{68d}\u{630}\u{631}\u{691}\u{693})(\u{699}\u{632},\u{696}.\u{698}"),
    (0x30, "0123456789:;\u{69a}\u{633}\u{634}?"),
    (0x40, "\u{635}\u{636}\u{637}\u{638}\u{639}\u{641}\u{642}\u{6a9}\u{6aa}\u{6ab}\u{6af}\u{6b3}\u{6b1}\u{644}\u{645}\u{646}"),
    (0x50, "\u{6ba}\u{6bb}\u{6bc}\u{648}\u{6c4}\u{6d5}\u{6c1}\u{6be}\u{621}\u{6cc}\u{6d0}\u{6d2}\u{64d}\u{650}\u{64f}\u{657}"),
    (0x60, "\u{654}abcdefghijklmno"), (0x70, "pqrstuvwxyz\u{655}\u{651}\u{653}\u{656}\u{670}"),
];

#[rustfmt::skip]
pub(super) const URDU_SINGLE: Rows = &[
    (0x00, "@£$¥¿\"¤%&'\u{c}*+\r-/"), (0x10, "<=>¡^¡_#*\u{600}\u{601}"), (0x1C, "\u{6f0}\u{6f1}\u{6f2}\u{6f3}"),
    (0x20, "\u{6f4}\u{6f5}\u{6f6}\u{6f7}\u{6f8}\u{6f9}\u{60c}\u{60d}{}\u{60e}\u{60f}\u{610}\u{611}\u{612}\\"),
    (0x30, "\u{613}\u{614}\u{61b}\u{61f}\u{640}\u{652}\u{658}\u{66b}\u{66c}\u{672}\u{673}\u{6cd}[~]\u{6d4}"),
    (0x40, "|ABCDEFGHIJKLMNO"), (0x50, "PQRSTUVWXYZ"), (0x65, "€"),
];
