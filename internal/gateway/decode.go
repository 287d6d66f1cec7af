package gateway

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hc-health/hc/internal/check"
)

// errTooMany is more URLs than a batch may have. What follows is not read.
var errTooMany = errors.New("too many URLs")

// The fields of a request and of a target in it.
var (
	batchFields  = []string{"urls", "targets", "timeout_ms", "max_age_ms", "no_cache"}
	targetFields = []string{"url", "method", "accept", "max_latency_ms", "timeout_ms", "tags"}
)

// decode reads a request's body into b, which is empty. b's texts are parts of
// body. A hundred URLs take about 11 µs, a sixth of what encoding/json takes
// (BenchmarkDecode), which would let duplicate keys, null and other cases of a
// name through besides.
func (b *batch) decode(body string, maxURLs int) error {
	switch {
	case body == "":
		return errors.New(`the body is empty: send {"urls":["https://example.com/"]}`)
	case strings.HasPrefix(body, "\ufeff"):
		return errors.New("the body begins with a byte order mark: leave it out (RFC 8259 §8.1)")
	case !utf8.ValidString(body):
		return errors.New("the body is not valid UTF-8")
	}
	d := decoder{scanner{text: body}, b, maxURLs}
	listed := ""
	err := d.object(batchFields, func(name string) (err error) {
		switch name {
		case "urls", "targets":
			if listed != "" {
				return errors.New("the body has both urls and targets: send one of them")
			}
			listed = name
			element := d.url
			if name == "targets" {
				element = d.target
			}
			return d.array(element)
		case "timeout_ms":
			b.timeout, err = d.millis()
		case "max_age_ms":
			b.maxAge, err = d.millis()
		case "no_cache":
			b.fresh, err = d.boolean()
		}
		return err
	})
	if err == nil {
		err = d.end()
	}
	if err == nil && len(b.targets) == 0 {
		err = errors.New("there are no URLs: send urls or targets with at least one")
	}
	return err
}

type decoder struct {
	scanner
	batch   *batch
	maxURLs int
}

// room wants there to be room for the i-th target.
func (d *decoder) room(i int) error {
	if i >= d.maxURLs {
		return errTooMany
	}
	return nil
}

// url reads an element of urls.
func (d *decoder) url(i int) error {
	if err := d.room(i); err != nil {
		return err
	}
	url, err := d.string()
	if err == nil {
		d.batch.targets = append(d.batch.targets, check.Target{Input: url})
	}
	return err
}

// target reads an element of targets.
func (d *decoder) target(i int) error {
	if err := d.room(i); err != nil {
		return err
	}
	var t check.Target
	named := false
	err := d.object(targetFields, func(name string) (err error) {
		switch name {
		case "url":
			named = true
			t.Input, err = d.string()
		case "method":
			t.Method, err = d.method()
		case "accept":
			t.Expect.Codes, err = d.codes()
		case "max_latency_ms":
			t.Expect.Latency, err = d.millis()
		case "timeout_ms":
			t.Timeout, err = d.millis()
		case "tags":
			t.Tags, err = d.tags()
		}
		return err
	})
	if err == nil && !named {
		err = &misfit{what: "has no url"}
	}
	d.batch.targets = append(d.batch.targets, t)
	return err
}

// Bounds on what one target may have, far above any use, so that its size is its
// URL's.
const (
	maxTags  = 100
	maxCodes = 1000 // bytes
)

func (d *decoder) tags() (tags []string, err error) {
	err = d.array(func(i int) error {
		if i == maxTags {
			return &misfit{what: fmt.Sprintf("is one tag too many: a target has at most %d", maxTags)}
		}
		tag, err := d.string()
		tags = append(tags, tag)
		return err
	})
	return tags, err
}

// methods that a target may be asked with: those of RFC 9110 §9 and RFC 5789,
// but for CONNECT, and hc's own.
var methods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
	http.MethodDelete, http.MethodOptions, http.MethodTrace, check.Auto,
}

func (d *decoder) method() (string, error) {
	s, err := d.string()
	if err != nil {
		return "", err
	}
	for _, m := range methods {
		if strings.EqualFold(m, s) {
			return m, nil
		}
	}
	return "", &misfit{what: fmt.Sprintf("is %.32q: write one of %s", s, strings.Join(methods, ", "))}
}

// codes reads 200, "200-299,403" or a list of such, as in a file of targets.
func (d *decoder) codes() (check.Codes, error) {
	var parts []string
	start := d.at
	part := func(int) error {
		switch d.kind() {
		case "a string":
			s, err := d.string()
			if err != nil {
				return err
			}
			parts = append(parts, s)
		case "a number":
			n, err := d.number()
			if err != nil {
				return err
			}
			parts = append(parts, strconv.FormatFloat(n, 'f', -1, 64))
		default:
			return d.want("a status code or a text of codes")
		}
		if d.at-start > maxCodes {
			return &misfit{what: fmt.Sprintf("is beyond the %d bytes that codes may have", maxCodes)}
		}
		return nil
	}
	var err error
	if d.kind() == "an array" {
		err = d.array(part)
	} else {
		err = part(0)
	}
	if err != nil {
		return "", err
	}
	codes, err := check.ParseCodes(strings.Join(parts, ","))
	if err != nil {
		return "", &misfit{what: "does not fit: " + err.Error()}
	}
	return codes, nil
}

// millis reads a duration in milliseconds. What is too long for one is the
// longest there is.
func (d *decoder) millis() (time.Duration, error) {
	ms, err := d.number()
	if err != nil {
		return 0, err
	}
	if ms < 0 {
		return 0, &misfit{what: "is below 0"}
	}
	if ms >= math.MaxInt64/float64(time.Millisecond) {
		return math.MaxInt64, nil
	}
	return time.Duration(math.Ceil(ms * float64(time.Millisecond))), nil
}
