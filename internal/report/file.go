package report

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// File is a report being written to disk. Its errors name the path and say what
// to do.
type File struct {
	file *os.File
	path string // as the user wrote it
	// Where the report becomes visible at once: the file to replace. "" is
	// written to directly.
	final string
	cut   bool // a Write failed
}

// CreateFile opens path for a report in the named format. Formats of which half
// is no use (json, junit, markdown, prometheus) are written beside path and put
// in its place by [File.Close]: a reader, such as node_exporter's textfile
// collector, sees the old report or the whole new one. The others are truncated
// and written as the run goes on, as is what is no regular file, /dev/stdout
// say, or stands in a directory that takes no new files.
func CreateFile(path, format string) (*File, error) {
	f, err := findFormat(format)
	if err != nil {
		return nil, err
	}
	if f.whole {
		if file, err := besides(path); file != nil || err != nil {
			return file, err
		}
	}
	file, err := os.Create(path)
	if err != nil {
		return nil, explain(path, err)
	}
	return &File{file: file, path: path}, nil
}

// besides opens a new file in the directory of path, or gives nil where path is
// better written to directly.
func besides(path string) (*File, error) {
	final, mode := path, fs.FileMode(0o666)
	if info, err := os.Stat(path); err == nil {
		if !info.Mode().IsRegular() {
			return nil, nil
		}
		mode = info.Mode().Perm()
		if final, err = filepath.EvalSymlinks(path); err != nil { // a link stays one
			return nil, explain(path, err)
		}
	}
	// os.CreateTemp would keep the report from every other user, whatever the umask.
	temp := fmt.Sprintf("%s.%d.tmp", final, os.Getpid())
	file, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return nil, nil
	case err != nil:
		return nil, explain(path, err)
	}
	return &File{file: file, path: path, final: final}, nil
}

// Write writes to the file.
func (f *File) Write(p []byte) (int, error) {
	n, err := f.file.Write(p)
	if err != nil {
		f.cut, err = true, explain(f.path, err)
	}
	return n, err
}

// Close ends the report and puts it in place, unless a Write failed: then the
// old report stays.
func (f *File) Close() error {
	if f.cut {
		return f.Discard()
	}
	if err := f.file.Close(); err != nil {
		return errors.Join(explain(f.path, err), f.remove())
	}
	if f.final == "" {
		return nil
	}
	if err := os.Rename(f.file.Name(), f.final); err != nil {
		return fmt.Errorf("%s: cannot be replaced: %w; the report is in %s", f.path, err, f.file.Name())
	}
	return nil
}

// Discard ends the report without putting it in place. What was written
// directly stays.
func (f *File) Discard() error {
	return errors.Join(f.file.Close(), f.remove())
}

func (f *File) remove() error {
	if f.final == "" {
		return nil
	}
	return os.Remove(f.file.Name())
}

// explain says what to do about err, which keeps its kind.
func explain(path string, err error) error {
	var advice string
	switch {
	case errors.Is(err, fs.ErrNotExist):
		advice = "create the directory " + filepath.Dir(path) + " first"
	case errors.Is(err, syscall.EISDIR):
		advice = "it is a directory: name a file in it"
	case errors.Is(err, syscall.ENOTDIR):
		advice = filepath.Dir(path) + " is no directory"
	case errors.Is(err, fs.ErrPermission):
		advice = "choose a place you may write to"
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		advice = "the report is cut off: free some space or choose another place"
	default:
		return fmt.Errorf("cannot write %s: %w", path, cause(err))
	}
	return fmt.Errorf("cannot write %s: %w: %s", path, cause(err), advice)
}

// cause is err without the path, which may be the temporary one.
func cause(err error) error {
	if at, ok := errors.AsType[*fs.PathError](err); ok {
		return at.Err
	}
	return err
}
