//! The only unsafe code of lowbox: system calls that no safe crate offers.
//!
//! Each function is the thinnest safe wrapper around one kernel interface. Policy does not live here.

mod clone;
mod descriptor;
mod dying;
mod error_queue;
mod execute;
mod landlock;
mod memory;
mod mount;
mod network;
mod process;
mod seccomp;
mod signals;
mod socket;
mod socket_option;
mod table;

pub use clone::{
    Forked, Namespaces, enter_new_mounts, enter_new_network, fork_again, fork_into, fork_sibling,
    spawn_borrowing,
};
pub use descriptor::{replace_descriptor, with_descriptor};
pub use dying::RestoredWhenKilled;
pub use error_queue::next_error;
pub use execute::{
    Image, close_all_but, close_descriptor, close_from, close_on_exec_from, exit_now, take_descriptor,
};
pub use landlock::{landlock_abi, restrict_self};
pub use memory::{
    erase_environment, read_process_memory, read_process_parts, read_process_path, release_memory,
    write_process_memory,
};
pub use mount::{MountAttributes, change_mount_attributes, clone_mount, set_mount_attributes};
pub use network::{interface_up, packet_socket};
pub use process::{
    become_subreaper, capability, die_after, drop_all_capabilities, drop_bounding_set,
    drop_supplementary_groups, duplicate_descriptor_of, end_with_parent, io_priority, keep_capabilities,
    notice_children, outlive_parent, reset_signals, set_file_system_ids, set_ids, set_parent_death_signal,
    unblock_signals,
};
pub use seccomp::{
    Notification, continue_notification, filter_supports_listener, install_filter, notification_is_alive,
    put_descriptor, receive_notification, respond_to_notification, respond_with_descriptor,
};
pub use signals::{SignalFd, signal_everyone};
pub use socket::{address_bytes, bind_raw, connect_raw, network_cookie, peer_process};
pub use socket_option::{lock_filter, set_socket_option, socket_option};
pub use table::{close_others, move_registration};
