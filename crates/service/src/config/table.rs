//! The form of a settings table. A section lists its settings once, in [`settings!`]: documentation,
//! name, type, variables of the environment, allowed values. The table makes the section's struct,
//! the checks of single values, and the [`Setting`](super::Setting)s that the loader,
//! `ragd config variables` and tests read. Checks that compare settings are written by hand beside
//! the table.

use super::setting::SettingKind;
use secrecy::SecretString;
use std::path::PathBuf;

/// A type that a setting may have.
pub(super) trait SettingValue {
    /// How its values are written.
    const KIND: SettingKind;
}

impl<T: SettingValue> SettingValue for Option<T> {
    const KIND: SettingKind = T::KIND;
}

/// States the kind of types that a setting may have.
macro_rules! setting_kind {
    ($kind:ident: $($type:ty),+) => {
        $(
            impl $crate::config::table::SettingValue for $type {
                const KIND: $crate::config::SettingKind =
                    $crate::config::SettingKind::$kind;
            }
        )+
    };
}

setting_kind!(Text: String, PathBuf);
setting_kind!(Secret: SecretString);
setting_kind!(Integer: i64, u16, u32, u64, usize);
setting_kind!(Float: f64);
setting_kind!(Boolean: bool);
setting_kind!(List: Vec<String>);
setting_kind!(SecretList: Vec<SecretString>);

/// The table of one section:
///
/// ```text
/// settings! {
///     /// Section `chat`.
///     ChatConfig in "chat";
///
///     /// How many sources an answer may use.
///     top_k: i64 [CHAT_TOP_K] in 1..=100;
/// }
/// ```
///
/// Between the brackets are the variables, the preferred one first. Behind them may be a range, with
/// a message of its own where "must be between 1 and 100" is not enough, or `is RULE`: a function of
/// [`super::rules`]. A secret has `#[serde(skip_serializing)]`, so that it is never printed.
macro_rules! settings {
    (
        $(#[doc = $about:literal])*
        $section:ident in $name:literal;
        $(
            $(#[doc = $doc:literal])+
            $(#[serde($serde:ident)])?
            $field:ident: $type:ty [$($variable:ident),*]
                $(is $rule:ident)?
                $(in $range:expr $(, $message:literal)?)?;
        )+
    ) => {
        $(#[doc = $about])*
        #[derive(Debug, Clone, serde::Deserialize, serde::Serialize)]
        #[serde(deny_unknown_fields)]
        pub struct $section {
            $(
                $(#[doc = $doc])+
                $(#[serde($serde)])?
                pub $field: $type,
            )+
        }

        impl $section {
            /// The section's name in a configuration file.
            pub(super) const NAME: &'static str = $name;

            /// The section's settings.
            pub(super) const SETTINGS: &'static [$crate::config::Setting] = &[
                $(
                    $crate::config::Setting {
                        section: $name,
                        field: stringify!($field),
                        variables: &[$(stringify!($variable)),*],
                        kind: <$type as $crate::config::table::SettingValue>::KIND,
                        range: $crate::config::table::settings!(@range $($range)?),
                        doc: &[$($doc),+],
                    },
                )+
            ];

            /// Checks each value by itself.
            pub(super) fn check_values(&self, faults: &mut $crate::config::Faults) {
                $(
                    $(
                        let range = $range;
                        if !range.contains(&self.$field) {
                            let setting = concat!($name, ".", stringify!($field));
                            $crate::config::table::settings!(@out faults setting range $($message)?);
                        }
                    )?
                    $(
                        if let Err(fault) = $crate::config::rules::$rule(&self.$field) {
                            faults.add(concat!($name, ".", stringify!($field)), fault);
                        }
                    )?
                )+
                let _ = faults;
            }
        }
    };
    (@range) => { None };
    (@range $range:expr) => {{
        let range = $range;
        Some($crate::config::SettingRange {
            low: *range.start() as f64,
            high: *range.end() as f64,
        })
    }};
    (@out $faults:ident $setting:ident $range:ident) => {
        $faults.add(
            $setting,
            format_args!("must be between {} and {}", $range.start(), $range.end()),
        )
    };
    (@out $faults:ident $setting:ident $range:ident $message:literal) => {
        $faults.add($setting, $message)
    };
}

pub(super) use {setting_kind, settings};
