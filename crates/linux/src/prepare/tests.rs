//! What remembered consents make of a request, with a store of its own.

use std::collections::VecDeque;
use std::fs;
use std::time::{Duration, Instant};

use lowbox_policy::{FsRights, GrantRights, PlanOptions, plan};

use super::*;
use crate::broker::{Answer, Asked, Prompter, Question};
use crate::host::{Folders, HostUser, name};
use crate::store::{Decision, How, NewFileConsent, Store};

const PACKAGE: &str = "app_8wekyb3d8bbwe";

struct World {
    folder: tempfile::TempDir,
    caller: Caller,
}

impl World {
    fn new() -> World {
        let folder = tempfile::tempdir().unwrap();
        let home = fs::canonicalize(folder.path()).unwrap();
        let folders = Folders {
            data: home.join("data/lowbox"),
            config: home.join("config/lowbox"),
            system_config: home.join("etc/lowbox"),
        };
        let user = HostUser { home: Some(home), ..HostUser::current(&|_| None) };
        World { folder, caller: Caller { environment: Vec::new(), user, folders } }
    }

    fn path(&self, name: &str) -> PathBuf {
        fs::canonicalize(self.folder.path()).unwrap().join(name)
    }

    fn file(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "").unwrap();
        path
    }

    fn store(&self) -> Store {
        Store::open_or_create(&self.caller.folders.data).unwrap()
    }

    fn remember(&self, path: &Path, decision: Decision, rights: GrantRights) {
        let object = name(path).unwrap().id;
        let new = NewFileConsent {
            package: PACKAGE,
            path,
            object,
            decision,
            rights,
            read_only: false,
            how: How::Prompt,
        };
        self.store().remember_file(&new).unwrap();
    }

    /// What the consents alone make of a start that asks.
    fn consented(&self, named: &[&Path]) -> (ConsentedFiles, Plan) {
        let request = Request { family_name: PACKAGE.into(), asks: true, ..Request::default() };
        let (token, _) = token(&self.caller, &request).unwrap();
        let found = consented_files(&self.caller, &token, &request, named);
        let plan = plan(&token, &found.objects, &RealTree, &PlanOptions::default()).unwrap();
        (found, plan)
    }
}

fn bind<'p>(plan: &'p Plan, path: &Path) -> &'p lowbox_policy::Bind {
    plan.binds.iter().find(|bind| bind.path == path).unwrap_or_else(|| panic!("{plan:#?}"))
}

#[test]
fn what_was_denied_in_a_consented_folder_stays_shut_and_the_folder_is_not_written_to() {
    let world = World::new();
    let (open, shut) = (world.file("folder/open"), world.file("folder/shut"));
    let folder = open.parent().unwrap();
    world.remember(folder, Decision::Allow, GrantRights::READ);
    world.remember(&shut, Decision::Deny, GrantRights::READ);
    let (_, plan_of) = world.consented(&[]);
    assert!(plan_of.binds.iter().all(|bind| !shut.starts_with(&bind.path)), "{plan_of:#?}");
    assert!(bind(&plan_of, &open).rights.contains(FsRights::READ_FILE));
    // On the command line the whole folder is named: that is the user's later word.
    let (found, plan_of) = world.consented(&[folder]);
    assert_eq!(found.objects.len(), 1);
    assert!(bind(&plan_of, folder).rights.contains(FsRights::READ_DIR));
}

#[test]
fn who_may_never_write_to_a_file_still_reads_it_and_gets_no_writable_folder_above_it() {
    let world = World::new();
    let file = world.file("folder/file");
    let folder = file.parent().unwrap();
    world.remember(folder, Decision::Allow, GrantRights::READ_WRITE);
    world.remember(&file, Decision::Deny, "w".parse().unwrap());
    let (_, plan_of) = world.consented(&[]);
    let bind = bind(&plan_of, folder);
    assert!(bind.rights.contains(FsRights::READ_FILE) && !bind.writable, "{plan_of:#?}");
    assert!(!plan_of.notes.is_empty(), "it is said");
}

#[test]
fn a_consent_that_may_not_be_granted_any_more_is_left_out() {
    let world = World::new();
    let (good, state) = (world.file("good"), world.file("data/lowbox/packages/x/state"));
    world.remember(&good, Decision::Allow, GrantRights::READ);
    world.remember(&state, Decision::Allow, GrantRights::READ_WRITE);
    let (found, plan_of) = world.consented(&[]);
    assert_eq!(found.allowed.iter().map(|(one, _)| one.path.as_path()).collect::<Vec<_>>(), [good.as_path()]);
    assert_eq!(plan_of.binds.len(), 1);
    assert!(found.notices[0].to_string().contains("private data"), "{:?}", found.notices);
}

/// Says what it was told to say.
#[derive(Default)]
struct Scripted {
    answers: VecDeque<Option<Answer>>,
    asked: Vec<Question>,
}

impl Prompter for Scripted {
    fn ask(&mut self, question: &Question, deadline: Instant) -> Option<Answer> {
        assert!(deadline > Instant::now());
        self.asked.push(question.clone());
        self.answers.pop_front().expect("no more questions were expected")
    }
}

/// Decides about two capabilities, of which one is privacy-sensitive.
fn decide(world: &World, answers: &[Option<Answer>]) -> (Request, Decided, Vec<Question>) {
    let mut request = Request {
        family_name: PACKAGE.into(),
        capabilities: vec!["internetClient".into(), "webcam".into()],
        need_consent: vec!["webcam".into()],
        ..Request::default()
    };
    let mut prompter = Scripted { answers: answers.iter().copied().collect(), asked: Vec::new() };
    let patience = Duration::from_secs(60);
    let asking = Asking::User { prompter: &mut prompter, how: How::Dialog, patience };
    let decided = decide_capabilities(&world.caller, &mut request, Some(asking));
    assert!(prompter.answers.is_empty(), "it was not asked");
    (request, decided, prompter.asked)
}

#[test]
fn the_user_is_asked_once_and_the_answer_lasts() {
    for (answer, has) in [(Answer::Allow, true), (Answer::Never, false)] {
        let world = World::new();
        let (request, decided, asked) = decide(&world, &[Some(answer)]);
        assert_eq!(request.capabilities.contains(&"webcam".to_owned()), has);
        assert!(request.capabilities.contains(&"internetClient".to_owned()));
        assert_eq!((decided.questions, decided.allowed.len()), (1, usize::from(has)));
        assert_eq!((asked[0].id, asked[0].package.as_str()), (1, PACKAGE));
        assert_eq!(asked[0].asked, Asked::Capability { name: "webcam".into(), title: "cameras".into() });
        assert_eq!(world.store().capability_consent(PACKAGE, "webcam").unwrap().unwrap().how, How::Dialog);

        let (request, decided, asked) = decide(&world, &[]);
        assert_eq!(asked, []);
        assert_eq!(request.capabilities.contains(&"webcam".to_owned()), has);
        assert_eq!(decided.notices.len(), usize::from(!has));
    }
}

#[test]
fn a_policy_allows_what_the_user_did_not_deny_for_one_run() {
    let world = World::new();
    let allowed = |denied: bool| {
        let mut request = Request {
            family_name: PACKAGE.into(),
            capabilities: vec!["webcam".into()],
            need_consent: vec!["webcam".into()],
            ..Request::default()
        };
        let decided = decide_capabilities(&world.caller, &mut request, Some(Asking::Allow));
        assert_eq!((decided.questions, decided.notices.len()), (0, usize::from(denied)));
        !request.capabilities.is_empty()
    };
    assert!(allowed(false));
    assert!(allowed(false), "it was not remembered, and is allowed anew");
    decide(&world, &[Some(Answer::Never)]);
    assert!(!allowed(true));
}

#[test]
fn no_answer_and_one_that_does_not_fit_are_no_and_are_not_remembered() {
    let world = World::new();
    for answer in
        [None, Some(Answer::No), Some(Answer::This(GrantRights::ALL)), Some(Answer::Folder(GrantRights::ALL))]
    {
        let (request, decided, _) = decide(&world, &[answer]);
        assert_eq!(request.capabilities, ["internetClient"]);
        assert_eq!(decided.allowed, [""; 0]);
    }
    assert!(Store::open_existing(&world.caller.folders.data).unwrap().is_none());
}

#[test]
fn nobody_is_asked_where_a_never_may_be_in_a_store_that_can_not_be_read() {
    let world = World::new();
    fs::create_dir_all(&world.caller.folders.data).unwrap();
    fs::create_dir(world.caller.folders.data.join("consent.db")).unwrap();
    let (request, decided, asked) = decide(&world, &[]);
    assert_eq!((request.capabilities, asked.len()), (vec!["internetClient".to_owned()], 0));
    assert_eq!(decided.notices.len(), 2, "{:?}", decided.notices);
}
