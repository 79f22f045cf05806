// Package publish keeps datasets up to date on a udata platform, such as
// data.gouv.fr.
//
// It compares what stands there with what should ([Decide], a pure function) and
// does only what differs: describe the dataset, send files that are new or have
// changed, describe and order them. Publishing again without a change sends
// nothing. A file is known again by a mark that is kept with it on the platform, so
// that titles may be edited there and nothing is sent twice, also if an answer was
// lost. Resources that it did not put there are left as they are.
//
// The endpoints are those of udata 10 and later (docs/decisions/0066).
package publish

import (
	"cmp"
	"io"
	"slices"
	"strings"
	"time"
)

// A Set is a dataset as it should stand on the platform.
type Set struct {
	ID           string // of the dataset there; "" has it made
	Organization string // id of the organisation that owns a dataset to be made
	Title        string
	Description  string // Markdown
	Tags         []string
	Frequency    string // a udata code: "continuous", "daily"…
	License      string // a udata code: "lov2"
	Files        []File // in the order in which they are to be shown
}

// A File is a resource of a dataset as it should stand there.
type File struct {
	Key         string // names it for ever, within its dataset: "decret.json"
	Title       string
	Description string
	Format      string // "json", "csv"
	MediaType   string
	Schema      string // address of the schema it conforms to; "" for none
	Size        int64  // bytes
	SHA256      string // hexadecimal
	Open        func() (io.ReadSeekCloser, error)
}

// name is what the file is called when it is sent: it tells which content of which
// file it is, so that one whose answer was lost is found again.
func (f File) name() string {
	base, ext := f.Key, ""
	if i := strings.LastIndexByte(f.Key, '.'); i > 0 {
		base, ext = f.Key[:i], f.Key[i:]
	}
	return base + "-" + f.SHA256[:min(12, len(f.SHA256))] + ext
}

// Marks that are kept with a resource on the platform.
const (
	markKey = "maillon:key"
	markSum = "maillon:sha256"
)

// A Remote is a dataset as the platform tells of it.
type Remote struct {
	ID           string     `json:"id"`
	Title        string     `json:"title"`
	Description  string     `json:"description"`
	Tags         []string   `json:"tags"`
	Frequency    string     `json:"frequency"`
	License      string     `json:"license"`
	Page         string     `json:"page"` // for people
	Deleted      *time.Time `json:"deleted"`
	Organization *struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"organization"`
	Resources []Resource `json:"resources"`
}

// A Resource is one file or link of a dataset, as the platform tells of it.
type Resource struct {
	ID          string         `json:"id"`
	Title       string         `json:"title"`
	Description string         `json:"description"`
	Type        string         `json:"type"`
	Format      string         `json:"format"`
	URL         string         `json:"url"`
	FileType    string         `json:"filetype"` // "file" or "remote"
	FileSize    int64          `json:"filesize"`
	Extras      map[string]any `json:"extras"`
	Schema      *struct {
		URL string `json:"url"`
	} `json:"schema"`
}

func (r Resource) mark(name string) string {
	s, _ := r.Extras[name].(string)
	return s
}

// is reports whether the resource holds a content of the file: it bears its mark,
// or was sent under its name and then left without one.
func (r Resource) is(f File) bool {
	if key := r.mark(markKey); key != "" {
		return key == f.Key
	}
	return r.FileType == "file" && (r.Title == f.name() || strings.HasSuffix(r.URL, "/"+f.name()))
}

// holds reports whether the resource holds just this content.
func (r Resource) holds(f File) bool {
	return r.mark(markKey) == f.Key && r.mark(markSum) == f.SHA256 ||
		r.is(f) && r.FileSize == f.Size && strings.HasSuffix(r.URL, "/"+f.name()) // sent, and not marked yet
}

// Act is what a step does.
type Act string

// The acts, in the order in which they are done.
const (
	Create   Act = "create"   // make the dataset
	Describe Act = "describe" // its title, description, tags, frequency, licence
	Send     Act = "send"     // a file that is not there
	Replace  Act = "replace"  // a file that has changed
	Label    Act = "label"    // a file's title, description, format, schema, marks
	Order    Act = "order"    // the files
)

// A Step is one thing to do.
type Step struct {
	Act      Act    `json:"act"`
	Key      string `json:"key,omitempty"`      // of the file
	Resource string `json:"resource,omitempty"` // its id there, if it is there
	Bytes    int64  `json:"bytes,omitempty"`    // to send
}

// Decide lists what makes the remote dataset what it should be; nothing if it is.
// A nil remote is one that is not there.
func Decide(have *Remote, want Set) []Step {
	var steps []Step
	if have == nil {
		steps, have = append(steps, Step{Act: Create}), &Remote{}
	} else if !described(*have, want) {
		steps = append(steps, Step{Act: Describe})
	}
	var order []string
	sent := 0
	for _, f := range want.Files {
		i := slices.IndexFunc(have.Resources, f.in)
		switch {
		case i < 0:
			steps = append(steps, Step{Act: Send, Key: f.Key, Bytes: f.Size}, Step{Act: Label, Key: f.Key})
			sent++
			continue
		case !have.Resources[i].holds(f):
			steps = append(steps, Step{Act: Replace, Key: f.Key, Resource: have.Resources[i].ID, Bytes: f.Size}, Step{Act: Label, Key: f.Key, Resource: have.Resources[i].ID})
		case !labelled(have.Resources[i], f):
			steps = append(steps, Step{Act: Label, Key: f.Key, Resource: have.Resources[i].ID})
		}
		order = append(order, have.Resources[i].ID)
	}
	if sent > 0 && sent+len(have.Resources) > 1 || !slices.Equal(order, ours(have.Resources, want.Files)) {
		steps = append(steps, Step{Act: Order})
	}
	return steps
}

func (f File) in(r Resource) bool { return r.is(f) }

// ours are the ids of the resources that hold one of the files, in their order,
// if they come before all others; else nothing, since they are to.
func ours(list []Resource, files []File) []string {
	var ids []string
	for i, r := range list {
		if slices.ContainsFunc(files, r.is) {
			if len(ids) < i {
				return []string{""}
			}
			ids = append(ids, r.ID)
		}
	}
	return ids
}

func described(have Remote, want Set) bool {
	a, b := slices.Sorted(slices.Values(have.Tags)), slices.Sorted(slices.Values(want.Tags))
	return have.Title == want.Title && trim(have.Description) == trim(want.Description) && slices.Equal(a, b) &&
		have.Frequency == cmp.Or(want.Frequency, have.Frequency) && have.License == cmp.Or(want.License, have.License)
}

func labelled(r Resource, f File) bool {
	schema := ""
	if r.Schema != nil {
		schema = r.Schema.URL
	}
	return r.Title == f.Title && trim(r.Description) == trim(f.Description) && strings.EqualFold(r.Format, f.Format) && r.Type == "main" &&
		schema == f.Schema && r.mark(markKey) == f.Key && r.mark(markSum) == f.SHA256
}

// trim forgets the differences that a platform makes of a text.
func trim(s string) string { return strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n")) }
