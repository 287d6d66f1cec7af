//go:build !race

package gateway

// slack is how much longer code takes under the race detector.
const slack = 1
