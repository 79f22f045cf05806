package node

import (
	"fmt"
	"strconv"

	"maillon/node/edition"
)

// mostKept bounds what a configuration can ask for, in days or months.
const mostKept = 10_000

func (raw *rawConfig) editions() (keep edition.Keep, err error) {
	if keep.Days, err = kept("keep_days", raw.Editions.KeepDays); err != nil {
		return keep, err
	}
	keep.Months, err = kept("keep_months", raw.Editions.KeepMonths)
	return keep, err
}

func kept(key, value string) (int, error) {
	n, err := strconv.Atoi(value)
	if err != nil || n < 0 || n > mostKept {
		return 0, fmt.Errorf("editions.%s: %q, want a number from 0 to %d", key, value, mostKept)
	}
	return n, nil
}
