package outlet

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"

	"maillon/catalog"
	"maillon/catalog/texts"
	"maillon/federation/publish"
	"maillon/node/shelf"
	"maillon/store"
)

// FromShelf describes what stands on a shelf.
type FromShelf struct {
	*shelf.Shelf
	Node string // node id
	// Register writes the register as CSV.
	Register func() ([]byte, error)
}

// Set describes a target.
func (s FromShelf) Set(what string) (publish.Set, error) {
	if !s.Ready() {
		return publish.Set{}, fmt.Errorf("the files of %s are still being made: %w", what, store.ErrReadOnly)
	}
	buyer, isBuyer := strings.CutPrefix(what, "buyer:")
	switch {
	case what == "register":
		return s.register()
	case what == "all":
		c := s.Catalogue(nil)
		c.Datasets = slices.DeleteFunc(c.Datasets, func(d catalog.Dataset) bool { return d.Identifier != shelf.ConsolidatedID(s.Node) })
		return s.set(c, "outlet.all", s.Who.Name)
	case isBuyer:
		c, ok := s.BuyerCatalogue(buyer)
		if !ok {
			return publish.Set{}, fmt.Errorf("this node publishes nothing for the buyer %s: %w", buyer, store.ErrNotFound)
		}
		return s.set(c, "outlet.buyer", s.BuyerName(buyer))
	}
	return publish.Set{}, fmt.Errorf("%q: %w", what, ErrWhat)
}

// words describes a set in French, the language of the platform's readers.
func words(key string, args ...any) publish.Set {
	t := func(name string) string { return texts.T(texts.French, key+"."+name, args...) }
	return publish.Set{
		Title: t("title"), Description: t("description"), Frequency: "daily", License: "lov2",
		Tags: []string{"commande-publique", "decp", "donnees-essentielles", "marches-publics"},
	}
}

// set is the files of every dataset of a catalogue, the newest year first.
func (s FromShelf) set(c catalog.Catalog, key, name string) (publish.Set, error) {
	out := words(key, name, s.URL)
	if len(c.Datasets) == 0 {
		return out, fmt.Errorf("there is nothing to publish yet: %w", store.ErrNotFound)
	}
	slices.SortFunc(c.Datasets, func(a, b catalog.Dataset) int { return strings.Compare(b.Identifier, a.Identifier) })
	for _, d := range c.Datasets {
		for _, x := range d.Distributions {
			f, err := s.file(d, x)
			if err != nil {
				return out, err
			}
			out.Files = append(out.Files, f)
		}
	}
	return out, nil
}

func (s FromShelf) file(d catalog.Dataset, x catalog.Distribution) (publish.File, error) {
	name := path.Base(x.DownloadURL)
	disk, known, ok := s.Path(d.Identifier, name)
	if !ok {
		return publish.File{}, fmt.Errorf("file %s of %s: %w", name, d.Identifier, store.ErrNotFound)
	}
	f := publish.File{
		Key: d.Identifier + "-" + name, Title: d.Title.French + " – " + x.Title.French, Description: x.Description.French, Format: strings.ToLower(string(x.Format)),
		MediaType: known.Media, Size: known.Size, SHA256: known.SHA256,
		Open: func() (io.ReadSeekCloser, error) { return os.Open(disk) },
	}
	if len(x.ConformsTo) > 0 {
		f.Schema = x.ConformsTo[0].IRI
	}
	return f, nil
}

func (s FromShelf) register() (publish.Set, error) {
	out := words("outlet.register", s.Who.Name, s.URL)
	raw, err := s.Register()
	if err != nil {
		return out, err
	}
	sum := sha256.Sum256(raw)
	out.Files = []publish.File{{
		Key: "repertoire.csv", Title: texts.T(texts.French, "outlet.register.file"), Description: texts.T(texts.French, "outlet.register.columns"), Format: "csv", MediaType: "text/csv",
		Size: int64(len(raw)), SHA256: hex.EncodeToString(sum[:]), Open: func() (io.ReadSeekCloser, error) { return inMemory{bytes.NewReader(raw)}, nil },
	}}
	return out, nil
}

type inMemory struct{ *bytes.Reader }

func (inMemory) Close() error { return nil }
