package report

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

func TestReportsOfWhichHalfIsNoUseAppearAtOnce(t *testing.T) {
	for _, format := range Formats() {
		t.Run(format, func(t *testing.T) {
			f, err := findFormat(format)
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(t.TempDir(), "report")
			if err := os.WriteFile(path, []byte("old"), 0o640); err != nil {
				t.Fatal(err)
			}
			file := create(t, path, format)
			if _, err := io.WriteString(file, "new"); err != nil {
				t.Fatal(err)
			}
			during := "new"
			if f.whole {
				during = "old"
			}
			holds(t, path, during)
			if err := file.Close(); err != nil {
				t.Fatal(err)
			}
			holds(t, path, "new")
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o640 {
				t.Errorf("mode %v, %v: want that of the old report", info.Mode(), err)
			}
			alone(t, path)
		})
	}
}

func create(t *testing.T, path, format string) *File {
	t.Helper()
	f, err := CreateFile(path, format)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func holds(t *testing.T, path, want string) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil || string(got) != want {
		t.Errorf("%s holds %q, %v; want %q", path, got, err, want)
	}
}

// alone checks that nothing else is in the directory of path.
func alone(t *testing.T, path string) {
	t.Helper()
	files, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(files) != 1 {
		t.Errorf("left beside the report: %v, %v", files, err)
	}
}

// node_exporter runs as another user than the cron job that writes the report.
func TestANewReportIsReadableAsTheUmaskSays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hc.prom")
	if err := create(t, path, "prometheus").Close(); err != nil {
		t.Fatal(err)
	}
	mask := syscall.Umask(0)
	syscall.Umask(mask)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o666&^fs.FileMode(mask) {
		t.Errorf("mode %v, %v; umask %o", info.Mode(), err, mask)
	}
}

func TestAReportThatWasCutDoesNotReplaceTheOldOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.json")
	if err := os.WriteFile(path, []byte("old"), 0o666); err != nil {
		t.Fatal(err)
	}
	for name, end := range map[string]func(*File) error{
		"discarded": (*File).Discard,
		"cut": func(f *File) error {
			var limit syscall.Rlimit
			if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
				return err
			}
			small := limit
			small.Cur = 2
			if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &small); err != nil {
				return err
			}
			_, err := io.WriteString(f, "new")
			if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
				return err
			}
			if !errors.Is(err, syscall.EFBIG) {
				return fmt.Errorf("wrote more than the limit: %w", err)
			}
			return f.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			if err := end(create(t, path, "json")); err != nil {
				t.Fatal(err)
			}
			holds(t, path, "old")
			alone(t, path)
		})
	}
}

func TestALinkToAReportStaysALink(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "a", "report.xml"), filepath.Join(dir, "latest.xml")
	if err := errors.Join(os.Mkdir(filepath.Dir(path), 0o777), os.WriteFile(path, nil, 0o666), os.Symlink(path, link)); err != nil {
		t.Fatal(err)
	}
	file := create(t, link, "junit")
	if _, err := io.WriteString(file, "new"); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	holds(t, path, "new")
	alone(t, path)
	if target, err := os.Readlink(link); err != nil || target != path {
		t.Errorf("the link leads to %q, %v", target, err)
	}
}

// A pipe stands for all that is no regular file: devices are not for a test that
// may run as root to put at risk.
func TestWhatIsNoRegularFileIsWrittenAndNotReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	reader, err := os.OpenFile(path, os.O_RDWR, 0) // does not wait for a writer
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reader.Close() }()
	for _, format := range []string{"json", "jsonl"} {
		file := create(t, path, format)
		if _, err := io.WriteString(file, "new"); err != nil {
			t.Error(err)
		}
		if err := file.Close(); err != nil {
			t.Error(err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Type() != fs.ModeNamedPipe {
			t.Fatalf("the pipe is now %v, %v", info.Mode(), err)
		}
		got := make([]byte, 3)
		if _, err := io.ReadFull(reader, got); err != nil || string(got) != "new" {
			t.Errorf("%s: the pipe has %q, %v", format, got, err)
		}
	}
}

func TestTroubleWithAReportSaysWhatToDo(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		path string
		is   error
		want string
	}{
		"missing directory": {filepath.Join(dir, "missing", "r"), fs.ErrNotExist, "create the directory " + filepath.Join(dir, "missing") + " first"},
		"a directory":       {dir, syscall.EISDIR, "name a file in it"},
		"below a file":      {filepath.Join(dir, "file", "r"), syscall.ENOTDIR, filepath.Join(dir, "file") + " is no directory"},
	} {
		for _, format := range []string{"jsonl", "json"} {
			t.Run(name+" "+format, func(t *testing.T) {
				_, err := CreateFile(row.path, format)
				complains(t, err, row.is, "cannot write "+row.path+": ", row.want)
			})
		}
	}
	t.Run("no permission", func(t *testing.T) { // which root, who runs the tests in CI, always has
		err := explain("r.xml", &fs.PathError{Op: "open", Path: "r.xml.1.tmp", Err: syscall.EACCES})
		complains(t, err, fs.ErrPermission, "cannot write r.xml: permission denied: ", "choose a place you may write to")
	})
	if runtime.GOOS == "linux" {
		t.Run("full disk", func(t *testing.T) {
			full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			file := &File{file: full, path: "/dev/full"}
			_, err = io.WriteString(file, "new")
			complains(t, err, syscall.ENOSPC, "cannot write /dev/full: no space left on device: ", "free some space")
			if err := file.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func complains(t *testing.T, err, is error, wants ...string) {
	t.Helper()
	if !errors.Is(err, is) {
		t.Fatalf("got %v, want one that is %q", err, is)
	}
	for _, want := range wants {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
}
