package gateway

import (
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// A form is how a batch is answered: what stands around its results and its
// summary, which are the same lines of JSON in all of them.
type form struct {
	contentType []string // as a header's values
	open        string   // in front of all
	result      string   // in front of a result
	between     string   // two results
	resultEnd   string   // behind a result
	summary     string   // in front of the summary
	end         string   // behind all
	comment     string   // says nothing, and keeps the connection; "" where there is none
	ordered     bool     // in the order of the input, not of completion
	streamed    bool     // each group of results is sent at once
}

const (
	jsonType   = "application/json"
	ndjsonType = "application/x-ndjson"
	eventsType = "text/event-stream"
)

// The forms there are. That of events is for readers in browsers (WHATWG HTML
// §9.2).
var (
	jsonForm = form{
		contentType: []string{jsonType},
		open:        `{"results":[`, between: ",", summary: `],"summary":`, end: "}\n",
		ordered: true,
	}
	ndjsonForm = form{
		contentType: []string{ndjsonType},
		resultEnd:   "\n", end: "\n",
		streamed: true,
	}
	eventsForm = form{
		contentType: []string{eventsType},
		result:      "event: result\ndata: ", resultEnd: "\n\n",
		summary: "event: summary\ndata: ", end: "\n\n",
		comment:  ": still checking\n\n",
		streamed: true,
	}
)

// formOf takes the form that is accepted most gladly (RFC 9110 §12.5.1), of equals
// the one named first, and JSON where none is named: whoever takes something else
// entirely can still read why.
func formOf(h http.Header) *form {
	best, most := jsonType, 0.0
	for _, line := range h["Accept"] {
		for part := range strings.SplitSeq(line, ",") {
			kind, q := accepted(part)
			switch kind {
			case jsonType, ndjsonType, eventsType:
				if q > most {
					best, most = kind, q
				}
			}
		}
	}
	switch best {
	case ndjsonType:
		return &ndjsonForm
	case eventsType:
		return &eventsForm
	default:
		return &jsonForm
	}
}

func accepted(part string) (kind string, q float64) {
	part = strings.TrimSpace(part)
	if strings.IndexByte(part, ';') < 0 {
		return strings.ToLower(part), 1
	}
	kind, params, err := mime.ParseMediaType(part)
	if err != nil {
		return "", 0
	}
	q, err = strconv.ParseFloat(params["q"], 64)
	if err != nil || params["q"] == "" {
		q = 1
	}
	return kind, q
}
