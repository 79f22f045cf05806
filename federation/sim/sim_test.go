package sim

import (
	"bytes"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"maillon/catalog/territory"
)

// play runs scenarios. Whatever is lost fails the test; figures that miss a
// target are told. each is called with the figures so far.
func play(t *testing.T, o Options, scenarios []Scenario, each func([]Figures)) {
	t.Helper()
	t.Logf("nation of %s", o)
	synctest.Test(t, func(t *testing.T) {
		var all []Figures
		err := Run(t.Context(), o, scenarios, func(f Figures) {
			t.Log(f)
			lost, missed := f.Judge()
			for _, what := range lost {
				t.Errorf("%s: %s", f.Scenario.Name, what)
			}
			for _, what := range missed {
				t.Logf("MISSED in %s: %s", f.Scenario.Name, what)
			}
			all = append(all, f)
			each(all)
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// Every scenario, in a nation of a few nodes: nothing is lost.
func TestTinyNation(t *testing.T) { play(t, Tiny, Scenarios, func([]Figures) {}) }

// The nation of MAILLON_SIM: small (13 × 40), or full (13 × 400), which takes
// an hour. MAILLON_SIM_SEED chooses the seed, MAILLON_SIM_REGIONS the number of
// regions, MAILLON_SIM_ONLY scenarios by name (calm,halves), MAILLON_SIM_REPORT
// the file that is written.
func TestNation(t *testing.T) {
	size, ok := map[string]Options{"small": Small, "full": Full}[os.Getenv("MAILLON_SIM")]
	if !ok {
		t.Skip("a long one: MAILLON_SIM=small or full (make sim)")
	}
	command := "make sim"
	if os.Getenv("MAILLON_SIM") == "small" {
		command = "make sim SIM=small"
	}
	if seed := os.Getenv("MAILLON_SIM_SEED"); seed != "" {
		n, err := strconv.ParseUint(seed, 10, 64)
		if err != nil {
			t.Fatalf("MAILLON_SIM_SEED: %v", err)
		}
		size.Seed = n
	}
	if regions := os.Getenv("MAILLON_SIM_REGIONS"); regions != "" {
		n, err := strconv.Atoi(regions)
		if err != nil || n < 1 || n > 18 {
			t.Fatalf("MAILLON_SIM_REGIONS=%s: 1 to 18", regions)
		}
		size.Regions = n
		command += " SIM_REGIONS=" + regions
	}
	chosen := Scenarios
	if only := os.Getenv("MAILLON_SIM_ONLY"); only != "" {
		names := strings.Split(only, ",")
		chosen = slices.DeleteFunc(slices.Clone(Scenarios), func(s Scenario) bool { return !slices.Contains(names, s.Name) })
		command += " SIM_ONLY=" + only
	}
	path := os.Getenv("MAILLON_SIM_REPORT")
	play(t, size, chosen, func(all []Figures) {
		var b bytes.Buffer
		if err := WriteReport(&b, command, all); err != nil {
			t.Error(err)
		}
		if path == "" {
			return
		}
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Error(err)
		}
	})
}

func TestNodesHaveValidIds(t *testing.T) {
	seen := map[string]bool{}
	for region := 1; region <= 19; region++ {
		for i := range 1000 {
			id := nodeID(region, i)
			if _, err := territory.ParseNodeID(id); err != nil || seen[id] {
				t.Fatalf("%s: %v, seen %v", id, err, seen[id])
			}
			seen[id] = true
		}
	}
}
