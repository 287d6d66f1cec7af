package drive

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Warm has each URL checked once, so that what is measured after it is a service
// that knows them.
func (l Load) Warm(ctx context.Context, url string) error {
	client := newClient()
	defer client.CloseIdleConnections()
	for part := range slices.Chunk(l.URLs, 100) {
		body, err := json.Marshal(map[string][]string{"urls": part})
		if err != nil {
			return err
		}
		all := Load{URLs: part, Batch: len(part), Strict: l.Strict}
		if s := all.post(ctx, client, url, body, time.Duration(0)); s.Err != "" {
			return fmt.Errorf("%s cannot be put under load: %s", url, s.Err)
		}
	}
	return nil
}
