//! Kinds of securable objects: what generic rights mean for each, and what their specific bits are called.

use crate::mask::AccessMask;

/// What kind of object a mask or a descriptor is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[allow(missing_docs)] // The names are those of the Windows object types.
pub enum ObjectKind {
    File,
    Directory,
    Key,
    Process,
    Thread,
    Token,
    Section,
    Event,
    Mutex,
    Semaphore,
    Job,
    Desktop,
    WindowStation,
    Service,
    DirectoryService,
}

/// What the four generic rights stand for on one kind of object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GenericMapping {
    /// `GENERIC_READ`.
    pub read: AccessMask,
    /// `GENERIC_WRITE`.
    pub write: AccessMask,
    /// `GENERIC_EXECUTE`.
    pub execute: AccessMask,
    /// `GENERIC_ALL`: every right that the kind of object has.
    pub all: AccessMask,
}

const fn mapping(read: u32, write: u32, execute: u32, all: u32) -> GenericMapping {
    GenericMapping {
        read: AccessMask(read),
        write: AccessMask(write),
        execute: AccessMask(execute),
        all: AccessMask(all),
    }
}

#[allow(missing_docs)] // One mapping per object type, the values the Windows kernel reports for it.
impl GenericMapping {
    pub const FILE: Self = mapping(0x12_0089, 0x12_0116, 0x12_00A0, 0x1F_01FF);
    pub const KEY: Self = mapping(0x2_0019, 0x2_0006, 0x2_0039, 0xF_003F);
    pub const PROCESS: Self = mapping(0x2_0410, 0x2_0BEA, 0x12_1001, 0x1F_FFFF);
    pub const THREAD: Self = mapping(0x2_0048, 0x2_0437, 0x12_0800, 0x1F_FFFF);
    pub const TOKEN: Self = mapping(0x2_001A, 0x2_01E0, 0x2_0005, 0xF_01FF);
    pub const SECTION: Self = mapping(0x2_0005, 0x2_0002, 0x2_0008, 0xF_001F);
    pub const EVENT: Self = mapping(0x2_0001, 0x2_0002, 0x12_0000, 0x1F_0003);
    pub const MUTEX: Self = mapping(0x2_0001, 0x2_0000, 0x12_0000, 0x1F_0001);
    pub const SEMAPHORE: Self = mapping(0x2_0001, 0x2_0002, 0x12_0000, 0x1F_0003);
    pub const JOB: Self = mapping(0x2_0004, 0x2_000B, 0x12_0000, 0x1F_003F);
    pub const DESKTOP: Self = mapping(0x2_0041, 0x2_00BE, 0x2_0100, 0xF_01FF);
    pub const WINDOW_STATION: Self = mapping(0x2_0303, 0x2_001C, 0x2_0060, 0xF_037F);
    pub const SERVICE: Self = mapping(0x2_008D, 0x2_0002, 0x2_0170, 0xF_01FF);
    pub const DIRECTORY_SERVICE: Self = mapping(0x2_0094, 0x2_0028, 0x2_0004, 0xF_01FF);

    /// The mapping of one kind of object.
    pub const fn of(kind: ObjectKind) -> Self {
        match kind {
            ObjectKind::File | ObjectKind::Directory => Self::FILE,
            ObjectKind::Key => Self::KEY,
            ObjectKind::Process => Self::PROCESS,
            ObjectKind::Thread => Self::THREAD,
            ObjectKind::Token => Self::TOKEN,
            ObjectKind::Section => Self::SECTION,
            ObjectKind::Event => Self::EVENT,
            ObjectKind::Mutex => Self::MUTEX,
            ObjectKind::Semaphore => Self::SEMAPHORE,
            ObjectKind::Job => Self::JOB,
            ObjectKind::Desktop => Self::DESKTOP,
            ObjectKind::WindowStation => Self::WINDOW_STATION,
            ObjectKind::Service => Self::SERVICE,
            ObjectKind::DirectoryService => Self::DIRECTORY_SERVICE,
        }
    }

    /// Replaces the generic bits of `mask` by what they stand for (`RtlMapGenericMask`). Other bits stay.
    pub const fn map(&self, mask: AccessMask) -> AccessMask {
        let mut bits = mask.0 & 0x0FFF_FFFF;
        if mask.intersects(AccessMask::GENERIC_READ) {
            bits |= self.read.0;
        }
        if mask.intersects(AccessMask::GENERIC_WRITE) {
            bits |= self.write.0;
        }
        if mask.intersects(AccessMask::GENERIC_EXECUTE) {
            bits |= self.execute.0;
        }
        if mask.intersects(AccessMask::GENERIC_ALL) {
            bits |= self.all.0;
        }
        AccessMask(bits)
    }

    /// The label policy of an object without a label: no write up, and for processes and threads no read up either.
    pub fn default_label_policy(&self) -> AccessMask {
        if *self == Self::PROCESS || *self == Self::THREAD {
            AccessMask::LABEL_NO_WRITE_UP | AccessMask::LABEL_NO_READ_UP
        } else {
            AccessMask::LABEL_NO_WRITE_UP
        }
    }
}

impl ObjectKind {
    /// Specific rights of this kind and their names for people.
    pub(crate) fn specific_names(self) -> &'static [(u32, &'static str)] {
        match self {
            ObjectKind::File => &[
                (0x1, "read"),
                (0x2, "write"),
                (0x4, "append"),
                (0x8, "read extended attributes"),
                (0x10, "write extended attributes"),
                (0x20, "execute"),
                (0x40, "delete children"),
                (0x80, "read attributes"),
                (0x100, "write attributes"),
            ],
            ObjectKind::Directory => &[
                (0x1, "list"),
                (0x2, "create files"),
                (0x4, "create folders"),
                (0x8, "read extended attributes"),
                (0x10, "write extended attributes"),
                (0x20, "traverse"),
                (0x40, "delete children"),
                (0x80, "read attributes"),
                (0x100, "write attributes"),
            ],
            ObjectKind::Key => &[
                (0x1, "query values"),
                (0x2, "set values"),
                (0x4, "create subkeys"),
                (0x8, "list subkeys"),
                (0x10, "notify"),
                (0x20, "create links"),
            ],
            ObjectKind::Process => &[
                (0x1, "terminate"),
                (0x2, "create threads"),
                (0x8, "operate on memory"),
                (0x10, "read memory"),
                (0x20, "write memory"),
                (0x40, "duplicate handles"),
                (0x80, "create processes"),
                (0x100, "set quota"),
                (0x200, "set information"),
                (0x400, "query information"),
                (0x800, "suspend and resume"),
                (0x1000, "query limited information"),
            ],
            ObjectKind::Thread => &[
                (0x1, "terminate"),
                (0x2, "suspend and resume"),
                (0x8, "get context"),
                (0x10, "set context"),
                (0x20, "set information"),
                (0x40, "query information"),
                (0x80, "set token"),
                (0x100, "impersonate"),
                (0x200, "direct impersonation"),
                (0x400, "set limited information"),
                (0x800, "query limited information"),
            ],
            ObjectKind::Section => &[
                (0x1, "query"),
                (0x2, "map for writing"),
                (0x4, "map for reading"),
                (0x8, "map for execution"),
                (0x10, "extend size"),
            ],
            _ => &[],
        }
    }
}
