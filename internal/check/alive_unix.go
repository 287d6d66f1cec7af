//go:build unix

package check

import "syscall"

// alive reports whether an idle connection may be asked again. One system call
// that does not wait tells a peer's close, or bytes nobody asked for; net/http
// keeps a goroutine per idle connection for the same. Over TLS bytes may be a
// session ticket, so there only the close counts.
func alive(c *conn) bool {
	sc, ok := c.raw.(syscall.Conn)
	if !ok {
		return true
	}
	rc, err := sc.SyscallConn()
	if err != nil {
		return false
	}
	ok = false
	var b [1]byte
	err = rc.Read(func(fd uintptr) bool {
		n, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		ok = err == syscall.EAGAIN || err == nil && n > 0 && c.tls != nil
		return true
	})
	return ok && err == nil
}
