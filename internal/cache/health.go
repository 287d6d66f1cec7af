package cache

import (
	"log/slog"
	"sync"
	"time"

	"github.com/hc-health/hc/internal/check"
)

// logEvery is how often trouble with Redis is worth a line.
const logEvery = time.Minute

// A health knows whether the shared cache answers, and tells.
type health struct {
	log     *slog.Logger // nil is silent
	observe Observer

	mu     sync.Mutex
	down   bool
	lost   error // the first failure of all
	quiet  time.Time
	silent int // failures since the last line
}

// read takes the outcome of a read: those alone say whether it is up. One that
// refuses writes still serves.
func (h *health) read(err error) {
	h.mu.Lock()
	changed := h.down != (err != nil)
	h.down = err != nil
	h.mu.Unlock()
	if changed {
		h.observe.up(err == nil)
	}
	h.write(err)
}

// write takes the outcome of a write. The log line holds no address, URL or key:
// err is the server's or the network's own text, masked and bounded.
func (h *health) write(err error) {
	if err == nil {
		return
	}
	h.mu.Lock()
	if h.lost == nil {
		h.lost = err
	}
	now, silent := time.Now(), h.silent
	say := !now.Before(h.quiet)
	if say {
		h.quiet, h.silent = now.Add(logEvery), 0
	} else {
		h.silent++
	}
	h.mu.Unlock()
	if say && h.log != nil {
		h.log.Warn("trouble with the shared cache; checks go on without it", "error", shortText(err), "not_logged", silent)
	}
}

func (h *health) state() (up bool, lost error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return !h.down, h.lost
}

// shortText bounds what a server can put into the log by its error replies.
func shortText(err error) string {
	const most = 200
	s := check.MaskText(err.Error())
	if len(s) > most {
		s = s[:most] + "…"
	}
	return s
}
