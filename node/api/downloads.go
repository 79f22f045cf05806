package api

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"maillon/catalog/texts"
	"maillon/node/edition"
	"maillon/node/shelf"
	"maillon/node/web"
)

// daysShown is how many dated editions the page lists; editions.json has all.
const daysShown = 40

// downloadsPage shows people the files of the hub's territory.
func (s *Server) downloadsPage(w http.ResponseWriter, r *http.Request) error {
	lang, e := langOf(r), s.Shelf.Editions
	page := web.DownloadsPage{}
	if latest := e.Latest(); latest != nil {
		page.Made = latest.Made
		for i := range latest.Cuts {
			s.addCut(&page, &latest.Cuts[i], lang)
		}
	}
	days := e.Days()
	for i := len(days) - 1; i >= 0 && len(page.Days) < daysShown; i-- {
		page.Days = append(page.Days, s.downloadDay(days[i], lang))
	}
	for _, day := range slices.Backward(e.Lost()) {
		at, _ := time.Parse(time.DateOnly, day) // it was made from one
		page.Lost = append(page.Lost, at)
	}
	if page.SIRET = strings.ReplaceAll(r.URL.Query().Get("acheteur"), " ", ""); page.SIRET != "" {
		known, err := e.HasBuyer(page.SIRET)
		if err != nil {
			return err
		}
		page.Unknown = !known
		for _, f := range edition.Formats {
			if known {
				page.Buyer = append(page.Buyer, s.download(edition.BuyerSuffix+page.SIRET, "", f.Name, lang))
			}
		}
	}
	page.More = []web.FileRow{
		{Label: texts.T(lang, "downloads.lists.buyers"), Format: "CSV", URL: s.base() + shelf.DirectoryPath},
		{Label: texts.T(lang, "downloads.lists.register"), Format: "CSV", URL: s.base() + "/register.csv"},
		{Label: texts.T(lang, "downloads.lists.register"), Format: "JSON", URL: s.base() + "/register.json"},
	}
	return s.page(w, r, http.StatusOK, page)
}

// download is a file of a cut, of a day or the newest.
func (s *Server) download(suffix, day, name string, lang texts.Lang) web.FileRow {
	f, _ := edition.FormatOf(name)
	path := []string{"/files", s.Shelf.Editions.Dataset + suffix}
	if day != "" {
		path = append(path, day)
	}
	return web.FileRow{Label: texts.T(lang, "file."+name), Format: string(f.Format), URL: s.base() + strings.Join(append(path, name), "/")}
}

func (s *Server) addCut(page *web.DownloadsPage, c *edition.Cut, lang texts.Lang) {
	if len(c.Files) == 0 {
		return
	}
	dataset := s.Shelf.Editions.Dataset + c.Suffix()
	cut := web.DownloadCut{Name: shelf.CutName(c, lang), Contracts: c.Contracts, Page: s.base() + "/jeux/" + dataset}
	for _, f := range c.Files {
		row := s.download(c.Suffix(), "", f.Name, lang)
		row.Size = f.Size
		cut.Files = append(cut.Files, row)
		if c.Kind != edition.Whole {
			continue
		}
		one := web.DownloadRow{FileRow: row, For: texts.T(lang, "downloads.for."+f.Name), Packed: f.Gzipped, Records: f.Records}
		if format, _ := edition.FormatOf(f.Name); format.Content != "decret" {
			one.Schema = s.Shelf.SchemaOf(format).IRI
		}
		page.Whole = append(page.Whole, one)
	}
	switch c.Kind {
	case edition.Whole:
		page.Contracts = c.Contracts
		base := s.Self.URL + "/files/" + dataset + "/"
		page.Sums, page.List = base+latestEdition+"/"+sumsName, base+editionsName
		page.ExampleName = c.Files[0].Name
		page.Example = base + page.ExampleName
	case edition.ByYear:
		page.Years = append([]web.DownloadCut{cut}, page.Years...) // the newest first
	case edition.ByDepartement:
		page.Departements = append(page.Departements, cut)
	}
}

func (s *Server) downloadDay(day string, lang texts.Lang) web.DownloadDay {
	at, _ := time.Parse(time.DateOnly, day) // it was made from one
	d := web.DownloadDay{Day: at, Sums: s.base() + "/files/" + s.Shelf.Editions.Dataset + "/" + day + "/" + sumsName}
	for _, f := range edition.Formats {
		d.Files = append(d.Files, s.download("", day, f.Name, lang))
	}
	return d
}
