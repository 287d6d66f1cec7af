package report

import (
	"cmp"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/hc-health/hc/internal/check"
)

// plain is for cut, awk and grep: a record per line, seven TAB-separated
// fields, and nothing else, no summary either:
//
//	OUTCOME  status  ms  URL  reason  file:line  error
//
// An absent field is "-", so that splitting on any white space keeps the
// columns of the first six. The error stands last because it alone has blanks
// in it. Fields will be added at the end only.
type plain struct{ stream }

func newPlain(w io.Writer, _ OutputOptions) (Writer, error) {
	return &plain{newStream(w)}, nil
}

func (p *plain) Write(r check.Result) error {
	b := p.row
	b = append(b, strings.ToUpper(clean(string(r.Outcome)))...)
	b = append(b, '\t')
	if r.StatusCode > 0 {
		b = strconv.AppendInt(b, int64(r.StatusCode), 10)
	} else {
		b = append(b, '-')
	}
	b = append(b, '\t')
	b = strconv.AppendInt(b, r.Timing.Latency().Round(time.Millisecond).Milliseconds(), 10)
	for _, field := range [...]string{address(&r), clean(string(r.Reason)), origin(&r), fault(&r)} {
		b = append(b, '\t')
		b = append(b, cmp.Or(field, "-")...)
	}
	return p.put(append(b, '\n'))
}

func (p *plain) Close(check.Summary) error { return p.Flush() }
