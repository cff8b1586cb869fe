//! Whole subtrees: they are listed in order and deleted, whatever their shape and whoever
//! interferes.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::support::engine::on_every_engine;
use crate::support::shell::zksh;

/// The names of each znode's children, by path.
type Tree = BTreeMap<String, Vec<String>>;

fn add(tree: &mut Tree, parent: &str, name: &str) -> String {
    tree.entry(parent.to_owned()).or_default().push(name.to_owned());
    format!("{parent}/{name}")
}

/// Returns a tree with a wide folder, a deep path with long names, a comb, and folders of folders.
fn forest() -> Tree {
    let mut tree = Tree::new();
    let wide = add(&mut tree, "/forest", "wide");
    for leaf in 0..700 {
        add(&mut tree, &wide, &format!("leaf-{leaf}"));
    }
    let mut deep = add(&mut tree, "/forest", "deep");
    for _ in 0..12 {
        deep = add(&mut tree, &deep, &"long".repeat(50));
    }
    let mut comb = add(&mut tree, "/forest", "comb");
    for tooth in 0..40 {
        add(&mut tree, &comb, &format!("leaf-{tooth}"));
        comb = add(&mut tree, &comb, "next");
    }
    // The first hundred are leaves, so that the delete assumes that the rest are leaves too.
    let deceptive = add(&mut tree, "/forest", "deceptive");
    for number in 0..300 {
        let folder = add(&mut tree, &deceptive, &format!("folder-{number:03}"));
        if (100..120).contains(&number) {
            add(&mut tree, &folder, "inner");
        }
    }
    tree
}

fn script(tree: &Tree, path: &str, script: &mut String) {
    writeln!(script, "create {path} some-data").unwrap();
    for name in tree.get(path).into_iter().flatten() {
        self::script(tree, &format!("{path}/{name}"), script);
    }
}

/// Lists a znode's children, then everything below the first of them.
fn listed(tree: &Tree, path: &str, lines: &mut String) {
    let mut names = tree.get(path).cloned().unwrap_or_default();
    names.sort_unstable();
    let children: Vec<String> = names.iter().map(|name| format!("{path}/{name}")).collect();
    for child in &children {
        writeln!(lines, "{child}").unwrap();
    }
    for child in &children {
        listed(tree, child, lines);
    }
}

fn create_tree(server: &str, tree: &Tree, top: &str) {
    let mut lines = String::new();
    script(tree, top, &mut lines);
    let ran = zksh(server).script(&lines);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
}

#[test]
fn a_subtree_of_any_shape_is_listed_and_deleted() {
    let tree = forest();
    let mut lines = "/forest\n".to_owned();
    listed(&tree, "/forest", &mut lines);
    on_every_engine(|engine| {
        let server = engine.fresh();
        create_tree(&server, &tree, "/forest");
        assert_eq!(zksh(&server).args(["ls", "-R", "/forest"]).succeed(), lines);
        zksh(&server).args(["deleteall", "/forest"]).succeed();
        assert_eq!(zksh(&server).args(["ls", "/"]).succeed(), "[]\n");
        create_tree(&server, &tree, "/forest");
        zksh(&server).args(["deleteall", "--force", "-b", "7", "/"]).succeed();
        assert_eq!(zksh(&server).args(["ls", "/"]).succeed(), "[]\n");
    });
}

#[test]
fn znodes_that_may_not_be_deleted_are_named_and_all_others_deleted() {
    on_every_engine(|engine| {
        let server = engine.fresh();
        let mut lines = "create /forest\ncreate /forest/shut\n".to_owned();
        for number in 0..150 {
            // A client that may not list a znode may still delete it, because that depends on its
            // parent.
            writeln!(lines, "create /forest/blind-{number} x world:anyone:w").unwrap();
            writeln!(lines, "create /forest/leaf-{number}").unwrap();
        }
        lines.push_str("create /forest/shut/a\ncreate /forest/shut/b\n");
        lines.push_str("setAcl /forest/shut world:anyone:crwa\n");
        assert_eq!(zksh(&server).script(&lines).status, 0);
        // One command and a script behave the same: a znode that may not be listed prevents the
        // whole delete.
        let before = zksh(&server).args(["getAllChildrenNumber", "/forest"]).run().stdout;
        let refused = "/forest/blind-0; its children may not be listed, so nothing was deleted\n";
        let ran = zksh(&server).args(["deleteall", "/forest"]).run();
        assert_eq!(ran.status, 1);
        assert_eq!(ran.stderr, format!("Authentication is not valid : {refused}"));
        let ran = zksh(&server).args(["--compat", "3.9"]).script("deleteall /forest\n");
        assert_eq!(ran.status, 1);
        let expected =
            format!("stdin:1: Insufficient permission : {refused}    deleteall /forest\n");
        assert_eq!(ran.stderr, expected);
        let after = zksh(&server).args(["getAllChildrenNumber", "/forest"]).run().stdout;
        assert_eq!(before, after);

        let ran =
            zksh(&server).args(["--compat", "3.9", "deleteall", "/forest", "--keep-going"]).run();
        assert_eq!(ran.status, 1);
        let mut lines: Vec<&str> = ran.stderr.lines().collect();
        lines[1..].sort_unstable();
        let expected = [
            "Failed to delete some node(s) in the subtree! 300 deleted, 4 left",
            "Insufficient permission : /forest/shut/a",
            "Insufficient permission : /forest/shut/b",
        ];
        assert_eq!(lines, expected);
        let left = "/forest\n/forest/shut\n/forest/shut/a\n/forest/shut/b\n";
        assert_eq!(zksh(&server).args(["ls", "-R", "/forest"]).succeed(), left);
        // If everything may be listed, only the refused znodes are left.
        zksh(&server).args(["create", "/forest/leaf"]).succeed();
        let ran = zksh(&server).args(["deleteall", "/forest"]).run();
        assert!(ran.stderr.contains("1 deleted, 4 left"), "{}", ran.stderr);
        assert_eq!(zksh(&server).args(["ls", "-R", "/forest"]).succeed(), left);
    });
}

#[test]
fn a_recursive_acl_continues_after_znodes_that_may_not_be_listed() {
    on_every_engine(|engine| {
        let server = engine.fresh();
        let lines = "\
create /forest
create /forest/a
create /forest/a/inner
create /forest/blind
create /forest/blind/inner
create /forest/fixed
create /forest/z
create /forest/z/inner
setAcl /forest/blind world:anyone:a
setAcl /forest/fixed world:anyone:r
";
        assert_eq!(zksh(&server).script(lines).status, 0);
        let ran = zksh(&server).args(["setAcl", "-R", "/forest", "world:anyone:rwcda"]).run();
        assert_eq!((ran.status, ran.stdout.as_str()), (1, ""));
        let mut lines: Vec<&str> = ran.stderr.lines().collect();
        lines[1..].sort_unstable();
        let expected = [
            "1 of 7 znodes keep their old ACL, and so do the children of 1 that could not be listed: \
             6 have the new one",
            "Authentication is not valid : /forest/blind",
            "Authentication is not valid : /forest/fixed",
        ];
        assert_eq!(lines, expected);
        for (path, acl) in
            [("/forest/z/inner", "cdrwa"), ("/forest/blind", "cdrwa"), ("/forest/fixed", "r")]
        {
            let printed = zksh(&server).args(["getAcl", path]).succeed();
            assert_eq!(printed, format!("'world,'anyone\n: {acl}\n"), "{path}");
        }
    });
}

#[test]
fn two_deletes_of_one_subtree_do_not_disturb_each_other() {
    let tree = forest();
    on_every_engine(|engine| {
        let server = engine.fresh();
        create_tree(&server, &tree, "/forest");
        let run = || zksh(&server).args(["deleteall", "/forest"]).run();
        let both = std::thread::scope(|scope| {
            let other = scope.spawn(run);
            [run(), other.join().unwrap()]
        });
        for ran in both {
            // The named znode may be gone before the slower one has started.
            let expected = if ran.status == 0 { "" } else { "Node does not exist: /forest\n" };
            assert_eq!(ran.stderr, expected);
        }
        assert_eq!(zksh(&server).args(["ls", "/"]).succeed(), "[]\n");
    });
}
