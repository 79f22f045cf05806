package web

import (
	"strconv"

	"maillon/catalog/texts"
)

// ErrorPage says why a page could not be given and what to do. Title and
// Detail are in the page's language; without a Title the status makes one.
type ErrorPage struct {
	Status        int
	Title, Detail string
	Problems      []ProblemRow
}

func (ErrorPage) name() string { return "error" }

func (p ErrorPage) title(lang texts.Lang) string {
	if p.Title != "" {
		return p.Title
	}
	status := strconv.Itoa(p.Status)
	if texts.Has("web.error." + status) {
		return texts.T(lang, "web.error."+status)
	}
	return texts.T(lang, "web.error.title", status)
}

// Heading is the page's title in lang.
func (p ErrorPage) Heading(lang texts.Lang) string { return p.title(lang) }
