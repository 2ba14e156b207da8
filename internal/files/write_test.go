//go:build linux

package files

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/podlint/podlint/internal/hint"
)

// mallory is the user ID of somebody else.
const mallory = 65533

func asRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root makes files of other users")
	}
}

// tree makes a directory that holds texts by their paths, and a sticky directory "tmp" for everybody.
func tree(t *testing.T, texts map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	must(t, os.Mkdir(filepath.Join(dir, "tmp"), 0o777), os.Chmod(filepath.Join(dir, "tmp"), 0o777|fs.ModeSticky))
	for name, text := range texts {
		path := filepath.Join(dir, name)
		must(t, os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644))
	}
	return dir
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

func text(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	must(t, err)
	return string(data)
}

// writeText writes a text as a report is written.
func writeText(path, text string) error {
	return Write(path, 0o666, func(w io.Writer) error { _, err := io.WriteString(w, text); return err })
}

func TestWrite(t *testing.T) {
	dir := tree(t, map[string]string{"real/old": "old", "file": "x"})
	must(t, os.Symlink("real", filepath.Join(dir, "link")), os.Symlink("../file", filepath.Join(dir, "real/out")),
		os.Symlink(filepath.Join(dir, "link/old"), filepath.Join(dir, "absolute")),
		os.Symlink("loop", filepath.Join(dir, "loop")), os.Symlink("real/none", filepath.Join(dir, "dangling")))
	for name, c := range map[string]struct{ lands, err string }{
		"new":                {lands: "new"},
		"link/old":           {lands: "real/old"},
		"real/out":           {lands: "file"},
		"absolute":           {lands: "real/old"},
		"dangling":           {lands: "real/none"},
		"real/../link/./new": {lands: "real/new"},
		"tmp/report":         {lands: "tmp/report"},
		"loop":               {err: "too many levels"},
		"real":               {err: "not a regular file but a directory"},
		"real/":              {err: "is a directory"},
		"real/..":            {err: "is a directory"},
		"none/new":           {err: "no such file or directory"},
		"file/new":           {err: "not a directory"},
		"":                   {err: "is a directory"},
	} {
		err := writeText(dir+"/"+name, "text of "+name)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) || !strings.HasPrefix(err.Error(), dir) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if got := text(t, filepath.Join(dir, c.lands)); got != "text of "+name {
			t.Errorf("%s: it holds %q", name, got)
		}
	}
	t.Chdir(dir)
	if err := writeText("relative", "x"); err != nil || text(t, "relative") != "x" {
		t.Errorf("a relative path: %v", err)
	}
	if err := writeText("", "x"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no path: %v", err)
	}
	for _, d := range []string{".", "tmp", "real"} {
		if left, _ := filepath.Glob(d + "/.podlint*"); len(left) > 0 {
			t.Errorf("%q are left", left)
		}
	}
}

// TestWriteOthers holds that root goes through nothing that another user has put where everybody may, and follows no
// link of another's anywhere.
func TestWriteOthers(t *testing.T) {
	asRoot(t)
	dir := tree(t, map[string]string{"precious": "precious", "home/own/file": "x"})
	at := func(name string) string { return filepath.Join(dir, name) }
	must(t, os.Symlink("../precious", at("tmp/link")), os.Symlink("..", at("tmp/up")), os.Mkdir(at("tmp/dir"), 0o777),
		os.WriteFile(at("tmp/file"), []byte("x"), 0o666), unix.Mkfifo(at("tmp/pipe"), 0o666),
		os.Symlink("../../precious", at("home/own/link")), os.Symlink("../..", at("home/own/up")),
		os.Symlink("..", at("home/own/within")), unix.Mkfifo(at("home/own/pipe"), 0o666),
		os.Mkdir(at("open"), 0o755), os.Chmod(at("open"), 0o777), os.Mkdir(at("open/dir"), 0o755),
		os.Mkdir(at("group"), 0o755), os.Chmod(at("group"), 0o775|fs.ModeSticky), os.Mkdir(at("group/dir"), 0o755),
		os.Mkdir(at("theirs"), 0o755), os.Chmod(at("theirs"), 0o777|fs.ModeSticky), os.Mkdir(at("theirs/dir"), 0o755))
	for _, name := range []string{"tmp/link", "tmp/up", "tmp/dir", "tmp/file", "tmp/pipe", "home", "home/own",
		"home/own/file", "home/own/link", "home/own/up", "home/own/within", "home/own/pipe", "open/dir", "group/dir",
		"theirs", "theirs/dir"} {
		must(t, os.Lchown(at(name), mallory, mallory))
	}
	for _, name := range []string{"tmp/link", "tmp/up/precious", "tmp/dir/new", "tmp/file", "tmp/pipe",
		"home/own/link", "home/own/up/precious", "home/own/within/own/file", "home/own/pipe", "open/dir/new",
		"group/dir/new", "tmp/dir/../../precious"} {
		err := writeText(dir+"/"+name, "taken over")
		if err == nil || !strings.Contains(err.Error(), "another user") {
			t.Errorf("%s: %v", name, err)
		}
		if advice, ok := hint.Of(err); !ok && !strings.HasSuffix(name, "pipe") {
			t.Errorf("%s: the hint %q", name, advice)
		}
	}
	if got := text(t, at("precious")); got != "precious" {
		t.Errorf("root's file holds %q", got)
	}
	if err := MakeDirs(at("tmp/dir/sub")); err == nil {
		t.Error("a directory is made in another's")
	}
	// what is in a directory of another's alone is written where it is said
	for _, name := range []string{"home/own/file", "home/own/new", "theirs/dir/new"} {
		if err := writeText(at(name), "written"); err != nil || text(t, at(name)) != "written" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if info, _ := os.Stat(at("home/own/file")); info.Sys().(*syscall.Stat_t).Uid != mallory {
		t.Error("a file has another owner now")
	}
}

// TestWriteSpecial holds what is written to as it is.
func TestWriteSpecial(t *testing.T) {
	dir := tree(t, nil)
	pipe := filepath.Join(dir, "pipe")
	must(t, unix.Mkfifo(pipe, 0o600))
	got := make(chan string)
	go func() {
		text, _ := os.ReadFile(pipe)
		got <- string(text)
	}()
	if err := writeText(pipe, "x"); err != nil || <-got != "x" {
		t.Errorf("a named pipe: %v", err)
	}
	if err := writeText("/dev/null", "x"); err != nil {
		t.Errorf("a device: %v", err)
	}
	socket := filepath.Join(dir, "socket")
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	must(t, err, unix.Bind(fd, &unix.SockaddrUnix{Name: socket}), unix.Close(fd))
	if err := writeText(socket, "x"); err == nil || !strings.Contains(err.Error(), "a socket") {
		t.Errorf("a socket: %v", err)
	}
	// what comes after what was written before by the same open file
	file, err := os.Create(filepath.Join(dir, "file"))
	must(t, err)
	defer file.Close()
	fmt.Fprint(file, "before ")
	for _, path := range []string{fmt.Sprintf("/dev/fd/%d", file.Fd()), fmt.Sprintf("/proc/self/fd/%d", file.Fd())} {
		if err := writeText(path, "x"); err != nil {
			t.Error(err)
		}
	}
	if text := text(t, file.Name()); text != "before xx" {
		t.Errorf("an open file holds %q", text)
	}
	for _, path := range []string{"/proc/self/comm", "/proc/self/cwd/x", "/proc/self/fd/100000", "/proc/self/fd/x",
		fmt.Sprintf("/proc/%d/fd/1", os.Getppid()), "/proc/self/root/tmp/x", "/sys/kernel/profiling"} {
		if err := writeText(path, "x"); err == nil {
			t.Errorf("%s is written", path)
		}
	}
}

// TestWriteKeeps holds that a file keeps its mode, access control list and the user's attributes, and gets no list from
// its directory.
func TestWriteKeeps(t *testing.T) {
	dir := tree(t, map[string]string{"plain": "x", "listed": "x"})
	at := func(name string) string { return filepath.Join(dir, name) }
	list := accessControl(6, map[int]uint16{mallory: 4}, 0, 6, 0)
	must(t, os.Chmod(at("plain"), 0o640), unix.Setxattr(at("plain"), "user.note", []byte("mine"), 0),
		unix.Setxattr(at("listed"), accessList, list, 0),
		unix.Setxattr(dir, defaultList, accessControl(7, map[int]uint16{mallory: 7}, 7, 7, 7), 0))
	for _, name := range []string{"plain", "listed"} {
		before, _ := os.Stat(at(name))
		if err := writeText(at(name), "new"); err != nil {
			t.Fatal(err)
		}
		after, _ := os.Stat(at(name))
		if after.Mode() != before.Mode() || text(t, at(name)) != "new" {
			t.Errorf("%s: mode %v, before %v", name, after.Mode(), before.Mode())
		}
	}
	if got, _ := attribute(at("plain"), "user.note"); got != "mine" {
		t.Errorf("the note is %q", got)
	}
	if got, err := attribute(at("plain"), accessList); err == nil {
		t.Errorf("it got the list %q", got)
	}
	if got, _ := attribute(at("listed"), accessList); got != string(list) {
		t.Errorf("the list is %q, want %q", got, list)
	}
	// a new file gets its directory's list, as the kernel gives it
	must(t, writeText(at("new"), "x"))
	if got, _ := attribute(at("new"), accessList); got == "" {
		t.Error("a new file has no list")
	}
}

// TestWriteKeepsOwner holds that owner and label are kept.
func TestWriteKeepsOwner(t *testing.T) {
	asRoot(t)
	dir := tree(t, map[string]string{"file": "x"})
	path := filepath.Join(dir, "file")
	must(t, os.Chown(path, mallory, 7), os.Chmod(path, 0o600))
	label := unix.Setxattr(path, "security.selinux", []byte("system_u:object_r:etc_t:s0\x00"), 0)
	_ = unix.Setxattr(path, "trusted.note", []byte("x"), 0)
	before := attributes(t, path)
	must(t, writeText(path, "new"))
	if after := attributes(t, path); after != before || text(t, path) != "new" {
		t.Errorf("before %s\nafter  %s", before, after)
	}
	if label != nil {
		t.Logf("no label was set: %v", label)
	}
}

// attributes returns what a file has besides its text.
func attributes(t *testing.T, path string) string {
	t.Helper()
	var stat unix.Stat_t
	must(t, unix.Lstat(path, &stat))
	text := fmt.Sprintf("%o %d:%d", stat.Mode, stat.Uid, stat.Gid)
	names := make([]byte, mostAttributes)
	n, err := unix.Listxattr(path, names)
	must(t, err)
	all := strings.Split(strings.TrimRight(string(names[:n]), "\x00"), "\x00")
	slices.Sort(all)
	for _, name := range all {
		value, _ := attribute(path, name)
		text += fmt.Sprintf(" %s=%q", name, value)
	}
	return text
}

func attribute(path, name string) (string, error) {
	value := make([]byte, mostAttributes)
	n, err := unix.Getxattr(path, name, value)
	return string(value[:max(n, 0)]), err
}

// accessControl returns an access control list as the kernel keeps it (acl(5), posix_acl_xattr.h): the rights of the
// owner, of some users, of the group, the mask, and of all others.
func accessControl(owner uint16, users map[int]uint16, group, mask, other uint16) []byte {
	const version, nobody = 2, 0xffffffff
	list := binary.LittleEndian.AppendUint32(nil, version)
	entry := func(tag, rights uint16, id uint32) {
		list = binary.LittleEndian.AppendUint16(list, tag)
		list = binary.LittleEndian.AppendUint16(list, rights)
		list = binary.LittleEndian.AppendUint32(list, id)
	}
	entry(1, owner, nobody)
	for id, rights := range users {
		entry(2, rights, uint32(id))
	}
	entry(4, group, nobody)
	entry(0x10, mask, nobody)
	entry(0x20, other, nobody)
	return list
}

// TestWriteUmask holds that the umask is taken from what is new, and from nothing that was there.
func TestWriteUmask(t *testing.T) {
	dir := tree(t, map[string]string{"old": "x", "unit": "x", "private": "x"})
	at := func(name string) string { return filepath.Join(dir, name) }
	must(t, os.Chmod(at("old"), 0o666), os.Chmod(at("private"), 0o600), os.Chmod(at("unit"), 0o754))
	before := syscall.Umask(0o027)
	defer syscall.Umask(before)
	must(t, writeText(at("new"), "x"), writeText(at("old"), "y"))
	for unit, name := range map[string]string{"unit": "unit.d/x", "private": "private.d/x"} {
		must(t, Replace(&Change{Dir: dir, Name: name, After: []byte("x"), Like: unit}))
	}
	must(t, MakeDirs(at("a/b")), Replace(&Change{Dir: dir, Name: "mode", After: []byte("x"), Mode: 0o666}))
	for name, want := range map[string]fs.FileMode{"new": 0o640, "old": 0o666, "unit.d": 0o750, "unit.d/x": 0o640,
		"private.d": 0o700, "private.d/x": 0o600, "a": 0o700, "a/b": 0o700, "mode": 0o640} {
		if info, err := os.Stat(at(name)); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
}

// TestReplaceLike holds that a drop-in tells nobody more than its unit does.
func TestReplaceLike(t *testing.T) {
	asRoot(t)
	dir := tree(t, map[string]string{"unit": "x", "elsewhere/real": "x"})
	at := func(name string) string { return filepath.Join(dir, name) }
	list := accessControl(6, map[int]uint16{mallory - 1: 4}, 0, 4, 0)
	must(t, unix.Setxattr(at("unit"), accessList, list, 0), os.Chown(at("unit"), mallory, 7))
	must(t, Replace(&Change{Dir: dir, Name: "unit.d/x", After: []byte("x"), Like: "unit"}))
	if want, got := attributes(t, at("unit")), attributes(t, at("unit.d/x")); got != want {
		t.Errorf("it has\n%s, its unit\n%s", got, want)
	}
	if info, _ := os.Stat(at("unit.d")); info.Sys().(*syscall.Stat_t).Uid != mallory {
		t.Error("its directory is root's")
	}
	must(t, os.Symlink("elsewhere/real", at("linked")), os.Chmod(at("elsewhere/real"), 0o600))
	must(t, Replace(&Change{Dir: dir, Name: "linked.d/x", After: []byte("x"), Like: "linked"}))
	if info, _ := os.Stat(at("linked.d/x")); info.Mode().Perm() != 0o600 {
		t.Errorf("the drop-in of a linked unit is %v", info.Mode())
	}
}

// TestReplaceInside holds that no link leads a change out of its directory, and that what was changed meanwhile stays.
func TestReplaceInside(t *testing.T) {
	root := tree(t, map[string]string{"out/x": "x", "in/x": "x", "in/sub/x": "x", "in/pipe.d/y": ""})
	dir := filepath.Join(root, "in")
	at := func(name string) string { return filepath.Join(dir, name) }
	must(t, os.Symlink("../out", at("up.d")), os.Symlink(filepath.Join(root, "out"), at("absolute.d")),
		os.Symlink("../out/x", at("file")), os.Symlink("sub/../../out/x", at("round")), os.Symlink("sub", at("sub.d")),
		os.Symlink(at("sub"), at("own.d")), os.Symlink("../out/none", at("dangling")),
		os.Symlink("/proc/self/cwd", at("proc.d")), os.Symlink(root+"/in/../out", at("dots.d")),
		unix.Mkfifo(at("pipe"), 0o600), unix.Mkfifo(at("pipe.d/x"), 0o600))
	for _, name := range []string{"up.d/x", "absolute.d/x", "file", "round", "dangling", "../out/x", "proc.d/x",
		"up.d/new",
		"dots.d/x"} {
		before := []byte("x")
		if strings.HasSuffix(name, "new") || name == "dangling" {
			before = nil
		}
		err := Replace(&Change{Dir: dir, Name: name, Before: before, After: []byte("y")})
		if err == nil || !strings.Contains(err.Error(), "outside its directory") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"pipe", "pipe.d/x"} {
		if err := Replace(&Change{Dir: dir, Name: name, After: []byte("y")}); err == nil ||
			!strings.Contains(err.Error(), "a named pipe") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if names, _ := os.ReadDir(filepath.Join(root, "out")); len(names) != 1 ||
		text(t, filepath.Join(root, "out/x")) != "x" {
		t.Errorf("outside are %v", names)
	}
	for i, name := range []string{"sub.d/x", "own.d/x"} {
		before, after := "x", fmt.Sprint(i)
		if i > 0 {
			before = fmt.Sprint(i - 1)
		}
		if err := Replace(&Change{Dir: dir, Name: name, Before: []byte(before), After: []byte(after)}); err != nil ||
			text(t, at("sub/x")) != after {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, before := range map[string]string{"x": "other", "gone": "x", "sub/x": ""} {
		if err := Replace(&Change{Dir: dir, Name: name, Before: []byte(before), After: []byte("y")}); err == nil ||
			!strings.Contains(err.Error(), "was changed") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if left, _ := filepath.Glob(dir + "/.podlint*"); len(left) > 0 {
		t.Errorf("%q are left", left)
	}
}

// TestRenamedMeanwhile holds that a write goes on in the directory that was opened, whatever takes its name.
func TestRenamedMeanwhile(t *testing.T) {
	dir := tree(t, map[string]string{"a/x": "old", "b/x": "precious"})
	at := func(name string) string { return filepath.Join(dir, name) }
	err := Write(at("a/x"), 0o600, func(w io.Writer) error {
		must(t, os.Rename(at("a"), at("moved")), os.Symlink("b", at("a")))
		_, err := io.WriteString(w, "new")
		return err
	})
	if err != nil || text(t, at("b/x")) != "precious" || text(t, at("moved/x")) != "new" {
		t.Errorf("%v: it holds %q", err, text(t, at("moved/x")))
	}
	// a pipe in the place of what was looked at is not opened: nobody reads it
	d, err := openDirectory(unix.AT_FDCWD, dir)
	must(t, err, unix.Mkfifo(at("pipe"), 0o600), unix.Mkfifo(at("other"), 0o600))
	stat, err := d.look("pipe")
	must(t, err, os.Rename(at("other"), at("pipe")))
	done := make(chan error, 1)
	go func() {
		_, err := d.openSpecial("pipe", &stat)
		done <- err
	}()
	select {
	case err := <-done:
		if !errors.Is(err, unix.ESTALE) {
			t.Errorf("another pipe: %v", err)
		}
	case <-time.After(time.Minute):
		t.Error("another pipe was opened")
	}
}

// TestWriteFails holds that a write that fails leaves the file as it was, and nothing beside it.
func TestWriteFails(t *testing.T) {
	dir := tree(t, map[string]string{"x": "old"})
	failing := errors.New("no more")
	err := Write(filepath.Join(dir, "x"), 0o600, func(w io.Writer) error {
		_, _ = io.WriteString(w, "half")
		return failing
	})
	names, _ := os.ReadDir(dir)
	if !errors.Is(err, failing) || text(t, filepath.Join(dir, "x")) != "old" || len(names) != 2 {
		t.Errorf("%v, %v", err, names)
	}
}

// TestTemporaryNamed writes as on a file system that has no files without a name.
func TestTemporaryNamed(t *testing.T) {
	dir := tree(t, map[string]string{"old": "x"})
	d, err := openDirectory(unix.AT_FDCWD, dir)
	must(t, err)
	placed := func(name string, isNew bool) error {
		file, err := d.named(0o600)
		must(t, err)
		defer file.remove()
		if _, err := os.Stat(filepath.Join(dir, file.name)); err != nil || !isTemporaryName(file.name) {
			t.Errorf("its name is %q: %v", file.name, err)
		}
		d.sweep() // it is not removed while it is written
		_, _ = io.WriteString(file, "new")
		return file.place(name, isNew)
	}
	if err := placed("old", false); err != nil || text(t, filepath.Join(dir, "old")) != "new" {
		t.Errorf("an old file: %v", err)
	}
	if err := placed("new", true); err != nil || text(t, filepath.Join(dir, "new")) != "new" {
		t.Errorf("a new file: %v", err)
	}
	if err := placed("new", true); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a name that is taken: %v", err)
	}
	if left, _ := filepath.Glob(dir + "/.podlint*"); len(left) > 0 {
		t.Errorf("%q are left", left)
	}
}

// TestSweep holds that a write removes what dead ones have left, and nothing else.
func TestSweep(t *testing.T) {
	const dead, written = ".podlint-0123456789abcdef.tmp", ".podlint-0123456789abcde0.tmp"
	others := []string{".podlint-0123456789abcdef", ".podlint-notes.tmp", "0123456789abcdef.tmp",
		".podlint-0123456789abcdeg.tmp", written}
	texts := map[string]string{dead: "half"}
	for _, name := range others {
		texts[name] = "x"
	}
	dir := tree(t, texts)
	must(t, os.Mkdir(filepath.Join(dir, ".podlint-0123456789abcde1.tmp"), 0o700),
		os.Symlink("x", filepath.Join(dir, ".podlint-0123456789abcde2.tmp")),
		unix.Mkfifo(filepath.Join(dir, ".podlint-0123456789abcde3.tmp"), 0o600))
	held, err := os.Open(filepath.Join(dir, written))
	must(t, err, lock(held, unix.LOCK_EX))
	defer held.Close()
	before, _ := os.ReadDir(dir)
	must(t, writeText(filepath.Join(dir, "x"), "x"))
	after, _ := os.ReadDir(dir)
	if _, err := os.Lstat(filepath.Join(dir, dead)); err == nil || len(after) != len(before) { // and x
		t.Errorf("after the write there are %v", after)
	}
}

// TestKilled kills writers, and holds that after the next write there is nothing but its file.
func TestKilled(t *testing.T) {
	if dir := os.Getenv("PODLINT_KILLED_IN"); dir != "" {
		writeForever(t, dir)
		return
	}
	for _, how := range []string{"unnamed", "named"} {
		dir := tree(t, map[string]string{"x": "old"})
		const kills = 10
		for range kills {
			cmd := exec.Command(os.Args[0], "-test.run", "^TestKilled$")
			cmd.Env = append(os.Environ(), "PODLINT_KILLED_IN="+dir, "PODLINT_KILLED_HOW="+how)
			out, err := cmd.StdoutPipe()
			must(t, err, cmd.Start())
			_, _ = out.Read(make([]byte, 1))
			must(t, cmd.Process.Kill())
			_ = cmd.Wait()
			if got := text(t, filepath.Join(dir, "x")); got != "old" && got != strings.Repeat("new", 1000) {
				t.Fatalf("half of a file is there: %d bytes", len(got))
			}
		}
		left, _ := filepath.Glob(dir + "/.podlint*")
		if how == "named" && len(left) == 0 {
			t.Error("the kills have left nothing, so this shows nothing")
		}
		must(t, writeText(filepath.Join(dir, "y"), "x"))
		if left, _ := filepath.Glob(dir + "/.podlint*"); len(left) > 0 {
			t.Errorf("%s: %q are left", how, left)
		}
	}
}

// writeForever writes until it is killed; it says when the first write has begun.
func writeForever(t *testing.T, dir string) {
	for {
		if os.Getenv("PODLINT_KILLED_HOW") == "named" {
			d, err := openDirectory(unix.AT_FDCWD, dir)
			must(t, err)
			if _, err := d.named(0o600); err != nil {
				t.Fatal(err)
			}
			fmt.Fprintln(os.Stdout, "begun")
			select {}
		}
		must(t, Write(filepath.Join(dir, "x"), 0o600, func(w io.Writer) error {
			fmt.Fprintln(os.Stdout, "begun")
			for range 1000 {
				_, _ = io.WriteString(w, "new")
			}
			return nil
		}))
	}
}
