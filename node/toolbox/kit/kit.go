// Package kit makes the mallette: what a producer downloads in one archive to
// publish a first contract, and the posters that tell others of it.
//
// What it makes follows from the content of the toolbox and the address of the
// node alone: the same input gives the same bytes.
package kit

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"maillon/catalog/pivot"
	"maillon/catalog/pivot/draft"
	"maillon/catalog/pivot/flat"
	"maillon/catalog/pivot/guide"
	"maillon/catalog/texts"
	"maillon/node/toolbox"
)

// Options say for whom a kit is made.
type Options struct {
	Lang    texts.Lang
	URL     string // public address of the node, without trailing slash
	Name    string // of the body that runs it
	Contact string
}

// A File is one file of the kit. Its Key names the texts that tell what it is
// for: toolbox.kit.KEY.
type File struct {
	Name, Key string
	Data      []byte
}

// Files makes every file of the kit, in the order in which they are told.
func Files(c *toolbox.Content, o Options) ([]File, error) {
	var all []File
	for _, f := range makers {
		var b bytes.Buffer
		if err := f.write(&b, c, o); err != nil {
			return nil, fmt.Errorf("kit, %s: %w", f.name, err)
		}
		all = append(all, File{f.name, f.key, b.Bytes()})
	}
	for _, p := range Posters(c, o) {
		all = append(all, File{"affiches/" + p.Name, p.Key, p.Data})
	}
	return slices.Insert(all, 0, File{"LISEZ-MOI.txt", "readme", readme(all, o)}), nil
}

// A maker writes one file.
type maker struct {
	name, key string
	write     func(io.Writer, *toolbox.Content, Options) error
}

var makers = []maker{
	{"guide.md", "guide", writeGuide},
	{"modele-marches.xlsx", "xlsx", func(w io.Writer, _ *toolbox.Content, o Options) error { return guide.WriteTemplateXLSX(w, o.Lang) }},
	{"modele-marches.csv", "csv", func(w io.Writer, _ *toolbox.Content, _ Options) error {
		return guide.WriteTemplateCSV(w, pivot.Marche)
	}},
	{"modele-concessions.csv", "csv.concession", func(w io.Writer, _ *toolbox.Content, _ Options) error {
		return guide.WriteTemplateCSV(w, pivot.Concession)
	}},
	{"dictionnaire.md", "dictionary", func(w io.Writer, _ *toolbox.Content, o Options) error { return guide.WriteMarkdown(w, o.Lang) }},
	{"exemples/exemple.json", "example", example(func(w io.Writer, list []pivot.Contract) error {
		return pivot.WriteJSON(w, pivot.Gen2, slices.Values(list))
	})},
	{"exemples/exemple.xml", "example", example(func(w io.Writer, list []pivot.Contract) error {
		return pivot.WriteXML(w, pivot.Gen2, slices.Values(list))
	})},
	{"exemples/exemple.csv", "example", example(func(w io.Writer, list []pivot.Contract) error {
		return flat.WriteCSV(w, slices.Values(list))
	})},
}

// example writes a conforming marché and a conforming concession, of nobody.
func example(write func(io.Writer, []pivot.Contract) error) func(io.Writer, *toolbox.Content, Options) error {
	return func(w io.Writer, _ *toolbox.Content, _ Options) error {
		var list []pivot.Contract
		for _, kind := range []pivot.Kind{pivot.Marche, pivot.Concession} {
			c, err := draft.Example(kind)
			if err != nil {
				return err
			}
			list = append(list, c)
		}
		return write(w, list)
	}
}

// writeGuide writes the guide with addresses that lead to the node from anywhere.
func writeGuide(w io.Writer, c *toolbox.Content, o Options) error {
	page, _ := c.Page("guide")
	src := strings.ReplaceAll(string(page.In(o.Lang).Source), "](/", "]("+o.URL+"/")
	_, err := io.WriteString(w, src)
	return err
}

func readme(files []File, o Options) []byte {
	var b strings.Builder
	line := func(s string) { b.WriteString(s + "\r\n") } // for those who open it on Windows
	line(texts.T(o.Lang, "toolbox.kit.title") + " – " + o.Name)
	line("")
	line(texts.T(o.Lang, "toolbox.kit.lead"))
	line("")
	for _, f := range files {
		line(fmt.Sprintf("%-32s %s", f.Name, texts.T(o.Lang, "toolbox.kit."+f.Key)))
	}
	line("")
	line(o.URL + toolbox.Home)
	if o.Contact != "" {
		line(o.Contact)
	}
	return []byte(b.String())
}

// stamp is the time of every file in an archive: the first that ZIP can write.
var stamp = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// Archive packs files into a ZIP.
func Archive(files []File) ([]byte, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range files {
		w, err := z.CreateHeader(&zip.FileHeader{Name: f.Name, Method: zip.Deflate, Modified: stamp})
		if err == nil {
			_, err = w.Write(f.Data)
		}
		if err != nil {
			return nil, fmt.Errorf("kit, %s: %w", f.Name, err)
		}
	}
	err := z.Close()
	return b.Bytes(), err
}
