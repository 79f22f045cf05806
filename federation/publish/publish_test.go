package publish_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"maillon/federation/publish"
	"maillon/federation/publish/publishtest"
)

type content struct{ *strings.Reader }

func (content) Close() error { return nil }

func file(key, text string) publish.File {
	sum := sha256.Sum256([]byte(text))
	return publish.File{
		Key: key, Title: "Fichier " + key, Description: "Ce qu’il y a", Format: "json", MediaType: "application/json", Schema: "https://schema.example/1",
		Size: int64(len(text)), SHA256: hex.EncodeToString(sum[:]), Open: func() (io.ReadSeekCloser, error) { return content{strings.NewReader(text)}, nil },
	}
}

func set(id string, files ...publish.File) publish.Set {
	return publish.Set{ID: id, Organization: "o", Title: "Marchés", Description: "Les contrats.", Tags: []string{"decp", "marches-publics"}, Frequency: "daily", License: "lov2", Files: files}
}

func client(p *publishtest.Platform) *publish.Client {
	return &publish.Client{Base: p.URL + "/api/1", Key: publishtest.Key, HTTP: p.Client(), UserAgent: "maillon/test", Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }}
}

func put(t *testing.T, c *publish.Client, want publish.Set) publish.Result {
	t.Helper()
	r, err := c.Publish(t.Context(), want, func(string) error { return errors.New("a dataset is made") })
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// holds checks that a dataset has just these files first, each with its content.
func holds(t *testing.T, p *publishtest.Platform, id string, files map[string]string, order ...string) {
	t.Helper()
	d := p.Dataset(id)
	if len(d.Resources) < len(order) {
		t.Fatalf("%d files, want %d", len(d.Resources), len(order))
	}
	for i, key := range order {
		r := d.Resources[i]
		if r.Extras["maillon:key"] != key || p.Content(r.ID) != files[key] || r.Title != "Fichier "+key || r.Type != "main" || r.Schema == nil {
			t.Errorf("place %d: %+v with %.30q, want %s", i, r, p.Content(r.ID), key)
		}
	}
	seen := map[string]bool{}
	for _, r := range d.Resources {
		if key, _ := r.Extras["maillon:key"].(string); key != "" && seen[key] {
			t.Errorf("%s is there twice", key)
		} else {
			seen[key] = true
		}
	}
}

func TestOnlyWhatDiffersIsDone(t *testing.T) {
	p := publishtest.New(t)
	p.Add("d", func(d *publish.Remote) {
		d.Resources = []publish.Resource{{ID: "old", Title: "Un lien", FileType: "remote", URL: "https://elsewhere.example/x"}}
	})
	c := client(p)
	files := map[string]string{"decret.json": "{}", "complet.ndjson": "{}\n{}"}
	want := set("d", file("decret.json", files["decret.json"]), file("complet.ndjson", files["complet.ndjson"]))
	look, err := c.Look(t.Context(), want)
	if err != nil || len(look.Steps) != 6 || len(p.Asked()) != 1 {
		t.Fatalf("a dry run: %+v, %v", look, err)
	}
	if done := put(t, c, want); len(done.Steps) != 6 || done.Bytes != look.Bytes || done.Page != p.Dataset("d").Page {
		t.Errorf("%+v", done)
	}
	holds(t, p, "d", files, "decret.json", "complet.ndjson")
	if d := p.Dataset("d"); d.Resources[2].ID != "old" || d.Title != "Marchés" {
		t.Errorf("%+v", d)
	}
	p.Asked()
	if again := put(t, c, want); len(again.Steps) != 0 || len(p.Asked()) != 1 {
		t.Errorf("again: %+v", again)
	}
	// One file changes, another title is edited there, a tag is taken off.
	files["decret.json"] = `{"marches":{}}`
	want.Files[0] = file("decret.json", files["decret.json"])
	p.Add("d", func(d *publish.Remote) { d.Resources[1].Title, d.Tags = "Autre titre", nil })
	d := p.Dataset("d")
	id := d.Resources[0].ID
	done := put(t, c, want)
	if got := fmt.Sprint(done.Steps); got != "[{describe   0} {replace decret.json "+id+" 14} {label decret.json "+id+" 0} {label complet.ndjson "+d.Resources[1].ID+" 0}]" {
		t.Errorf("%s", got)
	}
	holds(t, p, "d", files, "decret.json", "complet.ndjson")
	// Somebody moves the link to the front.
	p.Add("d", func(d *publish.Remote) { d.Resources = append([]publish.Resource{d.Resources[2]}, d.Resources[:2]...) })
	if done := put(t, c, want); fmt.Sprint(done.Steps) != "[{order   0}]" {
		t.Errorf("%+v", done)
	}
	holds(t, p, "d", files, "decret.json", "complet.ndjson")
}

func TestADatasetIsMadeOnce(t *testing.T) {
	p := publishtest.New(t)
	c := client(p)
	want := set("", file("decret.json", "{}"))
	r, err := c.Publish(t.Context(), want, func(id string) error { want.ID = id; return nil })
	if err != nil || r.Dataset != "d1" || want.ID != "d1" {
		t.Fatalf("%+v %v", r, err)
	}
	holds(t, p, "d1", map[string]string{"decret.json": "{}"}, "decret.json")
	put(t, c, want)
	// An answer that is lost must not make another.
	p.Fail(func(n int, r *http.Request) (bool, int) { return true, -1 })
	want.ID = ""
	before := p.Count()
	if _, err := c.Publish(t.Context(), want, func(string) error { return nil }); err == nil || !strings.Contains(err.Error(), "look on the platform") || p.Count() != before+1 {
		t.Errorf("%v, %d datasets", err, p.Count())
	}
}

func TestLargeFilesGoInParts(t *testing.T) {
	p := publishtest.New(t)
	p.Add("d", nil)
	c := client(p)
	c.Part = 4 << 20
	p.Limit(2<<20 + 4096) // a proxy before the platform takes less
	text := strings.Repeat("0123456789abcdef", 9<<16+1)
	put(t, c, set("d", file("decret.json", text)))
	holds(t, p, "d", map[string]string{"decret.json": text}, "decret.json")
	if n := len(p.Asked()); n < 6 {
		t.Errorf("%d requests", n)
	}
}

// Whatever fails, whether it happened or not, publishing again ends with each file
// there once.
func TestItGoesOnWhereItWas(t *testing.T) {
	files := map[string]string{"a.json": strings.Repeat("a", 40), "b.json": "b"}
	for at := 1; at <= 14; at++ {
		for _, happens := range []bool{false, true} {
			for _, status := range []int{-1, 429, 500, 503} {
				for _, patient := range []bool{false, true} {
					p := publishtest.New(t)
					p.Add("d", nil)
					c := client(p)
					c.Part = 16
					var waits []time.Duration
					c.Sleep = func(ctx context.Context, d time.Duration) error { waits = append(waits, d); return ctx.Err() }
					p.Fail(func(n int, _ *http.Request) (bool, int) {
						if n == at || !patient && n > at {
							return happens && n == at, status
						}
						return true, 0
					})
					want := set("d", file("a.json", files["a.json"]), file("b.json", files["b.json"]))
					_, err := c.Publish(t.Context(), want, nil)
					if patient && err != nil {
						t.Fatalf("request %d, %d, happens %v: %v", at, status, happens, err)
					}
					for _, w := range waits {
						if status == 429 && w < 7*time.Second {
							t.Errorf("waits %v although it is asked to leave it for 7 s", w)
						}
					}
					p.Fail(nil)
					put(t, c, want)
					holds(t, p, "d", files, "a.json", "b.json")
					if n := len(p.Dataset("d").Resources); n != 2 {
						t.Fatalf("request %d, %d, happens %v, patient %v: %d files", at, status, happens, patient, n)
					}
					p.Close()
				}
			}
		}
	}
}

func TestWhatIsRefusedSaysHowToMendIt(t *testing.T) {
	for status, hint := range map[int]string{401: "API key is wrong", 403: "may not edit", 404: "no dataset of that id", 410: "deleted there", 400: "as the test says", 302: "302"} {
		p := publishtest.New(t)
		p.Add("d", nil)
		p.Fail(func(int, *http.Request) (bool, int) { return false, status })
		_, err := client(p).Publish(t.Context(), set("d", file("a.json", "a")), nil)
		if err == nil || !strings.Contains(err.Error(), hint) || strings.Contains(err.Error(), publishtest.Key) || len(p.Asked()) != 1 {
			t.Errorf("%d: %v", status, err)
		}
	}
	p := publishtest.New(t)
	p.Add("d", nil)
	p.Limit(100)
	p.Fail(func(int, *http.Request) (bool, int) { return true, 0 })
	if _, err := client(p).Publish(t.Context(), set("d", file("a.json", strings.Repeat("a", 3<<20))), nil); err == nil || !strings.Contains(err.Error(), "1 MiB") {
		t.Errorf("a platform that takes nothing: %v", err)
	}
	c := client(p)
	c.Key = "another"
	if _, err := c.Look(t.Context(), set("d")); err == nil || !strings.Contains(err.Error(), "Invalid API Key") {
		t.Error(err)
	}
}

func TestAFileThatChangesWhileItIsSentIsNotKept(t *testing.T) {
	p := publishtest.New(t)
	p.Add("d", nil)
	f := file("a.json", "short")
	f.Size = 50
	if _, err := client(p).Publish(t.Context(), set("d", f), nil); err == nil || !strings.Contains(err.Error(), "changed while it was sent") || len(p.Dataset("d").Resources) > 0 {
		t.Errorf("%v", err)
	}
}
