package toolbox

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"maillon/catalog/texts"
)

// Addresses below /boite-a-outils that a page of pages/ cannot have: the
// program's own pages are there.
var reserved = []string{"roles", "deploiement", "contacts", "calendrier", "appels", "temoignages", "services", "kit", "images", "affiches"}

// Home is the address of the toolbox on its node.
const Home = "/boite-a-outils"

// lists are the YAML files and what they are read into.
func (c *Content) lists() map[string]any {
	return map[string]any{
		"contacts.yaml": &c.Contacts, "calendrier.yaml": &c.Events, "appels.yaml": &c.Calls,
		"roles.yaml": &c.Roles, "jalons.yaml": &c.Plan, "services.yaml": &c.Profiles,
	}
}

// A reader makes one Content.
type reader struct {
	Options
	content Content
	sources map[string]source // what counts, by path
}

// A source is a file, of the operator's folder or of the defaults.
type source struct {
	fsys fs.FS
	own  bool
}

// Read reads the operator's folder over the defaults; nil reads those alone.
// What is wrong is in the content's Problems.
func Read(folder fs.FS, o Options) *Content {
	r := newReader(o)
	r.find(Defaults(), false)
	if folder != nil {
		r.find(folder, true)
	}
	return r.read()
}

func newReader(o Options) *reader {
	r := &reader{Options: o, sources: map[string]source{}}
	r.content.Own, r.content.Broken, r.content.Images = map[string]bool{}, map[string]bool{}, map[string]bool{}
	return r
}

// read makes the content of the files that were found.
func (r *reader) read() *Content {
	for name, v := range r.content.lists() {
		r.list(name, v)
	}
	r.content.order()
	r.markdown()
	slices.SortFunc(r.content.Problems, func(a, b Problem) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	return &r.content
}

func (r *reader) say(p Problem) {
	if len(r.content.Problems) < mostProblems {
		r.content.Problems = append(r.content.Problems, p)
	}
}

// find lists the files of a folder that the toolbox is made of.
func (r *reader) find(fsys fs.FS, own bool) {
	files := 0
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil && name == ".":
			return err
		case err != nil:
			r.say(Problem{File: name, key: "read", args: []any{reason(err)}})
			return nil
		case d.IsDir() && name != "." && name != "pages" && name != "temoignages" && name != "images":
			if !strings.HasPrefix(name, ".") {
				r.say(Problem{File: name, key: "folder"})
			}
			return fs.SkipDir
		case d.IsDir() || aside(path.Base(name)):
			return nil
		}
		if files++; files > mostFiles {
			r.say(Problem{File: name, key: "manyfiles", args: []any{mostFiles}})
			return fs.SkipAll
		}
		r.found(fsys, name, own)
		return nil
	})
	if err != nil {
		r.say(Problem{File: ".", key: "read", args: []any{reason(err)}})
	}
}

// aside tells a file that stands in a folder without being part of the toolbox.
func aside(base string) bool {
	return strings.HasPrefix(base, ".") || strings.HasPrefix(base, "LISEZ-MOI") || strings.HasPrefix(base, "README") || strings.HasSuffix(base, "~")
}

// reason is the cause of an error without the path, which is said beside it.
func reason(err error) string {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err.Error()
	}
	return err.Error()
}

func (r *reader) found(fsys fs.FS, name string, own bool) {
	dir, base := path.Split(name)
	switch {
	case dir == "images/":
		if _, ok := ImageType(base); !ok {
			r.say(Problem{File: name, key: "imagetype"})
			return
		}
		r.content.Images[base] = true
		return
	case dir == "":
		known := []string{}
		for k := range r.content.lists() {
			known = append(known, k)
		}
		if slices.Sort(known); !slices.Contains(known, name) {
			r.say(Problem{File: name, key: "file", args: []any{nearest(name, known)}})
			return
		}
	default:
		page, _, ok := pageName(base)
		if !ok {
			r.say(Problem{File: name, key: "name"})
			return
		}
		if dir == "pages/" && slices.Contains(reserved, page) {
			r.say(Problem{File: name, key: "reserved", args: []any{page}})
			return
		}
		if own { // the default in the other language says something else
			for _, lang := range []string{".md", ".en.md"} {
				if s, ok := r.sources[dir+page+lang]; ok && !s.own {
					delete(r.sources, dir+page+lang)
				}
			}
		}
	}
	r.sources[name] = source{fsys, own}
	r.content.Own[name] = own
}

// pageName is the name in an address and the language of a Markdown file.
func pageName(base string) (name string, lang texts.Lang, ok bool) {
	name, ok = strings.CutSuffix(base, ".md")
	lang = texts.French
	if n, english := strings.CutSuffix(name, ".en"); english {
		name, lang = n, texts.English
	}
	fine := name != "" && len(name) <= 60 && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
	return name, lang, ok && fine
}

// ImageType is the media type of a file of images/, by its name.
func ImageType(name string) (media string, ok bool) {
	media, ok = map[string]string{
		".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif", ".webp": "image/webp", ".svg": "image/svg+xml",
	}[strings.ToLower(path.Ext(name))]
	return media, ok && !strings.ContainsAny(name, "/\\")
}

// open reads a whole file. What is wrong is said.
func (r *reader) open(name string) (raw []byte, ok bool) {
	s, found := r.sources[name]
	if !found {
		return nil, false
	}
	f, err := s.fsys.Open(name)
	if err == nil {
		defer f.Close()
		raw, err = io.ReadAll(io.LimitReader(f, mostBytes+1))
	}
	switch {
	case err != nil:
		r.say(Problem{File: name, key: "read", args: []any{reason(err)}})
	case len(raw) > mostBytes:
		r.say(Problem{File: name, key: "size", args: []any{mostBytes >> 10}})
	default:
		return bytes.TrimPrefix(raw, []byte("\ufeff")), true
	}
	r.content.Broken[name] = true
	return nil, false
}

func (r *reader) list(name string, v any) {
	raw, ok := r.open(name)
	if !ok {
		return
	}
	d := decoder{file: name, say: r.say}
	if !d.decode(raw, v) {
		r.content.Broken[name] = true
	}
}

// order sorts what has a date.
func (c *Content) order() {
	slices.SortStableFunc(c.Events, func(a, b Event) int { return a.At().Compare(b.At()) })
	slices.SortStableFunc(c.Calls, func(a, b Call) int {
		if a.Closes.IsZero() != b.Closes.IsZero() {
			if a.Closes.IsZero() {
				return 1
			}
			return -1
		}
		return a.end().Compare(b.end())
	})
}

// markdown renders the pages and the stories.
func (r *reader) markdown() {
	names := []string{}
	for name := range r.sources {
		if strings.HasSuffix(name, ".md") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		dir, base := path.Split(name)
		page, lang, _ := pageName(base)
		if dir == "pages/" {
			if doc, _ := r.doc(name, "", 2); doc != nil {
				r.content.Pages = add(r.content.Pages, page, lang, doc)
			}
			continue
		}
		var f front
		doc, ok := r.docWith(name, "t-"+page+"-", 4, &f)
		if !ok || doc == nil {
			r.content.Broken[name] = true
			continue
		}
		r.story(page, lang, doc, f)
	}
	slices.SortStableFunc(r.content.Stories, func(a, b Story) int { return b.Date.Compare(a.Date.Time) })
}

// front is what stands between two lines of --- before a story.
type front struct {
	Kind     kind   `yaml:"genre"`
	Author   Text   `yaml:"auteur"`
	Function Text   `yaml:"fonction"`
	Body     Text   `yaml:"organisme"`
	Date     Moment `yaml:"date"`
}

func (r *reader) story(name string, lang texts.Lang, doc *Doc, f front) {
	for i := range r.content.Stories {
		if s := &r.content.Stories[i]; s.Name == name {
			s.docs[lang] = doc
			return
		}
	}
	if f.Kind == "" {
		f.Kind = kind(kinds[0])
	}
	r.content.Stories = append(r.content.Stories, Story{
		Page: Page{name, map[texts.Lang]*Doc{lang: doc}}, Kind: string(f.Kind), Author: f.Author, Function: f.Function, Body: f.Body, Date: f.Date,
	})
}

func add(pages []Page, name string, lang texts.Lang, doc *Doc) []Page {
	for _, p := range pages {
		if p.Name == name {
			p.docs[lang] = doc
			return pages
		}
	}
	return append(pages, Page{name, map[texts.Lang]*Doc{lang: doc}})
}

func (r *reader) doc(name, prefix string, from int) (*Doc, bool) {
	return r.docWith(name, prefix, from, nil)
}

// docWith renders a file, after reading its front matter into front if it is
// one that has some.
func (r *reader) docWith(name, prefix string, from int, f *front) (doc *Doc, ok bool) {
	raw, ok := r.open(name)
	if !ok {
		return nil, false
	}
	raw = bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n"))
	raw = bytes.ReplaceAll(raw, []byte("{adresse}"), []byte(r.URL))
	skipped := 0
	if rest, has := bytes.CutPrefix(raw, []byte("---\n")); has && f != nil {
		head, body, closed := bytes.Cut(rest, []byte("\n---\n"))
		if !closed {
			r.say(Problem{File: name, Line: 1, key: "front"})
			return nil, false
		}
		d := decoder{file: name, line: 1, say: r.say}
		if !d.decode(head, f) {
			return nil, false
		}
		raw, skipped = body, bytes.Count(head, []byte("\n"))+3
	}
	for n, line := range bytes.Split(raw, []byte("\n")) {
		if len(line) > mostLine {
			r.say(Problem{File: name, Line: skipped + n + 1, key: "line", args: []any{mostLine}})
			return nil, false
		}
	}
	w := writer{file: name, prefix: prefix, line: skipped, from: from, address: r.address, image: r.image, say: r.say}
	doc = w.render(raw)
	if doc != nil {
		var page string
		if page, doc.Lang, _ = pageName(path.Base(name)); doc.Title == "" {
			doc.Title = page
		}
	}
	return doc, doc != nil
}

// address is where a link of the Markdown leads.
func (r *reader) address(dest string) (string, bool) {
	switch {
	case strings.HasPrefix(dest, "#"):
		return dest, !strings.ContainsAny(dest, " \\")
	case strings.HasPrefix(dest, "/") && linkable(dest):
		return r.base() + dest, true
	}
	file, anchor, _ := strings.Cut(dest, "#")
	if page, _, ok := pageName(path.Base(file)); ok {
		_, there := r.sources["pages/"+page+".md"]
		_, english := r.sources["pages/"+page+".en.md"]
		if anchor != "" {
			page += "#" + anchor
		}
		return r.base() + Home + "/" + page, (there || english) && linkable("/"+page)
	}
	return dest, linkable(dest) && !strings.HasPrefix(dest, "/")
}

// image is where an image of the folder is served.
func (r *reader) image(dest string) (string, bool) {
	dest = strings.TrimPrefix(dest, "../")
	name, ok := strings.CutPrefix(dest, "images/")
	return r.base() + Home + "/images/" + name, ok && r.content.Images[name]
}
