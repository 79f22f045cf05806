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
	departement, isDepartement := strings.CutPrefix(what, "departement:")
	switch {
	case what == "register":
		return s.register()
	case what == "all":
		return s.territory("outlet.all", func(suffix string) bool { return suffix == "" })
	case what == "years":
		return s.territory("outlet.years", func(suffix string) bool { return suffix != "" && !strings.HasPrefix(suffix, "-dep-") })
	case isDepartement:
		return s.territory("outlet.departement", func(suffix string) bool { return suffix == "-dep-"+strings.ToLower(departement) }, departement)
	case isBuyer:
		c, ok := s.BuyerCatalogue(buyer)
		if !ok {
			return publish.Set{}, fmt.Errorf("this node publishes nothing for the buyer %s: %w", buyer, store.ErrNotFound)
		}
		return s.set(c.Datasets, "outlet.buyer", s.BuyerName(buyer))
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

// territory is the files of some datasets of a hub's territory, told by the ends of
// their identifiers.
func (s FromShelf) territory(key string, wanted func(suffix string) bool, more ...any) (publish.Set, error) {
	list := slices.DeleteFunc(s.Territory(), func(d catalog.Dataset) bool {
		return !wanted(strings.TrimPrefix(d.Identifier, shelf.ConsolidatedID(s.Node)))
	})
	return s.set(list, key, s.Who.Name, more...)
}

// set is the files of datasets, the newest year first.
func (s FromShelf) set(list []catalog.Dataset, key, name string, more ...any) (publish.Set, error) {
	out := words(key, append([]any{name, s.URL}, more...)...)
	if len(list) == 0 {
		return out, fmt.Errorf("there is nothing to publish yet: %w", store.ErrNotFound)
	}
	slices.SortFunc(list, func(a, b catalog.Dataset) int { return strings.Compare(b.Identifier, a.Identifier) })
	for _, d := range list {
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
	f := publish.File{
		Key: d.Identifier + "-" + name, Title: d.Title.French + " – " + x.Title.French, Description: x.Description.French, Format: strings.ToLower(string(x.Format)),
		MediaType: x.MediaType, Size: x.ByteSize, SHA256: x.SHA256,
	}
	if len(x.ConformsTo) > 0 {
		f.Schema = x.ConformsTo[0].IRI
	}
	if suffix, ok := strings.CutPrefix(d.Identifier, shelf.ConsolidatedID(s.Node)); ok {
		f.Open = func() (io.ReadSeekCloser, error) { return s.open(suffix, name, x.SHA256) }
		return f, nil
	}
	disk, _, ok := s.Path(d.Identifier, name)
	if !ok {
		return publish.File{}, fmt.Errorf("file %s of %s: %w", name, d.Identifier, store.ErrNotFound)
	}
	f.Open = func() (io.ReadSeekCloser, error) { return os.Open(disk) }
	return f, nil
}

// open opens a file of the newest edition, if it is still the one that was described.
func (s FromShelf) open(suffix, name, sum string) (io.ReadSeekCloser, error) {
	in, _, f, err := s.Editions.Open("", suffix, name, true)
	if err != nil {
		return nil, err
	}
	if f.SHA256 != sum {
		_ = in.Close()
		return nil, fmt.Errorf("%s has been made anew meanwhile: the next time publishes it", name)
	}
	return in, nil
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
