package node

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"maillon/federation/publish"
	"maillon/federation/publish/publishtest"
)

// A node puts its contracts and its register on a platform, again only what has
// changed, and remembers the datasets that it had made.
func TestANodePublishesOnAPlatform(t *testing.T) {
	p := publishtest.New(t)
	for _, id := range []string{"mine", "years", "dep"} {
		p.Add(id, nil)
	}
	r := alone(t, hubID, fmt.Sprintf("publish: {udata: {url: '%s/api/1', every: 24h, sets: [{what: 'buyer:%s', dataset: mine}, {what: register, organization: o}, {what: all, dataset: nothing}, {what: years, dataset: years}, {what: 'departement:35', dataset: dep}]}}", p.URL, memberID))
	publishes := func(what ...string) map[string]publish.Result {
		t.Helper()
		done, err := r.node.outlet.Publish(t.Context(), what, false)
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]publish.Result{}
		for _, d := range done {
			if d.Error != "" && d.What != "all" {
				t.Fatalf("%s: %s", d.What, d.Error)
			}
			out[d.What] = publish.Result{Dataset: d.Dataset, Steps: d.Steps}
		}
		return out
	}
	if _, err := r.node.outlet.Publish(t.Context(), nil, false); err == nil || !strings.Contains(err.Error(), "publish.udata.key_file") {
		t.Errorf("without a key: %v", err)
	}
	if err := os.WriteFile(filepath.Join(r.dir, "udata.key"), []byte(publishtest.Key+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r.publish(contractFile)
	eventually(t, "the files", func() error {
		if _, ok := r.node.shelf.BuyerCatalogue(memberID); !ok {
			return fmt.Errorf("no catalogue")
		}
		if len(r.node.shelf.Territory()) < 3 {
			return fmt.Errorf("no edition of the territory")
		}
		return nil
	})
	first := publishes()
	if d := p.Dataset("mine"); len(d.Resources) < 1 || !strings.Contains(p.Content(d.Resources[0].ID), "P-1") || !strings.HasPrefix(d.Title, "Données essentielles") {
		t.Errorf("%+v", d)
	}
	for _, id := range []string{"years", "dep"} {
		d := p.Dataset(id)
		if len(d.Resources) != 1 || !strings.Contains(p.Content(d.Resources[0].ID), "P-1") {
			t.Errorf("%s: %+v", id, d)
		}
	}
	made := first["register"].Dataset
	if d := p.Dataset(made); d == nil || len(d.Resources) != 1 || !strings.HasPrefix(p.Content(d.Resources[0].ID), "siretAcheteur;urlProfilAcheteur;urlDCAT;coordonnees") {
		t.Fatalf("%q: %+v", made, d)
	}
	status, err := r.node.outlet.Statuses()
	if err != nil || len(status) != 5 || status[1].Dataset != made || status[2].Fails != 1 || !strings.Contains(status[2].Hint, "no dataset of that id") {
		t.Errorf("%+v, %v", status, err)
	}
	r.restart()
	eventually(t, "the shelf after a restart", func() error {
		if !r.node.shelf.Ready() {
			return fmt.Errorf("not yet")
		}
		return nil
	})
	if again := publishes("register", "buyer:"+memberID); len(again["register"].Steps)+len(again["buyer:"+memberID].Steps) != 0 || again["register"].Dataset != made || p.Count() != 4 {
		t.Errorf("again: %+v, %d datasets", again, p.Count())
	}
	if _, err := r.node.outlet.Publish(t.Context(), []string{"buyer:1"}, true); err == nil {
		t.Error("what is not configured is published")
	}
}

func TestTheOutletsConfiguration(t *testing.T) {
	for text, want := range map[string]string{
		"{url: x, sets: [{what: all}]}":                                             "publish.udata.url",
		"{url: 'https://p.example/api/1', sets: [{what: 'buyer:1'}]}":               "sets[0].what: SIRET",
		"{url: 'https://p.example/api/1', sets: [{what: alles}]}":                   `write "all", "years"`,
		"{url: 'https://p.example/api/1', sets: [{what: all}, {what: all}]}":        "twice",
		"{url: 'https://p.example/api/1', sets: [{what: all, dataset: 'https:/'}]}": "not an id",
		"{url: 'https://p.example/api/1', every: x, sets: [{what: all}]}":           "publish.udata.every",
	} {
		config := "node: {id: '" + hubID + "', name: B, level: region, territory: 'fr:region:53'}\npublish: {udata: " + text + "}\n"
		if _, err := ReadConfig(strings.NewReader(config), noEnv); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}
