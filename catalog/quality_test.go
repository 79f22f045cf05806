package catalog

import (
	"slices"
	"testing"
	"time"
)

func TestADatasetIsScoredByTheMetricsOfTheMQA(t *testing.T) {
	now := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	c := Catalog{IRI: "https://n.example/catalog", Title: Text{French: "C"}, Publisher: Agent{IRI: "https://n.example/agent", Name: "N"}, Contact: Contact{Email: "a@n.example"}}
	full := Dataset{
		IRI: "https://n.example/d", Identifier: "d", Title: Text{French: "D"}, Description: Text{French: "D"}, Keywords: []Text{{French: "k"}}, Themes: []Theme{"GOVE"},
		Access: Public, Coverage: Coverage{Geozone: "fr"}, Period: Period{Start: now, End: now}, Issued: now, Modified: now,
		Distributions: []Distribution{{IRI: "https://n.example/f", AccessURL: "https://n.example/f", DownloadURL: "https://n.example/f", Format: CSV, ByteSize: 3}},
	}
	s := ScoreOf(full, c, Served{true, true})
	if s.Of != 405 || s.Got != 390 || s.Rating != Excellent { // no licence of the EU's vocabulary (10), no dct:rights (5)
		t.Errorf("a full dataset: %+v", s)
	}
	if s := ScoreOf(full, c, Served{}); s.Got != 310 || s.Rating != Good {
		t.Errorf("when nothing answers: %d, %s", s.Got, s.Rating)
	}
	if s := ScoreOf(Dataset{}, Catalog{}, Served{true, true}); s.Rating != Bad || s.Got != 0 {
		t.Errorf("an empty dataset: %d of %+v", s.Got, s.Metrics)
	}
	full.Distributions = append(full.Distributions, Distribution{IRI: "https://n.example/g", AccessURL: "https://n.example/g"})
	s = ScoreOf(full, c, Served{true, true})
	for _, id := range []string{"download", "format", "byte-size"} {
		if i := slices.IndexFunc(s.Metrics, func(m Metric) bool { return m.ID == id }); s.Metrics[i].Got != 0 {
			t.Errorf("%s is met, though one file does not meet it", id)
		}
	}
	for points, want := range map[int]Rating{405: Excellent, 351: Excellent, 350: Good, 221: Good, 220: Sufficient, 121: Sufficient, 120: Bad, 0: Bad} {
		if got := RatingOf(points); got != want {
			t.Errorf("%d is %s, want %s", points, got, want)
		}
	}
}
