//go:build unix

package main

import "syscall"

// openFiles gives how many descriptors this process may have, after raising the
// soft limit as far as the hard one lets. (Go's runtime has done so already,
// unless something lowered it since.) 0 is unknown.
func openFiles() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0
	}
	if raised := (syscall.Rlimit{Cur: limit.Max, Max: limit.Max}); limit.Cur < limit.Max &&
		syscall.Setrlimit(syscall.RLIMIT_NOFILE, &raised) == nil {
		limit = raised
	}
	return int(min(uint64(limit.Cur), 1<<30)) //nolint:unconvert // it is an int64 on FreeBSD
}
