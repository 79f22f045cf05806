//go:build testclock

package main

import (
	"os"
	"strings"
	"time"
)

// clock is a clock that is wrong by $MAILLON_TEST_CLOCK, a duration such as
// -1h, or that of the file named after an @, read anew each time: so a test
// can move the clock of a running node. No file and no duration is no error.
//
// What it returns has no monotonic reading: a jump is seen in every
// difference of two times, which is worse than what a real clock does.
func clock() func() time.Time {
	setting := os.Getenv("MAILLON_TEST_CLOCK")
	return func() time.Time {
		text := setting
		if path, ok := strings.CutPrefix(setting, "@"); ok {
			raw, _ := os.ReadFile(path)
			text = strings.TrimSpace(string(raw))
		}
		offset, _ := time.ParseDuration(text)
		return time.Now().Add(offset).Round(0)
	}
}
