//go:build !unix

package check

// alive cannot be told here without reading; a connection that turns out dead
// is replaced when it is asked.
func alive(*conn) bool { return true }
