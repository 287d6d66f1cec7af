//go:build unix && race

package main

// moreMemory is for MiB that a service has resident more than when it began: a
// thousand checks in flight take 370 with the race detector, which keeps them.
const moreMemory = 512
