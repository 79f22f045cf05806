package node

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// parseShare reads 20%.
func parseShare(s string) (float64, error) {
	digits, ok := strings.CutSuffix(strings.TrimSpace(s), "%")
	n, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
	if !ok || err != nil || !(n > 0 && n <= 100) {
		return 0, fmt.Errorf("%q is not a share (write 20%%)", s)
	}
	return n / 100, nil
}

// parseSize reads 64MiB, 2GiB or a number of bytes.
func parseSize(s string) (int64, error) {
	for unit, factor := range map[string]int64{"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30} {
		if digits, ok := strings.CutSuffix(s, unit); ok {
			n, err := strconv.ParseInt(strings.TrimSpace(digits), 10, 32)
			if err != nil || n <= 0 {
				return 0, fmt.Errorf("%q is not a size (write 64MiB or 2GiB)", s)
			}
			return n * factor, nil
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n <= 0 {
		return 0, fmt.Errorf("%q is not a size (write 64MiB or 2GiB)", s)
	}
	return n, nil
}

func parseDuration(key, s string, least, most time.Duration) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil || d < least || d > most {
		return 0, fmt.Errorf("%s: %q is not a duration between %s and %s (write 30s, 15m, 6h)", key, s, least, most)
	}
	return d, nil
}
