//! scratch
use lowbox_linux::{host::RealTree, launch::*, limits::Limits};
use lowbox_policy::*;
use std::path::{Path, PathBuf};
fn main() {
    lowbox_linux::close_descriptors_from(3).unwrap();
    let args: Vec<_> = std::env::args_os().skip(1).collect();
    let root = rustix::process::getuid().is_root();
    let rx = FsRights(FsRights::READ_FILE.0 | FsRights::READ_DIR.0 | FsRights::EXECUTE.0);
    let data = PackageData { local_state: format!("/tmp/smoke-{}/L", rustix::process::getuid().as_raw()).into(), temp_state: format!("/tmp/smoke-{}/T", rustix::process::getuid().as_raw()).into() };
    std::fs::create_dir_all(&data.local_state).unwrap();
    std::fs::create_dir_all(&data.temp_state).unwrap();
    let mut binds = vec![];
    for (p, r, w) in [("/dev/null", FsRights(FsRights::READ_FILE.0|FsRights::WRITE_FILE.0|FsRights::IOCTL_DEV.0), false), ("/dev/urandom", FsRights::READ_FILE, false), ("/etc/ld.so.cache", FsRights::READ_FILE, false), (data.local_state.to_str().unwrap(), FsRights(FsRights::ALL.0 & !FsRights::IOCTL_DEV.0), true), ("/usr", rx, false)] {
        let id = RealTree.node(Path::new(p)).unwrap();
        binds.push(Bind { path: p.into(), id, writable: w, executable: p == "/usr" || w, rights: r, connect: false, recursive: id.kind == NodeKind::Dir });
    }
    let plan = Plan { binds, listable: vec!["/".into()], links: vec![("/bin".into(), "usr/bin".into()), ("/lib".into(), "usr/lib".into()), ("/lib64".into(), "usr/lib64".into())], deny_xattr_reads: false, deny_watches: false, notes: vec![] };
    let uid = if root { 0x7000_1234 } else { rustix::process::getuid().as_raw() };
    let gid = if root { 0x7000_1234 } else { rustix::process::getgid().as_raw() };
    let spec = Spec { plan, personal: vec![data.local_state.clone()], program: PathBuf::from(&args[0]), arguments: args.clone(), environment: vec![("PATH".into(), "/usr/bin:/bin".into()), ("HOME".into(), data.local_state.clone().into())], working_directory: data.local_state.clone(), data, user: ContainerUser { uid, gid, name: "lowbox".into(), launched_by_root: root }, limits: Limits::default(), observe: std::env::var_os("OBS").is_some(), extra_descriptors: vec![] };
    let c = match launch(&spec) { Ok(c) => c, Err(e) => { eprintln!("{e}"); std::process::exit(e.exit_code().into()) } };
    let e = c.supervise(&mut |e| eprintln!("{e:?}")).unwrap();
    std::process::exit(e.exit_code().into());
}
