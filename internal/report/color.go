package report

import "github.com/hc-health/hc/internal/check"

// ColorMode decides whether to colour a stream. flag is the value of --color:
// always and never win. Otherwise, in this order: a non-empty NO_COLOR says no
// (no-color.org); CLICOLOR_FORCE or FORCE_COLOR other than "0" say yes
// (bixense.com/clicolors, force-color.org); what is no terminal, a terminal
// called "dumb", and CLICOLOR=0 say no (clig.dev).
func ColorMode(flag string, isTTY bool, env func(string) string) bool {
	switch {
	case flag == "always":
		return true
	case flag == "never", env("NO_COLOR") != "":
		return false
	case forces(env("CLICOLOR_FORCE")), forces(env("FORCE_COLOR")):
		return true
	default:
		return isTTY && env("TERM") != "dumb" && env("CLICOLOR") != "0"
	}
}

func forces(value string) bool { return value != "" && value != "0" }

// style is an ANSI "select graphic rendition" parameter.
type style string

const (
	bold   style = "1"
	dim    style = "2"
	red    style = "31"
	green  style = "32"
	yellow style = "33"
)

// paint wraps s in st where color is on.
func paint(color bool, st style, s string) string {
	if !color || s == "" {
		return s
	}
	return "\x1b[" + string(st) + "m" + s + "\x1b[0m"
}

// glyph marks an outcome for the eye; the shape says it without colour too.
func glyph(o check.Outcome) string {
	switch o {
	case check.Pass:
		return "✓"
	case check.Warn:
		return "!"
	case check.Fail:
		return "✗"
	default:
		return "-"
	}
}

func hue(o check.Outcome) style {
	switch o {
	case check.Pass:
		return green
	case check.Warn:
		return yellow
	case check.Fail:
		return red
	default:
		return dim
	}
}
