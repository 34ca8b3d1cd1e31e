//! How values are written as bytes, and read again: numbers big-endian, texts and lists after their length.

use uuid::Uuid;

/// A value that goes over the socket.
pub(super) trait Message: Sized {
    fn write(&self, out: &mut Vec<u8>);

    /// Reads the value that `rest` begins with, and leaves what follows; `None` where it is none.
    fn read(rest: &mut &[u8]) -> Option<Self>;

    /// Reads a value that is all there is.
    fn read_whole(mut bytes: &[u8]) -> Option<Self> {
        let read = Self::read(&mut bytes)?;
        bytes.is_empty().then_some(read)
    }
}

/// Makes an enum of messages: a byte says which it is, and its fields follow.
macro_rules! messages {
    ($(#[$doc:meta])* $name:ident { $($tag:literal => $variant:ident($($field:ident: $kind:ty),*)),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub(super) enum $name {
            $($variant($($kind),*)),*
        }

        impl $crate::store::socket::message::Message for $name {
            fn write(&self, out: &mut Vec<u8>) {
                match self {
                    $(Self::$variant($($field),*) => {
                        out.push($tag);
                        $($field.write(out);)*
                    })*
                }
            }

            fn read(rest: &mut &[u8]) -> Option<Self> {
                match u8::read(rest)? {
                    $($tag => Some(Self::$variant($({
                        let $field = <$kind>::read(rest)?;
                        $field
                    }),*)),)*
                    _ => None,
                }
            }
        }
    };
}
pub(super) use messages;

impl Message for u8 {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(*self);
    }

    fn read(rest: &mut &[u8]) -> Option<Self> {
        take(rest).map(|[byte]| byte)
    }
}

impl Message for u32 {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_be_bytes());
    }

    fn read(rest: &mut &[u8]) -> Option<Self> {
        take(rest).map(Self::from_be_bytes)
    }
}

impl Message for u64 {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_be_bytes());
    }

    fn read(rest: &mut &[u8]) -> Option<Self> {
        take(rest).map(Self::from_be_bytes)
    }
}

impl Message for Uuid {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_bytes());
    }

    fn read(rest: &mut &[u8]) -> Option<Self> {
        take(rest).map(Self::from_bytes)
    }
}

impl Message for Vec<u8> {
    fn write(&self, out: &mut Vec<u8>) {
        write_length(self.len(), out);
        out.extend_from_slice(self);
    }

    fn read(rest: &mut &[u8]) -> Option<Self> {
        let length = read_length(rest)?;
        let (bytes, after) = rest.split_at_checked(length)?;
        *rest = after;
        Some(bytes.to_vec())
    }
}

impl Message for String {
    fn write(&self, out: &mut Vec<u8>) {
        write_length(self.len(), out);
        out.extend_from_slice(self.as_bytes());
    }

    fn read(rest: &mut &[u8]) -> Option<Self> {
        Self::from_utf8(Vec::read(rest)?).ok()
    }
}

impl<T: Message> Message for Option<T> {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(u8::from(self.is_some()));
        if let Some(value) = self {
            value.write(out);
        }
    }

    fn read(rest: &mut &[u8]) -> Option<Self> {
        match u8::read(rest)? {
            0 => Some(None),
            1 => T::read(rest).map(Some),
            _ => None,
        }
    }
}

/// Writes a list.
pub(super) fn write_all<T: Message>(values: &[T], out: &mut Vec<u8>) {
    write_length(values.len(), out);
    for value in values {
        value.write(out);
    }
}

/// Reads a list. A length that lies costs nothing: memory is taken for values that are there.
pub(super) fn read_all<T: Message>(rest: &mut &[u8]) -> Option<Vec<T>> {
    let length = read_length(rest)?;
    (0..length).map(|_| T::read(rest)).collect()
}

/// What is sent is shorter than a frame may be, so that its length fits: the frame itself is checked.
fn write_length(length: usize, out: &mut Vec<u8>) {
    u32::try_from(length).unwrap_or(u32::MAX).write(out);
}

fn read_length(rest: &mut &[u8]) -> Option<usize> {
    usize::try_from(u32::read(rest)?).ok()
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (field, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(*field)
}
