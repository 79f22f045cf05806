//go:build !testclock

package main

import "time"

// clock is the clock of a node. The one other implementation is compiled in
// only for the tests that move it.
func clock() func() time.Time { return time.Now }
