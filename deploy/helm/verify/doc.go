// Package verify has no code: its tests are what must hold of the Helm chart
// beside it (make helm-check).
package verify
