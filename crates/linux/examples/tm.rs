//! scratch
fn main(){ let t=std::time::Instant::now(); let r=lowbox_linux::seccomp::builtin().unwrap(); let a=t.elapsed(); let f=lowbox_linux::seccomp::compile(&r, Default::default()); println!("{:?} {:?} {}", a, t.elapsed()-a, f.len()); }
