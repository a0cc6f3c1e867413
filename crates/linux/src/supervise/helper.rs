//! A program that shows a window for lowbox: its output is kept in memory, so that it never waits for a reader; it ends with lowbox, however that
//! ends; and it is known since when a person can have seen what it shows.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use rustix::fs::{MemfdFlags, memfd_create};

use crate::sys;

/// A program that has waited for so long has drawn its window, and waits for the user.
const REST: Duration = Duration::from_millis(200);
/// One that never rests is taken to be seen then.
const LATEST: Duration = Duration::from_secs(5);

/// The program.
#[derive(Debug)]
pub struct Helper {
    child: Child,
    output: File,
    began: Instant,
    /// How much processor time it had taken when it was last at work, and since when it rests.
    rests: (u64, Instant),
    seen: Option<Instant>,
}

impl Helper {
    /// Starts it. Its standard output is lowbox's affair; the thread that starts it must live as long as it.
    ///
    /// # Errors
    /// What making a file in memory and starting a program report.
    pub fn start(command: &mut Command) -> io::Result<Helper> {
        let output = File::from(memfd_create("lowbox", MemfdFlags::CLOEXEC)?);
        sys::end_with_parent(command);
        let child = command.stdout(output.try_clone()?).spawn()?;
        let now = Instant::now();
        Ok(Helper { child, output, began: now, rests: (0, now), seen: None })
    }

    /// Whether it has ended. To be called often: between two calls nothing is seen of it.
    ///
    /// # Errors
    /// What waitpid(2) reports.
    pub fn look(&mut self) -> io::Result<Option<ExitStatus>> {
        let ended = self.child.try_wait()?;
        if ended.is_none() && self.seen.is_none() {
            let now = Instant::now();
            let time = at_rest(self.child.id());
            if time != Some(self.rests.0) {
                self.rests = (time.unwrap_or(u64::MAX), now);
            }
            let rests = now.duration_since(self.rests.1) >= REST;
            if rests || now.duration_since(self.began) >= LATEST {
                self.seen = Some(now);
            }
        }
        Ok(ended)
    }

    /// For how long a person can have seen what it shows.
    pub fn was_seen_for(&self) -> Duration {
        self.seen.map_or(Duration::ZERO, |seen| seen.elapsed())
    }

    /// What it has printed, cut after so many bytes.
    ///
    /// # Errors
    /// What reading reports.
    pub fn printed(&mut self, most: u64) -> io::Result<Vec<u8>> {
        let mut printed = Vec::new();
        self.output.rewind()?;
        (&mut self.output).take(most).read_to_end(&mut printed)?;
        Ok(printed)
    }

    /// Ends it.
    pub fn end(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The processor time that a process has taken, in ticks; `None` if it is at work, or waits for a disk (proc_pid_stat(5)).
fn at_rest(process: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // Its name may hold anything.
    let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
    let time = |at: usize| fields.get(at)?.parse::<u64>().ok();
    (*fields.first()? == "S").then_some(time(11)?.checked_add(time(12)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(helper: &mut Helper) -> ExitStatus {
        loop {
            if let Some(status) = helper.look().unwrap() {
                return status;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn shell(script: &str) -> Helper {
        Helper::start(Command::new("/bin/sh").args(["-c", script])).unwrap()
    }

    #[test]
    fn what_is_printed_beyond_a_pipes_room_is_kept_and_cut() {
        let mut helper = shell("head -c 300000 /dev/zero; echo end");
        assert!(wait(&mut helper).success());
        assert_eq!(helper.printed(400_000).unwrap().len(), 300_004);
        assert_eq!(helper.printed(10).unwrap().len(), 10);
    }

    #[test]
    fn it_is_seen_once_it_rests_and_not_while_it_is_at_work() {
        let mut busy = shell("while :; do :; done");
        for _ in 0..50 {
            assert!(busy.look().unwrap().is_none());
            std::thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(busy.was_seen_for(), Duration::ZERO);
        busy.end();
        let mut resting = shell("sleep 1.5");
        wait(&mut resting);
        assert!(resting.was_seen_for() >= Duration::from_millis(500), "{resting:?}");
    }

    #[test]
    fn it_ends_with_the_thread_that_started_it() {
        let helper = std::thread::spawn(|| shell("exec sleep 60")).join().unwrap();
        let mut helper = helper;
        let began = Instant::now();
        assert!(!wait(&mut helper).success());
        assert!(began.elapsed() < Duration::from_secs(30));
        helper.end();
    }
}
