//! [`section!`]: a table with known keys, as a type, its parser and its schema in one.

/// Declares a table: a struct whose fields are its keys, each perhaps absent. From the same
/// lines come the parser (an unknown key is an error with the nearest name) and the JSON Schema.
/// After `+`, a field that takes the keys that are none of the others.
macro_rules! section {
    (
        $(#[doc = $about:literal])*
        $name:ident {
            $( $(#[doc = $doc:literal])* $field:ident: $type:ty, )*
            $( + $extra:ident: $extra_type:ty, )?
        }
    ) => {
        $(#[doc = $about])*
        #[derive(Debug, Default, schemars::JsonSchema)]
        #[schemars(deny_unknown_fields)]
        pub(crate) struct $name {
            $( $(#[doc = $doc])* pub(crate) $field: Option<$crate::policy::read::W<$type>>, )*
            $( #[schemars(flatten)] pub(crate) $extra: $extra_type, )?
        }

        impl $name {
            /// Every key that this table can have.
            pub(crate) fn keys() -> Vec<&'static str> {
                let keys: &[&[&'static str]] = &[
                    &[$(stringify!($field)),*],
                    $( &<$extra_type as $crate::policy::read::Extra>::keys(), )?
                ];
                keys.concat()
            }
        }

        impl $crate::policy::read::Read for $name {
            fn read(
                node: &$crate::policy::read::Node,
                path: &str,
                _key: &str,
                reader: &mut $crate::policy::read::Reader<'_>,
            ) -> Option<Self> {
                let mut this = Self::default();
                for entry in reader.table(node, path)? {
                    match entry.name.as_str() {
                        $( stringify!($field) => {
                            this.$field = $crate::policy::read::W::of(entry, path, reader);
                        } )*
                        $( _ if $crate::policy::read::Extra::take(&mut this.$extra, entry, path, reader) => {} )?
                        _ => reader.unknown(entry, path, &Self::keys()),
                    }
                }
                Some(this)
            }
        }
    };
}

pub(crate) use section;
