//go:build unix && !race

package main

// moreMemory is for MiB that a service has resident more than when it began.
const moreMemory = 96
