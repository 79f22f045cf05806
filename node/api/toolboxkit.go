package api

import (
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/gorilla/mux"

	"maillon/catalog/texts"
	"maillon/node/toolbox"
	"maillon/node/toolbox/kit"
	"maillon/node/web"
)

// A madeKit is the kit in one language, made of one state of the toolbox.
type madeKit struct {
	tag   string
	files []kit.File
	zip   []byte
}

// kits keeps the kit in each language until the toolbox changes.
type kits struct {
	mu   sync.Mutex
	kept map[texts.Lang]madeKit
}

// kitFor makes the kit, once for each state of the toolbox.
func (s *Server) kitFor(r *http.Request) (madeKit, error) {
	lang, box := langOf(r), s.Toolbox.State()
	s.kits.mu.Lock()
	defer s.kits.mu.Unlock()
	if k, ok := s.kits.kept[lang]; ok && k.tag == box.Tag {
		return k, nil
	}
	files, err := kit.Files(box.Content, kit.Options{Lang: lang, URL: s.Self.URL, Name: s.Self.Name, Contact: s.Self.Contact})
	if err != nil {
		return madeKit{}, err
	}
	k := madeKit{tag: box.Tag, files: files}
	if k.zip, err = kit.Archive(files); err != nil {
		return madeKit{}, err
	}
	if s.kits.kept == nil {
		s.kits.kept = map[texts.Lang]madeKit{}
	}
	s.kits.kept[lang] = k
	return k, nil
}

func (s *Server) toolboxKitPage(w http.ResponseWriter, r *http.Request) error {
	k, err := s.kitFor(r)
	if err != nil {
		return err
	}
	lang, home := langOf(r), s.base()+toolbox.Home
	query := "?lang=" + string(lang) // a file says in its address in which language it is
	page := web.ToolboxKitPage{URL: home + "/kit.zip" + query, Size: int64(len(k.zip))}
	for _, f := range k.files {
		row := web.ToolboxFile{Name: f.Name, Text: texts.T(lang, "toolbox.kit."+f.Key), Size: int64(len(f.Data))}
		page.Files = append(page.Files, row)
		if poster, ok := strings.CutPrefix(f.Name, "affiches/"); ok {
			row.URL = home + "/affiches/" + poster + query
			page.Posters = append(page.Posters, row)
		}
	}
	return s.page(w, r, http.StatusOK, page)
}

func (s *Server) toolboxKit(w http.ResponseWriter, r *http.Request) error {
	k, err := s.kitFor(r)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Disposition", `attachment; filename="mallette.zip"`)
	sendFile(w, "application/zip", inert, k.zip)
	return nil
}

func (s *Server) toolboxPoster(w http.ResponseWriter, r *http.Request) error {
	k, err := s.kitFor(r)
	if err != nil {
		return err
	}
	name := mux.Vars(r)["name"]
	i := slices.IndexFunc(k.files, func(f kit.File) bool { return f.Name == "affiches/"+name })
	if i < 0 {
		return notFound("poster", name)
	}
	sendFile(w, "image/svg+xml", styled, k.files[i].Data)
	return nil
}
