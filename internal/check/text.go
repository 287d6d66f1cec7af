package check

import "strconv"

// A Text is a Result's JSON less what differs between those who are given it:
// Seq, Source, Input, Tags and CacheAge. A memory that gives a Result often puts
// the rest together once (BenchmarkResultAppendJSON). It is never changed.
type Text struct {
	asked    string // url to expect
	found    string // outcome to redirects
	measured string // checked_at to worker
}

// NewText gives r's. It serves all Results with the same [Key] and what r says
// of the answer.
func NewText(r *Result) *Text {
	const object = "\"" // a member follows another
	b := r.appendAsked([]byte(object), MaskURL(r.Target.URL))
	asked := len(b)
	b = r.appendFound(b)
	found := len(b)
	all := string(r.appendMeasured(b)) // one piece of memory for the three
	return &Text{asked: all[len(object):asked], found: all[asked:found], measured: all[found:]}
}

// appendTo is [Result.appendJSON] for a Result whose Text is t.
func (t *Text) appendTo(b []byte, r *Result, input string) []byte {
	b = appendHead(b, &r.Target, input)
	b = append(b, t.asked...)
	b = appendTags(b, r.Target.Tags)
	b = append(b, t.found...)
	if r.Cached {
		b = append(b, `,"cached":true,"cache_age_ms":`...)
		b = strconv.AppendInt(b, r.CacheAge.Milliseconds(), 10)
	}
	b = append(b, t.measured...)
	return append(b, '}')
}
