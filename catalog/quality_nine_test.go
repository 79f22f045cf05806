package catalog

import (
	"strings"
	"testing"
	"time"
)

func TestTheNinePoints(t *testing.T) {
	now := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	full := Dataset{
		Description: Text{French: strings.Repeat("é", 101)}, Period: Period{Start: now}, Coverage: Coverage{Geozone: "fr", Box: Box{-5, 42, 8, 51}},
		Frequency: Daily, Modified: now.Add(-40 * time.Hour), Distributions: []Distribution{{Format: "PDF"}, {Format: CSV, Description: Text{French: "x"}}},
	}
	served := Served{Access: true, Download: true}
	if s := NineOf(full, Catalog{}, served, now); s.Got != 9 || s.Of != 9 {
		t.Errorf("%+v", s)
	}
	for missing, spoil := range map[string]func(*Dataset){
		"licence":       func(d *Dataset) { d.Foreign = true },
		"temporal":      func(d *Dataset) { d.Period = Period{} },
		"spatial":       func(d *Dataset) { d.Coverage.Box = Box{} },
		"fulfilled":     func(d *Dataset) { d.Modified = now.Add(-50 * time.Hour) },
		"description":   func(d *Dataset) { d.Description.French = strings.Repeat("é", 100) },
		"open-format":   func(d *Dataset) { d.Distributions = []Distribution{{Format: "XLS", Description: Text{French: "x"}}} },
		"documentation": func(d *Dataset) { d.Distributions = []Distribution{{Format: CSV}} },
	} {
		d := full
		spoil(&d)
		s := NineOf(d, Catalog{}, served, now)
		for _, m := range s.Metrics {
			if (m.Got == 0) != (m.ID == missing) {
				t.Errorf("without %s: %+v", missing, s)
			}
		}
	}
	if s := NineOf(full, Catalog{}, Served{}, now); s.Got != 8 {
		t.Errorf("not served: %+v", s)
	}
	if s := NineOf(Dataset{}, Catalog{}, served, now); s.Got != 1 { // the catalogue's licence
		t.Errorf("empty: %+v", s)
	}
}
