//! CPython's own test modules pass inside where they pass outside; exceptions are in data/python-exceptions.txt.

use lowbox_program_tests::compare_module;

macro_rules! modules {
    ($($module:ident)*) => {$(
        #[test]
        fn $module() {
            compare_module(stringify!($module));
        }
    )*};
}

// Debian ships no test_sqlite3; tools.rs has sqlite3 and its module.
modules! {
    test_json test_subprocess test_asyncio test_multiprocessing_fork test_threading
    test_signal test_os test_posix test_tempfile test_shutil test_pty test_select test_mmap test_httpservers
}
